/**
 * Bundles the two console pages (screen and serial line) into dist/web/console with esbuild, only when
 * something changed since. What both pages show is in web/parts, once, and put in at their marks
 * `<!-- part: NAME -->`. Plain JavaScript; needs what tools/setup.mjs installs.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const WEB = join(ROOT, "web");
const NOVNC = join(ROOT, "node_modules", "@novnc", "novnc");
const XTERM = ["xterm", "addon-fit", "addon-search"].map((name) =>
  join(ROOT, "node_modules", "@xterm", name),
);
/** Entry and page of each; esbuild names its output after the key. */
const PAGES = {
  console: { script: "main.ts", style: "console.css", html: "index.html", as: "index.html" },
  terminal: {
    script: "terminal/main.ts",
    style: "terminal/terminal.css",
    html: "terminal/index.html",
    as: "serial.html",
  },
};
const PART_MARK = /<!-- part: ([a-z-]+) -->/g;
const STAMP = ".built-from";
/** The browsers that have top-level await, which noVNC 1.7 needs, and what the style sheet uses. */
const BROWSERS = ["chrome108", "edge108", "firefox110", "safari16.4"];

/**
 * @param {{ outdir?: string, minify?: boolean }} [options] `outdir` receives the files
 * @returns {Promise<string>} `outdir`
 * @throws {Error} of esbuild, which has printed what does not compile
 */
export async function buildWeb({
  outdir = join(ROOT, "dist", "web", "console"),
  minify = true,
} = {}) {
  const stamp = stampOf(minify);
  const stampFile = join(outdir, STAMP);
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return outdir;
  mkdirSync(outdir, { recursive: true });
  // Built beside and moved in file by file, so that a running proxy never serves half a file.
  const fresh = mkdtempSync(join(outdir, ".new-"));
  try {
    await bundle(fresh, minify);
    for (const [name, html] of pagesOfSources()) writeFileSync(join(fresh, name), html);
    writeFileSync(join(fresh, "notices.txt"), notices());
    writeFileSync(join(fresh, STAMP), stamp);
    // The stamp last.
    for (const name of [...readdirSync(fresh).filter((one) => one !== STAMP), STAMP])
      renameSync(join(fresh, name), join(outdir, name));
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return outdir;
}

async function bundle(outdir, minify) {
  const { build } = await import("esbuild");
  await build({
    absWorkingDir: ROOT,
    entryPoints: entriesOf("script"),
    outdir,
    bundle: true,
    format: "esm",
    target: [...BROWSERS, "es2022"],
    minify,
    legalComments: "none",
    tsconfigRaw: {},
    logLevel: "warning",
  });
  await build({
    absWorkingDir: ROOT,
    entryPoints: entriesOf("style"),
    outdir,
    bundle: true,
    target: BROWSERS,
    minify,
    logLevel: "warning",
  });
}

function entriesOf(kind) {
  return Object.fromEntries(
    Object.entries(PAGES).map(([name, page]) => [name, join(WEB, page[kind])]),
  );
}

/** @returns {Map<string, string>} each page's whole HTML by the name it is built under */
export function pagesOfSources() {
  const folder = join(WEB, "parts");
  const parts = readdirSync(folder).map((file) => [
    file.replace(/\.html$/, ""),
    readFileSync(join(folder, file), "utf8").trim(),
  ]);
  const pages = Object.values(PAGES).map(({ html, as }) => [
    as,
    readFileSync(join(WEB, html), "utf8"),
  ]);
  return withParts(new Map(pages), new Map(parts));
}

/**
 * @param {Map<string, string>} pages HTML with marks, by name
 * @param {Map<string, string>} parts HTML without marks, by the name that marks use
 * @returns {Map<string, string>} the pages with the parts in place of the marks
 * @throws {Error} for a mark without a part, a part without a mark, and a comment that is no mark
 */
export function withParts(pages, parts) {
  const unused = new Set(parts.keys());
  const whole = new Map();
  for (const [page, html] of pages) {
    const put = html.replaceAll(PART_MARK, (_mark, name) => {
      if (!parts.has(name))
        throw new Error(`${page} wants the part ${name}, which web/parts lacks`);
      unused.delete(name);
      return parts.get(name);
    });
    const [comment] = /<!--.*/.exec(put) ?? [];
    if (comment) throw new Error(`${page}: not a mark of a part: ${comment}`);
    whole.set(page, put);
  }
  if (unused.size > 0) throw new Error(`no page uses web/parts: ${[...unused].join(", ")}`);
  return whole;
}

/** The licences of what the bundles contain, as each of them asks for. */
function notices() {
  const { version } = JSON.parse(readFileSync(join(NOVNC, "package.json"), "utf8"));
  const part = (title, text) => `${title}\n${"-".repeat(title.length)}\n\n${text.trim()}\n`;
  const des = readFileSync(join(NOVNC, "core", "crypto", "des.js"), "utf8");
  return [
    part(
      "The console pages contain software by others",
      `The pages' own code is under the Apache License 2.0, as is baremetal-console.\nconsole.js also contains the unmodified files of the noVNC library named below, terminal.js and\nterminal.css those of xterm.js and its addons.`,
    ),
    part(
      `noVNC ${version} (Mozilla Public License 2.0)`,
      `The source form of these files is available at\n  https://github.com/novnc/noVNC/tree/v${version}\n  https://www.npmjs.com/package/@novnc/novnc/v/${version}\nThe licence is at https://www.mozilla.org/MPL/2.0/\n\n${readFileSync(join(NOVNC, "LICENSE.txt"), "utf8")}`,
    ),
    part("Authors of noVNC", readFileSync(join(NOVNC, "AUTHORS"), "utf8")),
    part(
      "pako, in noVNC's vendor/pako (MIT License)",
      readFileSync(join(NOVNC, "vendor", "pako", "LICENSE"), "utf8"),
    ),
    part("DES, in noVNC's core/crypto/des.js", firstComment(des)),
    ...XTERM.map((folder) => {
      const { name, version: its } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      return part(`${name} ${its} (MIT License)`, readFileSync(join(folder, "LICENSE"), "utf8"));
    }),
    part(
      "Visual Studio Code, in xterm.js's src/vs (MIT License)",
      `${firstComment(readFileSync(join(XTERM[0], "src", "vs", "base", "common", "event.ts"), "utf8"))}\nThe licence's text is that of xterm.js above.`,
    ),
  ].join("\n\n");
}

/** The text of a file's first block comment without its stars. */
function firstComment(source) {
  const text = /\/\*([\s\S]*?)\*\//.exec(source)?.[1] ?? "";
  return text.replaceAll(/^[ \t]*\*?[ \t]?/gm, "");
}

/** Changes whenever a source, the library, this file or the options change. */
function stampOf(minify) {
  const hash = createHash("sha256").update(String(minify));
  const sources = readdirSync(WEB, { recursive: true }).filter((name) =>
    /\.(?:ts|css|html)$/.test(name),
  );
  for (const name of sources.sort()) hash.update(name).update(readFileSync(join(WEB, name)));
  for (const folder of [NOVNC, ...XTERM]) hash.update(readFileSync(join(folder, "package.json")));
  hash.update(readFileSync(fileURLToPath(import.meta.url)));
  return hash.digest("hex");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await buildWeb();
