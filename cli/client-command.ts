/** What all client commands have in common: where the service is, who asks, table or JSON. */
import type { Command } from "commander";
import { Secret } from "../common/secret.ts";
import { ApiClient } from "./client.ts";
import type { CliIo } from "./cli-io.ts";
import { askPassword } from "./prompt.ts";

export const DEFAULT_URL = "http://127.0.0.1:6385";

export interface ClientFlags {
  readonly url?: string;
  readonly user?: string;
  readonly cacert?: string;
  readonly json?: boolean;
}

/** Adds the common options to a command. */
export function withClientOptions(command: Command): Command {
  return command
    .option("--url <url>", `service to talk to (OS_ENDPOINT, BMCON_URL; default ${DEFAULT_URL})`)
    .option("--user <name>", "user name; the password is asked for, or OS_PASSWORD, BMCON_PASSWORD")
    .option("--cacert <file>", "PEM file of the service's certificate authority (OS_CACERT)")
    .option("--json", "print JSON");
}

/** Runs `work` with a client made from options and environment, and closes it afterwards. */
export async function withClient<T>(
  io: CliIo,
  flags: ClientFlags,
  work: (client: ApiClient) => Promise<T>,
): Promise<T> {
  const user = flags.user ?? given(io, "BMCON_USERNAME", "OS_USERNAME");
  const cacert = flags.cacert ?? given(io, "OS_CACERT");
  const client = new ApiClient({
    url: flags.url ?? given(io, "BMCON_URL", "OS_ENDPOINT") ?? DEFAULT_URL,
    ...(user === undefined ? {} : { user, password: await passwordOf(io, user) }),
    ...(cacert === undefined ? {} : { cacert }),
  });
  try {
    return await work(client);
  } finally {
    await client.stop();
  }
}

/** One path of the API with its parts encoded: `nodePath("a b", "states")`. */
export function nodePath(node: string, ...rest: string[]): string {
  return ["/v1/nodes", encodeURIComponent(node), ...rest].join("/");
}

async function passwordOf(io: CliIo, user: string): Promise<Secret> {
  const password = given(io, "BMCON_PASSWORD", "OS_PASSWORD");
  return password === undefined ? askPassword(io, `Password of ${user}: `) : new Secret(password);
}

function given(io: CliIo, ...names: string[]): string | undefined {
  return names.map((name) => io.env[name]).find((value) => value !== undefined && value !== "");
}
