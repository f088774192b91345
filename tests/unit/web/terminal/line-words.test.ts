import assert from "node:assert/strict";
import type { SerialNotice } from "../../../../common/serial-messages.ts";
import {
  detailSentence,
  roleOf,
  viewersSentence,
  wordsForLine,
} from "../../../../web/terminal/line-words.ts";
import type { Attached } from "../../../../web/terminal/serial-messages.ts";

function viewer(user: string, some: Partial<Attached> = {}): Attached {
  const plain = { via: "browser", mode: "control", writing: false, since: 0, you: false } as const;
  return { id: user, user, ...plain, ...some };
}
const YOU = viewer("me", { you: true });

/** Fails to compile when the service learns a state that is not listed. */
const STATES: Record<Extract<SerialNotice, { type: "line" }>["state"], true> = {
  idle: true,
  connecting: true,
  connected: true,
  reconnecting: true,
  taken: true,
};

describe("words for a line", () => {
  it("exist for every state of the service, as a chip and as a sentence", () => {
    for (const state of Object.keys(STATES) as (keyof typeof STATES)[]) {
      const { chip, title } = wordsForLine(state);
      assert.match(chip, /^[A-Z][a-z ]{2,15}$/, state);
      assert.match(title, /^[A-Z][A-Za-z' ]{15,80}$/, state);
    }
  });

  it("make a sentence of the service's detail", () => {
    const line = { type: "line", state: "taken", retrySeconds: undefined } as const;
    assert.equal(detailSentence({ ...line, detail: "the BMC is busy" }), "The BMC is busy.");
    assert.equal(detailSentence({ ...line, detail: "" }), "");
  });
});

describe("words for who is attached", () => {
  const sentences: [string, Attached[]][] = [
    ["", []],
    ["Only you", [{ ...YOU, writing: true }]],
    ["Only you, watching", [YOU]],
    [
      "3 attached: alice types, you watch",
      [viewer("alice", { writing: true }), viewer("bob"), YOU],
    ],
    ["2 attached: you type", [viewer("bob"), { ...YOU, writing: true }]],
    ["2 attached: nobody types, you watch", [viewer("bob"), YOU]],
    ["2 attached: bob and you type", [viewer("bob", { writing: true }), { ...YOU, writing: true }]],
    ["2 attached: someone types, you watch", [viewer("", { writing: true }), YOU]],
    [
      "4 attached: a, b and 2 more type",
      ["a", "b", "c"]
        .map((name) => viewer(name, { writing: true }))
        .concat([{ ...YOU, writing: true }]),
    ],
  ];
  for (const [sentence, viewers] of sentences) {
    it(`are "${sentence}"`, () => {
      assert.equal(viewersSentence(viewers), sentence);
    });
  }

  it("tell what each does", () => {
    assert.equal(roleOf(viewer("a", { writing: true, via: "ssh" })), "types, by SSH");
    assert.equal(roleOf(viewer("a", { mode: "view" })), "view only");
    assert.equal(roleOf({ ...YOU, writing: true }), "type");
    assert.equal(roleOf(viewer("a")), "watches");
  });
});
