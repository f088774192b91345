/** Opens a console URL as a stock browser client would: WebSocket, then RFB 3.8 without a password. */
import { once } from "node:events";
import { WebSocket } from "ws";

const DEADLINE_MS = 10_000;

export interface OpenedConsole {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Asks for the whole screen. @returns the first byte of the answer, 0 for FramebufferUpdate */
  firstUpdateType(): Promise<number>;
  /** Waits for the end. */
  closed(): Promise<{ code: number; reason: string }>;
}

/**
 * @param url of the page, with the WebSocket's address in its `path`
 * @param options `ca` PEM of who signed an https page's certificate
 */
export async function openConsole(
  url: string,
  options: { readonly ca?: string } = {},
): Promise<OpenedConsole> {
  const page = new URL(url);
  const path = page.searchParams.get("path") ?? "";
  const socket = new WebSocket(
    `${page.protocol.replace("http", "ws")}//${page.host}/${path}`,
    ["binary"],
    {
      ...options,
      headers: { origin: page.origin },
      handshakeTimeout: DEADLINE_MS,
    },
  );
  const ended = once(socket, "close") as Promise<[number, Buffer]>;
  ended.catch(() => undefined);
  const read = reader(socket);
  await once(socket, "open");
  await read(12);
  socket.send(Buffer.from("RFB 003.008\n"));
  const count = (await read(1))[0] ?? 0;
  const types = await read(count);
  if (!types.includes(1)) throw new Error("the proxy does not offer security type None");
  socket.send(Buffer.from([1]));
  if ((await read(4)).readUInt32BE() !== 0) throw new Error("security failed");
  socket.send(Buffer.from([1]));
  const init = await read(24);
  const name = await read(init.readUInt32BE(20));
  return {
    name: name.toString(),
    width: init.readUInt16BE(0),
    height: init.readUInt16BE(2),
    firstUpdateType: async () => {
      const ask = Buffer.alloc(10);
      ask.writeUInt8(3, 0);
      ask.writeUInt16BE(init.readUInt16BE(0), 6);
      ask.writeUInt16BE(init.readUInt16BE(2), 8);
      socket.send(ask);
      return (await read(1))[0] ?? -1;
    },
    closed: async () => {
      const [code, reason] = await ended;
      return { code, reason: reason.toString() };
    },
  };
}

/** Exact reads from the binary messages of a WebSocket. */
function reader(socket: WebSocket): (bytes: number) => Promise<Buffer> {
  let received = Buffer.alloc(0);
  let closeText = "";
  let wake: () => void = () => undefined;
  socket.on("message", (data: Buffer) => {
    received = Buffer.concat([received, data]);
    wake();
  });
  socket.on("close", (code, reason) => {
    closeText = `${code} ${reason.toString()}`;
    wake();
  });
  return async (bytes) => {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    while (received.length < bytes) {
      if (deadline.aborted) throw new Error(`waited ${DEADLINE_MS} ms for ${bytes} bytes`);
      if (socket.readyState === WebSocket.CLOSED)
        throw new Error(`the WebSocket closed: ${closeText}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
        deadline.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    const taken = received.subarray(0, bytes);
    received = received.subarray(bytes);
    return taken;
  };
}
