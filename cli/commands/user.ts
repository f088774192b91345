/** `user …`: people who may use the api with `auth_strategy = http_basic`, in an htpasswd file. */
import type { Command } from "commander";
import type { CliIo } from "../cli-io.ts";
import { printLine } from "../cli-io.ts";
import { withExamples } from "../examples.ts";
import { removeEntry, setEntry } from "../htpasswd.ts";
import { askPassword } from "../prompt.ts";
import { loadSettings, withConfigOptions, type ConfigFlags } from "../settings.ts";

interface UserFlags extends ConfigFlags {
  readonly file?: string;
}

export function addUserCommands(program: Command, io: CliIo): void {
  const user = program.command("user").description("users of the api, for http_basic");
  const add = withUserOptions(user.command("add"))
    .description("adds a user or changes the password; it is asked for, or read from stdin")
    .action(async (name: string, flags: UserFlags) => {
      const file = fileOf(io, flags);
      await setEntry(file, name, await askPassword(io, `New password of ${name}: `));
      printLine(io.stderr, `${name} is in ${file}`);
    });
  withExamples(add, [
    ["user add ada --data-dir /var/lib/baremetal-console", "asks for a password"],
  ]);
  const remove = withUserOptions(user.command("remove"))
    .description("removes a user")
    .action(async (name: string, flags: UserFlags) => {
      const file = fileOf(io, flags);
      await removeEntry(file, name);
      printLine(io.stderr, `${name} is no longer in ${file}`);
    });
  withExamples(remove, [["user remove ada --file /etc/baremetal-console/htpasswd", "at once"]]);
}

function withUserOptions(command: Command): Command {
  return withConfigOptions(command)
    .argument("<name>", "user name")
    .option("--file <file>", "htpasswd file; default [DEFAULT]http_basic_auth_user_file");
}

function fileOf(io: CliIo, flags: UserFlags): string {
  return flags.file ?? loadSettings(io.env, flags).DEFAULT.http_basic_auth_user_file;
}
