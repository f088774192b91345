import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { until } from "../../../helpers/until.ts";
import { memberNamed, membersOf, READY, SocatBench } from "./socat-bench.ts";

describe("ipmitool-socat before a real ipmi_sim", function suite() {
  this.timeout(40_000);
  const bench = new SocatBench();
  bench.declareHooks();

  it("carries what is typed to the machine and its answer back", async () => {
    const line = await bench.readyLine(await bench.start());
    await bench.type(line, "whoami");
    await line.says("root");
  });

  it("describes a line of ipmitool on a Unix socket that only this user may open", async () => {
    const endpoint = await bench.start();
    assert.deepEqual(endpoint.serial, { dialect: "ipmitool", hold: "always" });
    assert.deepEqual(endpoint.allowedSecurityTypes, []);
    assert.ok(endpoint.transport.kind === "unix");
    assert.equal(statSync(endpoint.transport.path).mode & 0o777, 0o600);
    assert.equal(statSync(bench.config.console.terminal_pid_dir).mode & 0o777, 0o700);
  });

  it("is held on demand when the configuration says so", async () => {
    bench.set({ "console.hold_line": "on-demand" });
    assert.equal((await bench.start()).serial?.hold, "on-demand");
  });

  it("runs no ipmitool while nobody is connected", async () => {
    await bench.start();
    assert.deepEqual(
      membersOf(bench.note().pid).map(({ program }) => program),
      ["socat"],
    );
  });

  it("ends an attached client, socat and ipmitool at once at stop and leaves no file", async () => {
    const line = await bench.readyLine(await bench.start());
    const { pid } = bench.note();
    assert.ok(memberNamed(pid, "ipmitool"));
    const ending = line.ends();
    const stopping = bench.stop();
    const tookMs = await ending;
    assert.ok(tookMs < 1000, `the client was let go after ${tookMs} ms`);
    await stopping;
    assert.deepEqual(membersOf(pid), []);
    assert.deepEqual(bench.files(), []);
  });

  it("frees the BMC's line at stop", async () => {
    await bench.readyLine(await bench.start());
    await bench.stop();
    const line = await bench.readyLine(await bench.start());
    assert.match(line.text, /already de-activated/);
  });

  it("refuses a second client within seconds and leaves the first one alone", async () => {
    const endpoint = await bench.start();
    const first = await bench.readyLine(endpoint);
    const second = await bench.line(endpoint);
    await second.ends(5);
    assert.equal(second.text, "");
    await bench.type(first, "date");
    assert.equal(first.ended, false);
  });

  it("gives the line to the next client as soon as the first one left", async () => {
    const endpoint = await bench.start();
    for (let turn = 0; turn < 3; turn += 1) (await bench.readyLine(endpoint)).leave();
  });

  it("takes a running socat over after a restart of the conductor, viewers included", async () => {
    const line = await bench.readyLine(await bench.start());
    const before = bench.note();
    bench.forget();
    await bench.start();
    assert.deepEqual(bench.note(), before);
    await bench.type(line, "still here");
  });

  for (const [what, change] of [
    ["user", { ipmi_username: "operator" }],
    ["privilege level", { ipmi_priv_level: "OPERATOR" }],
  ] as const)
    it(`ends a running socat of another ${what} and starts one anew`, async () => {
      await bench.start();
      const before = bench.note();
      await bench.start(change);
      assert.notEqual(bench.note().pid, before.pid);
      assert.deepEqual(membersOf(before.pid), []);
    });

  it("starts one socat when told twice at the same time", async () => {
    const both = await Promise.all([bench.start(), bench.start()]);
    assert.deepEqual(both[0].transport, both[1].transport);
    const { pid } = bench.note();
    assert.equal(membersOf(pid).length, 1);
    await bench.readyLine(both[1]);
  });

  for (const where of ["file", "environment"] as const)
    it(`shows the password in no argument and no file, by ${where}`, async () => {
      bench.set({ "ipmi.store_cred_in_env": String(where === "environment") });
      await bench.readyLine(await bench.start());
      const { pid } = bench.note();
      const members = membersOf(pid);
      assert.equal(members.length, 3);
      for (const { command } of members) assert.ok(!command.includes(bench.bmc.password), command);
      assert.deepEqual(
        bench.files().map((name) => name.replace(/^[^.]*/, "")),
        [".json", ".sock", ".sol"],
      );
    });

  it("starts anew when the password is to reach ipmitool in another way", async () => {
    await bench.start();
    const { pid } = bench.note();
    bench.set({ "ipmi.store_cred_in_env": "true" });
    await bench.start();
    assert.notEqual(bench.note().pid, pid);
  });

  it("finds a healthy console well, watched or not, without a touch to the viewer", async () => {
    const endpoint = await bench.start();
    await bench.driver(0).checkConsole(bench.task());
    const line = await bench.readyLine(endpoint);
    const ipmitool = memberNamed(bench.note().pid, "ipmitool");
    await bench.driver(0).checkConsole(bench.task());
    assert.equal(memberNamed(bench.note().pid, "ipmitool"), ipmitool);
    await bench.type(line, "fine");
  });

  it("keeps what is typed before the line is there for the machine, unechoed and unchanged", async () => {
    // The first packet of a session may be swallowed, see SocatBench.type.
    const filler = ".".repeat(60);
    const line = await bench.line(await bench.start());
    line.type(`${filler}\rtoo early\r`);
    await bench.bmc.waitTyped("\rtoo early\r");
    await line.says("too early");
    assert.ok(line.text.indexOf("too early") > line.text.indexOf(READY), line.text);
  });

  it("spares each ipmitool the list of all vendors", async () => {
    await bench.readyLine(await bench.start());
    const pid = memberNamed(bench.note().pid, "ipmitool") ?? 0;
    const usage = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
    const privateKilobytes = Number(/^Private_Dirty:\s+(\d+)/m.exec(usage)?.[1]);
    assert.ok(privateKilobytes < 4000, `${privateKilobytes} kB`);
  });

  it("ends ipmitool when its client left", async () => {
    const line = await bench.readyLine(await bench.start());
    const { pid } = bench.note();
    line.leave();
    await until(() => membersOf(pid).length === 1, "end of ipmitool", 5000);
  });
});
