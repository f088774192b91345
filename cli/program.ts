/** Puts the command line together and turns every failure into a message and an exit status. */
import { Command, CommanderError } from "commander";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConsoleServiceError, messageOf } from "../common/errors.ts";
import { packageRoot } from "../common/package-root.ts";
import { escaped } from "../common/printable.ts";
import { printLine, type CliIo } from "./cli-io.ts";
import { addCompletionCommand } from "./commands/completion.ts";
import { addConfigCommands } from "./commands/config.ts";
import { addConsoleCommands } from "./commands/console.ts";
import { addDbCommands } from "./commands/db.ts";
import { addDriverCommands } from "./commands/driver.ts";
import { addEventLogCommand } from "./commands/event-log.ts";
import { addImageCommands } from "./commands/image.ts";
import { addLoginCommands } from "./commands/login.ts";
import { addManagementCommands } from "./commands/management.ts";
import { addNodeCommands } from "./commands/node.ts";
import { addPowerCommand } from "./commands/power.ts";
import { addRecipeCommands } from "./commands/recipe.ts";
import { addSensorsCommand } from "./commands/sensors.ts";
import { addServeCommands } from "./commands/serve.ts";
import { addSessionCommands } from "./commands/session.ts";
import { addUserCommands } from "./commands/user.ts";
import { addVirtualMediaCommands } from "./commands/vmedia.ts";
import { USAGE_STATUS, exitStatusHelp, exitStatusOf } from "../common/exit-status.ts";

/** @param args without the program's own name. @returns the exit status; never throws for a user's mistake */
export async function runProgram(io: CliIo, args: readonly string[]): Promise<number> {
  try {
    await buildProgram(io).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_STATUS;
    const status = exitStatusOf(error);
    if (!(error instanceof ConsoleServiceError || error instanceof AggregateError)) {
      printLine(io.stderr, error instanceof Error ? String(error.stack) : messageOf(error));
      return status;
    }
    /* A server's words must not steer the operator's terminal. */
    for (const line of error.message.split("\n")) printLine(io.stderr, escaped(line));
    return status;
  }
}

export function buildProgram(io: CliIo): Command {
  const program = new Command("baremetal-console")
    .description("Console service for bare metal, and its client. Also called bmcon.")
    .version(programVersion())
    .exitOverride()
    .showHelpAfterError("(add --help for more)")
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .addHelpText("after", `\n${exitStatusHelp()}`);
  addServeCommands(program, io);
  addDbCommands(program, io);
  addConfigCommands(program, io);
  addUserCommands(program, io);
  addLoginCommands(program, io);
  addNodeCommands(program, io);
  addPowerCommand(program, io);
  addConsoleCommands(program, io);
  addRecipeCommands(program, io);
  addSensorsCommand(program, io);
  addEventLogCommand(program, io);
  addManagementCommands(program, io);
  addImageCommands(program, io);
  addVirtualMediaCommands(program, io);
  addSessionCommands(program, io);
  addDriverCommands(program, io);
  addCompletionCommand(program, io);
  return program;
}

function programVersion(): string {
  const text = readFileSync(join(packageRoot(), "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
