/** `boot-device` and `nmi`: what a machine boots from, and the interrupt that makes it dump or stop. */
import type { Command } from "commander";
import { InvalidParameterValue } from "../../common/errors.ts";
import { nodePath, withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import { CompletedArgument, nodeArgument, nodesArgument } from "../completed-argument.ts";
import { confirm, fewOf } from "../confirm.ts";
import { withExamples } from "../examples.ts";
import { expandNodes } from "../host-ranges.ts";
import { forEachNode, printResults, withManyOptions, type ManyFlags } from "../many-nodes.ts";
import { printFields } from "../output.ts";

interface BootDeviceFlags extends ClientFlags {
  readonly persistent?: boolean;
  readonly supported?: boolean;
}

interface NmiFlags extends ClientFlags, ManyFlags {
  readonly yes?: boolean;
}

/** FACT(ironic common/boot_devices.py); which of them a machine has, it says itself. */
const BOOT_DEVICES = ["pxe", "disk", "cdrom", "bios", "safe", "wanboot", "floppy", "uefihttp"];

export function addManagementCommands(program: Command, io: CliIo): void {
  const bootDevice = withClientOptions(program.command("boot-device"))
    .description("shows what a machine boots from next, or sets it")
    .addArgument(nodeArgument())
    .addArgument(
      new CompletedArgument("[device]", `for example ${BOOT_DEVICES.slice(0, 4).join(", ")}`, {
        words: BOOT_DEVICES,
      }),
    )
    .option("--persistent", "for every boot from now on, not only the next")
    .option("--supported", "show which ones the machine can")
    .action((node: string, device: string | undefined, flags: BootDeviceFlags) =>
      device === undefined ? showDevice(io, node, flags) : setDevice(io, node, device, flags),
    );
  withExamples(bootDevice, [
    ["boot-device n1", "what it is"],
    ["boot-device n1 pxe", "from the network, once"],
    ["boot-device n1 disk --persistent", "from the disk, from now on"],
    ["boot-device n1 --supported", "what it could"],
  ]);

  const nmi = withManyOptions(withClientOptions(program.command("nmi")))
    .description("sends a non-maskable interrupt; most systems write a crash dump and stop")
    .addArgument(nodesArgument())
    .option("-y, --yes", "do not ask before several machines get one")
    .action((args: string[], flags: NmiFlags) => injectNmi(io, args, flags));
  withExamples(nmi, [["nmi n1", "gets a crash dump of a machine that hangs"]]);
}

async function showDevice(io: CliIo, node: string, flags: BootDeviceFlags): Promise<void> {
  if (flags.persistent)
    throw new InvalidParameterValue("--persistent wants a device, for example pxe");
  const path = nodePath(
    node,
    "management",
    "boot_device",
    ...(flags.supported ? ["supported"] : []),
  );
  await withClient(io, flags, async (client) => {
    const answer = await client.call("GET", path);
    const devices = answer["supported_boot_devices"];
    if (flags.json || !Array.isArray(devices)) return printFields(io, answer, flags.json === true);
    printFields(io, { supported_boot_devices: devices.join(", ") }, false);
  });
}

async function setDevice(
  io: CliIo,
  node: string,
  device: string,
  flags: BootDeviceFlags,
): Promise<void> {
  if (flags.supported) throw new InvalidParameterValue("--supported sets nothing");
  const persistent = flags.persistent === true;
  await withClient(io, flags, (client) =>
    client.call("PUT", nodePath(node, "management", "boot_device"), {
      boot_device: device,
      persistent,
    }),
  );
  if (flags.json) return printFields(io, { boot_device: device, persistent }, true);
  printLine(io.stderr, `${node} boots from ${device} ${persistent ? "from now on" : "once"}`);
}

async function injectNmi(io: CliIo, args: readonly string[], flags: NmiFlags): Promise<void> {
  const nodes = expandNodes(args);
  if (nodes.length > 1)
    await confirm(io, `send an NMI to ${nodes.length} machines: ${fewOf(nodes)}?`, flags);
  await withClient(io, flags, async (client) => {
    const results = await forEachNode(io, nodes, { title: "nmi", flags }, async (node) => {
      await client.call("PUT", nodePath(node, "management", "inject_nmi"), {});
      return { nmi: "sent" };
    });
    printResults(io, results, { columns: ["nmi"], json: flags.json === true }, (row) => [row]);
  });
}
