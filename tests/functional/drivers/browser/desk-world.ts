/** A simulated BMC, a conductor's console driver in a folder of its own, and proxies at its door. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../../common/config/load.ts";
import type { Config } from "../../../../common/config/options.ts";
import { Secret } from "../../../../common/secret.ts";
import {
  SharedParts,
  type ConsoleEndpoint,
  type ConsoleInterface,
  type DriverInfo,
} from "../../../../drivers/base.ts";
import iloBrowser from "../../../../drivers/browser/ilo-browser.ts";
import { checkPrograms } from "../../../../drivers/browser/providers/local/check.ts";
import { fakeTask, type FakeTask } from "../../../../drivers/testing/contract.ts";
import {
  BMC_PASSWORD,
  BMC_USER,
  startBmcWeb,
  type BmcWeb,
} from "../../../helpers/bmc-web/bmc-web.ts";
import { ilo } from "../../../helpers/bmc-web/vendors/ilo.ts";
import { DeskProxy } from "../../../helpers/desk-proxy.ts";
import { until } from "../../../helpers/until.ts";

/** What a real session needs and this machine lacks; undefined when all is there. */
export function missingForBrowser(): string | undefined {
  try {
    checkPrograms();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

export interface DeskWorldOptions {
  readonly [option: string]: string;
}

export class DeskWorld {
  readonly bmc: BmcWeb;
  readonly folder: string;
  readonly config: Config;
  /** Its log holds what the desk says. */
  readonly log: FakeTask;
  readonly #proxies: DeskProxy[] = [];
  #driver: ConsoleInterface | undefined;

  private constructor(bmc: BmcWeb, options: DeskWorldOptions) {
    this.bmc = bmc;
    this.folder = mkdtempSync(join(tmpdir(), "desk-"));
    this.config = loadConfig({
      overrides: {
        "DEFAULT.state_path": this.folder,
        "DEFAULT.host": "test",
        "browser.linger_seconds": "1",
        ...options,
      },
    });
    this.log = fakeTask();
  }

  static async start(options: DeskWorldOptions = {}): Promise<DeskWorld> {
    return new DeskWorld(await startBmcWeb(ilo(5)), options);
  }

  /** Made when it is first asked for; after {@link newConductor} another one. */
  get driver(): ConsoleInterface {
    return (this.#driver ??= iloBrowser.create({
      config: this.config,
      log: this.log.log,
      shared: new SharedParts(),
    }));
  }

  /** The next {@link driver} knows nothing of this one, as after a restart. */
  async newConductor(): Promise<void> {
    await this.#driver?.close?.();
    this.#driver = undefined;
  }

  task(
    more: DriverInfo = {},
    given: { readonly uuid?: string; readonly signal?: AbortSignal } = {},
  ): FakeTask {
    const task = fakeTask({
      driver: "ilo",
      config: this.config,
      ...(given.signal && { signal: given.signal }),
      driverInfo: {
        web_address: `127.0.0.1:${this.bmc.port}`,
        web_username: BMC_USER,
        web_password: new Secret(BMC_PASSWORD),
        web_tls_fingerprint: this.bmc.fingerprint,
        ...more,
      },
    });
    return given.uuid === undefined ? task : { ...task, node: { ...task.node, uuid: given.uuid } };
  }

  dial(endpoint: ConsoleEndpoint): DeskProxy {
    const proxy = DeskProxy.dial(endpoint);
    this.#proxies.push(proxy);
    return proxy;
  }

  /** Sessions that still hold on the BMC. */
  get bmcSessions(): number {
    return this.bmc.bmc.counts.sessions;
  }

  /** What of ours is still there: sandboxes and open ends on the BMC. */
  get remains(): string[] {
    return [
      ...listed(join(this.folder, "browser", "local")),
      ...listed(join(this.folder, "browser", "journal")),
      ...Array.from({ length: this.bmcSessions }, () => "a session on the BMC"),
    ];
  }

  async untilClean(): Promise<void> {
    await until(
      () => this.remains.length === 0,
      () => `clean end, there are ${this.remains.join(", ")}`,
      20_000,
    );
  }

  async stop(): Promise<void> {
    for (const proxy of this.#proxies) await proxy.end();
    await this.newConductor();
    await this.bmc.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function listed(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
