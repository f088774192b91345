/** `node …`: the machines, with the words of `baremetal node …`. */
import type { Command } from "commander";
import { InvalidParameterValue } from "../../common/errors.ts";
import { parseAssignments } from "../assignments.ts";
import { nodePath, withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import { CompletedArgument, nodeArgument, nodesArgument } from "../completed-argument.ts";
import { withExamples } from "../examples.ts";
import { expandNodes } from "../host-ranges.ts";
import {
  failWhenFailed,
  forEachNode,
  sentenceOf,
  withManyOptions,
  type ManyFlags,
} from "../many-nodes.ts";
import { printFields, printRows } from "../output.ts";
import { addNodeChangeCommands } from "./node-change.ts";
import { addMaintenanceCommands } from "./node-maintenance.ts";
import { addManageCommand } from "./node-manage.ts";

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
  addCreate(node, io);
  addDelete(node, io);
  addNodeChangeCommands(node, io);
  addMaintenanceCommands(node, io);
  addManageCommand(node, io);
  addValidateAndPower(node, io);
}

function addListAndShow(node: Command, io: CliIo): void {
  const list = withClientOptions(node.command("list"))
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
  withExamples(list, [
    ["node list", "all of them"],
    ["node list --fields name,power_state --json", "for programs"],
  ]);
  const show = withClientOptions(node.command("show"))
    .description("shows everything about a node; secrets are masked")
    .addArgument(nodeArgument())
    .action((ident: string, flags: ClientFlags) =>
      withClient(io, flags, async (client) => {
        const { links: _links, ...fields } = await client.call("GET", nodePath(ident));
        printFields(io, fields, flags.json === true);
      }),
    );
  withExamples(show, [["node show n1", "last_error says what went wrong last"]]);
}

function addCreate(node: Command, io: CliIo): void {
  const create = withClientOptions(node.command("create"))
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
  withExamples(create, [
    [
      "node create --driver ipmi --name n1 --driver-info ipmi_address=10.0.0.7 --driver-info ipmi_username=admin --driver-info ipmi_password=@pw",
      "the password is in the file pw",
    ],
  ]);
}

function addDelete(node: Command, io: CliIo): void {
  const remove = withManyOptions(withClientOptions(node.command("delete")))
    .description("deletes nodes; a running console is stopped")
    .addArgument(nodesArgument())
    .action(async (args: string[], flags: ClientFlags & ManyFlags) => {
      const nodes = expandNodes(args);
      await withClient(io, flags, async (client) => {
        const options = { title: "node delete", flags };
        const results = await forEachNode(io, nodes, options, (ident) =>
          client.call("DELETE", nodePath(ident)),
        );
        for (const result of results)
          if (result.worked) printLine(io.stderr, `deleted ${result.node}`);
          else if (nodes.length > 1)
            printLine(io.stderr, `${result.node}: ${sentenceOf(result.error)}`);
        failWhenFailed(results);
      });
    });
  withExamples(remove, [["node delete n1 rack2-n[01-12]", "thirteen of them"]]);
}

function addValidateAndPower(node: Command, io: CliIo): void {
  const validate = withClientOptions(node.command("validate"))
    .description("says which of a node's interfaces have all they need")
    .addArgument(nodeArgument())
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
  withExamples(validate, [["node validate n1", "before `console enable`"]]);
  const power = withClientOptions(node.command("power"))
    .description("switches a machine; returns when the service has accepted it")
    .addArgument(nodeArgument())
    .addArgument(
      new CompletedArgument("<state>", Object.keys(POWER_TARGETS).join(", "), {
        words: Object.keys(POWER_TARGETS),
      }),
    )
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
  withExamples(power, [["node power n1 off", "`bmcon power` takes many machines and waits"]]);
}
