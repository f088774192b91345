/** Writes a picture that the service answered with. */
import { writeFileSync } from "node:fs";
import { InvalidParameterValue, messageOf } from "../common/errors.ts";
import { printLine, type CliIo } from "./cli-io.ts";

/**
 * @param picture base64 of a PNG; anything else says that there is none
 * @throws {InvalidParameterValue} when the file cannot be written
 */
export function savePicture(io: CliIo, file: string, picture: unknown): void {
  if (typeof picture !== "string") return printLine(io.stderr, "there is no picture");
  try {
    /* It may show what the BMC's page showed: for its owner alone. */
    writeFileSync(file, Buffer.from(picture, "base64"), { mode: 0o600 });
  } catch (cause) {
    throw new InvalidParameterValue(`cannot write ${file}: ${messageOf(cause)}`, { cause });
  }
  printLine(io.stderr, `the picture is in ${file}`);
}
