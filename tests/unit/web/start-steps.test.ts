import assert from "node:assert/strict";
import { START_STEPS as OF_THE_SERVICE } from "../../../common/console-prelude.ts";
import { START_STEPS, startSentence, type Start } from "../../../web/start-steps.ts";

const sentence = (start: Partial<Start>): string =>
  startSentence({ step: "login", position: 0, sinceMs: 0, controllerAnswers: true, ...start });

describe("the steps of a start", () => {
  it("are those of the service, in its order", () => {
    assert.deepEqual(START_STEPS, OF_THE_SERVICE);
  });

  it("say one's place in the queue", () => {
    assert.match(sentence({ step: "queue", position: 1 }), /You are next/);
    assert.match(sentence({ step: "queue", position: 3 }), /number 3 in the queue/);
  });

  it("say that the controller does not answer, unless one waits for a place", () => {
    assert.match(sentence({ controllerAnswers: false }), /does not answer/);
    assert.doesNotMatch(sentence({ step: "queue", controllerAnswers: false }), /does not answer/);
  });
});
