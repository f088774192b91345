/** Makes the one folder for data and the key file in it, for the owner's eyes alone. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createFileOnce } from "../common/create-file.ts";
import type { Config } from "../common/config/options.ts";
import { StartupError, messageOf } from "../common/errors.ts";
import type { Logger } from "../common/log.ts";
import { SecretBox } from "../common/secret-box.ts";

const SQLITE_FILE = /^sqlite:\/\/(\/.*)$/s;

/** @throws {StartupError} when it cannot be made or is somebody else's */
export function prepareStateFolder(path: string, log: Logger): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const { mode } = statSync(path);
    if (mode & 0o077)
      log.warn("the data folder is open to other users, chmod 700 closes it", { folder: path });
    const probe = `${path}/.write-${randomBytes(4).toString("hex")}`;
    writeFileSync(probe, "", { flag: "wx", mode: 0o600 });
    rmSync(probe);
  } catch (cause) {
    throw new StartupError(`cannot use the data folder "${path}": ${messageOf(cause)}`, { cause });
  }
}

/**
 * Reads the keys that seal secrets, or makes them for a new SQLite set-up.
 * @param mayCreate false where another machine must already have made them
 * @throws {StartupError} when the file is missing where it must not be, or is not readable
 */
export function openSecretBox(config: Config, log: Logger, mayCreate: boolean): SecretBox {
  const file = config.DEFAULT.secret_key_file;
  if (file === "") throw new StartupError("[DEFAULT]secret_key_file is empty, a file is needed");
  if (!existsSync(file)) makeKeyFile(config, file, mayCreate);
  try {
    if (statSync(file).mode & 0o007)
      log.warn("the key file is open to every user, chmod 600 closes it", { file });
    return new SecretBox(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new StartupError(`cannot use the key file "${file}": ${messageOf(cause)}`, { cause });
  }
}

function makeKeyFile(config: Config, file: string, mayCreate: boolean): void {
  const database = SQLITE_FILE.exec(config.database.connection)?.[1];
  if (!mayCreate || database === undefined)
    throw new StartupError(
      `the key file "${file}" ([DEFAULT]secret_key_file) does not exist; copy it from a machine that has it, ` +
        "or for a new installation make it once with: " +
        `(umask 077; echo "k1:$(openssl rand -base64 32)" > ${file})`,
    );
  if (existsSync(database))
    throw new StartupError(
      `the key file "${file}" is gone, but the database "${database}" is there; put it back, ` +
        "for without it the stored passwords cannot be read (to start over, move both away)",
    );
  try {
    createFileOnce(file, SecretBox.newKeyFileText());
  } catch (cause) {
    throw new StartupError(`cannot write the key file "${file}": ${messageOf(cause)}`, { cause });
  }
}
