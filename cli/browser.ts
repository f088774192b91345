/**
 * Opens a console URL in the user's browser. The URL holds a token, and every user of a machine can
 * read its command lines, so what the browser is started with is a private file that leads there.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** A browser needs the file until it has read it; there is no way to ask it. */
const READ_MS = 5000;

/** @returns false when no browser could be started */
export async function openInBrowser(
  url: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  if (opener === "xdg-open" && !env["DISPLAY"] && !env["WAYLAND_DISPLAY"]) return false;
  const folder = await mkdtemp(join(env["XDG_RUNTIME_DIR"] ?? tmpdir(), "bmcon-"));
  try {
    const file = join(folder, "console.html");
    await writeFile(file, redirectPage(url), { mode: 0o600, flag: "wx" });
    const started = await new Promise<boolean>((resolve) => {
      const child = spawn(opener, [file], { stdio: "ignore", env: { ...env } });
      child.once("error", () => resolve(false));
      child.once("exit", (status) => resolve(status === 0));
    });
    if (started) await pause(READ_MS);
    return started;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function redirectPage(url: string): string {
  const target = JSON.stringify(url).replaceAll("<", "\\u003c");
  return `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>Console</title><script>location.replace(${target})</script>\n`;
}
