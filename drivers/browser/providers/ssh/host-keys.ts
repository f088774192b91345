/**
 * Which host keys are believed: those of a known_hosts file and those pinned by fingerprint, and no others.
 * Nothing is ever learned by seeing it. Certificates (@cert-authority) are not supported.
 *
 * FACT(sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): `[@marker ]hosts keytype base64[ comment]`; hosts are comma
 * separated patterns, or `|1|salt|HMAC-SHA1`; another port than 22 is written `[host]:port`.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { addressOf } from "./host-list.ts";
import { hostKeyFingerprint } from "../../../lib/ssh-exec.ts";

/** Lines looked at. */
const MAX_LINES = 10_000;

export type HostKeyVerdict = "trusted" | "revoked" | "unknown" | "changed";

interface KnownKey {
  readonly hosts: string;
  readonly type: string;
  readonly key: Buffer;
  readonly revoked: boolean;
}

export class HostKeys {
  readonly #known: readonly KnownKey[];
  readonly #pins: ReadonlyMap<string, ReadonlySet<string>>;

  /** @param text of a known_hosts file; lines that are none are left out */
  constructor(text: string, pins: ReadonlyMap<string, ReadonlySet<string>>) {
    this.#known = text.split("\n", MAX_LINES).flatMap((line) => parseLine(line) ?? []);
    this.#pins = pins;
  }

  judge(host: string, port: number, key: Buffer): HostKeyVerdict {
    const known = this.#of(host, port);
    const same = known.filter((entry) => entry.key.equals(key));
    if (same.some((entry) => entry.revoked)) return "revoked";
    const pins = this.#pins.get(addressOf(host, port));
    if (same.length > 0 || pins?.has(hostKeyFingerprint(key))) return "trusted";
    return known.length > 0 || pins ? "changed" : "unknown";
  }

  /**
   * The only key types worth asking this host for; undefined when any will do. Without that, a host that
   * has several keys would show one that the file does not have.
   */
  typesFor(host: string, port: number): string[] | undefined {
    if (this.#pins.has(addressOf(host, port))) return undefined;
    const types = this.#of(host, port).flatMap((entry) => (entry.revoked ? [] : entry.type));
    if (types.length === 0) return undefined;
    return [...new Set(types.flatMap(algorithmsOf))];
  }

  #of(host: string, port: number): KnownKey[] {
    const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
    return this.#known.filter((entry) => covers(entry.hosts, name));
  }
}

/** FACT(RFC 8332): a key of type ssh-rsa signs by several algorithms; SHA-1 is none of ours. */
function algorithmsOf(type: string): string[] {
  return type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [type];
}

function parseLine(line: string): KnownKey | undefined {
  const words = line.trim().split(/\s+/);
  const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
  const [hosts, type, base64] = words;
  if (marker !== undefined && marker !== "@revoked") return undefined;
  if (!hosts || hosts.startsWith("#") || !type || !base64) return undefined;
  const key = Buffer.from(base64, "base64");
  return key.length === 0 ? undefined : { hosts, type, key, revoked: marker !== undefined };
}

function covers(hosts: string, name: string): boolean {
  if (hosts.startsWith("|1|")) return hashCovers(hosts, name);
  let covered = false;
  for (const pattern of hosts.toLowerCase().split(",")) {
    if (pattern.startsWith("!")) {
      if (matches(pattern.slice(1), name)) return false;
    } else covered ||= matches(pattern, name);
  }
  return covered;
}

function hashCovers(hosts: string, name: string): boolean {
  const [, , salt = "", hash = ""] = hosts.split("|");
  const wanted = Buffer.from(hash, "base64");
  const seen = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return wanted.length === seen.length && timingSafeEqual(wanted, seen);
}

/** `*` and `?`, in linear time: no regular expression is made of a file's text. */
function matches(pattern: string, name: string): boolean {
  let star = -1;
  let resume = 0;
  let at = 0;
  let i = 0;
  while (i < name.length) {
    if (pattern[at] === "?" || (pattern[at] === name[i] && pattern[at] !== "*")) {
      at += 1;
      i += 1;
    } else if (pattern[at] === "*") {
      star = at;
      resume = i;
      at += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      i = resume;
    } else return false;
  }
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
}
