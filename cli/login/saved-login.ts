/**
 * The file in which `bmcon login` remembers a service: for its owner's eyes alone, written in one step,
 * and not believed when others could read it. Holds a password for http_basic only, never Keystone's.
 */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { InvalidParameterValue, NotAuthenticated, messageOf } from "../../common/errors.ts";
import { parseFields, type Fields } from "../../common/json-fields.ts";
import { Secret } from "../../common/secret.ts";
import type { CliIo } from "../cli-io.ts";
import type { Credentials } from "../client.ts";
import type { ClientTls } from "../client-tls.ts";

const VERSION = 1;
const LARGEST_FILE_BYTES = 1_048_576;
const OTHERS = 0o077;

export interface SavedLogin {
  /** Base of the service; the credentials are for it and no other. */
  readonly url: string;
  readonly credentials?: Credentials;
  /** Of the token. Milliseconds since the epoch. */
  readonly expiresAt?: number;
  /** Whom the token or password is for, when known. */
  readonly user?: string;
  /** Keystone that gave the token. */
  readonly authUrl?: string;
  readonly tls?: ClientTls;
}

/** `$XDG_CONFIG_HOME/baremetal-console/login.json`, else below ~/.config. */
export function savedLoginFile(env: CliIo["env"]): string {
  const base = env["XDG_CONFIG_HOME"] || join(env["HOME"] || homedir(), ".config");
  return join(base, "baremetal-console", "login.json");
}

/**
 * @returns undefined when there is none
 * @throws {NotAuthenticated} when others can read it, or it is none of ours
 */
export async function readSavedLogin(env: CliIo["env"]): Promise<SavedLogin | undefined> {
  const file = savedLoginFile(env);
  const text = await readPrivate(file);
  if (text === undefined) return undefined;
  const login = parseLogin(text);
  if (!login)
    throw new NotAuthenticated(`"${file}" is no saved login; \`bmcon login\` writes a new one`);
  return login;
}

/** @returns the file it is in */
export async function saveLogin(env: CliIo["env"], login: SavedLogin): Promise<string> {
  const file = savedLoginFile(env);
  const next = `${file}.${randomBytes(6).toString("hex")}.new`;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(next, "wx", 0o600);
    try {
      await handle.writeFile(loginText(login));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(next, file);
  } catch (cause) {
    await rm(next, { force: true });
    throw new InvalidParameterValue(`cannot write "${file}": ${messageOf(cause)}`, { cause });
  }
  return file;
}

/** @returns false when there was none */
export async function removeSavedLogin(env: CliIo["env"]): Promise<boolean> {
  try {
    await rm(savedLoginFile(env));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

async function readPrivate(file: string): Promise<string | undefined> {
  let handle;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new NotAuthenticated(`cannot read "${file}": ${messageOf(cause)}`, { cause });
  }
  try {
    const { mode, uid, size } = await handle.stat();
    if ((mode & OTHERS) !== 0)
      throw new NotAuthenticated(
        `"${file}" can be read by others and is not used; \`chmod 600\` it, and log in anew if they may have`,
      );
    if (uid !== process.getuid?.())
      throw new NotAuthenticated(`"${file}" belongs to somebody else and is not used`);
    if (size > LARGEST_FILE_BYTES) throw new NotAuthenticated(`"${file}" is too large`);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

function loginText(login: SavedLogin): string {
  const { credentials, tls } = login;
  const fields = {
    version: VERSION,
    url: login.url,
    kind: credentials?.kind ?? "none",
    user: login.user,
    ...(credentials?.kind === "http_basic" && {
      user: credentials.user,
      password: credentials.password.reveal(),
    }),
    ...(credentials?.kind === "token" && { token: credentials.token.reveal() }),
    expires_at: login.expiresAt,
    auth_url: login.authUrl,
    cacert: tls?.cacert,
    verify: tls?.verify,
  };
  return `${JSON.stringify(fields, null, 2)}\n`;
}

function parseLogin(text: string): SavedLogin | undefined {
  const fields = parseFields(text);
  const url = fields?.["url"];
  if (fields?.["version"] !== VERSION || typeof url !== "string") return undefined;
  const credentials = credentialsOf(fields);
  if (credentials === undefined && fields["kind"] !== "none") return undefined;
  const { expires_at: expiresAt, user, auth_url: authUrl, cacert, verify } = fields;
  return {
    url,
    ...(credentials && { credentials }),
    ...(typeof expiresAt === "number" && { expiresAt }),
    ...(typeof user === "string" && { user }),
    ...(typeof authUrl === "string" && { authUrl }),
    tls: {
      ...(typeof cacert === "string" && { cacert }),
      ...(typeof verify === "boolean" && { verify }),
    },
  };
}

function credentialsOf(fields: Fields): Credentials | undefined {
  const { kind, user, password, token } = fields;
  if (kind === "token" && typeof token === "string") return { kind, token: new Secret(token) };
  if (kind === "http_basic" && typeof user === "string" && typeof password === "string")
    return { kind, user, password: new Secret(password) };
  return undefined;
}
