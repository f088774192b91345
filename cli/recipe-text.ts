/** Reads a recipe file that somebody named on the command line; `-` is standard input. Bounded. */
import { closeSync, openSync, readSync } from "node:fs";
import { InvalidParameterValue, messageOf } from "../common/errors.ts";
import { SOURCE_LIMIT_BYTES } from "../common/console-recipe/yaml-source.ts";
import type { CliIo } from "./cli-io.ts";

/** One byte more than a recipe may have, so that its reader can say that it is too long. */
const READ_LIMIT = SOURCE_LIMIT_BYTES + 1;

/** @throws {InvalidParameterValue} naming the file */
export async function recipeText(io: CliIo, file: string): Promise<string> {
  if (file === "-") return await inputText(io);
  let handle: number | undefined;
  try {
    handle = openSync(file, "r");
    const bytes = Buffer.alloc(READ_LIMIT);
    let length = 0;
    for (let more = 1; more > 0 && length < READ_LIMIT; length += more)
      more = readSync(handle, bytes, length, READ_LIMIT - length, null);
    return bytes.toString("utf8", 0, length);
  } catch (cause) {
    throw new InvalidParameterValue(`cannot read ${file}: ${messageOf(cause)}`, { cause });
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

async function inputText(io: CliIo): Promise<string> {
  let text = "";
  for await (const part of io.stdin as AsyncIterable<Buffer | string>) {
    text += part.toString();
    if (text.length > READ_LIMIT) break;
  }
  return text;
}
