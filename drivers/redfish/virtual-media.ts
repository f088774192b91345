/**
 * Puts an image into a virtual drive and takes it out again, in each vendor's way. A BMC is believed when it
 * shows the image as inserted, not when it says that it will.
 */
import { setTimeout as pause } from "node:timers/promises";
import { printable } from "../../common/printable.ts";
import {
  BmcFeatureMissing,
  BmcProtocolError,
  BmcTimeout,
  ConsoleError,
  Secret,
  type Json,
  type VirtualMediaType,
} from "../base.ts";
import { withDeadline } from "../lib/deadline.ts";
import type { RedfishClient } from "../lib/redfish-client.ts";
import type { ComputerSystem } from "./system.ts";
import { findDrives, fits, readAgain, type Drive } from "./virtual-drives.ts";

/** How long a BMC may take from its answer until it shows what it did. */
const SETTLE_MS = 60_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;
/** Properties of InsertMedia that some BMCs insist on and others refuse. */
const EXTRAS = ["TransferProtocolType", "TransferMethod", "Inserted", "WriteProtected"] as const;
/** What `InsertMedia` is told besides, as `EXTRAS` names it. */
type Extras = Partial<Record<(typeof EXTRAS)[number], Json>>;

/**
 * Resolves when the BMC shows it as inserted.
 * @throws {BmcFeatureMissing} {@link ConsoleError} when each such drive has another image
 */
export async function insertMedia(
  system: ComputerSystem,
  type: VirtualMediaType,
  imageUrl: Secret,
  signal: AbortSignal,
): Promise<void> {
  const { client } = system;
  const candidates = usable(await findDrives(system), type, client);
  const free = candidates.filter(({ description }) => !description.inserted);
  if (free.length === 0)
    throw new ConsoleError(
      `the virtual ${type} of ${client.peer} has another image already; detach it first`,
    );
  let failure: unknown;
  for (const drive of free) {
    try {
      await insertInto(client, drive, imageUrl);
      await settled(system, drive, true, signal);
      return;
    } catch (error) {
      failure ??= error;
      await eject(client, drive).catch(() => {});
      if (!(error instanceof BmcProtocolError || error instanceof BmcFeatureMissing)) throw error;
    }
  }
  throw failure;
}

/** Ejects from every drive of these types that has something in it. */
export async function ejectMedia(
  system: ComputerSystem,
  types: readonly VirtualMediaType[],
  signal: AbortSignal,
): Promise<void> {
  const drives = (await findDrives(system)).filter((drive) =>
    types.some((type) => fits(drive, type)),
  );
  for (const drive of drives.filter(({ description }) => description.inserted)) {
    try {
      await eject(system.client, drive);
    } catch (error) {
      // Somebody was faster, or the BMC did it all the same.
      if (await shows(system, drive, true)) throw error;
    }
    await settled(system, drive, false, signal);
  }
}

function usable(
  drives: readonly Drive[],
  type: VirtualMediaType,
  client: RedfishClient,
): readonly Drive[] {
  const fitting = drives.filter((drive) => fits(drive, type));
  const ready = fitting.filter(({ way }) => way.kind !== "none");
  if (ready.length > 0) return ready;
  const why = fitting.map(({ way }) => (way.kind === "none" ? `: ${way.why}` : ""))[0] ?? "";
  throw new BmcFeatureMissing(
    `${client.peer} has no virtual ${type} that takes an image by URL${why}`,
  );
}

async function insertInto(client: RedfishClient, drive: Drive, imageUrl: Secret): Promise<void> {
  const { way, path } = drive;
  if (way.kind === "action") return await insertByAction(client, way.insert, imageUrl);
  if (way.kind === "supermicro") {
    // FACT(karmab/kcli ksushy, badfish): Host with its scheme, Path apart from it.
    const url = new URL(imageUrl.reveal());
    const host = `${url.protocol}//${url.host}`;
    await client.patch(way.config, { Host: host, Path: new Secret(url.pathname + url.search) });
    await client.post(`${way.config}/Actions/IsoConfig.Mount`, {});
    return;
  }
  const { etag } = await client.get(path);
  // FACT(sushy virtual_media.py): by PATCH, Lenovo attaches nothing unless told that it is inserted.
  await client.patch(path, { Image: imageUrl, Inserted: true, WriteProtected: true }, etag);
}

/**
 * FACT(sushy virtual_media.py): the image alone first, since Supermicro refuses Inserted and WriteProtected, and
 * what a BMC then complains to miss, as Supermicro X12 and others do of TransferProtocolType.
 */
async function insertByAction(client: RedfishClient, target: string, image: Secret): Promise<void> {
  const values: Required<Extras> = {
    TransferProtocolType: image.reveal().startsWith("https:") ? "HTTPS" : "HTTP",
    TransferMethod: "Stream",
    Inserted: true,
    WriteProtected: true,
  };
  const extras: Extras = {};
  for (;;) {
    try {
      await client.post(target, { Image: image, ...extras });
      return;
    } catch (error) {
      if (!(error instanceof BmcProtocolError)) throw error;
      const missed = EXTRAS.filter(
        (name) => extras[name] === undefined && new RegExp(`\\b${name}\\b`).test(error.message),
      );
      if (missed.length === 0) throw error;
      for (const name of missed) extras[name] = values[name];
    }
  }
}

async function eject(client: RedfishClient, { way, path }: Drive): Promise<void> {
  // FACT(sushy virtual_media.py): iLO wants a body, an empty one, and nobody minds it.
  if (way.kind === "action") await client.post(way.eject, {});
  else if (way.kind === "supermicro")
    await client.post(`${way.config}/Actions/IsoConfig.UnMount`, {});
  else if (way.kind === "patch") {
    const { etag } = await client.get(path);
    await client.patch(path, { Image: null, Inserted: false }, etag);
  }
}

/** @throws {BmcTimeout} when the BMC does not show in time what it was told */
async function settled(
  system: ComputerSystem,
  drive: Drive,
  wanted: boolean,
  signal: AbortSignal,
): Promise<void> {
  const name = printable(drive.description.device);
  const onTimeout = (): Error =>
    new BmcTimeout(
      wanted
        ? `${system.client.peer} took the image, but shows none in its drive ${name} after ${SETTLE_MS / 1000} s; can it reach the image's address?`
        : `${system.client.peer} does not let go of the image in its drive ${name}`,
    );
  await withDeadline({ signal, limitMs: SETTLE_MS, onTimeout }, async (inner) => {
    let pauseMs = FIRST_PAUSE_MS;
    while (!(await shows(system, drive, wanted))) {
      await pause(pauseMs, undefined, { signal: inner });
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  });
}

/** True when the drive is as wanted. */
async function shows(system: ComputerSystem, drive: Drive, inserted: boolean): Promise<boolean> {
  if (drive.way.kind !== "supermicro") {
    const now = await readAgain(system.client, drive);
    return (now?.description.inserted ?? false) === inserted;
  }
  const now = (await findDrives(system)).filter((one) => one.way.kind === "supermicro");
  return now.some(({ description }) => description.inserted) === inserted;
}
