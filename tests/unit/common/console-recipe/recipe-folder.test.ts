import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  RecipeFolder,
  shippedRecipeFolder,
} from "../../../../common/console-recipe/recipe-folder.ts";
import { EXAMPLE_RECIPE } from "../../../fakes/console-recipe.ts";

describe("a folder of recipes", () => {
  let path: string;
  let folder: RecipeFolder;
  let problems: string[];
  let writes = 0;

  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), "recipes-"));
    problems = [];
    folder = new RecipeFolder(path, (file, message) =>
      problems.push(`${file.slice(path.length)} ${message}`),
    );
  });
  afterEach(() => rmSync(path, { recursive: true }));

  function write(name: string, text: string): void {
    writeFileSync(join(path, name), text);
    /* Two writes may come within the clock's grain. */
    writes += 1;
    utimesSync(join(path, name), writes, writes);
  }
  const titles = (): string[] => folder.read().map(({ recipe }) => recipe.title);
  const titled = (title: string): string => EXAMPLE_RECIPE.replace("Example Board 2000", title);

  it("has none when it is not there", () => {
    const none = new RecipeFolder(join(path, "none"), (file, message) =>
      problems.push(file + message),
    );
    assert.deepEqual(none.read(), []);
    assert.deepEqual(problems, []);
  });

  it("reads *.yaml, and a file again when it changes", () => {
    write("a.yaml", titled("one"));
    write(".b.yaml", titled("hidden"));
    write("c.txt", titled("no"));
    assert.deepEqual(titles(), ["one"]);
    write("a.yaml", titled("two"));
    assert.deepEqual(titles(), ["two"]);
    rmSync(join(path, "a.yaml"));
    assert.deepEqual(titles(), []);
  });

  it("keeps what a file said before it broke, and says so once", () => {
    write("a.yaml", titled("good"));
    assert.deepEqual(titles(), ["good"]);
    write("a.yaml", "name: [");
    assert.deepEqual([titles(), titles()], [["good"], ["good"]]);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? "", /^\/a.yaml is not valid: line 1: /);
    write("a.yaml", titled("mended"));
    assert.deepEqual(titles(), ["mended"]);
  });

  it("reads no file that anyone may write, and nothing of such a folder", () => {
    write("a.yaml", titled("x"));
    chmodSync(join(path, "a.yaml"), 0o646);
    assert.deepEqual(titles(), []);
    assert.match(problems[0] ?? "", /^\/a.yaml may be written by anyone/);
    chmodSync(join(path, "a.yaml"), 0o664);
    assert.deepEqual(titles(), ["x"]);
    chmodSync(path, 0o777);
    assert.deepEqual(titles(), []);
    assert.match(problems[1] ?? "", /^ may be written by anyone/);
  });

  it("says that two files have the same name, and takes the first", () => {
    write("b.yaml", titled("second"));
    write("a.yaml", titled("first"));
    assert.deepEqual(titles(), ["first"]);
    assert.match(problems.join(), /\/b.yaml has the name "example-board"/);
  });

  it("waits for no pipe and reads no folder", () => {
    execFileSync("mkfifo", [join(path, "a.yaml")]);
    execFileSync("mkdir", [join(path, "b.yaml")]);
    assert.deepEqual(titles(), []);
    assert.equal(problems.length, 2);
  });

  it("of the service holds valid recipes only", () => {
    const shipped: string[] = [];
    new RecipeFolder(shippedRecipeFolder(), (_file, message) => shipped.push(message)).read();
    assert.deepEqual(shipped, []);
  });
});
