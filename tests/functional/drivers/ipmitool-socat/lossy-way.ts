/**
 * A second address of a BMC, behind a network that loses packets. It has the BMC's own port number:
 * FACT(ipmitool 1.8.19): `sol activate` ends with "BMC requests SOL session on different port" otherwise.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

export const LOSSY = "127.0.0.66";

export interface LossyWay {
  /** Share of packets that are lost in each direction, 0 to 1. */
  loss: number;
  stop(): void;
}

/** @param bmc on 127.0.0.1 */
export async function lossyWay(bmc: { readonly port: number }): Promise<LossyWay> {
  const front = createSocket("udp4");
  const behind = new Map<number, Socket>();
  // A fixed sequence, so that each run loses alike (a linear congruential generator).
  let seed = 1;
  const way: LossyWay = {
    loss: 0,
    stop: () => {
      front.close();
      for (const socket of behind.values()) socket.close();
    },
  };
  const isLost = (): boolean => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31 < way.loss;
  };
  front.on("message", (message, from) => {
    let socket = behind.get(from.port);
    if (!socket) {
      socket = createSocket("udp4");
      behind.set(from.port, socket);
      socket.on("error", () => {});
      socket.on("message", (answer) => {
        if (!isLost()) front.send(answer, from.port, from.address);
      });
    }
    if (!isLost()) socket.send(message, bmc.port, "127.0.0.1");
  });
  front.bind(bmc.port, LOSSY);
  await once(front, "listening");
  return way;
}
