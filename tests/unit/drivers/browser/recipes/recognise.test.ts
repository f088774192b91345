import assert from "node:assert/strict";
import { parseRecipe } from "../../../../../common/console-recipe/read-recipe.ts";
import type { Recipe } from "../../../../../common/console-recipe/recipe.ts";
import { PageError } from "../../../../../drivers/base.ts";
import type { ProbedPage } from "../../../../../drivers/browser/recipes/probe-page.ts";
import { recogniseBmc } from "../../../../../drivers/browser/recipes/recognise.ts";
import { EXAMPLE_RECIPE } from "../../../../fakes/console-recipe.ts";

function recipe(name: string, recognise: string, priority = 0): Recipe {
  const text = EXAMPLE_RECIPE.replace("example-board", name)
    .replace("family: example", `family: example\npriority: ${priority}`)
    .replace(/recognise:\n(?: {2}.*\n)+/, `recognise:\n${recognise}\n`);
  return parseRecipe(text);
}

describe("recognising a BMC", () => {
  const pages = new Map<string, ProbedPage>();
  let asked: string[];

  beforeEach(() => {
    asked = [];
    pages.clear();
  });

  function found(
    recipes: readonly Recipe[],
    serviceRoot: unknown = { Vendor: "Example", Oem: { Supermicro: {}, Other: {} } },
    manager: unknown = { Model: "12G DCS", FirmwareVersion: "5.10" },
  ): Promise<string> {
    const seen = {
      serviceRoot,
      manager: () => {
        asked.push("manager");
        return Promise.resolve(manager);
      },
      getPage: (path: string) => {
        asked.push(path);
        return Promise.resolve(pages.get(path));
      },
    };
    const { signal } = new AbortController();
    return recogniseBmc(recipes, seen, signal).then(({ name }) => name);
  }

  it("takes the recipe whose Redfish facts hold, all of them", async () => {
    const recipes = [
      recipe("a", "  - redfish: { Vendor: Example, manager.Model: 14G }"),
      recipe("b", "  - redfish: { Vendor: Example, manager.Model: '^12G' }"),
    ];
    assert.equal(await found(recipes), "b");
    assert.deepEqual(asked, ["manager"]);
  });

  it("asks nobody when the service root says enough", async () => {
    const recipes = [recipe("a", "  - redfish: { Oem: '(^| )Supermicro( |$)' }")];
    assert.equal(await found(recipes), "a");
    assert.deepEqual(asked, []);
  });

  it("looks into lists, and at one alternative after the other", async () => {
    const recipes = [
      recipe(
        "a",
        "  - redfish: { Nothing: x }\n  - redfish: { Oem.Hpe.Manager.0.ManagerType: 'iLO 5' }",
      ),
    ];
    assert.equal(
      await found(recipes, { Oem: { Hpe: { Manager: [{ ManagerType: "iLO 5" }] } } }),
      "a",
    );
  });

  it("looks at a page and its Server header, each page once", async () => {
    pages.set("/", { status: 200, server: "lighttpd/1", body: "<title>Board" });
    const recipes = [
      recipe("a", "  - page: { path: /, matches: Other }"),
      recipe("b", "  - page: { path: /, matches: '<title>board' }\n    server: ^lighttpd"),
      recipe("c", "  - server: ^nginx"),
      recipe("d", "  - page: { path: /none, matches: '' }".replace("''", "'.'")),
    ];
    assert.equal(await found(recipes, null), "b");
    assert.deepEqual(asked.toSorted(), ["/", "/none"]);
  });

  it("takes the one of the highest priority, and does not ask for the others", async () => {
    const recipes = [
      recipe("low", "  - page: { path: /x, matches: y }", -5),
      recipe("high", "  - redfish: { Vendor: Example }", 5),
    ];
    assert.equal(await found(recipes), "high");
    assert.deepEqual(asked, []);
  });

  it("refuses when nothing holds, and says what was seen and what there is", async () => {
    await assert.rejects(
      found([recipe("a", "  - redfish: { Vendor: Acme }")], {
        Vendor: "Exa\u001bmple",
        Product: "X",
      }),
      (error) => {
        assert.ok(error instanceof PageError);
        assert.equal(error.failure, "unsupported_firmware");
        assert.equal(
          error.message,
          'no recipe fits this BMC; it says: vendor "Exa\\u{1b}mple", product "X", BMC model "12G DCS", firmware "5.10"; there are a',
        );
        return true;
      },
    );
    await assert.rejects(found([], null), /it has no Redfish service that answers; there are none/);
  });

  it("refuses to choose between two", async () => {
    const same = "  - redfish: { Vendor: Example }";
    await assert.rejects(
      found([recipe("b", same), recipe("a", same)]),
      /several recipes fit this BMC: a, b; set console_recipe to one of them/,
    );
  });

  it("takes nothing that is merely inherited for a fact", async () => {
    const recipes = [recipe("a", "  - redfish: { constructor.name: Object }")];
    await assert.rejects(found(recipes), PageError);
  });
});
