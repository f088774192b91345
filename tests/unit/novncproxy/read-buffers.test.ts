import assert from "node:assert/strict";
import {
  LARGE_BYTES,
  MIDDLE_BYTES,
  ReadBufferChooser,
  ReadBuffers,
  SMALL_BYTES,
} from "../../../novncproxy/read-buffers.ts";
import { HEADER_ROOM } from "../../../novncproxy/ws-frame.ts";

describe("ReadBufferChooser", () => {
  let now = 0;
  const clock = { now: () => now };
  const make = (pools = new ReadBuffers()): ReadBufferChooser =>
    new ReadBufferChooser(pools, clock);
  beforeEach(() => {
    now = 1_000_000;
  });

  it("keeps header room before every payload", () => {
    const chooser = make();
    for (const buffer of [chooser.present, chooser.next(SMALL_BYTES, LARGE_BYTES)]) {
      assert.equal(buffer.payload.length, buffer.size);
      assert.equal(buffer.payload.byteOffset - buffer.backing.byteOffset, HEADER_ROOM);
    }
  });

  it("stays with the small one while reads are small", () => {
    const pools = new ReadBuffers();
    const chooser = make(pools);
    for (const bytes of [1, 100, SMALL_BYTES - 1])
      assert.equal(chooser.next(bytes, LARGE_BYTES).size, SMALL_BYTES);
    assert.equal(pools.large.lent, 0);
  });

  it("borrows a large one when reads fill it, and gives it back at the first that does not", () => {
    const pools = new ReadBuffers();
    const chooser = make(pools);
    assert.equal(chooser.next(SMALL_BYTES, LARGE_BYTES).size, LARGE_BYTES);
    assert.equal(chooser.next(LARGE_BYTES, LARGE_BYTES).size, LARGE_BYTES);
    assert.equal(pools.large.lent, 1);
    assert.equal(chooser.next(LARGE_BYTES - 1, LARGE_BYTES).size, SMALL_BYTES);
    assert.equal(pools.large.lent, 0);
  });

  it("borrows no larger one than it may", () => {
    const pools = new ReadBuffers();
    const chooser = make(pools);
    assert.equal(chooser.next(SMALL_BYTES, MIDDLE_BYTES).size, MIDDLE_BYTES);
    assert.equal(chooser.next(MIDDLE_BYTES, LARGE_BYTES).size, LARGE_BYTES);
    assert.equal(chooser.next(LARGE_BYTES, MIDDLE_BYTES).size, MIDDLE_BYTES);
    assert.deepEqual([pools.middle.lent, pools.large.lent], [1, 0]);
  });

  it("keeps a middle one while pictures come, and gives it back when it calms down", () => {
    const pools = new ReadBuffers();
    const chooser = make(pools);
    for (let picture = 0; picture < 30; picture += 1, now += 33)
      if (chooser.present.shared) {
        chooser.next(SMALL_BYTES, LARGE_BYTES);
        chooser.next(20_000, LARGE_BYTES);
      } else chooser.next(36_000, LARGE_BYTES);
    assert.equal(chooser.present.size, MIDDLE_BYTES);
    assert.equal(chooser.next(40, LARGE_BYTES).size, SMALL_BYTES);
    assert.deepEqual([pools.middle.lent, pools.large.lent], [0, 0]);
  });

  it("holds nothing after one large screen, or after pictures that come now and then", () => {
    const chooser = make();
    for (let read = 0; read < 40; read += 1, now += 1) chooser.next(20_000 + read, LARGE_BYTES);
    assert.ok(chooser.present.shared);
    for (let picture = 0; picture < 20; picture += 1, now += 2000)
      chooser.next(36_000, LARGE_BYTES);
    assert.ok(chooser.present.shared);
  });

  it("lends the large ones to one session each, and the small one to all", () => {
    const pools = new ReadBuffers();
    const [one, other] = [make(pools), make(pools)];
    assert.equal(one.present, other.present);
    assert.ok(one.present.shared);
    const [first, second] = [one, other].map((chooser) => chooser.next(SMALL_BYTES, LARGE_BYTES));
    assert.notEqual(first, second);
    assert.ok(!first!.shared && !second!.shared);
  });

  it("leaves sessions with the small buffer when the pool is empty", () => {
    const pools = new ReadBuffers();
    const many = Array.from({ length: 257 }, () => make(pools));
    const sizes = many.map((chooser) => chooser.next(SMALL_BYTES, LARGE_BYTES).size);
    assert.equal(sizes.filter((size) => size === LARGE_BYTES).length, 256);
    assert.equal(sizes.at(-1), SMALL_BYTES);
    for (const chooser of many) chooser.release(false);
    assert.equal(pools.large.lent, 0);
  });

  it("never lends memory again that a write still uses", () => {
    const pools = new ReadBuffers();
    const gone = make(pools);
    const inFlight = gone.next(SMALL_BYTES, LARGE_BYTES);
    gone.release(true);
    assert.notEqual(make(pools).next(SMALL_BYTES, LARGE_BYTES), inFlight);
    assert.equal(pools.large.lent, 1);
  });
});
