/** Files stay small, opened by a comment, named alike; dependencies have reasons. */
import assert from "node:assert/strict";
import { productSources, repositoryFiles, repositoryText } from "./repository.ts";

const MOST_CODE_LINES = 350;

function codeLines(text: string): number {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "");
  return code.split("\n").filter((line) => line.trim() !== "" && !/^\s*\/\//.test(line)).length;
}

describe("source files", () => {
  it(`have at most ${MOST_CODE_LINES} lines of code`, () => {
    const long = repositoryFiles()
      .filter(({ path }) => /\.(?:[cm]?ts|mjs)$/.test(path))
      .map(({ path, text }) => ({ path, lines: codeLines(text) }))
      .filter(({ lines }) => lines > MOST_CODE_LINES);
    assert.deepEqual(long, []);
  });

  it("begin with a comment that says what they are for", () => {
    const silent = productSources()
      .filter(({ path, text }) => !path.endsWith(".d.ts") && !/^(?:#!.*\n)?\/\*\*/.test(text))
      .map(({ path }) => path);
    assert.deepEqual(silent, []);
  });

  it("have names in kebab-case, and none is called utils", () => {
    const wrong = productSources()
      .map(({ path }) => path)
      .filter(
        (path) =>
          !/^[a-z0-9/-]+(?:\.d)?\.ts$/.test(path) || /\/(?:utils?|helpers?)\.ts$/.test(path),
      );
    assert.deepEqual(wrong, []);
  });

  it("leave nothing for later", () => {
    const mark = /\b(?:TODO|FIXME|XXX)\b/;
    const found = repositoryFiles()
      .filter(({ path }) => !path.startsWith("tests/hygiene/"))
      .filter(({ path, text }) => /\.(?:[cm]?ts|mjs|md)$/.test(path) && mark.test(text))
      .map(({ path }) => path);
    assert.deepEqual(found, []);
  });
});

describe("dependencies", () => {
  const manifest = JSON.parse(repositoryText("package.json")) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };

  it("are explained in docs/dependencies.md, and nothing else is", () => {
    const [, product = "", development = ""] =
      repositoryText("docs/dependencies.md").split("\n## ");
    const explained = (section: string): string[] =>
      [...section.matchAll(/^\| `([^`]+)`/gm)].map((row) => row[1] ?? "").toSorted();
    assert.deepEqual(explained(product), Object.keys(manifest.dependencies).toSorted());
    assert.deepEqual(explained(development), Object.keys(manifest.devDependencies).toSorted());
  });

  it("are pinned", () => {
    const all = { ...manifest.dependencies, ...manifest.devDependencies };
    const loose = Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
    assert.deepEqual(loose, []);
  });

  it("are used by the product when it is installed with them", () => {
    const sources = productSources()
      .filter(({ path }) => !path.startsWith("web/"))
      .map(({ text }) => text)
      .join("\n");
    const unused = Object.keys(manifest.dependencies).filter(
      (name) =>
        !new RegExp(`from "${name}(?:/[^"]*)?"|(?:import|require)\\("${name}`).test(sources),
    );
    assert.deepEqual(unused, []);
  });
});
