/**
 * sshd's authorized_keys format (sshd(8)): one public key a line, options before it, a comment behind
 * it. A line that asks for something unknown is not let in rather than let in without it.
 */
import { createHash, createPublicKey } from "node:crypto";
import ssh2, { type ParsedKey } from "ssh2";
import { printable } from "../../../common/printable.ts";
import type { SessionMode } from "../../../db/database.ts";
import { NodePatterns } from "./node-patterns.ts";

export interface AuthorizedKey {
  readonly key: ParsedKey;
  /** `SHA256:` and base64, as ssh-keygen -l prints it. */
  readonly fingerprint: string;
  /** The comment; the fingerprint when there is none. */
  readonly user: string;
  /** What it may open; null for every node. */
  readonly nodes: NodePatterns | null;
  readonly mode: SessionMode;
}

export interface AuthorizedKeys {
  /** By fingerprint: a look-up compares hashes, never keys byte by byte. */
  readonly keys: ReadonlyMap<string, AuthorizedKey>;
  /** One sentence for each line that lets nobody in. */
  readonly mistakes: readonly string[];
}

const MAX_KEYS = 10_000;
const LONGEST_LINE = 16 * 1024;
const LONGEST_USER = 255;
const FEWEST_RSA_BITS = 2048;
const MOST_RSA_BITS = 16_384;
const MAX_MISTAKES = 20;

const KEY_TYPES = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
];
/** Options of sshd that forbid what is not there anyway. */
const HARMLESS = ["restrict", "no-agent-forwarding", "no-port-forwarding", "no-user-rc"];
const HARMLESS_X11 = "no-x11-forwarding";

/** @param file its name, for mistakes */
export function parseAuthorizedKeys(text: string, file: string): AuthorizedKeys {
  const keys = new Map<string, AuthorizedKey>();
  const mistakes: string[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    if (mistakes.length >= MAX_MISTAKES) break;
    const complain = (mistake: string): unknown =>
      mistakes.push(`${file} line ${index + 1}: ${mistake}`);
    const parsed = parseLine(line);
    if (typeof parsed === "string") complain(parsed);
    else if (keys.has(parsed.fingerprint)) complain(`repeats the key ${parsed.fingerprint}`);
    else if (keys.size >= MAX_KEYS) complain(`is beyond the ${MAX_KEYS} keys that are read`);
    else keys.set(parsed.fingerprint, parsed);
  }
  return { keys, mistakes };
}

/** `SHA256:` and base64 without padding, of a public key's blob. */
export function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** @returns the key, or what is wrong with the line */
function parseLine(line: string): AuthorizedKey | string {
  if (line.length > LONGEST_LINE) return `is longer than ${LONGEST_LINE} characters`;
  let rest = line;
  let options: Options | string = { nodes: null, mode: "control" };
  if (!startsWithKeyType(line)) {
    const end = endOfOptions(line);
    if (end === -1) return "is no public key in OpenSSH format";
    options = parseOptions(line.slice(0, end));
    rest = line.slice(end).trimStart();
  }
  if (typeof options === "string") return options;
  const [, type = "", base64 = "", comment = ""] = /^(\S+)\s+(\S+)(?:\s+(.*))?$/.exec(rest) ?? [];
  if (!KEY_TYPES.includes(type))
    return `has the key type "${printable(type, 60)}"; those are read: ${KEY_TYPES.join(", ")}`;
  const key = parseKey(type, base64);
  if (typeof key === "string") return key;
  const fingerprint = fingerprintOf(key.getPublicSSH());
  const user = printable(comment.trim(), LONGEST_USER);
  return { key, fingerprint, user: user === "" ? fingerprint : user, ...options };
}

/** Also of those that are not read, so that their lines are called what they are. */
function startsWithKeyType(line: string): boolean {
  return /^(?:ssh|ecdsa|sk)-[^\s=,"]+\s/.test(line);
}

function parseKey(type: string, base64: string): ParsedKey | string {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return "is no public key in OpenSSH format";
  const key = ssh2.utils.parseKey(`${type} ${base64}`);
  if (key instanceof Error || key.isPrivateKey() || key.type !== type)
    return `has a damaged key of type ${type}`;
  try {
    const { modulusLength } = createPublicKey(key.getPublicPEM()).asymmetricKeyDetails ?? {};
    if (modulusLength === undefined) return key;
    if (modulusLength < FEWEST_RSA_BITS || modulusLength > MOST_RSA_BITS)
      return `has an RSA key of ${modulusLength} bits; ${FEWEST_RSA_BITS} to ${MOST_RSA_BITS} are let in`;
    return key;
  } catch {
    return `has a damaged key of type ${type}`;
  }
}

interface Options {
  readonly nodes: NodePatterns | null;
  readonly mode: SessionMode;
}

/** @returns where the blank behind the options is, -1 when there is none or a quote stays open */
function endOfOptions(line: string): number {
  let quoted = false;
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index];
    if (character === "\\" && line[index + 1] === '"') index += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && (character === " " || character === "\t")) return index;
  }
  return -1;
}

/** @returns the options, or what is wrong with them */
function parseOptions(text: string): Options | string {
  let nodes: NodePatterns | null = null;
  let mode: SessionMode = "control";
  for (const option of splitOptions(text)) {
    const [name, value] = nameAndValue(option);
    if (name === "nodes" && value !== undefined) {
      if (nodes) return "has two options nodes";
      nodes = new NodePatterns(value);
      if (nodes.isEmpty) return "has an option nodes that names no node";
    } else if (name === "mode" && (value === "view" || value === "control")) mode = value;
    else if (value !== undefined || !(HARMLESS.includes(name) || name === HARMLESS_X11))
      return `has the option "${printable(option, 60)}", which is not known here`;
  }
  return { nodes, mode };
}

function splitOptions(text: string): string[] {
  const options: string[] = [];
  let start = 0;
  let quoted = false;
  for (let index = 0; index <= text.length; index += 1) {
    const character = text[index];
    if (character === "\\" && text[index + 1] === '"') index += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === undefined || (character === "," && !quoted)) {
      options.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return options;
}

/** Names are the same in upper and lower case, values stand in double quotes (sshd(8)). */
function nameAndValue(option: string): [name: string, value: string | undefined] {
  const equals = option.indexOf("=");
  if (equals === -1) return [option.toLowerCase(), undefined];
  const value = option.slice(equals + 1);
  const inner = /^"(.*)"$/.exec(value)?.[1] ?? "";
  return [option.slice(0, equals).toLowerCase(), inner.replaceAll('\\"', '"')];
}
