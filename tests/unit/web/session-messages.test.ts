import assert from "node:assert/strict";
import { assert as assertProperty, json, oneof, property, string } from "fast-check";
import { parseSessionMessage } from "../../../web/session-messages.ts";

const parse = (message: unknown): unknown => parseSessionMessage(JSON.stringify(message));

describe("session messages", () => {
  it("tell the session, its mode and the node's name", () => {
    const node = { uuid: "1be26c0b", name: "rack-7" };
    assert.deepEqual(parse({ type: "session", id: "s1", mode: "control", node }), {
      type: "session",
      id: "s1",
      mode: "control",
      nodeName: "rack-7",
    });
  });

  it("fall back to the node's UUID when it has no name", () => {
    const message = parse({
      type: "session",
      id: "s",
      mode: "view",
      node: { uuid: "1b", name: null },
    });
    assert.equal((message as { nodeName: string }).nodeName, "1b");
  });

  it("tell how far a start is, and leave out what is no step", () => {
    assert.deepEqual(parse({ type: "starting", step: "queue", elapsedMs: 1200.7, position: 2 }), {
      type: "starting",
      step: "queue",
      elapsedMs: 1200,
      position: 2,
    });
    assert.deepEqual(parse({ type: "starting", step: "login", elapsedMs: -1 }), {
      type: "starting",
      step: "login",
      elapsedMs: 0,
      position: 0,
    });
    assert.equal(parse({ type: "starting", step: "coffee", elapsedMs: 1 }), undefined);
  });

  it("tell who else is there", () => {
    assert.deepEqual(parse({ type: "others", controlling: 1, watching: "many" }), {
      type: "others",
      controlling: 1,
      watching: 0,
    });
  });

  it("mean viewing only when the mode is anything but control", () => {
    for (const mode of ["view", "CONTROL", null, 1])
      assert.equal((parse({ type: "session", mode }) as { mode: string }).mode, "view");
  });

  it("round a warning's seconds up and never below zero", () => {
    const warning = { type: "warning", reason: "idle_timeout" };
    assert.deepEqual(parse({ ...warning, secondsLeft: 4.2 }), { ...warning, secondsLeft: 5 });
    assert.deepEqual(parse({ ...warning, secondsLeft: -1 }), { ...warning, secondsLeft: 0 });
  });

  it("are ignored when this page does not know them", () => {
    for (const message of [
      { type: "warning", reason: "other", secondsLeft: 5 },
      { type: "warning", reason: "idle_timeout", secondsLeft: "5" },
      { type: "state", state: "dancing" },
      { type: "news" },
      [],
      null,
      7,
    ])
      assert.equal(parse(message), undefined);
    assert.equal(parseSessionMessage("{"), undefined);
  });

  it("never make the page fail, whatever the text is", () => {
    assertProperty(
      property(oneof(string(), json()), (text) => {
        const message = parseSessionMessage(text);
        assert.ok(message === undefined || typeof message.type === "string");
      }),
    );
  });
});
