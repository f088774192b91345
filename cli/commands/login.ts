/** `login` and `logout`: remembers a service and who one is there. */
import { Option, type Command } from "commander";
import { text } from "node:stream/consumers";
import { resolve } from "node:path";
import { InvalidParameterValue, NotAuthenticated } from "../../common/errors.ts";
import { isLoopback } from "../../common/loopback.ts";
import { withAccess, withAccessOptions } from "../client-command.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import { withExamples } from "../examples.ts";
import { findAccess, tokenOf, type Access, type AccessFlags } from "../login/access.ts";
import {
  readSavedLogin,
  removeSavedLogin,
  saveLogin,
  savedLoginFile,
} from "../login/saved-login.ts";
import { printFields } from "../output.ts";

interface LoginFlags extends AccessFlags {
  readonly passwordStdin?: boolean;
  readonly tokenStdin?: boolean;
  readonly show?: boolean;
  readonly json?: boolean;
}

/** Every caller may ask it, but nobody without credentials where some are wanted. */
const PROBE = "/v1/nodes?limit=1&fields=uuid";

export function addLoginCommands(program: Command, io: CliIo): void {
  const login = withAccessOptions(program.command("login"))
    .description("checks who you are at a service and remembers it for the other commands")
    .option("--password-stdin", "read the password from standard input")
    .addOption(
      new Option(
        "--token-stdin",
        "read a token from standard input, sent as X-Auth-Token",
      ).conflicts(["user", "cloud", "passwordStdin"]),
    )
    .option("--show", "show what is remembered, without secrets")
    .option("--json", "with --show: print JSON")
    .action((flags: LoginFlags) => (flags.show ? show(io, flags) : logIn(io, flags)));
  withExamples(login, [
    ["login --url https://bm.example:6385 --user ada", "asks for the password"],
    ["login --url https://bm.example:6385 --token-stdin <token", "with a token"],
    ["login --cloud mycloud", "as clouds.yaml says; remembers Keystone's token, not your password"],
    ["login", "as the OS_* environment says"],
    ["login --show", "where, as whom, until when"],
  ]);
  const logout = program
    .command("logout")
    .description("forgets what `login` remembers")
    .action(async () => {
      const removed = await removeSavedLogin(io.env);
      printLine(io.stderr, removed ? "logged out" : "there was no saved login");
    });
  withExamples(logout, [["logout", "removes the file; a token stays good until it expires"]]);
}

async function logIn(io: CliIo, flags: LoginFlags): Promise<void> {
  if (flags.passwordStdin && flags.user === undefined && flags.cloud === undefined)
    throw new InvalidParameterValue("--password-stdin wants --user, or --cloud");
  const access = flags.tokenStdin
    ? { ...(await accessWithout(io, flags)), credentials: tokenOf((await text(io.stdin)).trim()) }
    : await findAccess(withoutPasswords(io, flags), flags, { saved: false });
  warnOfClear(io, access);
  await check(access);
  const { cacert } = access.tls;
  const tls = { ...access.tls, ...(cacert !== undefined && { cacert: resolve(cacert) }) };
  const file = await saveLogin(io.env, { ...access, tls });
  printLine(io.stderr, `logged in to ${access.url}${whom(access)}, remembered in ${file}`);
}

/** Where to go, for credentials that come from elsewhere. */
function accessWithout(io: CliIo, flags: LoginFlags): Promise<Access> {
  const where = ["BMCON_URL", "OS_ENDPOINT", "OS_CACERT", "OS_INSECURE"];
  const env = Object.fromEntries(where.map((name) => [name, io.env[name]]));
  return findAccess({ ...io, env }, flags, { saved: false });
}

/** With --password-stdin the environment's password does not count. */
function withoutPasswords(io: CliIo, flags: LoginFlags): CliIo {
  if (!flags.passwordStdin) return io;
  return { ...io, env: { ...io.env, BMCON_PASSWORD: undefined, OS_PASSWORD: undefined } };
}

/** Before anything is sent. */
function warnOfClear(io: CliIo, { url, credentials }: Access): void {
  const { protocol, hostname } = new URL(url);
  if (credentials !== undefined && protocol === "http:" && !isLoopback(hostname))
    printLine(io.stderr, `warning: ${url} is not https, your login travels in the clear`);
}

async function check(access: Access): Promise<void> {
  try {
    await withAccess(access, (client) => client.call("GET", PROBE));
  } catch (error) {
    if (!(error instanceof NotAuthenticated) || access.credentials !== undefined) throw error;
    throw new NotAuthenticated(
      `${access.url} wants to know who you are: --user NAME, --token-stdin or --cloud NAME`,
      { cause: error },
    );
  }
}

function whom({ credentials, user }: Access): string {
  if (credentials === undefined) return " without credentials, it asks for none";
  const name = credentials.kind === "http_basic" ? credentials.user : user;
  return name === undefined ? " with the token" : ` as ${name}`;
}

async function show(io: CliIo, flags: LoginFlags): Promise<void> {
  const login = await readSavedLogin(io.env);
  if (!login) throw new NotAuthenticated("there is no saved login; `bmcon login` makes one");
  const { credentials, expiresAt } = login;
  const fields = {
    url: login.url,
    kind: credentials?.kind ?? "none",
    user: credentials?.kind === "http_basic" ? credentials.user : (login.user ?? null),
    expires_at: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
    expired: expiresAt !== undefined && expiresAt <= io.clock.now(),
    auth_url: login.authUrl ?? null,
    cacert: login.tls?.cacert ?? null,
    file: savedLoginFile(io.env),
  };
  printFields(io, fields, flags.json === true);
}
