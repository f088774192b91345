import assert from "node:assert/strict";
import { LineAudience } from "../../../../novncproxy/serial/line-audience.ts";
import { LineChunk } from "../../../../novncproxy/serial/line-chunk.ts";
import { FakeViewer } from "../../../fakes/serial-viewer.ts";

const chunk = (text: string): LineChunk => new LineChunk(Buffer.from(text));

function withViewers(writers: "many" | "one", ...viewers: FakeViewer[]): LineAudience {
  const audience = new LineAudience(writers, 10);
  for (const viewer of viewers) audience.add(viewer);
  return audience;
}

function writing(viewer: FakeViewer): string[] {
  const last = viewer.notices("viewers").at(-1);
  return (last?.viewers ?? []).filter((one) => one.writing).map((one) => one.user ?? "");
}

describe("the audience of a line", () => {
  it("gives everybody the very same memory", () => {
    const [a, b] = [new FakeViewer(), new FakeViewer()];
    const audience = withViewers("many", a, b);
    audience.send(chunk("hello"));
    assert.equal(a.chunks[0], b.chunks[0]);
    assert.equal(a.chunks[0]!.binaryFrame, b.chunks[0]!.binaryFrame);
  });

  it("lets a slow viewer miss bytes, counts them, and goes on live when it took what it had", () => {
    const [slow, fast] = [new FakeViewer("slow"), new FakeViewer("fast")];
    const audience = withViewers("many", slow, fast);
    slow.slow = true;
    for (const text of ["12345678", "12345678", "missed", "gone"]) audience.send(chunk(text));
    assert.equal(slow.text, "1234567812345678");
    assert.equal(fast.text, "1234567812345678missedgone");
    slow.take();
    audience.send(chunk("live"));
    assert.deepEqual(slow.log.slice(-2), [{ type: "gap", bytes: 10 }, "live"]);
    assert.equal(fast.notices("gap").length, 0);
  });

  it("says nothing of a gap to somebody who missed nothing", () => {
    const slow = new FakeViewer();
    const audience = withViewers("many", slow);
    slow.slow = true;
    audience.send(chunk("more than ten bytes"));
    slow.take();
    assert.equal(slow.notices("gap").length, 0);
  });

  it("forgets a slow viewer that left", () => {
    const slow = new FakeViewer();
    const audience = withViewers("many", slow);
    slow.slow = true;
    audience.send(chunk("more than ten bytes"));
    audience.send(chunk("missed"));
    assert.equal(audience.remove(slow), true);
    assert.equal(audience.remove(slow), false);
    slow.take();
    assert.equal(slow.notices("gap").length, 0);
  });

  it("lets everybody type whose link allows it, with many writers", () => {
    const [a, b, guest] = [new FakeViewer(), new FakeViewer(), new FakeViewer("guest", "view")];
    const audience = withViewers("many", a, b, guest);
    assert.deepEqual(
      [a, b, guest].map((one) => audience.mayWrite(one)),
      [true, true, false],
    );
    assert.equal(audience.takeControl(b), false);
  });

  it("lets one type, with one writer, and the other one after a take-over", () => {
    const guest = new FakeViewer("guest", "view");
    const [a, b] = [new FakeViewer("a"), new FakeViewer("b")];
    const audience = withViewers("one", guest, a, b);
    assert.deepEqual(
      [audience.mayWrite(guest), audience.mayWrite(a), audience.mayWrite(b)],
      [false, true, false],
    );
    assert.equal(audience.takeControl(guest), false);
    assert.equal(audience.takeControl(b), true);
    audience.tellViewers();
    for (const viewer of [guest, a, b]) assert.deepEqual(writing(viewer), ["b"]);
    assert.equal(audience.mayWrite(a), false);
  });

  it("passes the keyboard on when the one writer leaves", () => {
    const [a, guest, b] = [new FakeViewer("a"), new FakeViewer("g", "view"), new FakeViewer("b")];
    const audience = withViewers("one", a, guest, b);
    audience.remove(a);
    assert.equal(audience.mayWrite(a), false);
    assert.equal(audience.mayWrite(b), true);
  });

  it("tells each viewer which one it is itself, and nobody's address", () => {
    const [a, b] = [new FakeViewer("a"), new FakeViewer("b", "view")];
    withViewers("many", a, b).tellViewers();
    const [list] = b.notices("viewers");
    assert.deepEqual(
      list?.viewers.map(({ user, mode, writing: writes, you }) => ({ user, mode, writes, you })),
      [
        { user: "a", mode: "control", writes: true, you: false },
        { user: "b", mode: "view", writes: false, you: true },
      ],
    );
    assert.deepEqual(Object.keys(list?.viewers[0] ?? {}).toSorted(), [
      "id",
      "mode",
      "since",
      "user",
      "via",
      "writing",
      "you",
    ]);
  });

  it("says again what there was no room for", () => {
    const viewer = new FakeViewer();
    const audience = withViewers("many", viewer);
    viewer.crowded = true;
    audience.tellViewers();
    audience.tellLine({
      type: "line",
      state: "connected",
      detail: null,
      since: 1,
      retrySeconds: null,
    });
    audience.tellAgain();
    assert.deepEqual(viewer.log, []);
    viewer.crowded = false;
    audience.tellAgain();
    audience.tellAgain();
    assert.deepEqual(
      [viewer.notices("line").length, viewer.notices("viewers").length, viewer.log.length],
      [1, 1, 2],
    );
  });
});
