/**
 * The authorized_keys file as of now: a stat a look-up, a read only after a change. A file that cannot be
 * trusted or read any more lets nobody in.
 */
import { statSync } from "node:fs";
import { ConfigInvalid, messageOf } from "../../../common/errors.ts";
import type { Logger } from "../../../common/log.ts";
import { fingerprintOf, parseAuthorizedKeys, type AuthorizedKey } from "./authorized-keys.ts";
import { readOwnedFile } from "../owned-file.ts";

const MAX_BYTES = 4 * 1024 * 1024;
const NOBODY: ReadonlyMap<string, AuthorizedKey> = new Map();

export class AuthorizedKeysFile {
  readonly #path: string;
  readonly #log: Logger;
  #stamp: string;
  #keys: ReadonlyMap<string, AuthorizedKey>;

  /**
   * @param path empty for none: no key is let in
   * @throws {ConfigInvalid} with every mistake of the file, so that a mistyped key is seen at the start
   */
  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
    this.#stamp = this.#stampNow();
    const { keys, mistakes } = this.#read();
    if (mistakes.length > 0) throw new ConfigInvalid(mistakes);
    this.#keys = keys;
  }

  get isEmpty(): boolean {
    return this.#path === "";
  }

  /** @param blob the public key as clients send it */
  find(blob: Buffer): AuthorizedKey | undefined {
    const stamp = this.#stampNow();
    if (stamp !== this.#stamp) {
      this.#stamp = stamp;
      const { keys, mistakes } = this.#read();
      this.#keys = keys;
      for (const mistake of mistakes) this.#log.error(`[ssh]authorized_keys_file: ${mistake}`);
      this.#log.info("authorized keys read again", { keys: keys.size });
    }
    return this.#keys.get(fingerprintOf(blob));
  }

  #read(): ReturnType<typeof parseAuthorizedKeys> {
    if (this.#path === "") return { keys: NOBODY, mistakes: [] };
    try {
      const text = readOwnedFile(this.#path, { secret: false, maxBytes: MAX_BYTES });
      return parseAuthorizedKeys(text, this.#path);
    } catch (cause) {
      const mistake = `[ssh]authorized_keys_file cannot be used: ${messageOf(cause)}`;
      return { keys: NOBODY, mistakes: [mistake] };
    }
  }

  #stampNow(): string {
    if (this.#path === "") return "";
    try {
      const { mtimeMs, ctimeMs, size, ino } = statSync(this.#path);
      return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
    } catch (cause) {
      return messageOf(cause);
    }
  }
}
