/** What all client commands have in common: where the service is, who asks, table or JSON. */
import type { Command } from "commander";
import { printLine, type CliIo } from "./cli-io.ts";
import { ApiClient } from "./client.ts";
import { DEFAULT_URL, findAccess, type Access, type AccessFlags } from "./login/access.ts";

export { DEFAULT_URL };

export interface ClientFlags extends AccessFlags {
  readonly json?: boolean;
}

/** Adds the common options to a command. */
export function withClientOptions(command: Command): Command {
  return withAccessOptions(command).option("--json", "print JSON");
}

/** Those that say where and who. */
export function withAccessOptions(command: Command): Command {
  return command
    .option(
      "--url <url>",
      `service to talk to (BMCON_URL, OS_ENDPOINT, the saved login; default ${DEFAULT_URL})`,
    )
    .option("--user <name>", "user name; the password is asked for, or BMCON_PASSWORD, OS_PASSWORD")
    .option("--cloud <name>", "cloud of clouds.yaml (OS_CLOUD)")
    .option("--cacert <file>", "PEM file of the service's certificate authority (OS_CACERT)");
}

/** Runs `work` with a client made from options, environment or saved login, and closes it afterwards. */
export async function withClient<T>(
  io: CliIo,
  flags: ClientFlags,
  work: (client: ApiClient, access: Access) => Promise<T>,
): Promise<T> {
  const access = await findAccess(io, flags);
  if (access.tls.verify === false)
    printLine(
      io.stderr,
      "warning: certificates are not checked, as verify: false or OS_INSECURE asks",
    );
  return withAccess(access, work);
}

/** The same for an access that is there already. */
export async function withAccess<T>(
  access: Access,
  work: (client: ApiClient, access: Access) => Promise<T>,
): Promise<T> {
  const client = new ApiClient(access);
  try {
    return await work(client, access);
  } finally {
    await client.stop();
  }
}

/** One path of the API with its parts encoded: `nodePath("a b", "states")`. */
export function nodePath(node: string, ...rest: string[]): string {
  return ["/v1/nodes", encodeURIComponent(node), ...rest].join("/");
}
