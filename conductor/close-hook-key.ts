/** The key that signs close hooks: read from its file, which is made when there is none. */
import { randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createFileOnce } from "../common/create-file.ts";
import { messageOf, StartupError } from "../common/errors.ts";
import { Secret } from "../common/secret.ts";

const SHORTEST = 32;

/** @throws {StartupError} when the file cannot be used */
export function closeHookKey(file: string): Secret {
  try {
    createFileOnce(file, `${randomBytes(32).toString("base64url")}\n`);
    if (statSync(file).mode & 0o007) throw new Error("it is open to all users, change its mode");
    const key = readFileSync(file, "utf8").trim();
    if (key.length < SHORTEST || key.includes("\n"))
      throw new Error(`it has to hold one line of ${SHORTEST} characters or more`);
    return new Secret(key);
  } catch (cause) {
    throw new StartupError(`cannot use [close_hook]key_file "${file}": ${messageOf(cause)}`, {
      cause,
    });
  }
}
