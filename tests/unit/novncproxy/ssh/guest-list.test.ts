/** Who gets in when it is full. */
import assert from "node:assert/strict";
import { GuestList, type Guest } from "../../../../novncproxy/ssh/guest-list.ts";
import { FailureLimit } from "../../../../novncproxy/ssh/login/failure-limit.ts";

const stranger = (source: string): Guest => ({ source, isStranger: true });
const known = (source: string): Guest => ({ source, isStranger: false });

function full(...guests: Guest[]): GuestList<Guest> {
  const list = new GuestList<Guest>({ all: guests.length, ofOneSource: 3 });
  for (const guest of guests) assert.deepEqual(list.admit(guest), { admitted: true });
  return list;
}

describe("the guest list", () => {
  it("lets a newcomer in for the oldest stranger of the source that has most", () => {
    const oldest = stranger("a");
    const list = full(stranger("b"), oldest, stranger("a"), known("c"));
    assert.deepEqual(list.admit(stranger("d")), { admitted: true, instead: oldest });
    assert.equal(list.size, 4);
  });

  it("lets nobody in for those who are logged in", () => {
    assert.deepEqual(full(known("a"), known("a"), known("b")).admit(stranger("c")), {
      admitted: false,
    });
  });

  it("keeps one source to its share, logged in or not", () => {
    const list = new GuestList<Guest>({ all: 100, ofOneSource: 3 });
    for (const guest of [known("a"), stranger("a"), known("a")]) list.admit(guest);
    assert.deepEqual(list.admit(known("a")), { admitted: false });
    assert.equal(list.admit(known("b")).admitted, true);
  });

  it("takes the newcomer's own stranger before those of others with as many", () => {
    const own = stranger("b");
    assert.deepEqual(full(stranger("a"), own).admit(stranger("b")), {
      admitted: true,
      instead: own,
    });
  });
});

describe("the limit of failures", () => {
  it("refuses a source after so many in a minute, and no other", () => {
    let now = 0;
    const limit = new FailureLimit({ now: () => now }, 2);
    for (let count = 0; count < 2; count += 1) {
      assert.equal(limit.allows("a"), true);
      limit.count("a");
    }
    assert.equal(limit.allows("a"), false);
    assert.equal(limit.allows("b"), true);
    now = 60_001;
    assert.equal(limit.allows("a"), true);
  });

  it("does not count what was right", () => {
    const limit = new FailureLimit({ now: () => 0 }, 1);
    limit.count("a");
    limit.forgive("a");
    assert.equal(limit.allows("a"), true);
  });
});
