import assert from "node:assert/strict";
import type { ConsoleEndpoint, StoredConsoleEndpoint } from "../../../common/console-endpoint.ts";
import { endpointClientKeyPlace } from "../../../common/console-endpoint.ts";
import { startProxyWorld, type ProxyWorld } from "../../helpers/novncproxy-world.ts";
import { viewerOf, type SerialClient } from "../../helpers/serial-world.ts";
import { until } from "../../helpers/until.ts";
import { memberNamed, SocatBench } from "../drivers/ipmitool-socat/socat-bench.ts";

describe("a BMC's serial line through socat, ipmitool and novncproxy", function suite() {
  this.timeout(60_000);
  const bench = new SocatBench();
  const worlds: ProxyWorld[] = [];
  bench.declareHooks();

  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.stop();
  });

  const start = async (
    options: Parameters<typeof startProxyWorld>[0] = {},
  ): Promise<ProxyWorld> => {
    const world = await startProxyWorld(options);
    worlds.push(world);
    return world;
  };
  const save = async (world: ProxyWorld, endpoint: ConsoleEndpoint): Promise<string> => {
    const node = await world.addNode({ transport: endpoint.transport, serial: endpoint.serial! });
    const key = endpoint.credentials?.clientKey;
    const { credentials, ...rest } = endpoint;
    const stored: StoredConsoleEndpoint = {
      ...rest,
      ...(key &&
        credentials?.clientCertificate !== undefined && {
          credentials: {
            clientCertificate: credentials.clientCertificate,
            clientKey: world.secretBox.seal(key, endpointClientKeyPlace(node)),
          },
        }),
    };
    await world.database.nodes.update(node, { consoleEndpoint: stored });
    return node;
  };
  /**
   * Types until the machine answers.
   * FACT(ipmi_sim 2.0.33): it swallows the first characters that a new session types.
   */
  const wake = async (viewer: SerialClient): Promise<void> => {
    let sentAt = -Infinity;
    await until(
      () => {
        if (performance.now() - sentAt > 1000) {
          viewer.send("whoami\r");
          sentAt = performance.now();
        }
        return viewer.shown.includes("root");
      },
      "answer of the machine",
      25_000,
    );
  };

  for (const listener of ["unix", "tls"])
    it(`carries what is typed to the machine and its answer back, by ${listener}`, async () => {
      bench.set({
        "console.socat_listener": listener,
        ...(listener === "tls" && { "console.port_range": "42000:42100" }),
      });
      const world = await start();
      const node = await save(world, await bench.start());
      const viewer = await viewerOf(world, node);
      await viewer.line("connected");
      await wake(viewer);
      assert.ok(!viewer.shown.includes("SOL"), JSON.stringify(viewer.shown));
      await viewer.close();
    });

  it("types a tilde and all that would end or stop ipmitool, and sends a break", async () => {
    const world = await start();
    const viewer = await viewerOf(world, await save(world, await bench.start()));
    await viewer.line("connected");
    await wake(viewer);
    const orders = "\r~.x\r~~y\r~\x1az\r~Bq\r";
    viewer.send(orders);
    await bench.bmc.waitTyped(orders);
    const { pid } = bench.note();
    assert.ok(memberNamed(pid, "ipmitool"));
    const breaks = bench.bmc.machine.breaks();
    viewer.ask({ type: "break" });
    /* FACT(ipmi_sim 2.0.33): it passes a break on together with the next character */
    viewer.send("behind the break");
    await bench.bmc.waitTyped("behind the break");
    await bench.bmc.waitBreaks(breaks + 1);
    assert.ok(!viewer.shown.includes("[send break]"));
    await viewer.close();
  });

  it("is held without viewers, and a viewer sees what was said before he came", async () => {
    const world = await start();
    const node = await save(world, await bench.start());
    await until(
      async () => (await world.database.lines.get(node))?.state === "connected",
      "held line",
      15_000,
    );
    bench.bmc.say("said to nobody\r\n");
    const early = await viewerOf(world, node);
    await early.shows("said to nobody");
    await early.close();
  });

  it("heals when ipmitool is killed, with its viewers attached", async () => {
    const world = await start();
    const node = await save(world, await bench.start());
    const viewer = await viewerOf(world, node);
    await viewer.line("connected");
    const begin = performance.now();
    process.kill(memberNamed(bench.note().pid, "ipmitool") ?? 0, "SIGKILL");
    await viewer.line("reconnecting");
    viewer.texts.length = 0;
    await viewer.line("connected");
    const tookMs = performance.now() - begin;
    assert.ok(tookMs < 8000, `it took ${tookMs} ms`);
    bench.bmc.say("back\r\n");
    await viewer.shows("back");
    await viewer.close();
  });

  it("is handed from one proxy to another when nobody watches it at the first", async () => {
    const first = await start();
    const node = await save(first, await bench.start());
    const early = await viewerOf(first, node);
    await early.line("connected");
    await early.close();
    const second = await start({
      database: first.database,
      config: { "DEFAULT.host": "proxy2" },
    });
    const viewer = await viewerOf(second, node);
    await viewer.line("connected");
    await wake(viewer);
    assert.equal((await first.database.lines.get(node))?.proxyHost, "proxy2");
    await viewer.close();
  });

  it("takes a paste whole and in order at the pace of SOL, while others look on", async () => {
    const world = await start();
    const node = await save(world, await bench.start());
    const [paster, other] = [await viewerOf(world, node), await viewerOf(world, node)];
    await paster.line("connected");
    await wake(paster);
    /* FACT(measured, ipmi_sim 2.0.33): 5 kB a second, a tenth of that where the machine echoes */
    const paste = Array.from(
      { length: 128 },
      (_none, index) => `${String(index).padStart(6, "0")} ${"p".repeat(56)}\r`,
    ).join("");
    paster.send(paste);
    const typed = (text: string) => (): boolean => bench.bmc.typed().includes(text);
    await until(typed("000020 ppp"), "part of the paste", 30_000);
    bench.bmc.say("still live\r\n");
    await other.shows("still live");
    await until(typed(paste), "whole paste", 50_000);
    await Promise.all([paster.close(), other.close()]);
  }).timeout(90_000);
});
