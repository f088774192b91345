/** `all`, `api`, `conductor`, `novncproxy`: the services. Loads their code only when one is started. */
import type { Command } from "commander";
import type { CliIo } from "../cli-io.ts";
import { withExamples } from "../examples.ts";
import type { ServiceName } from "../serve.ts";
import { withConfigOptions, type ConfigFlags } from "../settings.ts";

interface AllFlags extends ConfigFlags {
  readonly demo: boolean;
}

const SERVICES: readonly (readonly [Exclude<ServiceName, "all">, string])[] = [
  ["api", "runs the REST service, which decides who may ask for what"],
  ["conductor", "runs a conductor, which owns nodes and their consoles"],
  ["novncproxy", "runs a proxy, which carries console sessions"],
];

export function addServeCommands(program: Command, io: CliIo): void {
  const all = withConfigOptions(program.command("all"))
    .description("runs api, conductor and novncproxy in one process")
    .option("--demo", "with simulated machines and data of their own", false)
    .option("--no-demo", "without them, which is the default")
    .action(async (flags: AllFlags) => {
      const { serve } = await import("../serve.ts");
      await serve(io, "all", flags, { demo: flags.demo });
    });
  withExamples(all, [
    ["all --demo", "to look at it, with simulated machines"],
    ["all --data-dir data -o vnc.port=6090", "in one process, on this machine"],
  ]);
  for (const [name, description] of SERVICES) {
    const service = withConfigOptions(program.command(name))
      .description(description)
      .action(async (flags: ConfigFlags) => {
        const { serve } = await import("../serve.ts");
        await serve(io, name, flags, { demo: false });
      });
    withExamples(service, [
      [`${name} --config-file /etc/baremetal-console.conf`, "as a systemd unit does"],
    ]);
  }
}
