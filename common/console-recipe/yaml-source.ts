/**
 * YAML as data, with the place of each value: bounded, without anchors, aliases and tags, so that a small
 * file cannot become a large one. For files that people write; everything wrong with one is said at once.
 */
import { isAlias, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { Document, Node } from "yaml";

export const SOURCE_LIMIT_BYTES = 65_536;
const DEPTH_LIMIT = 32;
const MISTAKES_LIMIT = 50;

export interface SourceMistake {
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

export type SourcePath = readonly (string | number)[];

export interface YamlSource {
  /** Null when it could not be read. */
  readonly value: unknown;
  readonly mistakes: readonly SourceMistake[];
  /** The line of a value, or of the nearest thing around it that is there. */
  lineOf(path: SourcePath): number;
  /** The line of a key of a map. */
  lineOfKey(path: SourcePath, key: string): number;
}

export function readYaml(text: string): YamlSource {
  if (Buffer.byteLength(text) > SOURCE_LIMIT_BYTES)
    return unreadable(`is longer than ${SOURCE_LIMIT_BYTES} bytes`);
  if (deepest(text) > DEPTH_LIMIT) return unreadable("is nested too deeply");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: "1.2" });
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const mistakes: SourceMistake[] = document.errors.map(({ pos, message }) => ({
    line: lineAt(pos[0]),
    message: message.replaceAll(/\s+/g, " "),
  }));
  mistakes.push(...refusedIn(document, lineAt));
  const found = {
    mistakes: mistakes.slice(0, MISTAKES_LIMIT),
    lineOf: (path: SourcePath) => lineAt(offsetOf(document, path)),
    lineOfKey: (path: SourcePath, key: string) => lineAt(offsetOfKey(document, path, key)),
  };
  return { ...found, value: mistakes.length === 0 ? document.toJS({ maxAliasCount: 0 }) : null };
}

function unreadable(message: string): YamlSource {
  const mistakes = [{ line: 1, message }];
  return { value: null, mistakes, lineOf: () => 1, lineOfKey: () => 1 };
}

/** At most so deep do collections in this text nest; the parser itself takes a stack frame for each. */
function deepest(text: string): number {
  let open = 0;
  let most = 0;
  for (const character of text) {
    if (character === "[" || character === "{") most = Math.max(most, ++open);
    else if (character === "]" || character === "}") open = Math.max(0, open - 1);
  }
  const indented = Math.max(
    0,
    ...text.split("\n").map((line) => /^[\s]*(?:[-?:] +)*/.exec(line)?.[0].length ?? 0),
  );
  return Math.max(most, indented / 2);
}

function refusedIn(document: Document.Parsed, lineAt: (offset: number) => number): SourceMistake[] {
  const refused: SourceMistake[] = [];
  visit(document, {
    Node(_key, node) {
      const line = lineAt(node.range?.[0] ?? 0);
      if (isAlias(node)) refused.push({ line, message: "aliases (*name) are not allowed" });
      else if (node.anchor !== undefined)
        refused.push({ line, message: "anchors (&name) are not allowed" });
      else if (node.tag !== undefined)
        refused.push({ line, message: "tags (!name) are not allowed" });
    },
    Pair(_key, { key }) {
      if (isScalar(key) && typeof key.value === "string") return;
      const line = lineAt(isNode(key) ? (key.range?.[0] ?? 0) : 0);
      refused.push({ line, message: "keys must be texts" });
    },
  });
  return refused;
}

function offsetOf(document: Document.Parsed, path: SourcePath): number {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as Node | undefined;
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function offsetOfKey(document: Document.Parsed, path: SourcePath, key: string): number {
  const map: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  const pair = isMap(map)
    ? map.items.find(({ key: one }) => isScalar(one) && one.value === key)
    : undefined;
  return isNode(pair?.key) && pair.key.range ? pair.key.range[0] : offsetOf(document, path);
}

/** `login[2].fill`, as people write it. */
export function spellPath(path: SourcePath): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`))
    .join("")
    .replace(/^\./, "");
}
