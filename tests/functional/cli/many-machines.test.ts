/** Commands for many machines at once, as a user types them, against the running service. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { CliProcess, runCli } from "../../helpers/cli-process.ts";
import { FAKE_DRIVERS } from "./fake-drivers.ts";
import { TerminalProcess } from "./pseudo-terminal.ts";

const execute = promisify(execFile);

interface Row {
  readonly node: string;
  readonly power_state?: string;
  readonly error: string | null;
}

describe("bmcon with many machines", function () {
  this.timeout(60_000);
  let folder: string;
  let service: CliProcess;
  let env: Record<string, string>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "bmc-many-"));
    service = new CliProcess(["all", "--data-dir", folder], {
      ...FAKE_DRIVERS,
      OS_API__PORT: "0",
      OS_VNC__PORT: "0",
    });
    env = { BMCON_URL: (await service.untilSays(/started .*api=(http:\S+)/))[1] ?? "" };
    for (const name of ["osl01", "osl02", "osl03"])
      await ok("node", "create", "--driver", "fake-hardware", "--name", name);
  });

  after(async () => {
    service.kill("SIGTERM");
    await service.end();
    await rm(folder, { recursive: true });
  });

  async function ok(...args: string[]): Promise<string> {
    const end = await runCli(args, { env });
    assert.equal(end.status, 0, `${args.join(" ")}: ${end.stderr}`);
    return end.stdout;
  }

  async function rows(status: number, ...args: string[]): Promise<Row[]> {
    const end = await runCli([...args, "--json"], { env });
    assert.equal(end.status, status, `${args.join(" ")}: ${end.stderr}`);
    return JSON.parse(end.stdout) as Row[];
  }

  const states = (all: readonly Row[]): string[] =>
    all.map(({ node, power_state: state }) => `${node}: ${state}`);

  it("switches them and waits until they are so", async () => {
    const on = await rows(0, "power", "osl0[1-3]", "on");
    assert.deepEqual(states(on), ["osl01: power on", "osl02: power on", "osl03: power on"]);
    await rows(0, "power", "osl02", "soft", "--timeout", "20");
    assert.deepEqual(states(await rows(0, "power", "osl03,osl02", "status")), [
      "osl03: power on",
      "osl02: power off",
    ]);
    for (const word of ["cycle", "reset"])
      assert.deepEqual(states(await rows(0, "power", "osl02", word)), ["osl02: power on"]);
    assert.equal(
      await ok("power", "osl01", "off"),
      "node   power_state  target_power_state\nosl01  power off    -\n",
    );
    const accepted = await rows(0, "power", "osl01", "on", "--no-wait");
    assert.equal(accepted.length, 1);
  });

  it("goes on after one failure, with its kind as exit status", async () => {
    const some = await rows(5, "power", "osl01,nosuch,osl02", "on");
    assert.deepEqual(
      some.map(({ node, error }) => [node, error === null]),
      [
        ["osl01", true],
        ["nosuch", false],
        ["osl02", true],
      ],
    );
    const end = await runCli(["power", "osl01,nosuch", "status"], { env });
    assert.equal(end.status, 5);
    assert.match(end.stdout, /^nosuch .*could not be found/m);
    assert.equal(end.stderr, "1 of 2 nodes failed\n");
  });

  it("asks a person before several are switched off, and does nothing without a yes", async () => {
    await ok("power", "osl0[1-3]", "on");
    for (const [answer, status, state] of [
      ["n", 2, "power on"],
      ["y", 0, "power off"],
    ] as const) {
      const terminal = new TerminalProcess(["power", "osl0[1-2]", "off"], env);
      await terminal.untilShows("power off of 2 machines: osl01, osl02? [y/N] ");
      terminal.type(`${answer}\r`);
      assert.deepEqual(await terminal.end(), { status, signal: null, restored: true });
      const after = states(await rows(0, "power", "osl0[1-2]", "status"));
      assert.deepEqual(after, [`osl01: ${state}`, `osl02: ${state}`]);
    }
    const quiet = new TerminalProcess(["power", "osl0[1-2]", "cycle", "--yes"], env);
    await quiet.untilShows("power cycle: 2 done, 0 failed, 0 left of 2");
    assert.equal((await quiet.end()).status, 0);
  });

  it("says what is wrong with a command line before it does anything", async () => {
    for (const [args, message] of [
      [["power", "osl01"], /wanted is NODES and then one of on, off/],
      [["power", "osl01", "sideways"], /"sideways" is none/],
      [["power", "on"], /"on" is all that was given/],
      [["power", "osl0[1-", "on"], /brackets/],
      [["power", "n[1-99999]", "on"], /10000 names/],
      [["power", "osl01", "cycle", "--no-wait"], /--no-wait goes with reset/],
      [["power", "osl01", "on", "--parallel", "0"], /--parallel must be/],
      [["log", "osl01", "--since", "yesterday-ish"], /--since wants a time/],
      [["log", "osl01", "--clear", "--limit", "3"], /takes no filter/],
      [["boot-device", "osl01", "--persistent"], /wants a device/],
    ] as const) {
      const end = await runCli([...args], { env });
      assert.equal(end.status, 2, args.join(" "));
      assert.match(end.stderr, message);
    }
  });

  it("shows and sets what a machine boots from", async () => {
    await ok("boot-device", "osl01", "disk", "--persistent");
    assert.deepEqual(JSON.parse(await ok("boot-device", "osl01", "--json")), {
      boot_device: "disk",
      persistent: true,
    });
    assert.match(await ok("boot-device", "osl01", "--supported"), /pxe, disk/);
    const end = await runCli(["boot-device", "osl01", "tape"], { env });
    assert.equal(end.status, 2, end.stderr);
    assert.match(end.stderr, /tape/);
  });

  it("sends NMIs", async () => {
    assert.deepEqual(await rows(0, "nmi", "osl0[1-2]"), [
      { node: "osl01", nmi: "sent", error: null },
      { node: "osl02", nmi: "sent", error: null },
    ]);
  });

  it("shows what sensors measure, of one or of many, with limits", async () => {
    await ok("power", "osl01", "on");
    await ok("power", "osl02", "off");
    const one = await ok("sensors", "osl01", "--kind", "temperature");
    assert.match(
      one,
      /^node +sensor +kind +reading +state +limits\nosl01 +Inlet Temp +temperature/,
    );
    assert.match(one, /Inlet Temp +temperature +2\d °C +ok +-7 3 \.\. 38 42$/m);
    assert.doesNotMatch(one, /Fan1/);
    const many = await ok("sensors", "osl0[1-2]");
    assert.match(many, /^osl01 +Fan1 +fan +\d+ RPM +ok +600 1200 \.\.$/m);
    assert.match(many, /^osl02 +CPU1 Temp +temperature +No reading +unknown/m);
    const raw = JSON.parse(await ok("sensors", "osl02", "--json")) as {
      node: string;
      sensors: { name: string; thresholds: object }[];
      collected_at: string;
      last_failure: null;
      error: null;
    }[];
    assert.deepEqual(
      [raw.length, raw[0]?.node, raw[0]?.last_failure, raw[0]?.error],
      [1, "osl02", null, null],
    );
    assert.ok(raw[0]?.sensors.some(({ name }) => name === "PS1 Status"));
    assert.match(raw[0]?.collected_at ?? "", /^\d{4}-/);
    assert.equal((await runCli(["sensors", "osl01,nosuch"], { env })).status, 5);
    await ok("sensors", "osl01", "--cached");
  });

  it("lists, filters and empties the event log", async () => {
    const messages = async (...args: string[]): Promise<string[]> =>
      (JSON.parse(await ok("log", "osl01", "--json", ...args)) as { message: string }[]).map(
        ({ message }) => message,
      );
    assert.ok((await messages()).includes("Correctable ECC memory error"));
    const grave = ["Power supply AC lost"];
    assert.deepEqual(await messages("--severity", "critical", "--since", "7d"), grave);
    assert.equal((await messages("--contains", "power supply")).length, 2);
    assert.equal((await messages("--limit", "1")).length, 1);
    assert.match(await ok("log", "osl01"), /^time +severity +sensor +message +asserted\n/);
    const terminal = new TerminalProcess(["log", "osl01", "--clear"], env);
    await terminal.untilShows("delete all entries of the event log of osl01? [y/N] ");
    terminal.type("\r");
    assert.equal((await terminal.end()).status, 2);
    assert.ok((await messages()).length > 4);
    await ok("log", "osl01", "--clear", "--yes");
    assert.deepEqual(await messages(), ["Event log cleared"]);
    const refused = await runCli(["log", "osl01", "--severity", "loud"], { env });
    assert.deepEqual([refused.status, /ok, warning, critical/.test(refused.stderr)], [2, true]);
  });

  it("enables, shows and disables consoles", async () => {
    await rows(0, "console", "enable", "osl0[1-2]");
    const shown = (await rows(0, "console", "show", "osl0[1-3]")) as unknown as {
      console_enabled: boolean;
      console_info: { url: string } | null;
    }[];
    assert.deepEqual(
      shown.map((row) => [row.console_enabled, row.console_info !== null]),
      [
        [true, true],
        [true, true],
        [false, false],
      ],
    );
    const view = JSON.parse(await ok("console", "show", "osl01", "--view", "--json")) as object;
    assert.ok("console_info" in view);
    await ok("console", "disable", "osl0[1-2]");
  });

  it("manages enrolled machines, and says which power was never read", async () => {
    await ok("node", "create", "--name", "fresh1", "--driver", "fake-hardware");
    const before = await runCli(["power", "fresh1", "status"], { env });
    assert.equal(before.status, 0);
    assert.match(before.stderr, /the power of fresh1 was never read: `node manage` begins that/);
    assert.match(await ok("node", "manage", "fresh1"), /^fresh1 +manageable +power off/m);
    const after = await runCli(["power", "fresh1", "status"], { env });
    assert.doesNotMatch(after.stderr, /never read/);
    assert.equal((await runCli(["node", "manage", "fresh1"], { env })).status, 2);
    await ok("node", "delete", "fresh1");
  });

  it("takes machines out of service and back", async () => {
    await ok("node", "maintenance", "set", "osl0[1-2]", "--reason", "new fans");
    const shown = JSON.parse(await ok("node", "show", "osl01", "--json")) as Row;
    assert.deepEqual(
      [shown["maintenance" as never], shown["maintenance_reason" as never]],
      [true, "new fans"],
    );
    await ok("node", "maintenance", "unset", "osl0[1-2]");
    assert.match(await ok("node", "show", "osl01"), /^maintenance +false$/m);
  });

  it("completes commands, options, states and names of nodes in bash", async () => {
    const program = join(folder, "bmcon");
    await execute("ln", ["-sf", join(import.meta.dirname, "../../../cli/main.js"), program]);
    const complete = async (line: string): Promise<string[]> => {
      const words = line.split(" ");
      const script = `source <("$0" "$1" completion bash)
        PATH="$2:$PATH"; COMP_WORDS=("$@"); COMP_WORDS=("\${COMP_WORDS[@]:2}")
        COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _baremetal_console; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const args = ["-c", script, process.execPath, program, folder, ...words];
      const { stdout } = await execute("bash", args, {
        env: { ...process.env, XDG_CONFIG_HOME: "/nonexistent", ...env },
      });
      return stdout.split("\n").filter((word) => word !== "");
    };
    await execute("chmod", ["+x", program]);
    assert.deepEqual(await complete("bmcon pow"), ["power"]);
    assert.deepEqual(await complete("bmcon console at"), ["attach"]);
    assert.deepEqual(await complete("bmcon console attach osl0"), ["osl01", "osl02", "osl03"]);
    assert.deepEqual(await complete("bmcon power osl01 osl03 o"), [
      "on",
      "off",
      "osl01",
      "osl02",
      "osl03",
    ]);
    assert.deepEqual(await complete("bmcon boot-device --url x osl01 px"), ["pxe"]);
    assert.deepEqual(await complete("bmcon node list --fi"), ["--fields"]);
    assert.deepEqual(await complete("bmcon node list --fields "), []);
    assert.deepEqual(await complete("bmcon --ver"), ["--version"]);
  });
});
