/**
 * An Apache htpasswd file with bcrypt hashes, read again when it changes. Other hash kinds are refused
 * by name, because silently ignoring a user's line would look like a wrong password.
 */
import { readFileSync, statSync } from "node:fs";
import { ConfigInvalid, messageOf } from "../../common/errors.ts";

/** `$2y$` is what `htpasswd -B` writes; cost 04..31 and 53 characters of salt and hash. */
const BCRYPT = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;

export type Users = ReadonlyMap<string, string>;

/** @throws {ConfigInvalid} naming every line that is not `user:bcrypt-hash` */
export function parseHtpasswd(text: string, file: string): Users {
  const users = new Map<string, string>();
  const mistakes: string[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.replace(/\r$/, "");
    if (line.trim() === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    if (name === "") mistakes.push(`${file} line ${index + 1} is not USER:HASH`);
    else if (!BCRYPT.test(line.slice(colon + 1)))
      mistakes.push(
        `${file} line ${index + 1}: only bcrypt digested passwords are supported for "${name}" (htpasswd -B)`,
      );
    else if (users.has(name)) mistakes.push(`${file} line ${index + 1} repeats the user "${name}"`);
    else users.set(name, line.slice(colon + 1));
  }
  if (mistakes.length > 0) throw new ConfigInvalid(mistakes);
  return users;
}

export class HtpasswdFile {
  readonly #path: string;
  #users: Users;
  #stamp: string;

  /** @throws {ConfigInvalid} when the file cannot be read or a line is malformed */
  constructor(path: string) {
    this.#path = path;
    this.#stamp = this.#stampNow();
    this.#users = this.#read();
  }

  /**
   * The users as of now: one stat a call, a read only after a change.
   * @throws {ConfigInvalid} as the constructor; never goes on with users that the file no longer has
   */
  users(): Users {
    const stamp = this.#stampNow();
    if (stamp !== this.#stamp) {
      this.#users = this.#read();
      this.#stamp = stamp;
    }
    return this.#users;
  }

  #stampNow(): string {
    try {
      const { mtimeMs, size, ino } = statSync(this.#path);
      return `${mtimeMs} ${size} ${ino}`;
    } catch (cause) {
      throw this.#unreadable(cause);
    }
  }

  #read(): Users {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (cause) {
      throw this.#unreadable(cause);
    }
    return parseHtpasswd(text, this.#path);
  }

  #unreadable(cause: unknown): ConfigInvalid {
    return new ConfigInvalid([
      `[DEFAULT]http_basic_auth_user_file cannot be read: ${messageOf(cause)}`,
    ]);
  }
}
