import assert from "node:assert/strict";
import {
  assert as assertProperty,
  constantFrom,
  dictionary,
  jsonValue,
  property,
} from "fast-check";
import { parseSerialMessage } from "../../../../web/terminal/serial-messages.ts";

const parse = (message: unknown) => parseSerialMessage(JSON.stringify(message));
const VIEWER = {
  id: "req-1",
  user: "alice",
  via: "ssh",
  mode: "control",
  writing: true,
  since: 5,
  you: false,
};

describe("messages of a serial session", () => {
  it("say what the line does", () => {
    const message = { type: "line", state: "reconnecting", detail: "no answer", retrySeconds: 2.5 };
    assert.deepEqual(parse(message), { ...message, retrySeconds: 3 });
    assert.deepEqual(
      parse({ type: "line", state: "connected", detail: null, retrySeconds: null }),
      {
        type: "line",
        state: "connected",
        detail: "",
        retrySeconds: undefined,
      },
    );
  });

  it("say who is attached", () => {
    assert.deepEqual(parse({ type: "viewers", viewers: [VIEWER] }), {
      type: "viewers",
      viewers: [VIEWER],
    });
  });

  it("announce scrollback and missing bytes", () => {
    assert.deepEqual(parse({ type: "replay", bytes: 10, lines: 2 }), { type: "replay", bytes: 10 });
    assert.deepEqual(parse({ type: "gap", bytes: 7 }), { type: "gap", bytes: 7 });
  });

  it("say what the service did not do", () => {
    const message = { type: "refused", request: "break", detail: "the line\u0007 is lost" };
    assert.deepEqual(parse(message), { type: "refused", detail: "the line  is lost" });
  });

  it("are those of a screen's session too", () => {
    assert.deepEqual(parse({ type: "warning_over" }), { type: "warning_over" });
  });

  it("are ignored when this page does not know them", () => {
    for (const message of [
      { type: "line", state: "exploded" },
      { type: "replay", bytes: -1 },
      { type: "replay", bytes: 1e12 },
      { type: "viewers", viewers: "many" },
      { type: "poem" },
      null,
      [],
    ])
      assert.equal(parse(message), undefined, JSON.stringify(message));
    assert.equal(parseSerialMessage("{"), undefined);
  });

  it("give nobody more rights than they clearly have", () => {
    const message = parse({ type: "viewers", viewers: [{ id: 5, writing: "yes", mode: "root" }] });
    assert.deepEqual(message, {
      type: "viewers",
      viewers: [
        { id: "", user: "", via: "other", mode: "view", writing: false, since: 0, you: false },
      ],
    });
  });

  it("carry names without control characters and marks that turn text around, and not too long", () => {
    const user = `eve\u202E\u0007\n${"x".repeat(500)}`;
    const message = parse({ type: "viewers", viewers: [{ ...VIEWER, user }] });
    assert.ok(message?.type === "viewers");
    assert.match(message.viewers[0]?.user ?? "", /^eve x{60}$/);
  });

  it("carry a bounded number of viewers", () => {
    const message = parse({ type: "viewers", viewers: Array.from({ length: 9999 }, () => VIEWER) });
    assert.equal(message?.type === "viewers" && message.viewers.length, 500);
  });

  it("never throw, whatever comes", () => {
    assertProperty(
      property(
        constantFrom("line", "viewers", "replay", "gap", "session"),
        dictionary(
          constantFrom("state", "detail", "viewers", "bytes", "retrySeconds"),
          jsonValue(),
        ),
        (type, fields) => {
          parse({ ...fields, type });
        },
      ),
    );
  });
});
