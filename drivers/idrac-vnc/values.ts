/**
 * The iDRAC's VNC server attributes and the forms their values take.
 *
 * FACT(attribute dump of an iDRAC9): VNCServer.1.Enable "Disabled", .Port 5901, .Password null,
 * .Timeout 300, .SSLEncryptionBitLength "Disabled", .MaxSessions 2, .ActiveSessions 0.
 * FACT(public sources that set them): some firmwares want "Enabled", others 1.
 */
import type { Secret } from "../base.ts";

/** What start changes and stop puts back. The password cannot be read, so it cannot be put back. */
export const RESTORED = ["Enable", "Port", "Timeout", "SSLEncryptionBitLength"] as const;
export type RestoredName = (typeof RESTORED)[number];
export type AttributeName = RestoredName | "Password";

/** A value as the iDRAC wrote it. */
export type RawValue = string | number | boolean;
/** The attributes as found, those of {@link KEPT} that the firmware has. */
export type FoundAttributes = { readonly [name: string]: RawValue };

/** What is read: never the password, whatever a firmware shows in its place. */
const KEPT = new Set<string>([...RESTORED, "ActiveSessions"]);
/** The longest value in the world is "128-Bit or higher"; a hostile one must not fill the memo. */
const MAX_VALUE_LENGTH = 64;

/** One attribute to set: the forms its value may take, the likeliest first. */
export interface AttributeChange {
  readonly name: AttributeName;
  readonly forms: readonly (RawValue | Secret)[];
}

/**
 * FACT(dell omsdk, SSLEncryptionBitLength_VNCServerTypes; RACADM guide): the words, in the order of
 * racadm's numbers.
 */
const SSL_WORDS = [
  "Disabled",
  "Auto Negotiate",
  "128-Bit or higher",
  "168-Bit or higher",
  "256-Bit or higher",
];
const ENABLE_WORDS = ["Disabled", "Enabled"];

/** Takes from names and values of any origin those that are known and plausible. */
export function foundAttributes(entries: Iterable<readonly [string, unknown]>): FoundAttributes {
  const known = [...entries].filter(
    (entry): entry is [string, RawValue] => KEPT.has(entry[0]) && isRaw(entry[1]),
  );
  return Object.fromEntries(known);
}

function isRaw(value: unknown): value is RawValue {
  if (typeof value === "string") return value.length <= MAX_VALUE_LENGTH;
  return typeof value === "number" || typeof value === "boolean";
}

export function isOn(value: RawValue | undefined): boolean {
  return numberOf(ENABLE_WORDS, value) === 1;
}

export function hasTls(value: RawValue | undefined): boolean {
  return value !== undefined && numberOf(SSL_WORDS, value) !== 0;
}

export function portOf(found: FoundAttributes): number | undefined {
  const port = Number(found["Port"]);
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

/** Two forms of one value: "Disabled" and 0, 5901 and "5901". */
export function sameValue(name: RestoredName, a: RawValue | undefined, b: RawValue): boolean {
  if (a === undefined) return false;
  const words = wordsOf(name);
  if (words) return numberOf(words, a) === numberOf(words, b);
  return Number(a) === Number(b);
}

/**
 * The forms to try for a value.
 * @param found the value there now, whose form is the likeliest
 * @param preferNumbers racadm's way
 */
export function formsOf(
  name: RestoredName,
  value: RawValue,
  found: RawValue | undefined,
  preferNumbers: boolean,
): RawValue[] {
  const words = wordsOf(name);
  const number = words ? numberOf(words, value) : Number(value);
  const word = words?.[number];
  if (word === undefined) return [value];
  if (typeof found === "boolean") return [number === 1, word, number];
  return preferNumbers || typeof found === "number" ? [number, word] : [word, number];
}

function wordsOf(name: RestoredName): readonly string[] | undefined {
  if (name === "Enable") return ENABLE_WORDS;
  return name === "SSLEncryptionBitLength" ? SSL_WORDS : undefined;
}

function numberOf(words: readonly string[], value: RawValue | undefined): number {
  if (typeof value === "boolean") return Number(value);
  const index = words.findIndex((word) => word.toLowerCase() === String(value).toLowerCase());
  return index >= 0 ? index : Number(value);
}
