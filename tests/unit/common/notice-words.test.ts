/** What somebody in a shell reads beside the machine's words. */
import assert from "node:assert/strict";
import { NO_ESCAPE } from "../../../common/escape-keys.ts";
import { NoticeWords } from "../../../common/notice-words.ts";
import type { SerialViewer } from "../../../common/serial-messages.ts";

const SSH = { character: undefined, conserver: true };
const ME: SerialViewer = {
  id: "1",
  user: "alice",
  via: "ssh",
  mode: "control",
  writing: true,
  since: 0,
  you: true,
};
const BOB: SerialViewer = { ...ME, id: "2", user: "bob", via: "browser", mode: "view", you: false };

function viewers(words: NoticeWords, ...list: SerialViewer[]): string[] {
  return words.say({ type: "viewers", viewers: list });
}

describe("words about the line", () => {
  for (const [state, detail, retrySeconds, wanted] of [
    ["connected", null, null, "connected to the machine"],
    ["connecting", null, null, "connecting to the machine"],
    ["reconnecting", "no answer", 2.1, "the serial line is lost: no answer; next attempt in 3 s"],
    ["taken", null, 30, "somebody else has taken the machine's serial line; next attempt in 30 s"],
    ["idle", null, null, "the serial line is not open"],
  ] as const)
    it(`say "${wanted}"`, () => {
      const notice = { type: "line", state, detail, retrySeconds, since: 0 } as const;
      assert.deepEqual(new NoticeWords(SSH).say(notice), [wanted]);
    });

  it("tell of a gap, a limit, a refusal, and scrollback only when there is some", () => {
    const words = new NoticeWords(SSH);
    assert.deepEqual(words.say({ type: "gap", bytes: 1 }), [
      "1 byte missing here, this connection was too slow",
    ]);
    assert.deepEqual(words.say({ type: "warning", reason: "idle_timeout", secondsLeft: 30 }), [
      "nobody types; the session ends in 30 seconds, any key keeps it open",
    ]);
    assert.deepEqual(words.say({ type: "warning", reason: "session_limit", secondsLeft: 0.4 }), [
      "the session reaches its time limit in 1 second",
    ]);
    assert.deepEqual(words.say({ type: "refused", request: "break", detail: "a\nb" }), [
      "not done: a\\nb",
    ]);
    assert.deepEqual(words.say({ type: "replay", bytes: 9, lines: 2 }), [
      "the last 2 lines from before",
    ]);
    assert.deepEqual(words.say({ type: "replay", bytes: 0, lines: 0 }), []);
  });
});

describe("words about the line over several sessions", () => {
  const connected = {
    type: "line",
    state: "connected",
    detail: null,
    since: 0,
    retrySeconds: null,
  } as const;

  it("come once while nothing changes, and again in the next session", () => {
    const words = new NoticeWords(NO_ESCAPE);
    assert.equal(words.say(connected).length, 1);
    assert.equal(words.say({ ...connected, since: 1 }).length, 0);
    words.say({ type: "session", mode: "view", node: { uuid: "u", name: null } });
    assert.equal(words.say(connected).length, 1);
  });
});

describe("words of welcome", () => {
  for (const [style, mode, wanted] of [
    [SSH, "control", "n1: attached; Ctrl-E c . detaches, Ctrl-E c ? helps"],
    [{ character: 0x7e, conserver: true }, "view", "n1: view only; ~. detaches, ~? helps"],
    [NO_ESCAPE, "control", "n1: attached"],
  ] as const)
    it(`are "${wanted}"`, () => {
      const session = { type: "session", mode, node: { uuid: "u", name: "n1" } } as const;
      assert.deepEqual(new NoticeWords(style).say(session), [wanted]);
    });
});

describe("words about other viewers", () => {
  it("name who is here, comes and leaves, and nobody twice", () => {
    const words = new NoticeWords(SSH);
    assert.deepEqual(viewers(words, ME, BOB), ["also here: bob (view only)"]);
    assert.deepEqual(viewers(words, ME, BOB), []);
    const carol = { ...BOB, id: "3", user: null, mode: "control" } as const;
    assert.deepEqual(viewers(words, ME, BOB, carol), ["here now: somebody (types)"]);
    assert.deepEqual(viewers(words, ME), ["left: bob (view only), somebody (types)"]);
  });

  it("say who types when one may and does not, and when that changes", () => {
    const words = new NoticeWords(SSH);
    const typist = { ...BOB, mode: "control" } as const;
    const idle = { ...ME, writing: false };
    assert.deepEqual(viewers(words, idle, typist), [
      "also here: bob (types)",
      "bob types; Ctrl-E c f takes over",
    ]);
    assert.deepEqual(viewers(words, ME, { ...typist, writing: false }), ["you type now"]);
  });

  it("say who is attached, in which role and since when, whatever the service says", () => {
    const words = new NoticeWords(SSH);
    assert.deepEqual(words.who(), ["nobody is attached"]);
    viewers(words, ME, { ...BOB, since: Number.MAX_VALUE });
    assert.deepEqual(words.who(), [
      "alice (you), by ssh, types, since 1970-01-01T00:00:00.000Z",
      "bob, by browser, view only, since long ago",
    ]);
  });

  it("are short for many, and harmless for hostile names", () => {
    const many = Array.from({ length: 50 }, (_none, id) => ({ ...BOB, id: `b${id}` }));
    const [line = ""] = viewers(new NoticeWords(SSH), ME, ...many);
    assert.match(line, /, 42 more$/);
    const evil = { ...BOB, user: `\u001b[2J${"x".repeat(500)}` };
    const [named = ""] = viewers(new NoticeWords(SSH), ME, evil);
    assert.doesNotMatch(named, /[\p{Cc}\p{Cf}]/u);
    assert.ok(named.startsWith("also here: \\u{1b}[2Jxxx") && named.length < 120, named);
  });
});
