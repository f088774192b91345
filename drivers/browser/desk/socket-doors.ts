/** A Unix socket for each node, mode 0600 in a folder of mode 0700: for a proxy of the same user. */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { ConsoleError, messageOf } from "../../base.ts";
import type { DoorAddress, Doors, OnKnock } from "./doors.ts";
import type { DeskFiles } from "./node-files.ts";

interface Door {
  readonly server: Server;
  readonly path: string;
  onKnock: OnKnock;
}

export class SocketDoors implements Doors {
  readonly #files: DeskFiles;
  readonly #doors = new Map<string, Door>();

  constructor(files: DeskFiles) {
    this.#files = files;
  }

  async open(uuid: string, onKnock: OnKnock): Promise<DoorAddress> {
    this.#files.requireShortPath(uuid);
    const path = this.#files.socket(uuid);
    const address: DoorAddress = { transport: { kind: "unix", path } };
    const door = this.#doors.get(uuid);
    if (door) {
      door.onKnock = onKnock;
      return address;
    }
    this.#files.prepare();
    const server = createServer((connection) => {
      connection.on("error", () => undefined);
      made.onKnock(connection);
    });
    const made: Door = { server, path, onKnock };
    // What a killed run left; nobody listens there, since state_path belongs to one conductor.
    rmSync(path, { force: true });
    await listening(server, path);
    chmodSync(path, 0o600);
    this.#doors.set(uuid, made);
    return address;
  }

  isOpen(uuid: string): boolean {
    return this.#doors.get(uuid)?.server.listening === true;
  }

  async close(uuid: string): Promise<void> {
    const door = this.#doors.get(uuid);
    this.#doors.delete(uuid);
    if (!door) {
      rmSync(this.#files.socket(uuid), { force: true });
      return;
    }
    // Removes the file. Its callback waits for connections, which end with their session.
    door.server.close();
    rmSync(door.path, { force: true });
    await Promise.resolve();
  }

  async closeAll(): Promise<void> {
    for (const uuid of this.#doors.keys()) await this.close(uuid);
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new ConsoleError(`cannot listen at "${path}": ${messageOf(cause)}`, { cause })),
    );
    server.listen(path, () => {
      server.removeAllListeners("error");
      server.on("error", () => undefined);
      resolve();
    });
  });
}
