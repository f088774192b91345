/**
 * OpenStack's unmodified command line clients against the running service: real api, real conductor
 * and drivers, and a real VNC server that wants a password. What they print is the proof.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Releasers } from "../../common/lifecycle.ts";
import type { Database } from "../../db/database.ts";
import type { Node } from "../../common/node.ts";
import { type Row, StockClient, stockClientsOrSkip } from "../helpers/stock-client.ts";
import { CONSOLE_BASE, HOST, startWorld, type World } from "../helpers/stock-client-service.ts";
import { startVncServer } from "../helpers/vnc-servers.ts";

const VNC_PASSWORD = "s3cr3tpw";
const WAIT_SECONDS = 20;

/** Resolves when the stored node is as wanted and nobody holds it. */
async function nodeIs(
  database: Database,
  ident: string,
  what: string,
  wanted: (node: Node) => boolean,
): Promise<void> {
  const end = Date.now() + WAIT_SECONDS * 1000;
  for (;;) {
    const node = await database.nodes.get(ident);
    if (node.reservation === null && wanted(node)) return;
    if (Date.now() > end)
      throw new Error(`${ident} is not ${what}: ${node.lastError ?? JSON.stringify(node)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

describe("the stock baremetal client", function () {
  this.timeout(120_000);
  let world: World;
  let client: StockClient;
  let database: Database;
  let vncPort = 0;
  const releasers = new Releasers();

  before("start the service and a VNC server with a password", async function () {
    stockClientsOrSkip(this);
    const vnc = await startVncServer({ kind: "xvnc-vncauth", password: VNC_PASSWORD });
    releasers.push("vnc server", () => vnc.stop());
    world = await startWorld();
    releasers.push("world", () => world.stop());
    ({ database } = world);
    client = world.client();
    vncPort = vnc.port;
  });
  after(() => releasers.stop());

  it("lists and shows drivers and their properties", async () => {
    const [list, shown, properties, passthru] = await Promise.all([
      client.list("driver list"),
      client.show("driver show manual-management"),
      client.list("driver property list manual-management"),
      client.list("driver passthru list fake-hardware"),
    ]);
    assert.deepEqual(list, [
      { "Supported driver(s)": "fake-hardware", "Active host(s)": HOST },
      { "Supported driver(s)": "manual-management", "Active host(s)": HOST },
    ]);
    assert.equal(shown["default_console_interface"], "vnc");
    assert.equal(shown["type"], "dynamic");
    assert.ok(properties.some((row) => row["Property"] === "vnc_password"));
    assert.deepEqual(passthru, []);
  });

  it("lists and shows conductors", async () => {
    const [list, shown] = await Promise.all([
      client.list("conductor list"),
      client.show(`conductor show ${HOST}`),
    ]);
    assert.deepEqual(list, [{ Hostname: HOST, "Conductor Group": "", Alive: true }]);
    assert.equal(shown["alive"], true);
    assert.deepEqual(shown["drivers"], ["fake-hardware", "manual-management"]);
  });

  it("creates nodes and never sees the password again", async () => {
    const driverInfo = [
      "vnc_address=127.0.0.1",
      `vnc_port=${vncPort}`,
      `vnc_password=${VNC_PASSWORD}`,
    ]
      .map((option) => `--driver-info ${option}`)
      .join(" ");
    const [vm, fake] = await Promise.all([
      client.show(
        `node create --driver manual-management --name vm-1 ${driverInfo} --resource-class rc1 --property cpus=4 --extra a=b --console-interface vnc`,
      ),
      client.show("node create --driver fake-hardware --name fake-1"),
    ]);
    assert.equal(vm["name"], "vm-1");
    assert.deepEqual(vm["driver_info"], {
      vnc_address: "127.0.0.1",
      vnc_port: vncPort,
      vnc_password: "******",
    });
    assert.deepEqual(vm["properties"], { cpus: 4 });
    assert.equal(vm["console_interface"], "vnc");
    assert.equal(vm["provision_state"], "enroll");
    assert.equal(vm["conductor"], HOST);
    assert.equal(fake["driver"], "fake-hardware");
    assert.ok(!JSON.stringify(await database.nodes.get("vm-1")).includes(VNC_PASSWORD));
  });

  it("lists nodes in every form", async () => {
    const [plain, long, fields, filtered, limited] = await Promise.all([
      client.list("node list"),
      client.list("node list --long"),
      client.list("node list --fields name driver_info console_enabled"),
      client.list("node list --driver fake-hardware"),
      client.list("node list --limit 1"),
    ]);
    const names = (rows: Row[]): string[] => rows.map((row) => row["Name"] as string).sort();
    assert.deepEqual(names(plain), ["fake-1", "vm-1"]);
    assert.equal(plain[0]?.["Provisioning State"], "enroll");
    assert.equal(long.length, 2);
    assert.ok("Console Enabled" in (long[0] ?? {}));
    assert.ok(!JSON.stringify([long, fields]).includes(VNC_PASSWORD));
    const vm = fields.find((row) => row["Name"] === "vm-1");
    assert.equal((vm?.["Driver Info"] as Row | undefined)?.["vnc_password"], "******");
    assert.equal(vm?.["Console Enabled"], false);
    assert.deepEqual(names(filtered), ["fake-1"]);
    assert.equal(limited.length, 1);
  });

  it("shows a node, whole and by fields, at other versions too", async () => {
    const [whole, fields, old, latest] = await Promise.all([
      client.show("node show vm-1"),
      client.show("node show vm-1 --fields uuid name"),
      client.list("--os-baremetal-api-version 1.40 node list"),
      client.list("--os-baremetal-api-version latest node list"),
    ]);
    assert.equal(whole["resource_class"], "rc1");
    assert.deepEqual(Object.keys(fields), ["name", "uuid"]);
    assert.equal(old.length, 2);
    assert.equal(latest.length, 2);
  });

  it("sets and unsets attributes", async () => {
    const set = await client.baremetal(
      "node set vm-1 --extra rack=r1 --property cpus=2 --protected --resource-class rc9 --description d9 --driver-info vnc_tls=none",
    );
    assert.deepEqual([set.status, set.stderr], [0, ""]);
    const changed = await client.show("node show vm-1");
    assert.deepEqual(changed["extra"], { a: "b", rack: "r1" });
    assert.equal(changed["protected"], true);
    assert.equal(changed["description"], "d9");
    const unset = await client.baremetal(
      "node unset vm-1 --extra rack --property cpus --protected --resource-class --description --driver-info vnc_tls",
    );
    assert.deepEqual([unset.status, unset.stderr], [0, ""]);
    const node = await database.nodes.get("vm-1");
    assert.deepEqual(node.extra, { a: "b" });
    assert.equal(node.protected, false);
    assert.equal(node.resourceClass, null);
    assert.deepEqual(Object.keys(node.driverInfo), ["vnc_address", "vnc_port", "vnc_password"]);
  });

  it("validates a node", async () => {
    const rows = await client.list("node validate vm-1");
    const results = Object.fromEntries(rows.map((row) => [row["Interface"], row["Result"]]));
    assert.equal(results["console"], true);
    assert.equal(results["power"], true);
    assert.equal(results["rescue"], false);
  });

  it("enables, shows and disables the console of a machine that wants a password", async () => {
    const enable = await client.baremetal("node console enable vm-1");
    assert.deepEqual([enable.status, enable.stderr], [0, ""]);
    await nodeIs(database, "vm-1", "enabled", (node) => node.consoleEnabled);
    const { uuid } = await database.nodes.get("vm-1");
    const [shown, again] = await Promise.all([
      client.show("node console show vm-1"),
      client.openstackShow(`node console show ${uuid}`),
    ]);
    const urls = [shown, again].map((row) => {
      assert.equal(row["console_enabled"], true);
      const info = row["console_info"] as { type: string; url: string };
      assert.equal(info.type, "vnc");
      return info.url;
    });
    for (const url of urls) {
      assert.ok(url.startsWith(`${CONSOLE_BASE}?path=websockify%3Fnode%3D${uuid}%26token%3D`), url);
      const path = new URL(url).searchParams.get("path") ?? "";
      const token = new URLSearchParams(path.split("?")[1]).get("token") ?? "";
      assert.equal((await database.tokens.validate(token, uuid)).nodeUuid, uuid);
    }
    assert.notEqual(urls[0], urls[1]);
    const disable = await client.baremetal("node console disable vm-1");
    assert.deepEqual([disable.status, disable.stderr], [0, ""]);
    await nodeIs(database, "vm-1", "disabled", (node) => !node.consoleEnabled);
    const off = await client.show("node console show vm-1");
    assert.deepEqual(off, { console_enabled: false, console_info: null });
  });

  it("prints why a console cannot be enabled", async () => {
    await client.baremetal("node set fake-1 --console-interface no-console");
    const { status, stderr } = await client.baremetal("node console enable fake-1");
    assert.equal(status, 1);
    assert.ok(
      stderr.includes(
        "Driver fake-hardware does not support console (disabled or not implemented).",
      ),
      stderr,
    );
  });

  it("switches power", async () => {
    const power = async (action: string, state: string): Promise<void> => {
      const { status, stderr } = await client.baremetal(`node ${action} fake-1`);
      assert.deepEqual([status, stderr], [0, ""]);
      await nodeIs(database, "fake-1", state, (node) => node.powerState === state);
    };
    await power("power on", "power on");
    await power("power off", "power off");
    await power("reboot", "power on");
    await power("power off --soft", "power off");
  });

  it("sets and shows the boot device and injects an NMI", async () => {
    const set = await client.baremetal("node boot device set fake-1 pxe --persistent");
    assert.deepEqual([set.status, set.stderr], [0, ""]);
    const shown = await client.show("node boot device show fake-1");
    assert.deepEqual(shown, { boot_device: "pxe", persistent: true });
    const [supported, passthru, nmi] = await Promise.all([
      client.show("node boot device show --supported fake-1"),
      client.list("node passthru list fake-1"),
      client.baremetal("node inject nmi fake-1"),
    ]);
    assert.match(String(supported["supported_boot_devices"]), /pxe/);
    assert.deepEqual(passthru, []);
    assert.deepEqual([nmi.status, nmi.stderr], [0, ""]);
  });

  it("sets and clears maintenance", async () => {
    await client.baremetal("node maintenance set fake-1 --reason because");
    const inMaintenance = await client.list(
      "node list --maintenance --fields name maintenance_reason",
    );
    assert.deepEqual(inMaintenance, [{ Name: "fake-1", "Maintenance Reason": "because" }]);
    const { status } = await client.baremetal("node maintenance unset fake-1");
    assert.equal(status, 0);
    assert.equal((await database.nodes.get("fake-1")).maintenance, false);
  });

  it("manages and provides a node and waits for it", async () => {
    for (const [verb, state] of [
      ["manage", "manageable"],
      ["provide", "available"],
    ] as const) {
      const { status, stderr } = await client.baremetal(`node ${verb} --wait 30 fake-1`);
      assert.equal(status, 0, stderr);
      assert.equal((await database.nodes.get("fake-1")).provisionState, state);
    }
  });

  it("works as openstack baremetal too", async () => {
    const [nodes, drivers, validation] = await Promise.all([
      client.openstackList("node list"),
      client.openstackList("driver list"),
      client.openstackList("node validate fake-1"),
    ]);
    assert.equal(nodes.length, 2);
    assert.equal(drivers.length, 2);
    assert.ok(validation.length >= 10);
  });

  it("works through openstacksdk, which picks a version for every call", async () => {
    const seen = await client.sdk(
      [
        'n = bm.create_node(driver="fake-hardware", name="sdk-1", driver_info={"a_password": "x"})',
        "out = [n.provision_state, n.driver_info]",
        'n = bm.update_node(n, extra={"a": 1})',
        'bm.validate_node(n, required=("power", "console"))',
        'bm.set_node_power_state(n, "power on", wait=True)',
        'bm.set_node_maintenance(n, "why")',
        "n = bm.get_node(n)",
        "out += [n.power_state, n.is_maintenance, n.extra]",
        'out += [sorted(x.name for x in bm.nodes(details=True, limit=1)), bm.find_node("nosuch")]',
        "out += [list(bm.ports()), bm.list_node_vifs(n), [c.hostname for c in bm.conductors()]]",
        "bm.delete_node(n)",
        "print(json.dumps(out))",
      ].join("\n"),
    );
    assert.deepEqual(seen, [
      "available",
      { a_password: "******" },
      "power on",
      true,
      { a: 1 },
      ["fake-1", "sdk-1", "vm-1"],
      null,
      [],
      [],
      [HOST],
    ]);
  });

  it("deletes nodes and says which one is unknown", async () => {
    const { status, stderr, stdout } = await client.baremetal("node delete fake-1 vm-1 nosuch");
    assert.equal(status, 1);
    assert.match(stdout, /Deleted node fake-1\s+Deleted node vm-1/);
    assert.match(stderr, /Node nosuch could not be found\./);
    assert.deepEqual(await database.nodes.list(), []);
  });
});

describe("the stock baremetal client with a user and a password", function () {
  this.timeout(60_000);
  let world: World;
  before("start the service with http_basic", async function () {
    stockClientsOrSkip(this);
    world = await startWorld({ "DEFAULT.auth_strategy": "http_basic" }, (folder) => {
      const line = execFileSync("htpasswd", ["-niB", "-C", "5", "admin"], { input: "pass word" });
      writeFileSync(join(folder, "htpasswd"), line);
    });
  });
  after(() => world?.stop());

  it("is let in with the right one and told about the wrong one", async () => {
    const login = { username: "admin", password: "pass word" };
    const [right, wrong] = await Promise.all([
      world.client({ login }).list("driver list"),
      world.client({ login: { ...login, password: "nope" } }).baremetal("driver list"),
    ]);
    assert.equal(right.length, 2);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /Incorrect username or password|Unauthorized|401/);
  });
});
