import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  BmcAuthenticationFailed,
  BmcTimeout,
  BmcUnreachable,
  ConsoleSubprocessFailed,
  InvalidParameterValue,
  Secret,
} from "../../../../drivers/base.ts";
import { ipmitoolByHand } from "../../../helpers/serial-stack.ts";
import { ServerProcess } from "../../../helpers/server-process.ts";
import { until } from "../../../helpers/until.ts";
import { LOSSY, lossyWay } from "./lossy-way.ts";
import { memberNamed, membersOf, READY, SocatBench } from "./socat-bench.ts";

describe("ipmitool-socat when things break", function suite() {
  this.timeout(60_000);
  const bench = new SocatBench();
  bench.declareHooks();

  it("starts again after a kill -9 of socat, whose viewer and ipmitool end too", async () => {
    const line = await bench.readyLine(await bench.start());
    const { pid } = bench.note();
    process.kill(pid, "SIGKILL");
    await until(() => !membersOf(pid).some((one) => one.pid === pid), "end of socat", 5000);
    await assert.rejects(bench.driver().checkConsole(bench.task()), ConsoleSubprocessFailed);
    const again = await bench.start();
    await line.ends();
    assert.deepEqual(membersOf(pid), []);
    await bench.readyLine(again);
  });

  it("cleans up at stop after a kill -9 of socat", async () => {
    await bench.readyLine(await bench.start());
    const { pid } = bench.note();
    process.kill(pid, "SIGKILL");
    await bench.stop();
    assert.deepEqual(membersOf(pid), []);
    assert.deepEqual(bench.files(), []);
  });

  it("gives the next client the line at once after a kill -9 of ipmitool", async () => {
    const endpoint = await bench.start();
    const line = await bench.readyLine(endpoint);
    process.kill(memberNamed(bench.note().pid, "ipmitool") ?? 0, "SIGKILL");
    await line.ends();
    const begin = performance.now();
    await (await bench.line(endpoint)).says(READY);
    const tookMs = performance.now() - begin;
    assert.ok(tookMs < 5000, `it took ${tookMs} ms`);
  });

  it("ends an ipmitool that waits for a BMC that was reset", async () => {
    const endpoint = await bench.start();
    const line = await bench.readyLine(endpoint);
    await bench.bmc.restart();
    await bench.bmc.waitLine();
    assert.equal(line.ended, false);
    await bench.driver(0).checkConsole(bench.task());
    await line.ends();
    const again = await bench.readyLine(endpoint);
    await bench.type(again, "back again");
  });

  it("gets the line back that somebody else deactivated", async () => {
    const endpoint = await bench.start();
    const line = await bench.readyLine(endpoint);
    await ipmitoolByHand(bench.bmc, "sol", "deactivate");
    if (!line.ended) await bench.driver(0).checkConsole(bench.task());
    await line.ends();
    await bench.readyLine(endpoint);
  });

  it("leaves an ipmitool alone that has just begun", async () => {
    const line = await bench.readyLine(await bench.start());
    await bench.bmc.restart();
    await bench.driver(600).checkConsole(bench.task());
    assert.equal(line.ended, false);
    assert.ok(memberNamed(bench.note().pid, "ipmitool"));
  });

  it("keeps the console of a BMC that is silent for a while", async () => {
    const endpoint = await bench.start();
    await bench.readyLine(endpoint);
    bench.bmc.freeze();
    try {
      await bench.driver(0).checkConsole(bench.task());
      bench.forget();
      assert.deepEqual((await bench.start()).transport, endpoint.transport);
    } finally {
      bench.bmc.thaw();
    }
  });

  it("stops within its time while the BMC is dead, viewers first", async () => {
    const line = await bench.readyLine(await bench.start());
    const { pid } = bench.note();
    bench.bmc.freeze();
    try {
      const stopping = bench.stop();
      assert.ok((await line.ends()) < 1000);
      await stopping;
    } finally {
      bench.bmc.thaw();
    }
    assert.deepEqual(membersOf(pid), []);
    assert.deepEqual(bench.files(), []);
  });

  it("names the credentials when the BMC refuses them, and leaves nothing", async () => {
    const driverInfo = { ...bench.driverInfo(), ipmi_password: new Secret("wrong-one") };
    await assert.rejects(bench.start({}, { driverInfo }), BmcAuthenticationFailed);
    assert.deepEqual(bench.files(), []);
  });

  it("says that a dead BMC does not answer, and leaves nothing", async () => {
    bench.set({ "ipmi.command_retry_timeout": "3" });
    await assert.rejects(
      bench.start({ ipmi_address: "127.0.0.1", ipmi_port: 9 }),
      (error) => error instanceof BmcTimeout || error instanceof BmcUnreachable,
    );
    assert.deepEqual(bench.files(), []);
  });

  it("ends the running console of old options when a start with new ones fails", async () => {
    await bench.start();
    const { pid } = bench.note();
    const driverInfo = { ...bench.driverInfo(), ipmi_password: new Secret("wrong-one") };
    await assert.rejects(bench.start({}, { driverInfo }), BmcAuthenticationFailed);
    assert.deepEqual(membersOf(pid), []);
  });

  it("finds by its mark what a conductor started that was killed before it could note it", async () => {
    await bench.readyLine(await bench.start());
    const { pid } = bench.note();
    const name = bench.files().find((file) => file.endsWith(".json")) ?? "";
    writeFileSync(join(bench.config.console.terminal_pid_dir, name), "{}\n");
    const endpoint = await bench.start();
    assert.deepEqual(membersOf(pid), []);
    await bench.readyLine(endpoint);
  });

  it("never signals a process that has the number of an earlier socat", async () => {
    await bench.start();
    const note = bench.note();
    const file = join(
      bench.config.console.terminal_pid_dir,
      bench.files().find((one) => one.endsWith(".json")) ?? "",
    );
    const ours = readFileSync(`/proc/${process.ppid}/stat`, "latin1");
    const startTicks = Number(ours.slice(ours.lastIndexOf(")") + 2).split(" ")[19]);
    writeFileSync(file, JSON.stringify({ ...note, pid: process.ppid, startTicks }));
    await bench.stop();
    process.kill(process.ppid, 0);
    assert.deepEqual(membersOf(note.pid), [], "the real one was found all the same");
  });

  it("lets nothing run when it is aborted in the middle", async () => {
    const abort = new AbortController();
    bench.bmc.freeze();
    const starting = bench.start({}, { signal: abort.signal });
    setTimeout(() => abort.abort(), 50);
    await assert.rejects(starting);
    bench.bmc.thaw();
    assert.deepEqual(bench.files(), []);
  });

  it("stops a console whose options have become invalid", async () => {
    await bench.start();
    const { pid } = bench.note();
    const driverInfo = { ipmi_address: "not valid" };
    await bench.driver().stopConsole(bench.task({}, { driverInfo }));
    assert.deepEqual(membersOf(pid), []);
  });

  it("starts anew when somebody tidied its socket away", async () => {
    const { transport } = await bench.start();
    assert.ok(transport.kind === "unix");
    rmSync(transport.path);
    await assert.rejects(bench.driver().checkConsole(bench.task()), ConsoleSubprocessFailed);
    await bench.readyLine(await bench.start());
  });

  it("uses no folder into which others may look, and leaves its mode alone", async () => {
    const open = join(bench.folder, "open");
    mkdirSync(open, { mode: 0o755 });
    bench.set({ "console.terminal_pid_dir": open });
    await assert.rejects(bench.start(), /terminal_pid_dir must be a folder of mode 0700/);
    assert.equal(statSync(open).mode & 0o777, 0o755);
    bench.set({ "console.terminal_pid_dir": join(bench.folder, "consoles") });
  });

  it("starts one socat when two conductors are told to at the same time", async () => {
    const conductors = Array.from({ length: 2 }, () => startInAnotherProcess(bench));
    const transports = await Promise.all(conductors.map(async (one) => await one.transport));
    assert.deepEqual(transports[0], transports[1]);
    const { pid } = bench.note();
    const sockets = readFileSync("/proc/net/unix", "latin1").split(
      `${bench.task().node.uuid}.sock`,
    );
    assert.equal(sockets.length - 1, 1);
    for (const { process: conductor } of conductors) conductor.child.kill("SIGKILL");
    assert.deepEqual(
      membersOf(pid).map(({ program }) => program),
      ["socat"],
    );
    const line = await bench.readyLine(await bench.start());
    assert.equal(bench.note().pid, pid, "taken over from conductors that were killed");
    await bench.type(line, "after the crash");
  });

  it("carries a session through a network that loses 30 % of all packets", async () => {
    const faults = await lossyWay(bench.bmc);
    try {
      const line = await bench.readyLine(await bench.start({ ipmi_address: LOSSY }));
      faults.loss = 0.3;
      for (let turn = 0; turn < 5; turn += 1) await bench.type(line, `turn ${turn}`);
      assert.equal(line.ended, false);
    } finally {
      await bench.stop();
      faults.stop();
    }
  });

  it("refuses a folder whose paths are too long for a Unix socket, by its name", async () => {
    bench.set({ "console.terminal_pid_dir": `/tmp/${"x".repeat(80)}` });
    assert.throws(
      () => bench.driver().validate(bench.task()),
      (error) => error instanceof InvalidParameterValue && /terminal_pid_dir/.test(error.message),
    );
    bench.set({ "console.terminal_pid_dir": join(bench.folder, "consoles") });
  });
});

interface OtherConductor {
  readonly process: ServerProcess;
  readonly transport: Promise<unknown>;
}

function startInAnotherProcess(bench: SocatBench): OtherConductor {
  const order = {
    overrides: bench.overrides,
    driverInfo: bench.bmc.driverInfo(),
  };
  const program = fileURLToPath(new URL("start-in-child.js", import.meta.url));
  const child = new ServerProcess(process.execPath, [program, JSON.stringify(order)]);
  const transport = child
    .waitFor("the transport", () => child.output.includes("\n"))
    .then(() => JSON.parse(child.output.split("\n")[0] ?? "") as unknown);
  return { process: child, transport };
}
