/** `npm run note -- slug`: makes an empty release note in reno's format, with a name nobody else has. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, ToolError, say, whenStarted } from "./progress.mjs";

/** reno's sections in its order; what each is for. */
const SECTIONS = {
  prelude: "One paragraph about the whole release; rarely.",
  features: "What an operator or tenant can do now.",
  issues: "Known problems.",
  upgrade: "What to do when upgrading, and what happens if you do nothing.",
  deprecations: "What will go, and what to use instead.",
  critical: "Fixes of bugs that lose data or service.",
  security: "Who was exposed to what, and how to be safe.",
  fixes: "Symptom, cause, remedy.",
  other: "Anything else.",
};

async function note() {
  const [slug, ...rest] = process.argv.slice(2);
  if (!slug || rest.length > 0 || !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(slug))
    throw new ToolError("usage: npm run note -- some-words-like-this");
  const file = join("releasenotes", "notes", `${slug}-${randomBytes(8).toString("hex")}.yaml`);
  const lines = ["---"];
  for (const [name, purpose] of Object.entries(SECTIONS))
    lines.push(...(name === "prelude" ? [`prelude: >`, `  ${purpose}`] : itemLines(name, purpose)));
  writeFileSync(join(ROOT, file), `${lines.join("\n")}\n`, { flag: "wx" });
  say(`${file}\nKeep the sections you need, delete the others.`);
}

function itemLines(name, purpose) {
  return [`${name}:`, "  - |", `    ${purpose}`];
}

await whenStarted(import.meta.url, note);
