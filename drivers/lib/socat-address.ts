/**
 * socat's address language, in which `,` begins an option, blanks separate arguments and a dozen other
 * characters mean something: how a text stands in it so that it means itself and nothing else.
 *
 * FACT(socat 1.7.4.4, run with every byte): an address is lexed, and what EXEC starts is lexed once more,
 * so a character that is to survive needs `\\\` before it. Before a letter or a digit that would make an
 * escape sequence (\n, \0); those never mean anything by themselves.
 */
import { InvalidParameterValue } from "../base.ts";

/** Mean themselves everywhere: letters, digits, four marks, and all that is not ASCII. */
const PLAIN = /[A-Za-z0-9._/\-\u0080-\u{10ffff}]/u;
/** FACT(socat 1.7.4.4): an argument of nothing is dropped unless quoted at the second lexing. */
const EMPTY_ARGUMENT = String.raw`\"\"`;
/** FACT(socat 1.7.4.4, measured): 511 bytes after the first lexing pass, with 512 socat refuses. */
const MAX_COMMAND_BYTES = 511;

/**
 * The parameter of an `EXEC:` address that starts a program with exactly these arguments.
 * @param argv program and arguments
 * @throws {InvalidParameterValue} when socat cannot take them: a NUL in one, or too long altogether
 */
export function execParameter(argv: readonly string[]): string {
  const parameter = argv.map(twiceLexed).join(" ");
  // The first lexing leaves one of three backslashes.
  const bytes = Buffer.byteLength(parameter.replaceAll("\\\\\\", "\\"));
  if (bytes > MAX_COMMAND_BYTES)
    throw new InvalidParameterValue(
      `the command line of ${argv[0]} takes ${bytes} bytes as socat counts them, of which ${MAX_COMMAND_BYTES} are allowed: use a shorter ipmi_address or ipmi_username`,
    );
  return parameter;
}

/**
 * A value of an address that starts no program: a path, an option's value.
 * @throws {InvalidParameterValue} for a NUL
 */
export function addressValue(text: string): string {
  return escapedWith("\\", text);
}

function twiceLexed(argument: string): string {
  return argument === "" ? EMPTY_ARGUMENT : escapedWith("\\\\\\", argument);
}

function escapedWith(escape: string, text: string): string {
  if (text.includes("\0"))
    throw new InvalidParameterValue("no program takes an argument with a NUL");
  return Array.from(text, (one) => (PLAIN.test(one) ? one : escape + one)).join("");
}
