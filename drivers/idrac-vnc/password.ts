/**
 * Makes the VNC password of one enable. An iDRAC takes 8 characters at most (VNC authentication uses
 * no more) and may enforce complexity, so all four kinds of characters occur.
 */
import { randomInt } from "node:crypto";
import { Secret } from "../base.ts";

const LENGTH = 8;
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER = "abcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";
/**
 * FACT(Dell iDRAC9 User's Guide, recommended characters for passwords): all of these are among them;
 * none means anything to racadm's command line.
 */
const SPECIAL = "+-._@";
const ALL = UPPER + LOWER + DIGITS + SPECIAL;
const KINDS = [/[A-Z]/, /[a-z]/, /[0-9]/, /[+\-._@]/, /^[A-Za-z]/];

/**
 * Draws uniformly from all passwords that fit: every candidate that does not is thrown away whole, so
 * nothing is more likely than anything else. About 46 bits.
 */
export function generateVncPassword(random: (max: number) => number = randomInt): Secret {
  for (;;) {
    const candidate = Array.from({ length: LENGTH }, () => ALL[random(ALL.length)]).join("");
    if (KINDS.every((kind) => kind.test(candidate))) return new Secret(candidate);
  }
}
