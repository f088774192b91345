import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvalidParameterValue } from "../../../../../drivers/base.ts";
import { RecipeStore } from "../../../../../drivers/browser/recipes/recipe-store.ts";
import { EXAMPLE_RECIPE } from "../../../../fakes/console-recipe.ts";
import { recordingLogger } from "./recording-logger.ts";

describe("the store of recipes", () => {
  let folder: string;
  let log: ReturnType<typeof recordingLogger>;
  let store: RecipeStore;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "store-"));
    mkdirSync(join(folder, "own"));
    log = recordingLogger();
    store = new RecipeStore({ folder: join(folder, "own"), log, shippedFolder: folder });
    writeFileSync(join(folder, "a.yaml"), EXAMPLE_RECIPE);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("finds recipes by name", () => {
    assert.equal(store.find("example-board").title, "Example Board 2000");
    assert.throws(
      () => store.find("other"),
      (error) =>
        error instanceof InvalidParameterValue &&
        error.message === 'console_recipe "other" is none of example-board',
    );
  });

  it("lets the operator's own replace one of the same name, at once", () => {
    const own = EXAMPLE_RECIPE.replace("Example Board 2000", "Mine");
    writeFileSync(join(folder, "own", "x.yaml"), own);
    assert.equal(store.find("example-board").title, "Mine");
    rmSync(join(folder, "own", "x.yaml"));
    assert.equal(store.find("example-board").title, "Example Board 2000");
  });

  it("warns of a file that is broken, by its name", () => {
    writeFileSync(join(folder, "own", "x.yaml"), "name: x\n");
    assert.equal(store.list().length, 1);
    assert.match(log.text(), /x\.yaml/);
    assert.match(log.text(), /the recipe needs title/);
  });

  it("has recipes of the service without being told where they are", () => {
    const shipped = new RecipeStore({ folder: join(folder, "own"), log });
    assert.ok(shipped.list().some(({ family }) => family === "ilo"));
  });
});
