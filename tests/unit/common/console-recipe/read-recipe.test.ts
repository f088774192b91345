import assert from "node:assert/strict";
import * as fc from "fast-check";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidParameterValue } from "../../../../common/errors.ts";
import {
  parseRecipe,
  readRecipe,
  recipeJudge,
  spellMistake,
} from "../../../../common/console-recipe/read-recipe.ts";
import { packageRoot } from "../../../../common/package-root.ts";
import { EXAMPLE_RECIPE } from "../../../fakes/console-recipe.ts";

const JUDGE = recipeJudge();

function mistakes(text: string): string[] {
  const { recipe, mistakes: found } = readRecipe(text, JUDGE);
  assert.equal(recipe === undefined, found.length > 0, "a recipe, or mistakes");
  return found.map(spellMistake);
}

function changed(from: string, to: string): string {
  assert.ok(EXAMPLE_RECIPE.includes(from), from);
  return EXAMPLE_RECIPE.replace(from, to);
}

describe("reading a recipe", () => {
  it("turns the file into steps, with defaults filled in", () => {
    const recipe = parseRecipe(EXAMPLE_RECIPE);
    assert.equal(recipe.name, "example-board");
    assert.equal(recipe.type, "viewer");
    assert.equal(recipe.priority, 0);
    assert.deepEqual(recipe.login[2], { kind: "fill", selector: "#user", value: "{username}" });
    assert.deepEqual(recipe.login[5], {
      kind: "wait",
      any: [{ url: "/main\\.html$" }, { cookie: "SID" }],
      failures: [{ when: { selector: ".error", text: "invalid" }, failure: "wrong_password" }],
      withinSeconds: 5,
    });
    assert.deepEqual(recipe.picture, {
      selector: "canvas#kvm",
      minimumWidth: 160,
      minimumHeight: 120,
      withinSeconds: 30,
      failures: [],
    });
    assert.equal(recipe.quirks.keepAliveSeconds, 60);
    assert.equal(recipe.quirks.minimumTls, "1.2");
    assert.equal(recipe.quirks.listsSessions, true);
  });

  it("knows every step, and the method of a request by its body", () => {
    const steps = `
  - goto: "{sid}"
  - press: Enter
  - select: { selector: "select[name=lang]", value: en }
  - follow_window: {}
  - fetch: { path: /api, json: { user: "{username}", list: [1, "{sid}"] }, save: { t: "json:a.0.b" } }
  - fetch: { path: /get }
  - set_cookie: { name: a, value: "{t}" }
  - set_local_storage: { key: k, value: v }
  - if: { when: { local_storage: k }, then: [{ click: "#share" }] }
`;
    const { viewer } = parseRecipe(
      changed("\n  - open_window: /kvm.html?user={username}\n", steps),
    );
    assert.deepEqual(
      viewer.map((step) => (step.kind === "fetch" ? step.request.method : step.kind)),
      [
        "goto",
        "press",
        "select",
        "follow_window",
        "POST",
        "GET",
        "set_cookie",
        "set_local_storage",
        "if",
      ],
    );
  });

  it("reads the example of the guide", () => {
    const guide = readFileSync(join(packageRoot(), "docs", "recipes.md"), "utf8");
    const [, example = ""] = /```yaml\n(.*?)```/s.exec(guide) ?? [];
    assert.deepEqual(mistakes(example), []);
  });

  it("says every mistake at once, each with its line", () => {
    const text = EXAMPLE_RECIPE.replace(', value: "{username}" }', " }")
      .replace("- click:", "- klick:")
      .replace("within: 5", "within: soon")
      .replace("failure: wrong_password", "failure: bad_password")
      .replace("canvas#kvm", '"canvas["');
    const found = mistakes(text);
    assert.equal(found.length, 5);
    assert.equal(found[0], "line 15: login[2].fill needs value");
    assert.match(
      found[1] ?? "",
      /^line 17: login\[4\] does not know "klick"; it knows goto, wait, /,
    );
    assert.match(
      found[2] ?? "",
      /^line 21: login\[5\].wait.failures\[0\].failure must be one of "/,
    );
    assert.equal(found[3], "line 22: login[5].wait.within must be a number");
    assert.equal(found[4], 'line 27: picture.selector has a "[" that is not closed');
  });

  it("throws them as one error that names the file", () => {
    assert.throws(
      () => parseRecipe(changed("title: Example Board 2000\n", ""), "mine.yaml"),
      (error) =>
        error instanceof InvalidParameterValue &&
        error.message === "mine.yaml is not valid: line 1: the recipe needs title",
    );
  });

  for (const [what, from, to, expected] of [
    ["an unknown name", "{sid}", "{sit}", /logout\[0\].fetch uses \{sit\}, which no step before/],
    ["a name of a later step", "goto: /login.html", "goto: /login.html?s={sid}", /uses \{sid\}/],
    [
      "the password in an address",
      "{username}\n",
      "{password}\n",
      /has \{password\} in an address/,
    ],
    [
      "an address that is not the BMC's",
      "/login.html",
      "https://evil/",
      /goto must be a path of the BMC/,
    ],
    [
      "a path that leads to another host",
      "/login.html",
      "//evil/",
      /goto must be a path of the BMC/,
    ],
    [
      "a path that begins with the user name",
      "/login.html",
      '"{username}/x"',
      /begins with \{username\}/,
    ],
    [
      "two steps in one",
      '- click: "#login"',
      '- { click: "#a", press: Enter }',
      /must be a map of one step/,
    ],
    ["a step that is a text", '- click: "#login"', "- click", /login\[4\] must be a map/],
    ["a value of an unknown place", "cookie:SID", "cooky:SID", /save.sid must be cookie:NAME, /],
    [
      "a save over a given name",
      "save: { sid:",
      "save: { host:",
      /host is a name that is always there/,
    ],
    ["an empty condition", "{ cookie: SID }", "{}", /any\[1\]/],
    [
      "ready without a selector",
      "{ cookie: SID }",
      "{ ready: true }",
      /ready, which needs selector/,
    ],
    ["a pattern that is none", '"invalid"', '"("', /text is no regular expression/],
    ["a pattern that explodes", '"invalid"', '"(a+)+$"', /repeats a group that itself repeats/],
    [
      "a TLS version without quotes",
      "quirks:",
      "quirks:\n  minimum_tls: 1.0",
      /must be one of "1.0"/,
    ],
    [
      "a viewer without a picture",
      "  selector: canvas#kvm",
      "  within: 3",
      /picture needs selector/,
    ],
    [
      "a Java file in a page's recipe",
      "open_window: /kvm.html?user={username}",
      "jnlp: { path: /x }",
      /type: jnlp/,
    ],
    [
      "a Java recipe without a file",
      "family: example",
      "family: example\ntype: jnlp",
      /needs a jnlp step/,
    ],
    [
      "a name that is none",
      "name: example-board",
      "name: Example Board",
      /name must be small letters/,
    ],
    ["form and json", "method: POST,", "form: { a: b }, json: 1,", /form or json, not both/],
  ] as const)
    it(`refuses ${what}`, () => {
      const found = mistakes(changed(from, to));
      assert.match(found.join("\n"), expected);
      assert.match(found[0] ?? "", /^line [1-9]\d*: /);
    });

  it("refuses what makes a small YAML file a large one", () => {
    assert.match(mistakes("a: &a [x]\nb: [*a, *a]\n").join(), /line 1: anchors.*line 2: aliases/);
    assert.match(mistakes("a: !!binary abc\n").join(), /line 1: tags/);
    assert.match(mistakes("[".repeat(10_000)).join(), /nested too deeply/);
    assert.match(mistakes(`${"- ".repeat(10_000)}x`).join(), /nested too deeply/);
    assert.match(mistakes(`a: ${"x".repeat(70_000)}`).join(), /longer than 65536 bytes/);
    assert.match(mistakes("a: 1\na: 2\n").join(), /line 2: .*unique/);
    assert.match(mistakes("a: 1\n---\nb: 2\n").join(), /line 2/);
  });

  it("never throws, whatever it is given", () => {
    const yamlish = fc.stringMatching(/^[-:{}[\]"'&*!|>?#a-z0-9 \n\t,\\]*$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), yamlish, fc.string({ unit: "binary" })), (text) => {
        mistakes(text);
      }),
      { numRuns: 400 },
    );
  });

  it("never throws for a recipe with something wrong in it", () => {
    const lines = EXAMPLE_RECIPE.split("\n");
    const damage = fc.record({
      line: fc.nat({ max: lines.length - 1 }),
      by: fc.oneof(
        fc.string(),
        fc.constantFrom("", "  - x", "[", "{", "- - -", "? a", "__proto__: 1"),
      ),
    });
    fc.assert(
      fc.property(fc.array(damage, { maxLength: 3 }), (damages) => {
        const text = [...lines];
        for (const { line, by } of damages) text[line] = by;
        for (const mistake of mistakes(text.join("\n"))) assert.match(mistake, /^line [1-9]\d*: ./);
      }),
      { numRuns: 300 },
    );
  });
});
