/**
 * An oracle for VNC passwords: logs in to a VNC server with code that shares nothing with the product.
 * DES comes from OpenSSL's triple DES with one key three times, which is DES.
 */
import { createCipheriv } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** @returns the SecurityResult of RFC 6143 section 7.1.3: 0 is right, 1 is wrong */
export async function vncLoginResult(
  at: { host: string; port: number; tls?: boolean },
  password: string,
): Promise<number> {
  const socket = at.tls
    ? connectTls({ host: at.host, port: at.port, rejectUnauthorized: false })
    : connect(at.port, at.host);
  try {
    await once(socket, at.tls ? "secureConnect" : "connect");
    return await logIn(socket, password);
  } finally {
    socket.destroy();
  }
}

/** A viewer that wants the screen for itself; destroy the socket to end it. */
export async function holdVncScreen(
  at: { host: string; port: number },
  password: string,
): Promise<Socket> {
  const socket = connect(at.port, at.host);
  await once(socket, "connect");
  const result = await logIn(socket, password);
  if (result !== 0) throw new Error(`SecurityResult ${result}`);
  const notShared = 0;
  socket.write(Buffer.from([notShared]));
  const serverInit = await take(socket, 24);
  await take(socket, serverInit.readUInt32BE(20));
  return socket;
}

async function logIn(socket: Socket, password: string): Promise<number> {
  const version = await take(socket, 12);
  socket.write(version);
  const count = (await take(socket, 1))[0] ?? 0;
  const types = [...(await take(socket, count))];
  if (!types.includes(2)) throw new Error(`no VNC authentication on offer: ${types.join(" ")}`);
  socket.write(Buffer.from([2]));
  socket.write(answer(await take(socket, 16), password));
  return (await take(socket, 4)).readUInt32BE(0);
}

async function take(socket: Socket, length: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(length) as Buffer | null;
    if (bytes) return bytes;
    if (socket.readableEnded) throw new Error("the VNC server hung up");
    await once(socket, "readable", { signal: AbortSignal.timeout(5000) });
  }
}

function answer(challenge: Buffer, password: string): Buffer {
  const key = Buffer.alloc(8);
  key.write(password.slice(0, 8), "latin1");
  for (const [index, byte] of key.entries()) {
    let mirrored = 0;
    for (let bit = 0; bit < 8; bit += 1) if (byte & (1 << bit)) mirrored |= 0x80 >> bit;
    key[index] = mirrored;
  }
  const cipher = createCipheriv("des-ede3-ecb", Buffer.concat([key, key, key]), null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge), cipher.final()]);
}
