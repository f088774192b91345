/**
 * Joins a viewer's connection and one of the session's VNC server. Bytes are handed over as they are, never
 * copied; whoever writes faster than the other reads is stopped.
 */
import type { Duplex, Transform } from "node:stream";

/**
 * Ends both when one of them ends.
 * @param guard stands between what the viewer says and the server
 * @returns what resolves when both are closed
 */
export function relay(viewer: Duplex, server: Duplex, guard: Transform): Promise<void> {
  const both = Promise.all([closed(viewer), closed(server)]);
  const end = (): void => {
    viewer.destroy();
    server.destroy();
    guard.destroy();
  };
  for (const stream of [viewer, server, guard]) {
    stream.on("error", end);
    stream.once("close", end);
    stream.once("end", end);
  }
  viewer.pipe(guard, { end: false }).pipe(server, { end: false });
  server.pipe(viewer, { end: false });
  if (viewer.destroyed || server.destroyed) end();
  return both.then(() => undefined);
}

function closed(stream: Duplex): Promise<void> {
  if (stream.closed) return Promise.resolve();
  return new Promise((resolve) => stream.once("close", resolve));
}
