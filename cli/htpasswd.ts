/**
 * Writes Apache htpasswd files with bcrypt hashes, mode 0600, replacing the file in one step so that
 * a reader never sees half of it.
 */
import { hash } from "@node-rs/bcrypt";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { InvalidParameterValue, NotFound } from "../common/errors.ts";
import type { Secret } from "../common/secret.ts";

const COST = 10;
/** FACT(bcrypt): what comes after 72 bytes does not count. */
const LONGEST_PASSWORD_BYTES = 72;

/** @throws {InvalidParameterValue} for a name or password that htpasswd files cannot hold */
export async function setEntry(file: string, name: string, password: Secret): Promise<void> {
  if (!/^[^:\s\p{Cc}]{1,255}$/u.test(name))
    throw new InvalidParameterValue(`a user name has no blank or colon, "${name}" has`);
  const bytes = Buffer.byteLength(password.reveal());
  if (bytes === 0) throw new InvalidParameterValue("the password is empty");
  if (bytes > LONGEST_PASSWORD_BYTES)
    throw new InvalidParameterValue(`the password is longer than ${LONGEST_PASSWORD_BYTES} bytes`);
  /* Apache knows 2y only; it and 2b are the same algorithm. */
  const hashed = (await hash(password.reveal(), COST)).replace(/^\$2b\$/, "$2y$");
  const lines = await readLines(file);
  const others = lines.filter((line) => !line.startsWith(`${name}:`));
  await replace(file, [...others, `${name}:${hashed}`]);
}

/** @throws {NotFound} when there is no such user */
export async function removeEntry(file: string, name: string): Promise<void> {
  const lines = await readLines(file);
  const others = lines.filter((line) => !line.startsWith(`${name}:`));
  if (others.length === lines.length) throw new NotFound(`user ${name} is not in ${file}`);
  await replace(file, others);
}

async function readLines(file: string): Promise<string[]> {
  try {
    return (await readFile(file, "utf8")).split("\n").filter((line) => line.trim() !== "");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

async function replace(file: string, lines: readonly string[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const next = `${file}.${process.pid}.new`;
  await writeFile(next, lines.map((line) => `${line}\n`).join(""), { mode: 0o600 });
  await chmod(next, 0o600);
  await rename(next, file);
}
