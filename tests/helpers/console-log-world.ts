/** Two proxies of one database that heard parts of what node n1 said, and the REST API over them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../common/log.ts";
import { LineLogs } from "../../novncproxy/console-log/line-logs.ts";
import { startApiUnderTest, type ApiUnderTest } from "../unit/api/api-under-test.ts";
import { NODE } from "./line-logs.ts";
import { startProxyWorld, type ProxyWorld } from "./novncproxy-world.ts";

/** Of node n2, of which nobody ever heard anything. */
export const QUIET_NODE = "2be26c0b-03f2-4d2e-ae87-c02d7f33c123";

export interface ConsoleLogWorld {
  readonly folder: string;
  readonly api: ApiUnderTest;
  readonly proxies: readonly ProxyWorld[];
  /** GET of n1's log. @param query with its question mark */
  readonly get: (query?: string) => ReturnType<ApiUnderTest["get"]>;
  /** Makes proxy1 or proxy2 hear something of n1, minutes after noon. */
  readonly hears: (proxy: string, minute: number, said: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function consoleLogWorld(): Promise<ConsoleLogWorld> {
  const folder = mkdtempSync(join(tmpdir(), "bmc-log-"));
  const api = await startApiUnderTest();
  const proxies: ProxyWorld[] = [];
  const world: ConsoleLogWorld = {
    folder,
    api,
    proxies,
    get: (query = "") => api.get(`/v1/nodes/n1/console/log${query}`),
    hears: (proxy, minute, said) =>
      writeLog(
        join(folder, proxy, "console-logs"),
        Date.parse("2026-11-20T12:00:00Z") + minute * 60_000,
        said,
      ),
    stop: async () => {
      for (const proxy of proxies) await proxy.stop();
      await api.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await api.create({ uuid: NODE, name: "n1" });
    await api.create({ uuid: QUIET_NODE, name: "n2" });
    for (const host of ["proxy1", "proxy2"])
      proxies.push(
        await startProxyWorld({
          database: api.database,
          statePath: join(folder, host),
          config: { "DEFAULT.host": host, "console.log": "true" },
        }),
      );
    await world.hears("proxy1", 0, "\x1b[31mGRUB\x1b[0m loading.\r\nlogin: ");
    await world.hears("proxy2", 10, "Linux version 6.1\r\nGr\xfc\xdfe\\n\n");
    await world.hears("proxy1", 20, "reboot\r\n");
    return world;
  } catch (error) {
    await world.stop();
    throw error;
  }
}

/** What a node said, all at one time. */
export async function writeLog(
  folder: string,
  time: number,
  said: string,
  node = NODE,
): Promise<void> {
  const logs = new LineLogs({
    folder,
    fileBytes: 1_048_576,
    files: 100,
    log: silentLogger(),
    clock: { now: () => time },
  });
  const line = logs.open(node);
  const bytes = Buffer.from(said);
  for (let at = 0; at < bytes.length; at += 65_536) {
    line.write(bytes.subarray(at, at + 65_536));
    await line.flush();
  }
  await logs.close();
}
