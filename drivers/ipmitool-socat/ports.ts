/**
 * Which port a console listens on. The same node gets the same port again as long as it is free, which a
 * stock nova-serialproxy depends on: by what was remembered, else by its UUID. Whether a port is free is
 * decided by binding it, so no two nodes get the same.
 */
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import type { Listener, PortChoice } from "./options.ts";

/** In the order to try. */
export function* portCandidates(
  choice: PortChoice,
  uuid: string,
  remembered: number | undefined,
): Generator<number> {
  if (choice.kind === "fixed") return yield choice.port;
  const { first, end } = choice;
  const isIn = remembered !== undefined && remembered >= first && remembered < end;
  if (isIn) yield remembered;
  const start = createHash("sha256").update(uuid).digest().readUInt32BE(0);
  for (let step = 0; step < end - first; step += 1) {
    const port = first + ((start + step) % (end - first));
    if (port !== remembered) yield port;
  }
}

/** True for a port that a console found running may go on using. */
export function mayUsePort(listener: Listener, port: number | null): boolean {
  if (listener.kind === "unix" || port === null) return listener.kind === "unix" && port === null;
  const { ports } = listener;
  return ports.kind === "fixed" ? port === ports.port : port >= ports.first && port < ports.end;
}

/** Binds it for a moment. False also for a port below 1024 without the right to it. */
export async function canBind(host: string, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
