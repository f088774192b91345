/** The SSH front door of a whole novncproxy, in front of a real serial line: same sessions, rows, kills. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProxyWorld, type ProxyWorld } from "../helpers/novncproxy-world.ts";
import { OpenSshClient } from "../helpers/openssh-client.ts";
import { until } from "../helpers/until.ts";

const NAME = "rack1-node7";

describe("ssh to a machine's serial line", function () {
  this.timeout(30_000);
  let folder: string;
  let world: ProxyWorld;
  let node: string;
  let machine: Server;
  let lines: Socket[];
  let heard: string;
  let clients: OpenSshClient[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "bmc-ssh-line-"));
    lines = [];
    clients = [];
    heard = "";
    machine = createServer((line) => {
      lines.push(line);
      line.on("error", () => {});
      line.on("data", (bytes: Buffer) => {
        heard += bytes.toString("latin1");
        line.write(`<${bytes.toString("latin1")}>`);
      });
      line.write("tinyguest login: ");
    });
    machine.listen(0, "127.0.0.1");
    await once(machine, "listening");
    execFileSync("ssh-keygen", [
      "-q",
      "-t",
      "ed25519",
      "-N",
      "",
      "-C",
      "alice",
      "-f",
      `${folder}/alice`,
    ]);
    const key = readFileSync(`${folder}/alice.pub`, "utf8");
    writeFileSync(`${folder}/authorized_keys`, key, { mode: 0o600 });
  });

  afterEach(async () => {
    for (const client of clients) client.kill("SIGKILL");
    for (const client of clients) await client.end();
    await world.stop();
    for (const line of lines) line.destroy();
    machine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(config: Readonly<Record<string, string>> = {}): Promise<void> {
    world = await startProxyWorld({
      statePath: folder,
      config: {
        "ssh.enabled": "true",
        "ssh.port": "0",
        "ssh.authorized_keys_file": join(folder, "authorized_keys"),
        ...config,
      },
    });
    node = randomUUID();
    await world.database.nodes.create({
      uuid: node,
      driver: "fake-hardware",
      name: NAME,
      consoleEnabled: true,
      consoleEndpoint: {
        consoleType: "serial",
        transport: {
          kind: "tcp",
          host: "127.0.0.1",
          port: (machine.address() as AddressInfo).port,
        },
        allowedSecurityTypes: [],
        serial: { dialect: "raw", hold: "on-demand" },
      },
    });
  }

  function ssh(user: string, ...args: string[]): OpenSshClient {
    const client = new OpenSshClient(
      [
        "-F",
        "none",
        "-p",
        String(world.proxy.sshPort),
        "-l",
        user,
        "-i",
        `${folder}/alice`,
        "-oStrictHostKeyChecking=no",
        "-oUserKnownHostsFile=/dev/null",
        "-oIdentitiesOnly=yes",
        "-oBatchMode=yes",
        "-oLogLevel=ERROR",
        ...args,
      ],
      process.env,
    );
    clients.push(client);
    return client;
  }

  const terminal = (user = NAME): OpenSshClient => ssh(user, "-tt", "127.0.0.1");

  it("carries keys and answers, and writes down who it was and how it ended", async () => {
    await start();
    const client = terminal();
    await client.shows("tinyguest login: ");
    client.type("root\r");
    await client.shows("<root\r>");
    const [row] = await world.database.sessions.listActive();
    assert.equal(row?.userId, "alice");
    assert.equal(row.consoleType, "serial");
    assert.equal(row.sourceAddress, "127.0.0.1");
    assert.match(row.userAgent ?? "", /^ssh OpenSSH/);
    client.type("\u0005c.");
    assert.equal(await client.end(), 0);
    const reason = async (): Promise<string | null | undefined> =>
      (await world.database.sessions.get(row.id))?.closedReason;
    await until(async () => (await reason()) === "tenant_closed", "the closed row");
    assert.ok(((await world.database.sessions.get(row.id))?.bytesToHost ?? 0) >= 5);
  });

  it("keeps one who may look from typing", async () => {
    await start();
    const viewer = terminal(`${NAME}+view`);
    await viewer.shows("view only");
    await viewer.shows("tinyguest login: ");
    viewer.type("rm -rf /\r");
    const typist = terminal();
    await typist.shows("also here: alice (view only)");
    typist.type("x");
    await viewer.shows("<x>");
    assert.equal(heard, "x");
  });

  it("ends the session when an operator kills it", async () => {
    await start();
    const client = terminal();
    await client.shows("tinyguest login: ");
    const [row] = await world.database.sessions.listActive();
    await world.database.sessions.requestKill(row?.id ?? "", "killed_by_operator");
    assert.equal(await client.end(), 1);
    assert.match(client.stdout, /closed because an operator ended this session/);
  });

  it("counts for the limits of the node", async () => {
    await start({ "vnc.max_sessions_per_node": "1" });
    await terminal().shows("tinyguest login: ");
    const second = terminal();
    assert.equal(await second.end(), 7);
    assert.match(second.stdout, /this machine has as many console sessions as are allowed, 1/);
  });

  it("ends after [vnc]idle_timeout, with a warning first", async () => {
    await start({ "vnc.idle_timeout": "3", "vnc.timeout_warning": "2" });
    const client = terminal();
    await client.shows(/nobody types; the session ends in \d seconds?, any key keeps it open/);
    assert.equal(await client.end(), 1);
    assert.match(client.stdout, /closed because nobody typed for a while/);
  });

  it("says why when the proxy stops, and is gone with it", async () => {
    await start();
    const client = terminal();
    await client.shows("tinyguest login: ");
    const began = performance.now();
    await world.proxy.stop();
    assert.equal(await client.end(), 1);
    assert.match(client.stdout, /the console service is restarting/);
    assert.ok(performance.now() - began < 5_000);
  });

  it("answers who, replay and a pipe", async () => {
    await start();
    const watching = terminal();
    await watching.shows("tinyguest login: ");
    const who = ssh(NAME, "127.0.0.1", "who");
    assert.equal(await who.end(), 0, who.stderr);
    assert.equal(who.stdout.split("\n").length, 3);
    assert.match(who.stdout, /alice, by ssh, types/);
    const replay = ssh(NAME, "127.0.0.1", "replay", "1");
    assert.equal(await replay.end(), 0, replay.stderr);
    assert.equal(replay.stdout, "tinyguest login: ");
    const pipe = ssh(NAME, "127.0.0.1");
    pipe.type("uptime\r");
    pipe.endInput();
    assert.equal(await pipe.end(), 0);
    assert.equal(pipe.stdout, "<uptime\r>");
  });
});
