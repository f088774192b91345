/**
 * The framing of the `ws` package, as an oracle for ours: masked client frames made by its Sender, and
 * server frames read by its Receiver.
 */
import * as ws from "ws";

interface FrameOptions {
  readonly opcode: number;
  readonly fin: boolean;
  readonly mask: boolean;
  readonly readOnly: boolean;
  readonly rsv1?: boolean;
}
interface ReceiverLike {
  on(event: string, listener: (...values: never[]) => void): void;
  write(chunk: Buffer, callback?: () => void): boolean;
  destroy(): void;
}
const { Sender, Receiver } = ws as unknown as {
  Sender: { frame(data: Buffer, options: FrameOptions): Buffer[] };
  Receiver: new (options: { isServer: boolean; maxPayload?: number }) => ReceiverLike;
};

/** A client's frame, masked with a random key. */
export function clientFrame(
  opcode: number,
  payload: Uint8Array,
  options: { readonly fin?: boolean; readonly mask?: boolean; readonly rsv1?: boolean } = {},
): Buffer {
  const { fin = true, mask = true, rsv1 = false } = options;
  return Buffer.concat(
    Sender.frame(Buffer.from(payload), { opcode, fin, mask, readOnly: true, rsv1 }),
  );
}

export interface Read {
  readonly messages: { readonly data: Buffer; readonly binary: boolean }[];
  readonly pings: Buffer[];
  readonly pongs: Buffer[];
  readonly closes: { readonly code: number; readonly reason: string }[];
  readonly errors: Error[];
}

/** What the `ws` package makes of bytes, by the role of the reader. */
export async function readWithWs(
  chunks: readonly Buffer[],
  role: "client" | "server",
): Promise<Read> {
  const read: Read = { messages: [], pings: [], pongs: [], closes: [], errors: [] };
  const receiver = new Receiver({ isServer: role === "server" });
  receiver.on("message", (data: Buffer, binary: boolean) =>
    read.messages.push({ data: Buffer.from(data), binary }),
  );
  receiver.on("ping", (data: Buffer) => read.pings.push(Buffer.from(data)));
  receiver.on("pong", (data: Buffer) => read.pongs.push(Buffer.from(data)));
  receiver.on("conclude", (code: number, reason: Buffer) =>
    read.closes.push({ code, reason: reason.toString() }),
  );
  receiver.on("error", (error: Error) => read.errors.push(error));
  for (const chunk of chunks) {
    if (read.errors.length > 0) break;
    await new Promise<void>((resolve) => receiver.write(Buffer.from(chunk), () => resolve()));
  }
  receiver.destroy();
  return read;
}

/** Cuts bytes into chunks of the given sizes, over and over; each chunk is memory of its own. */
export function chop(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = sizes.length === 0 ? bytes.length : Math.max(1, sizes[index % sizes.length]!);
    chunks.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return chunks;
}
