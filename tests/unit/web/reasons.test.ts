import assert from "node:assert/strict";
import { CLOSED_REASONS } from "../../../common/closed-reason.ts";
import * as errors from "../../../common/errors.ts";
import { referenceOf, wordsForEnding, wordsForName, type Ending } from "../../../web/reasons.ts";

/** Every error class that can end a connection of a tenant: safe ones, and the machine's side. */
function codesForTenants(): Map<string, number> {
  const { ConsoleServiceError, StartupError, ConsoleError, HostError } = errors;
  const codes = new Map<string, number>();
  for (const errorClass of Object.values(errors)) {
    if (typeof errorClass !== "function" || !("prototype" in errorClass)) continue;
    const prototype: unknown = errorClass.prototype;
    if (errorClass !== ConsoleServiceError && !(prototype instanceof ConsoleServiceError)) continue;
    if (prototype instanceof StartupError || prototype instanceof ConsoleError) continue;
    if (errorClass === StartupError || errorClass === ConsoleError) continue;
    const failure = Reflect.construct(errorClass, ["a", "b"]) as errors.ConsoleServiceError;
    const seen = failure.safe || failure instanceof HostError || failure.code === "INTERNAL";
    if (seen) codes.set(failure.code, failure.closeCode);
  }
  return codes;
}

describe("words for endings", () => {
  it("exist for every closed reason", () => {
    const without = Object.keys(CLOSED_REASONS).filter((reason) => !wordsForName(reason));
    assert.deepEqual(without, []);
  });

  it("exist for every error code that a tenant can meet", () => {
    const codes = codesForTenants();
    assert.ok(codes.has("INVALID_TOKEN") && codes.has("HOST_UNREACHABLE"), "the list is real");
    const without = [...codes.keys()].filter((code) => !wordsForName(code));
    assert.deepEqual(without, [], "add words for them to web/reasons.ts");
  });

  it("exist for every close code of reasons and errors, when the name got lost", () => {
    const unexpected = wordsForEnding({ kind: "closed", code: 4999, reason: "" });
    const closeCodes = new Set([...Object.values(CLOSED_REASONS), ...codesForTenants().values()]);
    // 1011 is "an unexpected condition" (RFC 6455), for which the general words are right.
    closeCodes.delete(1011);
    const without = [...closeCodes].filter(
      (code) => wordsForEnding({ kind: "closed", code, reason: "" }) === unexpected,
    );
    assert.deepEqual(without, []);
  });

  it("are sentences for people: no codes, no full stop in the title, an action that ends with one", () => {
    const names = [...Object.keys(CLOSED_REASONS), ...codesForTenants().keys()];
    for (const name of names) {
      const { title, next } = wordsForName(name) ?? assert.fail(name);
      assert.match(title, /^[A-Z][^_]{9,80}[a-z]$/, name);
      assert.match(next, /^[A-Z][^_]+\.$/, name);
    }
  });

  it("lead to no automatic reconnection after an operator's decision or a limit", () => {
    const reconnecting = Object.keys(CLOSED_REASONS).filter((reason) =>
      wordsForName(reason)?.aftermath.startsWith("reconnect"),
    );
    assert.deepEqual(reconnecting, [
      "network_reset",
      "tenant_unresponsive",
      "console_restarted",
      "proxy_shutdown",
      "proxy_crashed",
    ]);
  });

  it("forget the link when it cannot work any more", () => {
    for (const name of [
      "console_disabled",
      "node_released",
      "node_deleted",
      "killed_by_operator",
      "INVALID_TOKEN",
    ])
      assert.equal(wordsForName(name)?.aftermath, "forget", name);
  });

  it("do not take members of every object for a reason", () => {
    assert.equal(wordsForName("constructor"), undefined);
    assert.equal(wordsForName("__proto__"), undefined);
  });

  const references: [Ending, string][] = [
    [{ kind: "closed", code: 1000, reason: "idle_timeout" }, "idle_timeout"],
    [{ kind: "closed", code: 1006, reason: "" }, "closed 1006"],
    [{ kind: "closed", code: 1008, reason: "<b>odd</b>" }, "closed 1008"],
    [{ kind: "refused", status: 403, code: "INVALID_TOKEN" }, "INVALID_TOKEN"],
    [{ kind: "refused", status: 404, code: "" }, "refused 404"],
    [{ kind: "unreachable" }, "unreachable"],
    [{ kind: "disconnected_by_user" }, ""],
  ];
  for (const [ending, reference] of references) {
    it(`come with the reference "${reference}" for ${JSON.stringify(ending)}`, () => {
      assert.equal(referenceOf(ending), reference);
    });
  }
});
