/**
 * What api and conductor show each other: [json_rpc]username and password, or a pair made once in a file
 * below state_path that only their user can read. Without one, any web page or local user could drive
 * every machine through the listener, loopback or not.
 */
import { randomBytes } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../common/config/options.ts";
import { createFileOnce } from "../common/create-file.ts";
import { ConfigInvalid, messageOf, StartupError } from "../common/errors.ts";
import { Secret } from "../common/secret.ts";

const FILE = "rpc-credentials";
const USERNAME = "baremetal-console";
const PAIR = /^[^:\s]{1,255}:\S{16,255}$/;

/**
 * @returns `username:password` as HTTP Basic sends it (RFC 7617 section 2)
 * @throws {ConfigInvalid} when only one of both is set; {@link StartupError} when the file cannot be used
 */
export function rpcCredentials(config: Config): Secret {
  const { username, password } = config.json_rpc;
  if (username !== "" && password !== "") {
    if (username.includes(":"))
      throw new ConfigInvalid(["[json_rpc]username may not contain a colon"]);
    return new Secret(`${username}:${password}`);
  }
  if (username !== "" || password !== "")
    throw new ConfigInvalid(["[json_rpc]username and password go together, only one is set"]);
  return credentialsIn(join(config.DEFAULT.state_path, FILE));
}

function credentialsIn(file: string): Secret {
  try {
    return readPair(file) ?? makePair(file);
  } catch (cause) {
    if (cause instanceof StartupError) throw cause;
    throw new StartupError(
      `cannot use "${file}", which api and conductor share unless [json_rpc]username and password are set: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** @returns undefined when there is no such file */
function readPair(file: string): Secret | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    if (fstatSync(descriptor).mode & 0o077)
      throw new StartupError(
        `"${file}" is open to other users; delete it, a new one is made at the next start`,
      );
    const pair = readFileSync(descriptor, "utf8").trim();
    if (PAIR.test(pair)) return new Secret(pair);
    throw new StartupError(
      `"${file}" does not hold username:password; delete it, a new one is made at the next start`,
    );
  } finally {
    closeSync(descriptor);
  }
}

/** Api and conductor may start at the same moment: both read what the faster one wrote. */
function makePair(file: string): Secret {
  createFileOnce(file, `${USERNAME}:${randomBytes(32).toString("base64url")}\n`);
  const pair = readPair(file);
  if (!pair) throw new Error("it was deleted as soon as it was made");
  return pair;
}
