/** The desk's files: all in one folder below [DEFAULT]state_path that only this service uses. */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ConsoleError, InvalidParameterValue, messageOf } from "../../base.ts";

/** FACT(unix(7)): sun_path has 108 bytes, one of them for the end. */
const MAX_SOCKET_PATH_BYTES = 107;
const UUID = /^[0-9A-Fa-f-]{36}$/;

export class DeskFiles {
  readonly folder: string;

  /** @param statePath absolute */
  constructor(statePath: string) {
    this.folder = join(statePath, "browser");
  }

  /** Where the proxy finds a node's picture. */
  socket(uuid: string): string {
    return join(this.folder, `${named(uuid)}.sock`);
  }

  /** The last failure of a node, without its picture. */
  failure(uuid: string): string {
    return join(this.folder, "failures", `${named(uuid)}.json`);
  }

  screenshot(uuid: string): string {
    return join(this.folder, "failures", `${named(uuid)}.png`);
  }

  get journal(): string {
    return join(this.folder, "journal");
  }

  /** A provider's own. */
  provider(name: string): string {
    return join(this.folder, name);
  }

  /** @throws {InvalidParameterValue} when no Unix socket could have such a path */
  requireShortPath(uuid: string): void {
    const length = Buffer.byteLength(this.socket(uuid));
    if (length <= MAX_SOCKET_PATH_BYTES) return;
    throw new InvalidParameterValue(
      `[DEFAULT]state_path is ${length - MAX_SOCKET_PATH_BYTES} bytes too long for the Unix sockets below it; shorten it, or set [browser]listen = tls`,
    );
  }

  /** @throws {ConsoleError} when a folder cannot be made */
  prepare(): void {
    for (const folder of [this.folder, join(this.folder, "failures"), this.journal])
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        chmodSync(folder, 0o700);
      } catch (cause) {
        throw new ConsoleError(`the folder "${folder}" cannot be used: ${messageOf(cause)}`, {
          cause,
        });
      }
  }
}

/** @throws {Error} for what is no UUID: the name of a file is made of it */
function named(uuid: string): string {
  if (!UUID.test(uuid)) throw new Error("a node's uuid is expected");
  return uuid;
}
