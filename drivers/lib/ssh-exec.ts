/**
 * Runs commands on a BMC over SSH (ssh2), one connection for a handful of them. The host key is judged
 * before the password is sent. No local process is started: nothing is in any argv of this machine.
 */
import { createHash } from "node:crypto";
import { Client, type ClientChannel, type ConnectConfig } from "ssh2";
import {
  BmcAuthenticationFailed,
  BmcBusy,
  BmcCertificateInvalid,
  BmcProtocolError,
  BmcTimeout,
  type ConsoleServiceError,
  type Secret,
} from "../base.ts";
import { printable } from "../../common/printable.ts";
import { withDeadline } from "./deadline.ts";
import { networkError } from "./network-errors.ts";

/** racadm's answers have a few kilobytes. */
const MAX_OUTPUT_BYTES = 64 * 1024;

export interface SshAccess {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: Secret;
  /** Judges the host key, `SHA256:` and unpadded base64 as ssh-keygen prints it. */
  readonly trustsHostKey: (fingerprint: string) => boolean;
}

export interface SshLimits {
  readonly signal: AbortSignal;
  readonly connectMs: number;
  readonly commandMs: number;
}

export class SshConnection {
  readonly peer: string;
  readonly #client: Client;
  readonly #limits: SshLimits;

  private constructor(client: Client, peer: string, limits: SshLimits) {
    this.#client = client;
    this.peer = peer;
    this.#limits = limits;
  }

  /**
   * Connects, lets `use` work and disconnects.
   * @throws {BmcUnreachable} {@link BmcTimeout} {@link BmcAuthenticationFailed}
   *   {@link BmcCertificateInvalid} when the host key is not trusted
   */
  static async with<T>(
    access: SshAccess,
    limits: SshLimits,
    use: (connection: SshConnection) => Promise<T>,
  ): Promise<T> {
    const peer = `${access.host.includes(":") ? `[${access.host}]` : access.host}:${access.port}`;
    const client = new Client();
    // Errors after the first one, and those while nobody waits, must not end the process.
    client.on("error", () => {});
    try {
      await connect(client, access, limits, peer);
      // Short questions and answers: Nagle's algorithm would make each wait for the other side's ACK.
      client.setNoDelay(true);
      return await use(new SshConnection(client, peer, limits));
    } finally {
      client.end();
      client.destroy();
    }
  }

  /**
   * Runs one command.
   * @returns what it wrote to both streams, 64 KiB at most
   */
  async run(command: string): Promise<string> {
    const { signal, commandMs } = this.#limits;
    const onTimeout = (): Error =>
      new BmcTimeout(`${this.peer} did not finish a command within ${commandMs / 1000} s`);
    return await withDeadline({ signal, limitMs: commandMs, onTimeout }, async (inner) => {
      const channel = await this.#open(command, inner);
      return await collect(channel, this.#client, inner, this.peer);
    });
  }

  async #open(command: string, signal: AbortSignal): Promise<ClientChannel> {
    return await new Promise<ClientChannel>((resolve, reject) => {
      const abort = (): void => reject(new Error("aborted"));
      const close = (): void => reject(networkError({}, this.peer));
      const settle = (): void => {
        signal.removeEventListener("abort", abort);
        this.#client.off("close", close);
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#client.once("close", close);
      this.#client.exec(command, (error, channel) => {
        settle();
        if (error) reject(channelError(error, this.peer));
        else resolve(channel);
      });
    });
  }
}

/** `SHA256:` and base64 without padding, as ssh-keygen -l prints it. */
export function hostKeyFingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

async function connect(
  client: Client,
  access: SshAccess,
  limits: SshLimits,
  peer: string,
): Promise<void> {
  let untrusted: string | undefined;
  const config: ConnectConfig = {
    host: access.host,
    port: access.port,
    username: access.username,
    password: access.password.reveal(),
    tryKeyboard: true,
    readyTimeout: limits.connectMs,
    hostVerifier: (key: Buffer) => {
      const fingerprint = hostKeyFingerprint(key);
      if (access.trustsHostKey(fingerprint)) return true;
      untrusted = fingerprint;
      return false;
    },
    // FACT(field reports of OpenSSH against iDRAC 7): nothing newer is offered by old firmware.
    algorithms: { kex: { append: ["diffie-hellman-group14-sha1"], prepend: [], remove: [] } },
  };
  // FACT(OpenSSH with PAM, as on BMCs): the password may be asked for by keyboard-interactive only.
  client.on("keyboard-interactive", (_name, _instructions, _language, prompts, finish) =>
    finish(prompts.map(() => access.password.reveal())),
  );
  const onTimeout = (): Error =>
    new BmcTimeout(`${peer} did not finish the SSH handshake within ${limits.connectMs / 1000} s`);
  await withDeadline(
    { signal: limits.signal, limitMs: limits.connectMs, onTimeout },
    (signal) =>
      new Promise<void>((resolve, reject) => {
        const abort = (): void => {
          client.destroy();
          reject(new Error("aborted"));
        };
        signal.addEventListener("abort", abort, { once: true });
        client
          .once("ready", resolve)
          .once("error", (error) => reject(connectError(error, peer, untrusted)))
          .once("close", () => reject(networkError(new Error("closed"), peer)))
          .connect(config);
      }),
  );
}

function connectError(
  error: Error,
  peer: string,
  untrusted: string | undefined,
): ConsoleServiceError {
  if (untrusted !== undefined)
    return new BmcCertificateInvalid(
      `the SSH host key of ${peer} is not the trusted one, its fingerprint is ${untrusted}`,
    );
  const { level } = error as { level?: string };
  if (level === "client-authentication")
    return new BmcAuthenticationFailed(`${peer} refuses the user or password over SSH`);
  if (level === "client-timeout")
    return new BmcTimeout(`${peer} does not finish the SSH handshake`);
  if (level === "protocol" || level === "handshake")
    return new BmcProtocolError(`${peer} does not agree on SSH: ${printable(error.message)}`);
  return networkError(error, peer);
}

/** FACT(ssh2 1.17): a refused channel is an error of this sentence; BMCs refuse when all are in use. */
function channelError(error: Error, peer: string): ConsoleServiceError {
  if (/channel open failure/i.test(error.message))
    return new BmcBusy(`${peer} has no SSH session free`, { cause: error });
  return networkError(error, peer);
}

async function collect(
  channel: ClientChannel,
  client: Client,
  signal: AbortSignal,
  peer: string,
): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const abort = (): void => {
      client.destroy();
      reject(new Error("aborted"));
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= MAX_OUTPUT_BYTES) chunks.push(chunk);
      else reject(new BmcProtocolError(`${peer} answers more than ${MAX_OUTPUT_BYTES} bytes`));
    };
    signal.addEventListener("abort", abort, { once: true });
    channel.on("data", take);
    channel.stderr.on("data", take);
    channel.once("close", () => {
      signal.removeEventListener("abort", abort);
      resolve(Buffer.concat(chunks).toString("utf8"));
    });
  });
}
