/**
 * The session's VNC server, reached through the sandbox's own file system. The socket is pinned as soon as
 * it is there, before any page has been loaded: what a session that was broken into puts in its place later
 * (a link to another socket of this machine) is never followed.
 */
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { ConsoleError } from "../../../base.ts";
import { INSIDE } from "../../sandbox/bubblewrap.ts";
import { RFB_SOCKET } from "../../sandbox/session-script.ts";

/** FACT(open(2)): opens nothing, only names an inode. Node.js has no constant for it. */
const O_PATH = 0o10000000;

export class RfbSocket {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /**
   * @param sandboxed the sandbox's first process
   * @throws {ConsoleError} when there is no socket
   */
  static async pin(sandboxed: number): Promise<RfbSocket> {
    return await RfbSocket.pinAt(`/proc/${sandboxed}/root${INSIDE}/${RFB_SOCKET}`);
  }

  /** @throws {ConsoleError} when there is no socket */
  static async pinAt(path: string): Promise<RfbSocket> {
    let handle: FileHandle;
    try {
      handle = await open(path, O_PATH | constants.O_NOFOLLOW);
    } catch (cause) {
      throw new ConsoleError("cannot reach the session's VNC server", { cause });
    }
    if ((await handle.stat()).isSocket()) return new RfbSocket(handle);
    await handle.close();
    throw new ConsoleError("the session's VNC server has no socket");
  }

  /** @throws {ConsoleError} when it does not answer any more */
  dial(): Promise<Socket> {
    const fail = (cause?: unknown): ConsoleError =>
      new ConsoleError("the session's VNC server does not answer", { cause });
    if (this.#handle.fd < 0) return Promise.reject(fail());
    return new Promise((resolve, reject) => {
      const socket = connect({ path: `/proc/self/fd/${this.#handle.fd}` });
      const onError = (cause: Error): void => reject(fail(cause));
      socket.once("error", onError).once("connect", () => {
        socket.off("error", onError);
        resolve(socket);
      });
    });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
