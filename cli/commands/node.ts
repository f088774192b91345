/** `node …`: the machines, with the words of `baremetal node …`. */
import type { Command } from "commander";
import { InvalidParameterValue } from "../../common/errors.ts";
import { parseAssignments } from "../assignments.ts";
import { nodePath, withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import { printFields, printRows } from "../output.ts";
import { addNodeChangeCommands } from "./node-change.ts";

const LIST_FIELDS = [
  "uuid",
  "name",
  "driver",
  "power_state",
  "provision_state",
  "console_enabled",
  "maintenance",
];

const POWER_TARGETS: Readonly<Record<string, string>> = {
  on: "power on",
  off: "power off",
  reboot: "rebooting",
  "soft-off": "soft power off",
  "soft-reboot": "soft rebooting",
};

interface ListFlags extends ClientFlags {
  readonly fields?: string;
  readonly driver?: string;
}

interface CreateFlags extends ClientFlags {
  readonly driver: string;
  readonly name?: string;
  readonly uuid?: string;
  readonly consoleInterface?: string;
  readonly driverInfo: string[];
  readonly property: string[];
  readonly extra: string[];
}

/** For options that may be given several times. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

export function addNodeCommands(program: Command, io: CliIo): void {
  const node = program.command("node").description("machines: list, show, create, change, delete");
  addListAndShow(node, io);
  addCreateAndDelete(node, io);
  addNodeChangeCommands(node, io);
  addValidateAndPower(node, io);
}

function addListAndShow(node: Command, io: CliIo): void {
  withClientOptions(node.command("list"))
    .description("lists all nodes")
    .option("--fields <names>", "comma-separated fields to show")
    .option("--driver <name>", "only nodes of this hardware type")
    .action((flags: ListFlags) =>
      withClient(io, flags, async (client) => {
        const fields = flags.fields?.split(",").map((name) => name.trim()) ?? LIST_FIELDS;
        const query = new URLSearchParams({ fields: fields.join(",") });
        if (flags.driver !== undefined) query.set("driver", flags.driver);
        const rows = await client.list(`/v1/nodes?${query.toString()}`, "nodes");
        printRows(io, rows, fields, flags.json === true);
      }),
    );
  withClientOptions(node.command("show"))
    .description("shows everything about a node; secrets are masked")
    .argument("<node>", "name or UUID")
    .action((ident: string, flags: ClientFlags) =>
      withClient(io, flags, async (client) => {
        const { links: _links, ...fields } = await client.call("GET", nodePath(ident));
        printFields(io, fields, flags.json === true);
      }),
    );
}

function addCreateAndDelete(node: Command, io: CliIo): void {
  withClientOptions(node.command("create"))
    .description("enrols a machine")
    .requiredOption("--driver <name>", "hardware type, see `driver list`")
    .option("--name <name>", "unique name")
    .option("--uuid <uuid>", "UUID; made up when not given")
    .option("--console-interface <name>", "for example vnc")
    .option("--driver-info <key=value>", "access data; KEY=@FILE reads a secret", collect, [])
    .option("--property <key=value>", "a property", collect, [])
    .option("--extra <key=value>", "free data", collect, [])
    .action((flags: CreateFlags) =>
      withClient(io, flags, async (client) => {
        const { links: _links, ...fields } = await client.call("POST", "/v1/nodes", {
          driver: flags.driver,
          ...(flags.name === undefined ? {} : { name: flags.name }),
          ...(flags.uuid === undefined ? {} : { uuid: flags.uuid }),
          ...(flags.consoleInterface === undefined
            ? {}
            : { console_interface: flags.consoleInterface }),
          driver_info: parseAssignments(flags.driverInfo),
          properties: parseAssignments(flags.property),
          extra: parseAssignments(flags.extra),
        });
        printFields(io, fields, flags.json === true);
      }),
    );
  withClientOptions(node.command("delete"))
    .description("deletes nodes; a running console is stopped")
    .argument("<node...>", "names or UUIDs")
    .action((idents: string[], flags: ClientFlags) =>
      withClient(io, flags, async (client) => {
        for (const ident of idents) {
          await client.call("DELETE", nodePath(ident));
          printLine(io.stderr, `deleted ${ident}`);
        }
      }),
    );
}

function addValidateAndPower(node: Command, io: CliIo): void {
  withClientOptions(node.command("validate"))
    .description("says which of a node's interfaces have all they need")
    .argument("<node>", "name or UUID")
    .action((ident: string, flags: ClientFlags) =>
      withClient(io, flags, async (client) => {
        const answer = await client.call("GET", nodePath(ident, "validate"));
        const rows = Object.entries(answer).map(([name, value]) => ({
          interface: name,
          ...(value as { result: boolean; reason?: string }),
        }));
        printRows(io, rows, ["interface", "result", "reason"], flags.json === true);
      }),
    );
  withClientOptions(node.command("power"))
    .description("switches a machine; returns when the service has accepted it")
    .argument("<node>", "name or UUID")
    .argument("<state>", Object.keys(POWER_TARGETS).join(", "))
    .action((ident: string, state: string, flags: ClientFlags) =>
      withClient(io, flags, async (client) => {
        const target = Object.hasOwn(POWER_TARGETS, state) ? POWER_TARGETS[state] : undefined;
        if (!target)
          throw new InvalidParameterValue(
            `"${state}" is no power state; there are ${Object.keys(POWER_TARGETS).join(", ")}`,
          );
        await client.call("PUT", nodePath(ident, "states", "power"), { target });
        printLine(io.stderr, `accepted: ${target} of ${ident}`);
      }),
    );
}
