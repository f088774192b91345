/** Options by which every command that needs the configuration finds it, and the loading of it. */
import type { Command } from "commander";
import { loadConfig, type ConfigSources } from "../common/config/load.ts";
import type { Config } from "../common/config/options.ts";
import { InvalidParameterValue } from "../common/errors.ts";
import type { CliIo } from "./cli-io.ts";

export interface ConfigFlags {
  readonly configFile?: string;
  readonly dataDir?: string;
  readonly option?: string[];
}

export function withConfigOptions(command: Command): Command {
  return command
    .option("--config-file <file>", "configuration file, see `config sample`")
    .option("--data-dir <folder>", "folder for all data: [DEFAULT]state_path")
    .option(
      "-o, --option <group.name=value>",
      "sets an option of the configuration; may be repeated",
      (value: string, before: string[]) => [...before, value],
      [],
    );
}

/** @throws {ConfigInvalid} with every mistake; {@link InvalidParameterValue} for a malformed -o */
export function loadSettings(env: CliIo["env"], flags: ConfigFlags): Config {
  return loadConfig(sourcesOf(env, flags));
}

/** @param extra overrides that lose against those of the command line */
export function sourcesOf(
  env: CliIo["env"],
  flags: ConfigFlags,
  extra: Readonly<Record<string, string>> = {},
): ConfigSources {
  const overrides: Record<string, string> = { ...extra };
  if (flags.dataDir !== undefined) overrides["DEFAULT.state_path"] = flags.dataDir;
  for (const text of flags.option ?? []) {
    const match = /^([^.=]+\.[^=]+)=(.*)$/s.exec(text);
    if (!match?.[1])
      throw new InvalidParameterValue(`-o wants group.name=value, for example vnc.port=6090`);
    overrides[match[1]] = match[2] ?? "";
  }
  return {
    ...(flags.configFile === undefined ? {} : { file: flags.configFile }),
    environment: env,
    overrides,
  };
}
