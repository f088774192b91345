/** A Redfish service that answers whatever a test wants, to see what a driver makes of a hostile BMC. */
import { startRedfishServer, type RedfishServer } from "./redfish-server.ts";

export interface HostileAnswer {
  readonly status?: number;
  readonly body: unknown;
}

export interface HostileRedfish extends RedfishServer {
  /** Method and path to its answer; what has none is answered with 404 and nothing else. */
  answers: Record<string, HostileAnswer>;
}

/** What nobody wants in a log line: a forged line, a terminal's commands, turned text, and much of it. */
export const NASTY = `x\r\n2026-01-01 error forged\u001b[2J\u009b2J\u202e\u2028${"A".repeat(5000)}`;
/** Unicode's categories that {@link NASTY} has something of. */
export const UNFIT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

export async function startHostileRedfish(password = "calvin"): Promise<HostileRedfish> {
  const answers: HostileRedfish["answers"] = {};
  const hostile = { answers };
  const server = await startRedfishServer(password, (request, response) => {
    const answer = hostile.answers[`${request.method} ${request.url}`];
    request.resume();
    response.writeHead(answer?.status ?? (answer ? 200 : 404));
    response.end(answer ? JSON.stringify(answer.body) : "");
  });
  return Object.assign(hostile, server);
}
