/** Who may import whom. The rules are the rows of RULES; docs/ and the README describe the same. */
import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { PRODUCT_FOLDERS, productSources } from "./repository.ts";

interface Rule {
  /** Files this row is for; the first row that fits counts. */
  readonly files: RegExp;
  /** Files of other folders that they may import. */
  readonly mayImport: readonly RegExp[];
}

const COMMON = /^common\//;
const DB = /^db\//;

const RULES: readonly Rule[] = [
  { files: /^common\//, mayImport: [] },
  { files: /^db\//, mayImport: [COMMON] },
  { files: /^drivers\/(?:index|base|driver-info)\.ts$/, mayImport: [COMMON, /^drivers\//] },
  { files: /^drivers\/(?:lib|hardware|testing)\//, mayImport: [COMMON, /^drivers\//] },
  {
    files: /^drivers\//,
    mayImport: [COMMON, /^drivers\/(?:base|driver-info)\.ts$/, /^drivers\/lib\//],
  },
  {
    files: /^conductor\//,
    mayImport: [COMMON, DB, /^drivers\/(?:index|base|driver-info)\.ts$/],
  },
  { files: /^novncproxy\//, mayImport: [COMMON, DB] },
  { files: /^api\//, mayImport: [COMMON, DB, /^conductor\/rpcapi\.ts$/] },
  {
    files: /^cli\/serve\.ts$/,
    mayImport: [COMMON, DB, /^(?:api|conductor|novncproxy)\/main\.ts$/, /^conductor\/rpcapi\.ts$/],
  },
  { files: /^cli\/demo\//, mayImport: [COMMON] },
  { files: /^cli\//, mayImport: [COMMON] },
  { files: /^web\//, mayImport: [] },
];

/** In a driver's folder, or anywhere else, files may import their neighbours. */
function ownFolderOf(path: string): string {
  const [top = "", second = ""] = path.split("/");
  if (top === "drivers" && path.split("/").length > 2) return `drivers/${second}/`;
  return `${top}/`;
}

const IMPORT = /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s*"([^"]+)"|import\(\s*"([^"]+)"\s*\)/g;

function relativeImports(text: string): string[] {
  return [...text.matchAll(IMPORT)]
    .map((match) => match[1] ?? match[2] ?? "")
    .filter((target) => target.startsWith("."));
}

describe("imports", () => {
  it("follow the table of who may import whom", () => {
    const broken = productSources().flatMap(({ path, text }) => {
      const row = RULES.findIndex((rule) => rule.files.test(path));
      assert.ok(row >= 0, `${path}: no row of RULES is for it`);
      return relativeImports(text)
        .map((target) => normalize(join(dirname(path), target)))
        .filter((target) => !target.startsWith(ownFolderOf(path)))
        .filter((target) => !RULES[row]?.mayImport.some((allowed) => allowed.test(target)))
        .map(
          (target) =>
            `${path} imports ${target}: not allowed by row ${String(RULES[row]?.files)} of RULES in tests/hygiene/imports.test.ts`,
        );
    });
    assert.deepEqual(broken, []);
  });

  it("name files that exist, with their .ts", () => {
    const files = new Set(productSources().map(({ path }) => path));
    const broken = productSources().flatMap(({ path, text }) =>
      relativeImports(text)
        .map((target) => normalize(join(dirname(path), target)))
        .filter((target) => !files.has(target) && !/\.(?:json|css|html|svg)$/.test(target))
        .map((target) => `${path} imports ${target}, which is no file`),
    );
    assert.deepEqual(broken, []);
  });

  it("are found by the pattern that looks for them", () => {
    const text = 'import a from "./a.ts";\nexport * from "../b.ts";\nawait import("./c.ts");\n';
    assert.deepEqual(relativeImports(text), ["./a.ts", "../b.ts", "./c.ts"]);
    assert.ok(
      PRODUCT_FOLDERS.every((folder) =>
        productSources().some(({ path }) => path.startsWith(folder)),
      ),
    );
  });
});
