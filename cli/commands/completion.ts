/** `completion SHELL`: prints a script that completes commands, options and names of nodes. */
import { Argument, type Command } from "commander";
import { findAccess } from "../login/access.ts";
import { withAccess } from "../client-command.ts";
import type { CliIo } from "../cli-io.ts";
import { COMPLETE_NODES, bashScript, fishScript } from "../completion-scripts.ts";
import { completionTable } from "../completion-table.ts";
import { withExamples } from "../examples.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
/** Nobody waits longer for a Tab. */
const PATIENCE_MS = 3000;
const MOST_NAMES = 2000;
/** Shells expand what is offered to them: only what means nothing to any of them. */
const HARMLESS_NAME = /^[A-Za-z0-9._~][A-Za-z0-9._~-]{0,254}$/;

export function addCompletionCommand(program: Command, io: CliIo): void {
  const completion = program
    .command("completion")
    .description("prints a completion script, also for names of nodes")
    .addArgument(new Argument("<shell>", "your shell").choices(SHELLS))
    .action((shell: (typeof SHELLS)[number]) => {
      const table = completionTable(program);
      io.stdout.write(shell === "fish" ? fishScript(table) : bashScript(table, shell === "zsh"));
    });
  withExamples(completion, [
    ["completion bash >~/.local/share/bash-completion/completions/bmcon", "for good"],
    ["completion fish >~/.config/fish/completions/bmcon.fish", "for good"],
  ]).addHelpText("after", "  source <(bmcon completion zsh)  # in ~/.zshrc");
  program
    .command(COMPLETE_NODES, { hidden: true })
    .argument("[beginning]")
    .action((beginning: string | undefined) => printNodeNames(io, beginning ?? ""));
}

/** Says nothing when it cannot; a prompt must stay usable. */
async function printNodeNames(io: CliIo, beginning: string): Promise<void> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), PATIENCE_MS);
  try {
    const late = new Promise<never>((_resolve, reject) => {
      deadline.signal.addEventListener("abort", () => reject(deadline.signal.reason as Error));
    });
    const names = await Promise.race([nodeNames(io), late]);
    const wanted = names.filter((name) => HARMLESS_NAME.test(name) && name.startsWith(beginning));
    for (const name of wanted.slice(0, MOST_NAMES)) io.stdout.write(`${name}\n`);
  } catch {
    /* no service, no credentials, no names */
  } finally {
    clearTimeout(timer);
  }
}

async function nodeNames(io: CliIo): Promise<string[]> {
  const access = await findAccess(io, {}, { ask: false });
  const rows = await withAccess(access, (client) =>
    client.list("/v1/nodes?fields=name,uuid", "nodes"),
  );
  return rows.map(({ name, uuid }) => String(name ?? uuid));
}
