/** `image …`: the library of images for virtual drives. */
import type { Command } from "commander";
import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ConsoleError, InvalidParameterValue, messageOf } from "../../common/errors.ts";
import { withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import type { ApiClient, JsonAnswer } from "../client.ts";
import { CompletedArgument } from "../completed-argument.ts";
import { withExamples } from "../examples.ts";
import { printFields, printRows } from "../output.ts";
import { progressLine } from "../progress-line.ts";

interface NewImageFlags extends ClientFlags {
  readonly name?: string;
  readonly public?: boolean;
  readonly sha256?: string;
  readonly wait?: boolean;
}

interface SetFlags extends ClientFlags {
  readonly name?: string;
  readonly public?: boolean;
}

const COLUMNS = ["uuid", "name", "state", "size", "format", "public", "project_id"];
const CHUNK_BYTES = 256 * 1024;
const POLL_MS = 500;

export function addImageCommands(program: Command, io: CliIo): void {
  const image = program.command("image").description("images for virtual media");
  const upload = withNewOptions(withClientOptions(image.command("upload")))
    .description("adds a file to the library")
    .argument("<file>", "for example debian-13.iso")
    .action((file: string, flags: NewImageFlags) => uploadFile(io, file, flags));
  withExamples(upload, [
    ["image upload debian-13.iso", "for the own project"],
    ["image upload rescue.iso --name rescue --public", "for everybody"],
  ]);
  const fetch = withNewOptions(withClientOptions(image.command("fetch")))
    .description("has the service fetch an image from a URL")
    .argument("<url>", "http:// or https://")
    .option("--no-wait", "do not wait until it has come")
    .action((url: string, flags: NewImageFlags) => fetchUrl(io, url, flags));
  withExamples(fetch, [
    ["image fetch https://images.example/debian-13.iso --sha256 8f0e…", "and checks it"],
  ]);
  const list = withClientOptions(image.command("list"))
    .description("lists public images and those of the own project")
    .action((flags: ClientFlags) =>
      withClient(io, flags, async (client) => {
        const rows = await client.list("/v1/images", "images");
        printRows(io, rows, flags.json ? [...COLUMNS, "sha256"] : COLUMNS, flags.json === true);
      }),
    );
  withExamples(list, [["image list --json", "with their checksums"]]);
  const one = withClientOptions(image.command("show"))
    .description("shows one")
    .addArgument(imageArgument())
    .action((name: string, flags: ClientFlags) =>
      withClient(io, flags, async (client) => {
        const { links: _links, ...fields } = await client.call("GET", imagePath(name));
        printFields(io, fields, flags.json === true);
      }),
    );
  withExamples(one, [["image show debian-13.iso", "its checksum, and how far it has come"]]);
  const set = withClientOptions(image.command("set"))
    .description("changes its name, or who may use it")
    .addArgument(imageArgument())
    .option("--name <name>", "new name")
    .option("--public", "every project may use it")
    .option("--no-public", "only the own project may")
    .action((name: string, flags: SetFlags) => setImage(io, name, flags));
  withExamples(set, [["image set rescue --public", "shares it"]]);
  const remove = withClientOptions(image.command("delete"))
    .description("deletes images that are in no virtual drive")
    .argument("<images...>", "names or UUIDs")
    .action((names: string[], flags: ClientFlags) =>
      withClient(io, flags, async (client) => {
        for (const name of names) {
          await client.call("DELETE", imagePath(name));
          printLine(io.stderr, `deleted ${name}`);
        }
      }),
    );
  withExamples(remove, [["image delete debian-12.iso rescue", "two of them"]]);
}

export function imagePath(name: string): string {
  return `/v1/images/${encodeURIComponent(name)}`;
}

function imageArgument(): CompletedArgument {
  return new CompletedArgument("<image>", "name or UUID", {});
}

function withNewOptions(command: Command): Command {
  return command
    .option("--name <name>", "its name; the file's unless given")
    .option("--public", "every project may use it")
    .option("--sha256 <digest>", "the checksum it must have");
}

async function uploadFile(io: CliIo, file: string, flags: NewImageFlags): Promise<void> {
  const handle = await open(file).catch((cause: unknown) => {
    throw new InvalidParameterValue(`cannot read "${file}": ${messageOf(cause)}`);
  });
  const progress = progressLine(io, `uploading ${file}`);
  try {
    const { size } = await handle.stat();
    await withClient(io, flags, async (client) => {
      const created = await client.call("POST", "/v1/images", {
        name: flags.name ?? basename(file),
        ...creation(flags),
      });
      const uuid = String(created["uuid"]);
      const sent = createHash("sha256");
      const content = contentOf(handle, (chunk, bytes) => {
        sent.update(chunk);
        progress.show(`uploading ${file}: ${percent(bytes, size)}`);
      });
      try {
        const answer = await client.upload(`${imagePath(uuid)}/file`, content, size);
        progress.end();
        requireSame(answer, sent.digest("hex"));
        show(io, answer, flags);
      } catch (error) {
        await client.call("DELETE", imagePath(uuid)).catch(() => {});
        throw error;
      }
    });
  } finally {
    progress.end();
    await handle.close();
  }
}

async function* contentOf(
  handle: FileHandle,
  onPiece: (chunk: Buffer, bytes: number) => void,
): AsyncGenerator<Buffer> {
  for (let bytes = 0; ;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES));
    if (bytesRead === 0) return;
    const chunk = buffer.subarray(0, bytesRead);
    bytes += bytesRead;
    onPiece(chunk, bytes);
    yield chunk;
  }
}

function requireSame(answer: JsonAnswer, sent: string): void {
  if (answer["sha256"] === sent) return;
  throw new ConsoleError("what arrived is not what was sent: the checksums differ");
}

async function fetchUrl(io: CliIo, url: string, flags: NewImageFlags): Promise<void> {
  const progress = progressLine(io, `fetching ${url}`);
  await withClient(io, flags, async (client) => {
    const name = flags.name === undefined ? {} : { name: flags.name };
    const created = await client.call("POST", "/v1/images", { url, ...name, ...creation(flags) });
    try {
      const image =
        flags.wait === false
          ? created
          : await settled(client, created, (text) => progress.show(text));
      progress.end();
      show(io, image, flags);
    } finally {
      progress.end();
    }
  });
}

/** @throws {ConsoleError} with what the service says went wrong */
async function settled(
  client: ApiClient,
  created: JsonAnswer,
  onProgress: (text: string) => void,
): Promise<JsonAnswer> {
  for (;;) {
    const image = await client.call("GET", imagePath(String(created["uuid"])));
    if (image["state"] === "failed") throw new ConsoleError(String(image["error"]));
    if (image["state"] === "active") return image;
    onProgress(`fetching: ${percent(Number(image["size"]), Number(image["total_size"] ?? 0))}`);
    await pause(POLL_MS);
  }
}

async function setImage(io: CliIo, name: string, flags: SetFlags): Promise<void> {
  const changes = {
    ...(flags.name !== undefined && { name: flags.name }),
    ...(flags.public !== undefined && { public: flags.public }),
  };
  if (Object.keys(changes).length === 0)
    throw new InvalidParameterValue("nothing to set: give --name, --public or --no-public");
  await withClient(io, flags, async (client) => {
    show(io, await client.call("PATCH", imagePath(name), changes), flags);
  });
}

function creation(flags: NewImageFlags): object {
  return {
    ...(flags.public && { public: true }),
    ...(flags.sha256 !== undefined && { sha256: flags.sha256 }),
  };
}

function show(io: CliIo, image: JsonAnswer, flags: ClientFlags): void {
  const { links: _links, ...fields } = image;
  printFields(io, fields, flags.json === true);
}

function percent(bytes: number, total: number): string {
  const mebibytes = (bytes / 1024 ** 2).toFixed(0);
  return total > 0
    ? `${mebibytes} MiB, ${((bytes / total) * 100).toFixed(0)} %`
    : `${mebibytes} MiB`;
}
