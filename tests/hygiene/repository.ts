/** What the hygiene tests look at: the repository's own files as text. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { packageRoot } from "../../common/package-root.ts";

const NOT_OURS = new Set([".git", ".build", "node_modules", "dist", "coverage"]);
export const PRODUCT_FOLDERS = [
  "api",
  "cli",
  "common",
  "conductor",
  "db",
  "drivers",
  "novncproxy",
  "web",
] as const;

export interface SourceFile {
  /** From the repository's root, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** All files below folders of the repository, or of the whole, in alphabetical order. */
export function repositoryFiles(folders: readonly string[] = [""]): SourceFile[] {
  return folders
    .flatMap((folder) => filesBelow(join(packageRoot(), folder)))
    .map((path) => ({ path: relative(packageRoot(), path), text: readFileSync(path, "utf8") }));
}

/** TypeScript of the product, without tests. */
export function productSources(): SourceFile[] {
  return repositoryFiles(PRODUCT_FOLDERS).filter(({ path }) => path.endsWith(".ts"));
}

export function repositoryText(path: string): string {
  return readFileSync(join(packageRoot(), path), "utf8");
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.isDirectory())
        return NOT_OURS.has(entry.name) ? [] : filesBelow(join(folder, entry.name));
      return entry.isFile() ? [join(folder, entry.name)] : [];
    });
}
