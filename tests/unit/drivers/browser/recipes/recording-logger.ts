/** A logger that keeps what it is told, as JSON lines. */
import { Writable } from "node:stream";
import winston from "winston";
import type { Logger } from "../../../../../drivers/base.ts";

export function recordingLogger(): Logger & { text(): string } {
  let text = "";
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  const logger = winston.createLogger({
    level: "debug",
    format: winston.format.json(),
    transports: [new winston.transports.Stream({ stream })],
  });
  return Object.assign(logger, { text: () => text });
}
