import assert from "node:assert/strict";
import { lintRecipe } from "../../../../common/console-recipe/lint-recipe.ts";
import { EXAMPLE_RECIPE } from "../../../fakes/console-recipe.ts";

function warnings(from: string | RegExp, to: string): string[] {
  const text = EXAMPLE_RECIPE.replace(from, to);
  assert.notEqual(text, EXAMPLE_RECIPE);
  const { mistakes, warnings: found } = lintRecipe(text);
  assert.deepEqual(mistakes, []);
  return found.map(({ line, message }) => `${line} ${message}`);
}

describe("looking a recipe over", () => {
  it("has nothing to say of a good one", () => {
    assert.deepEqual(lintRecipe(EXAMPLE_RECIPE), {
      name: "example-board",
      mistakes: [],
      warnings: [],
    });
  });

  it("misses the logout, and names that nobody needs then", () => {
    const found = warnings(/logout:\n.*\n/, "").join("\n");
    assert.match(found, /^1 the recipe has no logout: each start leaves a session/);
    assert.doesNotMatch(found, /sid/, "the keep-alive uses it");
  });

  it("finds a value that is never used, in its line", () => {
    const found = warnings('{ sid: "cookie:SID" }', '{ sid: "cookie:SID", other: "text:#x" }');
    assert.deepEqual(found, ["23 login[6].save.other is never used"]);
  });

  it("wants a rule for a wrong password and for too many sessions", () => {
    assert.match(
      warnings("failure: wrong_password", "failure: no_licence").join(),
      /never finds out that the password is wrong/,
    );
    assert.match(
      warnings("failure: sessions_taken", "failure: no_licence").join(),
      /never finds out that all sessions/,
    );
  });

  it("finds a login without a password", () => {
    assert.deepEqual(warnings("{password}", "x"), ["10 login never uses {password}"]);
  });

  it("finds what recognises everything, or nothing new", () => {
    assert.match(warnings('"^Example Inc"', '".*"').join(), /recognise\[0\] holds of everything/);
    const twice = '  - redfish: { Vendor: "^Example Inc" }\n';
    assert.match(warnings(twice, twice + twice).join(), /recognise\[1\] is never reached/);
    assert.match(
      warnings(/recognise:\n(?: {2}.*\n)+login/, "recognise: []\nlogin").join(),
      /only nodes that name this recipe/,
    );
  });

  it("finds a GET with a body, and a password that stays in the browser", () => {
    const step =
      '  - goto: /login.html\n  - fetch: { method: GET, path: /x, form: { u: "{username}" } }';
    assert.match(warnings("  - goto: /login.html", step).join(), /browsers refuse to send/);
    const kept = '  - goto: /login.html\n  - set_cookie: { name: p, value: "{password}" }';
    assert.match(warnings("  - goto: /login.html", kept).join(), /keeps the password/);
  });
});
