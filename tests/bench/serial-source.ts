/**
 * The machines of the serial benchmark, a program of its own so that it shares no event loop with the
 * clients: Unix sockets in the folder named, one that echoes and one for each rate that prints so many
 * bytes a second to everybody who connects. Ends with its standard input.
 *
 * Usage: serial-source FOLDER RATE...
 */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";

const STEP_MILLISECONDS = 20;
/** A client that does not read gets no more than this ahead. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;
const LINE = Buffer.from(
  `${"[   12.345678] usb 1-1: new high-speed USB device ".repeat(2).slice(0, 78)}\r\n`,
);

async function main(folder: string, rates: readonly number[]): Promise<void> {
  await listen(join(folder, "echo.sock"), (socket) =>
    socket.on("data", (keys) => socket.write(keys)),
  );
  for (const rate of rates)
    await listen(join(folder, `print-${rate}.sock`), (socket) => print(socket, rate));
  process.stdout.write("ready\n");
  process.stdin.resume();
  await once(process.stdin, "end");
  process.exit(0);
}

async function listen(path: string, serve: (socket: Socket) => void): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    serve(socket);
  });
  server.listen(path);
  await once(server, "listening");
}

function print(socket: Socket, bytesPerSecond: number): void {
  const begin = performance.now();
  const text = Buffer.concat(
    Array.from({ length: Math.ceil(bytesPerSecond / LINE.length / 4) }, () => LINE),
  );
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - begin) / 1000) * bytesPerSecond);
    while (sent < due) {
      const from = sent % text.length;
      const piece = text.subarray(from, Math.min(text.length, from + due - sent));
      sent += piece.length;
      if (socket.writableLength < MOST_WAITING_BYTES) socket.write(piece);
    }
  }, STEP_MILLISECONDS);
  socket.resume();
  socket.once("close", () => clearInterval(timer));
}

await main(process.argv[2] ?? "", process.argv.slice(3).map(Number));
