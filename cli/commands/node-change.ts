/** `node set` and `node unset`: changes as JSON patches (RFC 6902), as the API wants them. */
import type { Command } from "commander";
import { InvalidParameterValue } from "../../common/errors.ts";
import type { Json } from "../../common/node.ts";
import { parseAssignments } from "../assignments.ts";
import { nodePath, withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import type { CliIo } from "../cli-io.ts";
import { nodeArgument } from "../completed-argument.ts";
import { withExamples } from "../examples.ts";
import { printFields } from "../output.ts";

interface PatchOperation {
  readonly op: "add" | "remove";
  readonly path: string;
  readonly value?: Json;
}

/** Option of the command line: field of a node. */
const PLAIN = {
  name: "name",
  driver: "driver",
  consoleInterface: "console_interface",
  powerInterface: "power_interface",
  managementInterface: "management_interface",
  instanceUuid: "instance_uuid",
  owner: "owner",
  lessee: "lessee",
  description: "description",
  resourceClass: "resource_class",
} as const;
const OBJECTS = { driverInfo: "driver_info", property: "properties", extra: "extra" } as const;

type Flags<TPlain> = ClientFlags & { readonly [N in keyof typeof PLAIN]?: TPlain } & {
  readonly [N in keyof typeof OBJECTS]: string[];
};

export function addNodeChangeCommands(node: Command, io: CliIo): void {
  const set = withClientOptions(node.command("set"))
    .description("changes fields of a node")
    .addArgument(nodeArgument());
  for (const option of Object.keys(PLAIN)) set.option(`--${dashed(option)} <value>`);
  for (const option of Object.keys(OBJECTS))
    set.option(`--${dashed(option)} <key=value>`, "may be repeated", repeated, []);
  withExamples(set, [
    ["node set n1 --driver-info ipmi_password=@pw", "the password is in the file pw"],
    ["node set n1 --console-interface ipmitool-socat --extra rack=r1", "several at once"],
  ]);
  set.action((ident: string, flags: Flags<string>) => change(io, ident, flags, additions(flags)));

  const unset = withClientOptions(node.command("unset"))
    .description("empties fields of a node")
    .addArgument(nodeArgument());
  for (const option of Object.keys(PLAIN)) unset.option(`--${dashed(option)}`);
  for (const option of Object.keys(OBJECTS))
    unset.option(`--${dashed(option)} <key>`, "may be repeated", repeated, []);
  withExamples(unset, [["node unset n1 --description --extra rack", "two fields"]]);
  unset.action((ident: string, flags: Flags<boolean>) => change(io, ident, flags, removals(flags)));
}

async function change(
  io: CliIo,
  ident: string,
  flags: ClientFlags,
  patch: readonly PatchOperation[],
): Promise<void> {
  if (patch.length === 0)
    throw new InvalidParameterValue("nothing to change was given, see --help");
  await withClient(io, flags, async (client) => {
    const { links: _links, ...fields } = await client.call("PATCH", nodePath(ident), patch);
    printFields(io, fields, flags.json === true);
  });
}

function additions(flags: Flags<string>): PatchOperation[] {
  const plain = entries(PLAIN).flatMap(([option, field]) => {
    const value = flags[option];
    return value === undefined ? [] : [{ op: "add" as const, path: `/${field}`, value }];
  });
  const objects = entries(OBJECTS).flatMap(([option, field]) =>
    Object.entries(parseAssignments(flags[option])).map(([key, value]) => ({
      op: "add" as const,
      path: `/${field}/${pointerPart(key)}`,
      value,
    })),
  );
  return [...plain, ...objects];
}

function removals(flags: Flags<boolean>): PatchOperation[] {
  const plain = entries(PLAIN).flatMap(([option, field]) =>
    flags[option] ? [{ op: "remove" as const, path: `/${field}` }] : [],
  );
  const objects = entries(OBJECTS).flatMap(([option, field]) =>
    flags[option].map((key) => ({ op: "remove" as const, path: `/${field}/${pointerPart(key)}` })),
  );
  return [...plain, ...objects];
}

/** RFC 6901. */
function pointerPart(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function repeated(value: string, before: string[]): string[] {
  return [...before, value];
}

function entries<T extends object>(table: T): [keyof T, string][] {
  return Object.entries(table) as [keyof T, string][];
}

function dashed(camelCase: string): string {
  return camelCase.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
