/** ipmitool against OpenIPMI's simulator: every way it is run, and what a BMC can do to it. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { loadConfig } from "../../../../common/config/load.ts";
import type { Config } from "../../../../common/config/options.ts";
import {
  BmcAuthenticationFailed,
  BmcFeatureMissing,
  BmcUnreachable,
  ConsoleError,
  ConsoleSubprocessFailed,
  type DriverInfo,
} from "../../../../drivers/base.ts";
import { readIpmiAccess } from "../../../../drivers/lib/ipmi/access.ts";
import { Ipmitool, type IpmiAnswer } from "../../../../drivers/lib/ipmi/ipmitool.ts";
import { fakeTask } from "../../../../drivers/testing/fake-task.ts";
import { missingForIpmiBmc, startIpmiBmc, type IpmiBmc } from "../../../helpers/ipmi-bmc.ts";
import { startUdpFaults } from "../../../helpers/udp-faults.ts";

const STATUS = ["power", "status"];
const ON = "Chassis Power is on\n";
const PASSWORD = "p$(x)';*|&~`<#%!";

describe("ipmitool before a BMC", function suite() {
  this.timeout(30_000);
  let bmc: IpmiBmc;
  before(async function start() {
    if (missingForIpmiBmc().length > 0) this.skip();
    bmc = await startIpmiBmc({ password: "s3cret-w0rd", kgKey: "4b67206b6579" });
  });
  after(async () => await bmc?.stop());

  const run = async (
    more: Record<string, string | number | boolean> = {},
    command: readonly string[] = STATUS,
    given: { tool?: Ipmitool; config?: Config; signal?: AbortSignal } = {},
  ): Promise<IpmiAnswer> => {
    const config = given.config ?? loadConfig();
    const task = fakeTask({ config, ...(given.signal ? { signal: given.signal } : {}) });
    const driverInfo: DriverInfo = bmc.driverInfo(more);
    const access = readIpmiAccess(driverInfo, config);
    return await (given.tool ?? new Ipmitool()).run(task, access, command);
  };

  it("gets an answer with a Kg key", async () => {
    assert.deepEqual(await run(), { stdout: ON, cut: false, cipherSuite: 3 });
  });

  it("says which part of the credentials may be wrong, at once and without repeating them", async () => {
    const wrong = [
      { ipmi_password: "wr0ng" },
      { ipmi_username: "nobody" },
      { ipmi_hex_kg_key: "77" },
    ];
    for (const more of wrong) {
      const started = performance.now();
      await assert.rejects(run(more), (error: Error) => {
        assert.ok(error instanceof BmcAuthenticationFailed);
        assert.match(error.message, /refuses the user, password or Kg key/);
        assert.ok(!error.message.includes("wr0ng"));
        return true;
      });
      assert.ok(performance.now() - started < 3000);
    }
  });

  it("tells a privilege that the user lacks from a wrong password", async () => {
    const viewer = { ipmi_username: "viewer", ipmi_priv_level: "USER" };
    await assert.rejects(run(viewer, ["power", "off"]), /ipmi_priv_level.*Insufficient privilege/);
    assert.equal(bmc.powerState, "on");
  });

  it("goes from cipher suite 17, which this BMC refuses, to 3, and remembers", async () => {
    const tool = new Ipmitool();
    const task = fakeTask();
    const { ipmi_cipher_suite: _one, ...driverInfo } = bmc.driverInfo();
    const access = readIpmiAccess(driverInfo, task.config);
    assert.deepEqual(access.cipherSuites, [17, 3]);
    for (let time = 0; time < 2; time += 1)
      assert.equal((await tool.run(task, access, STATUS)).cipherSuite, 3);
    const runs = task.logged().split("ipmi: ran a command").length - 1;
    assert.equal(runs, 3);
  });

  it("never tries another suite than the one a node asks for", async () => {
    await assert.rejects(run({ ipmi_cipher_suite: 17 }), (error: Error) => {
      assert.ok(error instanceof BmcFeatureMissing);
      assert.match(error.message, /ipmi_cipher_suite/);
      return true;
    });
  });

  it("speaks IPMI 1.5 too", async () => {
    const task = fakeTask();
    const { ipmi_cipher_suite: _suite, ipmi_hex_kg_key: _key, ...rest } = bmc.driverInfo();
    const access = readIpmiAccess({ ...rest, ipmi_protocol_version: "1.5" }, task.config);
    assert.equal((await new Ipmitool().run(task, access, STATUS)).stdout, ON);
  });

  for (const inEnvironment of [false, true])
    it(`shows neither password nor Kg key in the process list, password by ${inEnvironment ? "environment" : "file"}`, async () => {
      const defaults = loadConfig();
      const config = { ...defaults, ipmi: { ...defaults.ipmi, store_cred_in_env: inEnvironment } };
      bmc.freeze();
      const stop = new AbortController();
      const waiting = run({}, STATUS, { config, signal: stop.signal });
      try {
        const seen = await commandLineOf(bmc.port);
        assert.ok(seen.includes("-K"));
        for (const secret of ["s3cret-w0rd", "4b67206b6579", "Kg key"])
          assert.ok(!seen.some((word) => word.includes(secret)), secret);
      } finally {
        bmc.thaw();
        await waiting;
      }
    });

  it("takes a password of awkward characters, and the empty one", async () => {
    const other = await startIpmiBmc({ password: PASSWORD });
    try {
      const task = fakeTask();
      const access = readIpmiAccess(other.driverInfo(), task.config);
      assert.equal((await new Ipmitool().run(task, access, STATUS)).stdout, ON);
      const { ipmi_password: _none, ...rest } = other.driverInfo();
      const empty = readIpmiAccess(rest, task.config);
      await assert.rejects(new Ipmitool().run(task, empty, STATUS), BmcAuthenticationFailed);
    } finally {
      await other.stop();
    }
  });

  it("gives up a dead BMC within ten seconds and a half", async () => {
    bmc.freeze();
    const started = performance.now();
    try {
      await assert.rejects(run(), (error: Error) => {
        assert.ok(error instanceof BmcUnreachable);
        assert.match(error.message, /does not answer IPMI requests/);
        return true;
      });
    } finally {
      bmc.thaw();
    }
    assert.ok(performance.now() - started < 13_000);
  });

  it("says so when the BMC's name leads nowhere", async () => {
    await assert.rejects(
      run({ ipmi_address: "nosuch.invalid" }),
      /its name or address leads nowhere/,
    );
  });

  it("ends when the task is aborted, and ipmitool with it", async () => {
    bmc.freeze();
    const stop = new AbortController();
    const waiting = run({}, STATUS, { signal: stop.signal });
    try {
      await commandLineOf(bmc.port);
      stop.abort();
      await assert.rejects(waiting, ConsoleError);
      assert.deepEqual(processesWith(bmc.port), []);
    } finally {
      bmc.thaw();
    }
  });

  it("runs one command at a time before one BMC", async () => {
    const tool = new Ipmitool();
    const all = Array.from({ length: 5 }, () => run({}, STATUS, { tool }));
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, processesWith(bmc.port).length)), 2);
    await Promise.all(all);
    clearInterval(watch);
    assert.equal(most, 1);
  });

  it("gets through to a BMC that takes a second and a half for each answer", async function slowly() {
    this.timeout(90_000);
    const slow = await startUdpFaults(bmc, { delayMs: 750 });
    try {
      assert.equal((await run({ ipmi_port: slow.port })).stdout, ON);
    } finally {
      await slow.stop();
    }
  });

  it("gets through to a BMC that drops 30 % of the packets", async function lossy() {
    this.timeout(130_000);
    const bad = await startUdpFaults(bmc, { loss: 0.3 });
    const defaults = loadConfig();
    const config = { ...defaults, ipmi: { ...defaults.ipmi, command_retry_timeout: 120 } };
    try {
      assert.equal((await run({ ipmi_port: bad.port }, STATUS, { config })).stdout, ON);
      assert.ok(bad.lost > 0);
    } finally {
      await bad.stop();
    }
  });

  it("says which package to install when there is no ipmitool", async () => {
    const tool = new Ipmitool("/nonexistent/ipmitool");
    assert.equal(await tool.version(), undefined);
    await assert.rejects(run({}, STATUS, { tool }), (error: Error) => {
      assert.ok(error instanceof ConsoleSubprocessFailed);
      assert.match(error.message, /install the package ipmitool/);
      return true;
    });
  });
});

/** Waits for the ipmitool that talks to a port. @returns its arguments */
async function commandLineOf(port: number): Promise<string[]> {
  const end = performance.now() + 5000;
  for (;;) {
    const [found] = processesWith(port);
    if (found) return found;
    assert.ok(performance.now() < end, "no ipmitool ran");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function processesWith(port: number): string[][] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => wordsOf(pid))
    .filter((words) => words[0]?.endsWith("ipmitool") && words.includes(String(port)));
}

function wordsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0");
  } catch {
    return [];
  }
}
