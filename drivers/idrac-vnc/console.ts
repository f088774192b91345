/**
 * Console interface `idrac-vnc`: switches on the VNC server that is built into Dell's iDRAC, with a
 * fresh password nobody else knows, and puts everything back at stop. What it finds is remembered
 * before the first change, so that even a kill -9 in the middle can be undone.
 */
import {
  BmcCertificateInvalid,
  BmcProtocolError,
  BmcTimeout,
  ConsoleError,
  DRIVER_API_VERSION,
  messageOf,
  type ConsoleDriverModule,
  type ConsoleEndpoint,
  type ConsoleInterface,
  type Secret,
  type Task,
} from "../base.ts";
import { describeOptions } from "../driver-info.ts";
import { throwIfAborted, withDeadline } from "../lib/deadline.ts";
import { nameOf, type ConnectionTarget } from "../lib/short-connection.ts";
import { savedEndpoint } from "../lib/saved-endpoint.ts";
import { trustOf } from "../lib/trust.ts";
import { askForRfb, waitForRfb } from "../lib/wait-for-rfb.ts";
import { readMemo, writeMemo } from "./memo.ts";
import { idracSchema, idracSettingsParser, type IdracSettings } from "./options.ts";
import { generateVncPassword } from "./password.ts";
import { planRestore, planStart, planSwitch } from "./plan.ts";
import { BANNER_TIMEOUT_SECONDS, quirksOf } from "./quirks.ts";
import { reachIdrac, type Reach } from "./reach.ts";
import type { IdracTransport } from "./transport.ts";
import { hasTls, isOn, portOf, type FoundAttributes } from "./values.ts";

/** How long things may take, in milliseconds. */
export interface IdracTimings {
  /** For the port to answer, an off and on included; by default [idrac]vnc_start_timeout. */
  readonly openMs?: number;
  /** For one connection to it. */
  readonly attemptMs: number;
  readonly pauseMs: number;
  /** For putting things back after a failed or aborted start. */
  readonly undoMs: number;
}

const TIMINGS: IdracTimings = {
  attemptMs: BANNER_TIMEOUT_SECONDS * 1000,
  pauseMs: 500,
  undoMs: 15_000,
};

/** The option that would pin the certificate of the VNC port. */
const PINNING = { pinOption: "idrac_vnc_tls_fingerprint" };

export class IdracVncConsole implements ConsoleInterface {
  readonly #settingsOf = idracSettingsParser();
  readonly #timings: IdracTimings;

  constructor(timings: IdracTimings = TIMINGS) {
    this.#timings = timings;
  }

  getProperties(): Record<string, string> {
    return describeOptions(idracSchema);
  }

  validate(task: Task): void {
    this.#settingsOf(task.node.driverInfo);
  }

  async startConsole(task: Task): Promise<ConsoleEndpoint> {
    const settings = this.#settingsOf(task.node.driverInfo);
    let remembered = false;
    try {
      return await reachIdrac(reachOf(task, settings), async (transport, found) => {
        const memo = readMemo(task.memo);
        if (!memo.found) await writeMemo(task.memo, { ...memo, found });
        remembered = true;
        return await this.#switchOn(task, settings, transport, found);
      });
    } catch (error) {
      if (remembered) await this.#undo(task, settings);
      throw error;
    }
  }

  async stopConsole(task: Task): Promise<void> {
    const { found: before } = readMemo(task.memo);
    if (!before) return;
    await this.#restore(task, this.#settingsOf(task.node.driverInfo), task.signal);
  }

  getConsole(task: Task): Promise<ConsoleEndpoint> {
    return savedEndpoint(task);
  }

  /**
   * Looks at the port, and asks the iDRAC itself only when that fails: every login there writes a line
   * into its log. A port that is silent because a viewer holds it is well.
   */
  async checkConsole(task: Task): Promise<void> {
    const endpoint = await savedEndpoint(task);
    const limits = { signal: task.signal, limitMs: this.#timings.attemptMs, ...PINNING };
    try {
      await askForRfb(targetOf(endpoint), limits);
    } catch (error) {
      throwIfAborted(task.signal);
      const settings = this.#settingsOf(task.node.driverInfo);
      const found = await reachIdrac(reachOf(task, settings), async (_transport, now) => now);
      if (!isOn(found["Enable"]))
        throw new ConsoleError("the iDRAC's VNC server was switched off", { cause: error });
      if (Number(found["ActiveSessions"] ?? 0) === 0) throw error;
    }
  }

  async #switchOn(
    task: Task,
    settings: IdracSettings,
    transport: IdracTransport,
    found: FoundAttributes,
  ): Promise<ConsoleEndpoint> {
    const { options, access } = settings;
    const password = options.vnc_password ?? generateVncPassword();
    const plan = planStart(options, found, password, transport.kind === "racadm");
    await transport.write(plan.changes);
    await verify(transport, plan.port, options.idrac_vnc_tls === "wrap");
    const endpoint = endpointOf(
      settings,
      access.host,
      plan.port,
      password,
      await transport.isOldGeneration(),
    );
    const answering = await this.#untilOpen(task, transport, found, endpoint);
    task.log.info("the iDRAC's VNC server is on", {
      node: task.node.uuid,
      by: transport.kind,
      port: plan.port,
    });
    return answering;
  }

  /**
   * FACT(dell/iDRAC-Redfish-Scripting issue 267): the server sometimes needs to be switched off and on.
   * The first wait takes half of the time, the second what is left: a quarter at least, however slow
   * the switching was.
   * @returns the endpoint as it answers
   */
  async #untilOpen(
    task: Task,
    transport: IdracTransport,
    found: FoundAttributes,
    endpoint: ConsoleEndpoint,
  ): Promise<ConsoleEndpoint> {
    const totalMs = this.#timings.openMs ?? task.config.idrac.vnc_start_timeout * 1000;
    const begin = performance.now();
    try {
      return await this.#answering(task, endpoint, totalMs / 2);
    } catch (error) {
      throwIfAborted(task.signal);
      if (error instanceof BmcCertificateInvalid) throw error;
      task.log.info("the VNC port stays closed, switching it off and on", { node: task.node.uuid });
    }
    for (const on of [false, true])
      await transport.write(planSwitch(on, found, transport.kind === "racadm"));
    const leftMs = totalMs - (performance.now() - begin);
    try {
      return await this.#answering(task, endpoint, Math.max(leftMs, totalMs / 4));
    } catch (cause) {
      throwIfAborted(task.signal);
      const hint = transport.closedPortHint();
      throw new BmcTimeout(
        `the iDRAC's VNC server is enabled but its port ${nameOf(targetOf(endpoint))} stays closed: ${messageOf(cause)}${hint && `; ${hint}`}`,
        { cause },
      );
    }
  }

  /** The endpoint once it answers; with encryption on, in the one or the other way of doing it. */
  async #answering(
    task: Task,
    endpoint: ConsoleEndpoint,
    totalMs: number,
  ): Promise<ConsoleEndpoint> {
    const { attemptMs, pauseMs } = this.#timings;
    const limits = { signal: task.signal, attemptMs, pauseMs, ...PINNING };
    const begin = performance.now();
    try {
      await waitForRfb(targetOf(endpoint), { ...limits, totalMs });
      return endpoint;
    } catch (error) {
      const inBand = withTlsInBand(endpoint);
      if (!inBand || !(error instanceof BmcProtocolError)) throw error;
      const leftMs = Math.max(totalMs - (performance.now() - begin), 1);
      await waitForRfb(targetOf(inBand), { ...limits, totalMs: leftMs });
      return inBand;
    }
  }

  /** Runs on a signal of its own: the task's may be what ended the start. */
  async #undo(task: Task, settings: IdracSettings): Promise<void> {
    const limitMs = this.#timings.undoMs;
    const onTimeout = (): Error => new BmcTimeout(`not done within ${limitMs / 1000} s`);
    try {
      await withDeadline({ signal: new AbortController().signal, limitMs, onTimeout }, (signal) =>
        this.#restore(task, settings, signal),
      );
    } catch (error) {
      task.log.warn("could not put the iDRAC's VNC settings back, the next stop tries again", {
        node: task.node.uuid,
        reason: messageOf(error),
      });
    }
  }

  async #restore(task: Task, settings: IdracSettings, signal: AbortSignal): Promise<void> {
    const { found: before } = readMemo(task.memo);
    if (!before) return;
    await reachIdrac({ ...reachOf(task, settings), signal }, async (transport, now) => {
      await transport.write(planRestore(before, now, transport.kind === "racadm"));
    });
    if (isOn(before["Enable"]))
      task.log.warn("the iDRAC's VNC server was on before; its old password cannot be put back", {
        node: task.node.uuid,
      });
    const { sshHostKey } = readMemo(task.memo);
    await writeMemo(task.memo, sshHostKey === undefined ? {} : { sshHostKey });
  }
}

/** FACT(iDRAC firmwares): a PATCH may be answered with success although a value was not taken. */
async function verify(transport: IdracTransport, port: number, tls: boolean): Promise<void> {
  const now = await transport.read();
  const wrong = [
    ...(isOn(now["Enable"]) ? [] : ["Enable"]),
    ...(now["Port"] === undefined || portOf(now) === port ? [] : ["Port"]),
    ...(hasTls(now["SSLEncryptionBitLength"]) === tls ? [] : ["SSLEncryptionBitLength"]),
  ];
  if (wrong.length > 0)
    throw new BmcProtocolError(
      `the iDRAC at ${transport.peer} did not take VNCServer.1.${wrong.join(", VNCServer.1.")}`,
    );
}

function endpointOf(
  { options, access }: IdracSettings,
  host: string,
  port: number,
  password: Secret,
  oldGeneration: boolean,
): ConsoleEndpoint {
  const wrap = options.idrac_vnc_tls === "wrap";
  const { idrac_vnc_tls_fingerprint: pin } = options;
  return {
    consoleType: "vnc",
    transport: { kind: "tcp", host, port },
    ...(wrap ? { tls: { wrap, ...(pin === undefined ? access.trust : trustOf(true, pin)) } } : {}),
    credentials: { password },
    allowedSecurityTypes: ["VncAuth"],
    quirks: quirksOf(options.idrac_vnc_pixel_format, oldGeneration),
  };
}

/**
 * FACT(FreeRDP/Remmina issue 896, LibVNC/libvncserver issue 124): with encryption on, some firmwares
 * begin with RFB in the clear and offer VeNCrypt, others begin with TLS.
 */
function withTlsInBand(endpoint: ConsoleEndpoint): ConsoleEndpoint | undefined {
  if (!endpoint.tls?.wrap) return undefined;
  return {
    ...endpoint,
    tls: { ...endpoint.tls, wrap: false },
    allowedSecurityTypes: endpoint.tls.verify === "none" ? ["X509Vnc", "TLSVnc"] : ["X509Vnc"],
  };
}

function reachOf(task: Task, settings: IdracSettings): Reach {
  const connectMs = task.config.idrac.connect_timeout * 1000;
  return { settings, memo: task.memo, signal: task.signal, connectMs };
}

function targetOf(endpoint: ConsoleEndpoint): ConnectionTarget {
  if (endpoint.transport.kind !== "tcp") throw new ConsoleError("an iDRAC is reached by TCP only");
  const { host, port } = endpoint.transport;
  return { host, port, ...(endpoint.tls ? { tls: endpoint.tls } : {}) };
}

const idracVncDriver: ConsoleDriverModule = {
  name: "idrac-vnc",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "console",
  schema: idracSchema,
  create: () => new IdracVncConsole(),
};
export default idracVncDriver;
