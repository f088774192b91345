/** Sessions of the ssh provider on an auxiliary host of tests, and what can be seen of them there. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../common/config/load.ts";
import { silentLogger, type Logger } from "../../common/log.ts";
import { CdpClient } from "../../drivers/browser/cdp/client.ts";
import { createGate } from "../../drivers/browser/gate/create-gate.ts";
import type { Gate } from "../../drivers/browser/gate/gate.ts";
import { createGateIdentity } from "../../drivers/browser/gate/identity.ts";
import type {
  Place,
  SessionProcess,
  SessionProvider,
  SessionRequest,
} from "../../drivers/browser/providers/provider.ts";
import { createSshProvider } from "../../drivers/browser/providers/ssh/ssh-provider.ts";
import { accountsBelow, processesNaming, processesOfUser } from "./aux-host-leftovers.ts";
import type { AuxHostNet, LoginKind } from "./aux-host.ts";
import { until } from "./until.ts";

export type BrowserOptions = ReturnType<typeof loadConfig>["browser"];

export interface ProviderSetup {
  readonly login?: LoginKind;
  readonly options?: Partial<BrowserOptions>;
  /** Default is a name of this process. */
  readonly conductor?: string;
  readonly log?: Logger;
}

export function sshProvider(net: AuxHostNet, setup: ProviderSetup = {}): SessionProvider {
  const { login = "root", options = {}, conductor = `test-${process.pid}`, log } = setup;
  const config = loadConfig({});
  const browser: BrowserOptions = {
    ...config.browser,
    provider: "ssh",
    ssh_hosts: [net.login(login)],
    ssh_key_file: net.keyFile,
    ssh_host_keys: [`${net.auxHost}=${net.fingerprint}`],
    ssh_sudo: login === "sudo",
    ssh_folder: login === "plain" ? "" : net.sessionFolder,
    ...options,
  };
  const parts = { config: { ...config, browser }, conductor, folder: join(net.folder, "journal") };
  return createSshProvider({ ...parts, log: log ?? silentLogger() });
}

export interface OpenSession {
  readonly place: Place;
  readonly session: SessionProcess;
  readonly cdp: CdpClient;
  readonly gate: Gate;
  end(): Promise<void>;
}

let sessions = 0;

export async function openSession(
  net: AuxHostNet,
  provider: SessionProvider,
  request: Partial<SessionRequest> = {},
): Promise<OpenSession> {
  const signal = AbortSignal.timeout(30_000);
  const place = await provider.place(signal);
  if (!place) throw new Error("no place");
  const dial: Place["dial"] = (destination, inner) => place.dial(destination, inner);
  const gate = createGate({ identity: await createGateIdentity(), dial, log: silentLogger() });
  gate.allow([{ host: net.bmcHost, port: net.bmcPort, tls: { verify: "none" } }]);
  sessions += 1;
  try {
    const session = await place.start(
      {
        id: `test${String(process.pid * 1000 + sessions).padStart(12, "0")}`,
        size: { width: 800, height: 600 },
        trustedKeys: [gate.trustedKey],
        origins: [`https://${net.bmcHost}`],
        egress: (stream) => gate.accept(stream),
        destinations: [],
        java: false,
        files: [],
        ...request,
      },
      signal,
    );
    const end = async (): Promise<void> => {
      await session.end();
      gate.end();
      await place.release();
    };
    return { place, session, cdp: new CdpClient(session.cdp), gate, end };
  } catch (error) {
    gate.end();
    await place.release();
    throw error;
  }
}

/** The title of a page, opened in the session's browser. */
export async function titleOf({ cdp }: OpenSession, url: string): Promise<string> {
  const { targetId } = await cdp.send<{ targetId: string }>("Target.createTarget", { url });
  interface Info {
    readonly targetId: string;
    readonly title: string;
  }
  let title = "";
  await until(async () => {
    const { targetInfos } = await cdp.send<{ targetInfos: Info[] }>("Target.getTargets");
    title = targetInfos.find((one) => one.targetId === targetId)?.title ?? "";
    return title !== "" && title !== "about:blank" && !url.includes(title);
  }, "page with a title");
  return title;
}

/** Folders, accounts and processes of sessions on the host. */
export function traces(net: AuxHostNet): string[] {
  const bases = [net.sessionFolder, join(net.folder, "p", ".bmc-console")];
  const folders = bases.flatMap((base) => (existsSync(base) ? readdirSync(base) : []));
  const accounts = accountsBelow(net.sessionFolder);
  const running = accounts.flatMap(({ uid }) => processesOfUser(uid));
  return [
    ...folders.map((name) => `folder ${name}`),
    ...accounts.map(({ name }) => `account ${name}`),
    ...running.map((pid) => `process ${pid}`),
    ...bases.flatMap((base) => processesNaming(`${base}/`)).map((pid) => `process ${pid} by name`),
  ];
}

export async function untilNoTrace(net: AuxHostNet, milliseconds = 15_000): Promise<void> {
  await until(
    () => traces(net).length === 0,
    () => `clean host: ${traces(net).join(", ")}`,
    milliseconds,
  );
}
