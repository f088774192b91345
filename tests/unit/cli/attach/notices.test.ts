import assert from "node:assert/strict";
import * as fc from "fast-check";
import { parseNotice } from "../../../../cli/attach/notices.ts";
import { NO_ESCAPE } from "../../../../common/escape-keys.ts";
import { NoticeWords, type ToldNotice } from "../../../../common/notice-words.ts";

const HOSTILE = "ada\u001b]0;owned\u0007\u202e\r\n";
const STEERS_A_TERMINAL = /[\p{Cc}\p{Cf}]/u;

function parsed<T extends ToldNotice["type"]>(type: T, fields: object): ToldNotice & { type: T } {
  const notice = parseNotice(JSON.stringify({ type, ...fields }));
  assert.equal(notice?.type, type);
  return notice as ToldNotice & { type: T };
}

describe("notices of the proxy", () => {
  it("keep of viewers what is one, with the least that it may mean", () => {
    const { viewers } = parsed("viewers", {
      viewers: [
        { id: "1", user: "ada", via: "ssh", mode: "control", writing: true, since: 7, you: true },
        { id: "2", user: 5, via: "carrier pigeon", mode: "all", writing: "yes", since: -1 },
        { nonsense: true },
      ],
    });
    assert.deepEqual(viewers, [
      { id: "1", user: "ada", via: "ssh", mode: "control", writing: true, since: 7, you: true },
      { id: "2", user: null, via: "other", mode: "view", writing: false, since: 0, you: false },
    ]);
  });

  it("do not steer the terminal with names and reasons", () => {
    const words = new NoticeWords(NO_ESCAPE);
    const said = [
      parsed("session", { mode: "control", node: { name: HOSTILE } }),
      parsed("viewers", { viewers: [{ id: "1", user: HOSTILE }] }),
      parsed("line", { state: "taken", detail: HOSTILE }),
      parsed("refused", { request: "break", detail: HOSTILE }),
    ].flatMap((notice) => words.say(notice));
    assert.equal(said.filter((text) => text.includes("owned")).length, 4);
    for (const text of [...said, ...words.who()]) assert.doesNotMatch(text, STEERS_A_TERMINAL);
  });

  it("let nobody type who was not clearly allowed to", () => {
    assert.equal(parsed("session", { mode: "yes" }).mode, "view");
  });

  for (const text of ["", "[]", "null", "7", '{"type":"news"}', '{"type":"line","state":"x"}', "{"])
    it(`are ignored as ${text || "nothing"}`, () => {
      assert.equal(parseNotice(text), undefined);
    });

  it("that are too long are ignored", () => {
    assert.equal(parseNotice(`{"type":"gap","bytes":1,"x":"${"x".repeat(300_000)}"}`), undefined);
  });

  it("never fail, whatever fields they have", () => {
    const type = fc.constantFrom(
      "line",
      "viewers",
      "session",
      "gap",
      "replay",
      "warning",
      "refused",
    );
    fc.assert(
      fc.property(type, fc.dictionary(fc.string(), fc.jsonValue()), (name, fields) => {
        parseNotice(JSON.stringify({ ...fields, type: name }));
      }),
    );
  });
});
