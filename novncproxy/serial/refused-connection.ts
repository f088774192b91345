/**
 * Asks whether anything listens at a proxy's address. Only a clear no counts: whoever is slow, or whose
 * name is not known here, may well be alive.
 */
import { connect } from "node:net";

/** The machine answers that nobody listens there, or the network that there is no such machine. */
const CLEAR = new Set(["ECONNREFUSED", "EHOSTUNREACH"]);

/**
 * @param url as announced, for example http://10.0.0.11:6090
 * @param timeoutMilliseconds after which it counts as alive
 * @returns true when nobody listens there
 */
export async function isConnectionRefused(
  url: string,
  timeoutMilliseconds: number,
): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url);
  return await new Promise((resolve) => {
    const socket = connect({
      host: hostname.replace(/^\[(.*)\]$/, "$1"),
      port: Number(port || (protocol === "https:" ? 443 : 80)),
      timeout: timeoutMilliseconds,
    });
    const answer = (refused: boolean): void => {
      socket.destroy();
      resolve(refused);
    };
    socket.once("connect", () => answer(false));
    socket.once("timeout", () => answer(false));
    socket.once("error", (error: NodeJS.ErrnoException) => answer(CLEAR.has(error.code ?? "")));
  });
}
