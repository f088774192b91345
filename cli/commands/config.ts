/** `config …`: shows, checks and documents the configuration. */
import type { Command } from "commander";
import { dumpConfig, shownConfig } from "../../common/config/dump.ts";
import { sampleConfig } from "../../common/config/sample.ts";
import { loadConfig } from "../../common/config/load.ts";
import type { Config } from "../../common/config/options.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import { withExamples } from "../examples.ts";
import { loadSettings, withConfigOptions, type ConfigFlags } from "../settings.ts";

interface DumpFlags extends ConfigFlags {
  readonly changes?: boolean;
  readonly json?: boolean;
}

export function addConfigCommands(program: Command, io: CliIo): void {
  const config = program.command("config").description("the configuration");
  const dump = withConfigOptions(config.command("dump"))
    .description("prints the effective configuration from file, environment and -o; secrets masked")
    .option("--changes", "only what differs from the defaults")
    .option("--json", "print JSON")
    .action((flags: DumpFlags) => {
      const loaded = loadSettings(io.env, flags);
      const options = flags.changes ? { changesFrom: usualConfig(io.env, loaded) } : {};
      if (flags.json) printLine(io.stdout, JSON.stringify(shownConfig(loaded, options), null, 2));
      else io.stdout.write(dumpConfig(loaded, options));
    });
  withExamples(dump, [
    ["config dump --changes --config-file /etc/baremetal-console.conf", "what is set"],
  ]);
  const check = withConfigOptions(config.command("check"))
    .description("reports every mistake at once; exit status 78 if there is one")
    .action((flags: ConfigFlags) => {
      loadSettings(io.env, flags);
      printLine(io.stderr, "the configuration is valid");
    });
  withExamples(check, [
    ["config check --config-file /etc/baremetal-console.conf", "before a restart"],
  ]);
  const sample = config
    .command("sample")
    .description("prints a configuration file with every option explained")
    .action(() => {
      io.stdout.write(sampleConfig());
    });
  withExamples(sample, [["config sample >baremetal-console.conf", "to begin with"]]);
}

/** The configuration of somebody who sets nothing; paths that hang on the data folder follow it. */
function usualConfig(env: CliIo["env"], loaded: Config): Config {
  const { state_path } = loadConfig({
    environment: { XDG_STATE_HOME: env["XDG_STATE_HOME"] },
  }).DEFAULT;
  const derived = loadConfig({
    overrides: { "DEFAULT.state_path": loaded.DEFAULT.state_path },
  });
  return { ...derived, DEFAULT: { ...derived.DEFAULT, state_path } };
}
