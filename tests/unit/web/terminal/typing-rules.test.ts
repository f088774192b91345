import assert from "node:assert/strict";
import {
  answersHere,
  whyNotTyping,
  type Situation,
} from "../../../../web/terminal/typing-rules.ts";
import type { Attached } from "../../../../web/terminal/serial-messages.ts";

function viewer(some: Partial<Attached>): Attached {
  const plain = { id: "req-1", user: "", via: "browser", mode: "control" } as const;
  return { ...plain, writing: true, since: 1, you: false, ...some };
}
const YOU = viewer({ id: "req-you", you: true, since: 5 });
const ALICE = viewer({ id: "req-alice", user: "alice", since: 3 });
const OPEN: Situation = { connected: true, viewOnly: false, line: "connected", viewers: [YOU] };

describe("typing", () => {
  it("reaches the machine when everything is in place", () => {
    assert.equal(whyNotTyping(OPEN), undefined);
  });

  it("is kept by the service while it opens the line", () => {
    assert.equal(whyNotTyping({ ...OPEN, line: "connecting" }), undefined);
  });

  const refusals: [string, Partial<Situation>, RegExp][] = [
    ["a link that only watches", { viewOnly: true }, /^View only/],
    ["a session that only watches", { viewers: [{ ...YOU, mode: "view" }] }, /^View only/],
    ["no connection", { connected: false }, /not connected/],
    ["a lost line", { line: "reconnecting" }, /lost/],
    ["a line at rest", { line: "idle" }, /not open/],
    ["a line that someone took", { line: "taken" }, /outside this service/],
    ["another who types", { viewers: [ALICE, { ...YOU, writing: false }] }, /alice types now/],
    ["nobody who may", { viewers: [{ ...YOU, writing: false }] }, /you only watch/],
  ];
  for (const [why, change, words] of refusals) {
    it(`is refused in words for ${why}`, () => {
      assert.match(whyNotTyping({ ...OPEN, ...change })?.words ?? "", words);
    });
  }

  it("can be taken over from another, but not with a link that only watches", () => {
    const watching = { ...YOU, writing: false };
    assert.equal(whyNotTyping({ ...OPEN, viewers: [ALICE, watching] })?.canTakeOver, true);
    const viewing = { ...watching, mode: "view" } as const;
    assert.equal(whyNotTyping({ ...OPEN, viewers: [ALICE, viewing] })?.canTakeOver, false);
  });
});

describe("the terminal that answers the machine's questions", () => {
  it("is the only one that types", () => {
    assert.equal(answersHere(OPEN), true);
    assert.equal(answersHere({ ...OPEN, viewers: [ALICE, { ...YOU, writing: false }] }), false);
  });

  it("is the one of all that type who came first", () => {
    assert.equal(answersHere({ ...OPEN, viewers: [YOU, ALICE] }), false);
    assert.equal(answersHere({ ...OPEN, viewers: [YOU, { ...ALICE, since: 9 }] }), true);
  });

  it("is exactly one when several came at the same time", () => {
    const group = ["a", "b", "c"].map((id) => viewer({ id, since: 7 }));
    const answering = group.filter((one) => {
      const viewers = group.map((other) => ({ ...other, you: other.id === one.id }));
      return answersHere({ ...OPEN, viewers });
    });
    assert.equal(answering.length, 1);
  });

  it("is none that may not type, and none before the service has said who is there", () => {
    assert.equal(answersHere({ ...OPEN, viewOnly: true }), false);
    assert.equal(answersHere({ ...OPEN, viewers: [] }), false);
    assert.equal(answersHere({ ...OPEN, line: "reconnecting" }), false);
  });
});
