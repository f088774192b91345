/** `vmedia …`: what is in machines' virtual drives, putting images in, taking them out. */
import type { Command } from "commander";
import { fieldsOf, fieldsOfEach, type Fields } from "../../common/json-fields.ts";
import { nodePath, withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import type { ApiClient } from "../client.ts";
import { CompletedArgument, NODES_HELP, nodesArgument } from "../completed-argument.ts";
import { withExamples } from "../examples.ts";
import { expandNodes } from "../host-ranges.ts";
import {
  failWhenFailed,
  forEachNode,
  printResults,
  withManyOptions,
  type ManyFlags,
} from "../many-nodes.ts";
import { waitForNode, wholeSeconds } from "../node-wait.ts";
import type { Row } from "../output.ts";

interface VmediaFlags extends ClientFlags, ManyFlags {
  readonly device?: string;
  readonly until?: string;
  readonly browser?: boolean;
  readonly wait?: boolean;
  readonly timeout?: string;
}

/** FACT(ironic api-ref): attach and detach came with 1.89, show with 1.93. */
const MICROVERSION = "1.93";
const WAIT_SECONDS = "240";
const COLUMNS = ["device", "types", "inserted", "image", "state", "until", "read"];

export function addVirtualMediaCommands(program: Command, io: CliIo): void {
  const vmedia = program.command("vmedia").description("virtual media of machines");
  const attach = withCommon(vmedia.command("attach"))
    .description("puts an image of the library, or of a URL, into virtual drives")
    .addArgument(new CompletedArgument("<nodes>", NODES_HELP, { nodes: true }))
    .argument("<image>", "name or UUID of an image, or an http(s) URL")
    .option("--device <type>", "cdrom, disk (a USB stick) or floppy", "cdrom")
    .option("--until <event>", "hand_over or session_end: when it goes by itself", "hand_over")
    .option("--browser", "give it to the browser of the node's console, not to the BMC")
    .action((nodes: string, image: string, flags: VmediaFlags) =>
      change(io, [nodes], flags, image),
    );
  withExamples(attach, [
    ["vmedia attach n1 debian-13.iso", "an image of the library"],
    ["vmedia attach rack1-n[01-12] https://images.example/rescue.iso", "one that others serve"],
    ["vmedia attach n1 rescue --until session_end", "goes with the last console session"],
  ]);
  const detach = withCommon(vmedia.command("detach"))
    .description("ejects, whoever had inserted what is there")
    .addArgument(nodesArgument())
    .option("--device <type>", "only from these, separated by commas; otherwise from all")
    .action((nodes: string[], flags: VmediaFlags) => change(io, nodes, flags));
  withExamples(detach, [["vmedia detach n1 --device cdrom", "empties one drive"]]);
  const list = withManyOptions(withClientOptions(vmedia.command("list")))
    .description("shows virtual drives as their BMCs do")
    .addArgument(nodesArgument())
    .action((nodes: string[], flags: VmediaFlags) => showDrives(io, nodes, flags));
  withExamples(list, [["vmedia list n[1-8]", "of eight machines"]]);
}

function withCommon(command: Command): Command {
  return withManyOptions(withClientOptions(command))
    .option("--no-wait", "do not wait until the BMC has done it")
    .option("--timeout <seconds>", "how long to wait", WAIT_SECONDS);
}

/** @param image attaches it; detaches without one */
async function change(
  io: CliIo,
  args: readonly string[],
  flags: VmediaFlags,
  image?: string,
): Promise<void> {
  const nodes = expandNodes(args);
  const timeoutSeconds = wholeSeconds(flags.timeout ?? WAIT_SECONDS);
  const title = image === undefined ? "vmedia detach" : "vmedia attach";
  await withClient(io, flags, async (client) => {
    const results = await forEachNode(io, nodes, { title, flags }, async (node) => {
      await ask(client, node, flags, image);
      if (flags.wait === false) return;
      const what = "the virtual media of";
      const done = (state: Fields): boolean => state["last_error"] === null;
      await waitForNode(client, node, what, done, { clock: io.clock, timeoutSeconds });
    });
    for (const { node, worked } of results)
      if (worked)
        printLine(io.stderr, `${node}: ${image === undefined ? "ejected" : `${image} inserted`}`);
    failWhenFailed(results);
  });
}

async function ask(
  client: ApiClient,
  node: string,
  flags: VmediaFlags,
  image?: string,
): Promise<void> {
  const path = nodePath(node, "vmedia");
  if (image === undefined) {
    const types = flags.device;
    const query = types === undefined ? "" : `?device_types=${encodeURIComponent(types)}`;
    await client.call("DELETE", path + query, undefined, MICROVERSION);
    return;
  }
  const body = {
    device_type: flags.device,
    eject_on: flags.until,
    ...(/^https?:\/\//i.test(image) ? { image_url: image } : { image }),
    ...(flags.browser && { via: "browser" }),
  };
  await client.call("POST", path, body, MICROVERSION);
}

async function showDrives(io: CliIo, args: readonly string[], flags: VmediaFlags): Promise<void> {
  const nodes = expandNodes(args);
  await withClient(io, flags, async (client) => {
    const results = await forEachNode(io, nodes, { title: "vmedia", flags }, async (node) => {
      const answer = await client.call("GET", nodePath(node, "vmedia"), undefined, MICROVERSION);
      return fieldsOfEach(answer["vmedia"]);
    });
    const json = flags.json === true;
    if (json) printResults(io, results, { columns: ["vmedia"], json }, (vmedia) => [{ vmedia }]);
    else printResults(io, results, { columns: COLUMNS, json }, (drives) => drives.map(rowOf));
  });
}

function rowOf(drive: Fields): Row {
  const attachment = fieldsOf(drive["attachment"]);
  const types = drive["media_types"];
  return {
    device: drive["device"] ?? attachment["via"],
    types: Array.isArray(types) && types.length > 0 ? types.join(",") : drive["device_type"],
    inserted: drive["inserted"],
    image: attachment["image_name"] ?? attachment["image_url"] ?? drive["image"],
    state: attachment["state"],
    until: attachment["eject_on"],
    read: attachment["served_bytes"],
  };
}
