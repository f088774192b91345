/**
 * Bundles the console page into dist/web/console/{index.html,console.js,console.css,notices.txt} with
 * esbuild, only when something changed since. Plain JavaScript; needs what tools/setup.mjs installs.
 */
import { createHash } from "node:crypto";
import {
  copyFileSync,
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
const STAMP = ".built-from";
/** The browsers that have top-level await, which noVNC 1.7 needs, and what the style sheet uses. */
const BROWSERS = ["chrome108", "edge108", "firefox110", "safari16.4"];

/**
 * @param {{ outdir?: string, minify?: boolean }} [options] `outdir` receives the four files
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
    copyFileSync(join(WEB, "index.html"), join(fresh, "index.html"));
    writeFileSync(join(fresh, "notices.txt"), notices());
    writeFileSync(join(fresh, STAMP), stamp);
    for (const name of ["console.js", "console.css", "notices.txt", "index.html", STAMP])
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
    entryPoints: { console: join(WEB, "main.ts") },
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
    entryPoints: { console: join(WEB, "console.css") },
    outdir,
    target: BROWSERS,
    minify,
    logLevel: "warning",
  });
}

/** The licences of what the bundle contains, as each of them asks for. */
function notices() {
  const { version } = JSON.parse(readFileSync(join(NOVNC, "package.json"), "utf8"));
  const part = (title, text) => `${title}\n${"-".repeat(title.length)}\n\n${text.trim()}\n`;
  const des = readFileSync(join(NOVNC, "core", "crypto", "des.js"), "utf8");
  return [
    part(
      "The console page contains software by others",
      `The page's own code is under the Apache License 2.0, as is baremetal-console.\nconsole.js also contains the unmodified files of the noVNC library named below.`,
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
  const sources = readdirSync(WEB).filter((name) => /\.(?:ts|css|html)$/.test(name));
  for (const name of sources.sort()) hash.update(name).update(readFileSync(join(WEB, name)));
  hash.update(readFileSync(join(NOVNC, "package.json")));
  hash.update(readFileSync(fileURLToPath(import.meta.url)));
  return hash.digest("hex");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await buildWeb();
