import assert from "node:assert/strict";
import { endingError, endingWords } from "../../../../cli/attach/ending-words.ts";
import type { Ending } from "../../../../cli/attach/serial-connection.ts";
import { exitStatusOf } from "../../../../common/exit-status.ts";

function ended(name: string, code = 1000, wasOpen = true): Ending {
  return { name, code, wasOpen };
}

describe("the end of an attached session", () => {
  for (const [name, again] of [
    ["proxy_shutdown", true],
    ["network_reset", true],
    ["console_restarted", true],
    ["killed_by_operator", false],
    ["console_disabled", false],
    ["idle_timeout", false],
    ["LINE_HELD_ELSEWHERE", true],
    ["INVALID_TOKEN", false],
  ] as const)
    it(`is ${again ? "followed by a new link" : "final"} after ${name}`, () => {
      assert.equal(endingWords(ended(name)).again, again);
    });

  it("is a lost connection without a name", () => {
    assert.equal(endingWords(ended("", 1006)).again, true);
    assert.equal(endingWords(ended("", 1002)).again, false);
  });

  for (const [ending, status] of [
    [ended("INVALID_TOKEN", 1006, false), 4],
    [ended("NODE_NOT_FOUND", 1006, false), 5],
    [ended("TOO_MANY_SESSIONS", 1006, false), 7],
    [ended("HOST_UNREACHABLE", 1014), 8],
    [ended("CONSOLE_NOT_ENABLED", 1006, false), 2],
    [ended("", 1006, false), 3],
    [ended("UPGRADE_REQUIRED", 1006, false), 3],
    [ended("killed_by_operator", 1008), 1],
  ] as const)
    it(`has exit status ${status} for ${ending.name || "no answer"}`, () => {
      assert.equal(exitStatusOf(endingError(ending)), status);
    });

  it("is no failure when the user ended it", () => {
    assert.equal(endingError(ended("tenant_closed")), undefined);
    assert.equal(endingError(ended("", 1000)), undefined);
  });

  it("shows an unknown name without its control characters", () => {
    assert.doesNotMatch(endingWords(ended("new\u001b[2Jreason")).words, /\p{Cc}/u);
  });
});
