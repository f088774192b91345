/**
 * The words of racadm: how an argument is written so that the iDRAC's command line takes it as one
 * word, and how its answers are read.
 */
import {
  BmcBusy,
  BmcFeatureMissing,
  BmcProtocolError,
  BmcValueRefused,
  InvalidParameterValue,
  type ConsoleServiceError,
} from "../base.ts";
import { printable } from "../../common/printable.ts";
import { LICENCE_HINT } from "./transport.ts";
import { foundAttributes, type FoundAttributes } from "./values.ts";

const MARK_OF_FAILURE = /\berror\b|\b[A-Z]{3}\d{3,4}\b/i;
const BARE = /^[A-Za-z0-9._:+@,/=][A-Za-z0-9._:+@,/=-]*$/;
/** Inside double quotes these still mean something to one or another shell. */
const UNQUOTABLE = /["\\$`!\r\n]|[^\x20-\x7e]/;

/**
 * Writes one argument. Bare when nothing in it can mean anything, else in double quotes; what even
 * those cannot protect is refused rather than guessed.
 * @throws {InvalidParameterValue} without the value in its message
 */
export function racadmArgument(value: string): string {
  if (BARE.test(value)) return value;
  if (value === "" || UNQUOTABLE.test(value))
    throw new InvalidParameterValue(
      'racadm cannot take a value that is empty or has one of " \\ $ ` ! or a character outside printable ASCII',
    );
  return `"${value}"`;
}

/**
 * Reads the answer of `racadm get GROUP`: lines `Name=Value`, a # before read-only ones, !! before
 * passwords, and other lines (`[Key=...]`, security alerts) around them.
 */
export function parseRacadmGroup(output: string): FoundAttributes {
  const matches = linesOf(output).map((line) => /^[#!]*([A-Za-z][A-Za-z0-9]*)=(.*)$/.exec(line));
  return foundAttributes(matches.map((match) => [match?.[1] ?? "", match?.[2]?.trim()] as const));
}

/** FACT(racadm getsysinfo): "Firmware Version = 2.65.65.65"; undefined when there is no such line. */
export function firmwareMajor(output: string): number | undefined {
  for (const line of linesOf(output)) {
    const major = /^Firmware Version[ \t]*=[ \t]*(\d{1,4})\./i.exec(line)?.[1];
    if (major !== undefined) return Number(major);
  }
  return undefined;
}

/** FACT(every public transcript of racadm set): this sentence, and nothing else, means success. */
export function saysModified(output: string): boolean {
  return /object value modified successfully/i.test(output);
}

/**
 * What a failed answer means.
 * @param what for the message, for example "set VNCServer.Port"
 */
export function racadmError(output: string, what: string, peer: string): ConsoleServiceError {
  const said = sentence(output);
  const where = `racadm ${what} on ${peer} failed: ${said}`;
  if (/licen[cs]e/i.test(said)) return new BmcFeatureMissing(`${where} (${LICENCE_HINT})`);
  if (/maximum number of .*sessions|RAC0218|resource/i.test(said)) return new BmcBusy(where);
  // FACT(racadm transcripts): RAC947 is "Invalid object value specified".
  if (/RAC947|invalid (?:object )?value/i.test(said)) return new BmcValueRefused(where);
  if (
    /invalid (?:object|group)|(?:object|group) is invalid|not (?:found|supported|recognized)|no such/i.test(
      said,
    )
  )
    return new BmcFeatureMissing(`${where} (${LICENCE_HINT})`);
  return new BmcProtocolError(where);
}

/** FACT(racadm transcripts): failures have ERROR, a message id such as RAC917, or both. */
export function tellsOfFailure(output: string): boolean {
  return MARK_OF_FAILURE.test(output) || /invalid/i.test(output);
}

/** The telling line, fit for a message: the one with a mark of failure, else the last. */
function sentence(output: string): string {
  const lines = linesOf(output).filter((line) => line !== "" && !line.startsWith("[Key="));
  const telling = lines.find((line) => MARK_OF_FAILURE.test(line));
  return printable(telling ?? lines.at(-1) ?? "no answer");
}

/** Every expression here sees one line at a time: none can run over a whole output again and again. */
function linesOf(output: string): string[] {
  return output.split("\n").map((line) => line.trim());
}
