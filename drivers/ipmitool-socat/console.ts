/**
 * Console interface `ipmitool-socat`: the serial line of any machine whose BMC has IPMI 2.0 Serial over
 * LAN. Starting it runs one socat, which outlives the conductor and runs an ipmitool for whoever connects;
 * the proxy connects and holds the line. A start that finds its socat running from before takes it over.
 */
import {
  BmcAuthenticationFailed,
  ConsoleSubprocessFailed,
  DRIVER_API_VERSION,
  messageOf,
  type ConsoleDriverModule,
  type ConsoleEndpoint,
  type ConsoleInterface,
  type Task,
} from "../base.ts";
import { describeOptions } from "../driver-info.ts";
import { ageSeconds, descendantsOf } from "../lib/child-process-group.ts";
import { throwIfAborted } from "../lib/deadline.ts";
import { isKgKeyVisible } from "../lib/ipmi/command-line.ts";
import { Ipmitool } from "../lib/ipmi/ipmitool.ts";
import { objectOf } from "../lib/json-object.ts";
import { savedEndpoint } from "../lib/saved-endpoint.ts";
import { deactivateSol, isSolActive, proveSol } from "./bmc.ts";
import { consoleFiles, prepareFolder, type ConsoleFiles } from "./console-files.ts";
import { withConsoleLock } from "./console-lock.ts";
import { endpointOfRunning } from "./endpoint.ts";
import { launch } from "./launch.ts";
import { ipmitoolSocatSchema, socatSettingsParser, type SocatSettings } from "./options.ts";
import { mayUsePort } from "./ports.ts";
import { endRunning, findRunning, isTheSame } from "./running.ts";

/** An ipmitool that is younger may still be activating the line, on a BMC that is slow. */
const SETTLED_SECONDS = 30;

export interface SocatTimings {
  readonly settledSeconds: number;
}

export class IpmitoolSocatConsole implements ConsoleInterface {
  readonly #settingsOf = socatSettingsParser();
  readonly #ipmitool = new Ipmitool();
  readonly #timings: SocatTimings;

  constructor(timings: SocatTimings = { settledSeconds: SETTLED_SECONDS }) {
    this.#timings = timings;
  }

  getProperties(): Record<string, string> {
    return describeOptions(ipmitoolSocatSchema);
  }

  validate(task: Task): void {
    this.#settingsOf(task);
  }

  async startConsole(task: Task): Promise<ConsoleEndpoint> {
    throwIfAborted(task.signal);
    const settings = this.#settingsOf(task);
    warnOfRisks(task, settings);
    const files = filesOf(task);
    prepareFolder(files.folder);
    return await withConsoleLock(files.lock, task.signal, async () => {
      const running = adopt(task, settings, files);
      if (running) {
        task.log.info("the console's socat is running from before", { node: task.node.uuid });
        return running;
      }
      await endRunning(files, killTimeoutMs(task));
      return await this.#startFresh(task, settings, files);
    });
  }

  async stopConsole(task: Task): Promise<void> {
    const files = filesOf(task);
    await withConsoleLock(files.lock, task.signal, async () => {
      const ended = await endRunning(files, killTimeoutMs(task));
      if (ended || task.endpoint) await this.#freeLine(task);
    });
  }

  getConsole(task: Task): Promise<ConsoleEndpoint> {
    return savedEndpoint(task);
  }

  /**
   * Asks the BMC only while somebody is connected, to compare: an ipmitool that waits for a line of which
   * the BMC knows nothing is ended, so that the proxy gets a new one. FACT(ipmitool 1.8.19, ipmi_sim
   * 2.0.33): after a reset it notices by itself in 98 s, after another's `sol deactivate` never. A BMC that
   * does not answer is no reason to start anything again; the proxy says so to its viewers.
   */
  async checkConsole(task: Task): Promise<void> {
    await savedEndpoint(task);
    const settings = this.#settingsOf(task);
    const note = findRunning(filesOf(task));
    if (!note) throw new ConsoleSubprocessFailed("the console's socat is not running");
    const waiting = await this.#settledIpmitool(note.pid);
    if (waiting === undefined || (await this.#isLineUp(task, settings))) return;
    // It may be another one's number by now.
    if ((await this.#settledIpmitool(note.pid)) !== waiting) return;
    process.kill(waiting, "SIGTERM");
    task.log.warn("the BMC has forgotten its SOL session, ended the ipmitool that waits for it", {
      node: task.node.uuid,
    });
  }

  async #startFresh(
    task: Task,
    settings: SocatSettings,
    files: ConsoleFiles,
  ): Promise<ConsoleEndpoint> {
    const cipherSuite = await proveSol(this.#ipmitool, task, settings.access);
    throwIfAborted(task.signal);
    const rememberedPort = portIn(task);
    const endpoint = await launch({ task, settings, files, cipherSuite, rememberedPort });
    const { transport } = endpoint;
    try {
      if (transport.kind === "tcp" && transport.port !== rememberedPort)
        await task.memo.set({ port: transport.port });
    } catch (error) {
      await endRunning(files, killTimeoutMs(task));
      throw error;
    }
    return endpoint;
  }

  /** A node whose options are no longer valid can still be stopped. */
  async #freeLine(task: Task): Promise<void> {
    let settings: SocatSettings;
    try {
      settings = this.#settingsOf(task);
    } catch (error) {
      task.log.info("cannot ask the BMC to free the line", {
        node: task.node.uuid,
        reason: messageOf(error),
      });
      return;
    }
    await deactivateSol(this.#ipmitool, task, settings.access);
  }

  /** @returns its number when an ipmitool runs that has had the time to activate the line */
  async #settledIpmitool(socat: number): Promise<number | undefined> {
    for (const [pid, program] of await descendantsOf(socat))
      if (program === "ipmitool" && (ageSeconds(pid) ?? 0) >= this.#timings.settledSeconds)
        return pid;
    return undefined;
  }

  async #isLineUp(task: Task, { access }: SocatSettings): Promise<boolean> {
    try {
      return (await isSolActive(this.#ipmitool, task, access)) !== false;
    } catch (error) {
      throwIfAborted(task.signal);
      const level = error instanceof BmcAuthenticationFailed ? "warn" : "info";
      task.log.log(level, "cannot ask the BMC whether its SOL session is there", {
        node: task.node.uuid,
        reason: messageOf(error),
      });
      return true;
    }
  }
}

function adopt(
  task: Task,
  settings: SocatSettings,
  files: ConsoleFiles,
): ConsoleEndpoint | undefined {
  const note = findRunning(files);
  if (!note) return undefined;
  const { listener, access } = settings;
  const { port, cipherSuite } = note;
  if (!mayUsePort(listener, port) || !mayUseSuite(access, cipherSuite)) return undefined;
  const same = isTheSame(note, { listener, port, access, cipherSuite, files, config: task.config });
  return same ? endpointOfRunning(settings, files, note, task.endpoint) : undefined;
}

function mayUseSuite({ cipherSuites }: SocatSettings["access"], suite: number | null): boolean {
  return suite === null ? cipherSuites.length === 0 : cipherSuites.includes(suite);
}

function warnOfRisks(task: Task, { listener, access }: SocatSettings): void {
  const node = task.node.uuid;
  if (listener.kind === "plain")
    task.log.warn("this console listens without TLS and without any password", {
      node,
      address: listener.address,
    });
  if (isKgKeyVisible(access))
    task.log.warn("ipmi_hex_kg_key has unprintable bytes and stands in ipmitool's arguments", {
      node,
    });
}

function filesOf(task: Task): ConsoleFiles {
  return consoleFiles(task.config.console.terminal_pid_dir, task.node.uuid);
}

function killTimeoutMs(task: Task): number {
  return task.config.console.kill_timeout * 1000;
}

function portIn(task: Task): number | undefined {
  const port = objectOf(task.memo.get())?.["port"];
  return Number.isInteger(port) ? Number(port) : undefined;
}

const ipmitoolSocatDriver: ConsoleDriverModule = {
  name: "ipmitool-socat",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "console",
  schema: ipmitoolSocatSchema,
  create: () => new IpmitoolSocatConsole(),
};
export default ipmitoolSocatDriver;
