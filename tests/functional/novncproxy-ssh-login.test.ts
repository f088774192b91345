/** Who the SSH front door lets in, with OpenSSH's client: keys, and user names of the REST API. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FakeConsoleApi } from "../fakes/console-api.ts";
import { webSocketUrl } from "../../conductor/console-url.ts";
import { type ApiUnderTest, startApiUnderTest } from "../unit/api/api-under-test.ts";
import { programsOrSkip } from "../helpers/stock-client.ts";
import { SshWorld, type SshWorldOptions } from "../helpers/ssh-world.ts";

const LINE = { state: "connected", detail: null, since: new Date(0).toISOString() } as const;
const DENIED = /Permission denied/;
/** Of ssh itself. */
const SSH_FAILED = 255;

describe("a login at the SSH front door", function () {
  this.timeout(30_000);
  let world: SshWorld;
  let api: FakeConsoleApi;
  let node: string;

  beforeEach(async () => {
    api = new FakeConsoleApi(() => world.database);
    await api.start();
  });

  afterEach(async () => {
    await world.stop();
    await api.stop();
  });

  async function start(options: SshWorldOptions = {}): Promise<void> {
    world = await SshWorld.start(options);
    node = await world.addNode("node1");
  }

  const withApi = (): Promise<void> => start({ config: { "ssh.api_url": api.url } });

  async function sees(user: string, run: Parameters<SshWorld["ssh"]>[1]): Promise<string> {
    const ssh = world.ssh(user, { input: "", command: "who", ...run });
    const status = await ssh.end();
    return `${status} ${ssh.stdout}${ssh.stderr}`;
  }

  describe("with a key", () => {
    it("lets a listed key in under its comment's name", async () => {
      await start();
      assert.match(await sees("node1", {}), /^0 alice \(you\), by ssh, types/);
    });

    it("refuses another key", async () => {
      await start();
      const answer = await sees("node1", { identity: join(world.folder, "stranger") });
      assert.match(answer, DENIED);
      assert.equal(world.door.sessions.length, 0);
    });

    it("limits a key to nodes, whose absence and foreignness look the same", async () => {
      await start({ keyOptions: 'nodes="web-*,!web-9"' });
      await world.addNode("web-1");
      await world.addNode("web-9");
      assert.match(await sees("web-1", {}), /^0 alice/);
      for (const name of ["web-9", "node1", "web-nowhere"])
        assert.match(await sees(name, {}), new RegExp(`^5 .*Node ${name} could not be found`));
      assert.match(await sees(node, {}), /could not be found/);
    });

    it("limits a key to looking", async () => {
      await start({ keyOptions: 'mode="view"' });
      assert.match(await sees("node1", {}), /^0 alice \(you\), by ssh, view only/);
    });

    it("lets nobody type with [vnc]read_only", async () => {
      await start({ config: { "vnc.read_only": "true" } });
      assert.match(await sees("node1", {}), /view only/);
    });

    for (const [type, bits] of [
      ["rsa", "2048"],
      ["ecdsa", "256"],
    ] as const)
      it(`takes keys of type ${type}, from the file as it is now`, async () => {
        await start();
        const file = join(world.folder, type);
        execFileSync("ssh-keygen", [
          "-q",
          "-t",
          type,
          "-b",
          bits,
          "-N",
          "",
          "-C",
          "carol",
          "-f",
          file,
        ]);
        assert.match(await sees("node1", { identity: file }), DENIED);
        appendFileSync(join(world.folder, "authorized_keys"), readFileSync(`${file}.pub`));
        assert.match(await sees("node1", { identity: file }), /^0 carol/);
      });

    it("takes no RSA signature with SHA-1", async () => {
      await start();
      const file = join(world.folder, "rsa");
      execFileSync("ssh-keygen", ["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", file]);
      appendFileSync(join(world.folder, "authorized_keys"), readFileSync(`${file}.pub`));
      const args = ["-o", "PubkeyAcceptedAlgorithms=ssh-rsa"];
      assert.match(await sees("node1", { identity: file, args }), DENIED);
      assert.match(await sees("node1", { identity: file }), /^0 /);
    });

    it("forgets a key that was taken out, and trusts no file that others may write", async () => {
      await start();
      const file = join(world.folder, "authorized_keys");
      const text = readFileSync(file, "utf8");
      writeFileSync(file, "");
      assert.match(await sees("node1", {}), DENIED);
      writeFileSync(file, text);
      assert.match(await sees("node1", {}), /^0 alice/);
      chmodSync(file, 0o666);
      assert.match(await sees("node1", {}), DENIED);
    });

    it("gives a key no password to try where there is no api", async () => {
      await start();
      const answers = { assword: "x" };
      const answer = await sees("node1", { identity: null, answers });
      assert.match(answer, /Permission denied \(publickey\)/);
    });
  });

  describe("with a password of the REST API", () => {
    const password = "secret:with colon";

    it("asks for user and password, and opens the session with the API's own token", async () => {
      await withApi();
      const answers = { "User:": "bob", "Password:": password };
      assert.match(await sees("node1", { identity: null, answers }), /^0 bob \(you\)/);
      const [probe, asked] = api.requests;
      const path = "/v1/nodes/node1/states/console?console_type=serial";
      assert.deepEqual(probe, { path, authorized: false });
      assert.deepEqual(asked, { path, authorized: true });
      assert.equal(world.door.sessions[0]?.nodeUuid, node);
    });

    it("asks for the password only with USER%NODE", async () => {
      await withApi();
      const answers = { "Password:": password };
      assert.match(await sees("bob%node1+view", { identity: null, answers }), /^0 bob .*view only/);
    });

    it("takes the plain password method, with USER%NODE or as USER:PASSWORD", async () => {
      await withApi();
      const args = ["-o", "PreferredAuthentications=password"];
      const one = { assword: password };
      assert.match(await sees("bob%node1", { identity: null, answers: one, args }), /^0 bob/);
      const both = { assword: `bob:${password}` };
      assert.match(await sees("node1", { identity: null, answers: both, args }), /^0 bob/);
    });

    it("refuses wrong passwords, unknown users and malformed ones alike", async () => {
      await withApi();
      const said = new Set<string>();
      for (const [user, answers] of [
        ["bob%node1", { "Password:": "wrong" }],
        ["eve%node1", { "Password:": password }],
        ["bob%no such node", { "Password:": password }],
        ["node1", { "User:": "", "Password:": password }],
      ] as const) {
        const answer = await sees(user, { identity: null, answers });
        said.add(answer.replaceAll(user, "WHO"));
      }
      assert.equal(said.size, 1, [...said].join("\n"));
      assert.match([...said].join(""), DENIED);
      assert.equal(world.door.sessions.length, 0);
    });

    it("tells one whose password is right what there is not", async () => {
      await withApi();
      await world.addNode("dark", { off: true });
      const run = { identity: null, answers: { "Password:": password } };
      assert.match(await sees("bob%nowhere", run), /^5 .*Node nowhere could not be found/);
      assert.match(await sees("bob%dark", run), /^2 .*switched off/);
    });

    it("lets nobody in by an API that asks for no password", async () => {
      await withApi();
      api.open = true;
      const run = { identity: null, answers: { "Password:": password } };
      assert.match(await sees("bob%node1", run), DENIED);
      assert.ok(api.requests.every(({ authorized }) => !authorized));
    });

    it("lets nobody in by an API that is broken or gone", async () => {
      await withApi();
      const run = { identity: null, answers: { "Password:": password } };
      for (const status of [403, 500, 302]) {
        api.status = status;
        assert.match(await sees("bob%node1", run), DENIED);
      }
    });

    it("stops asking the API after many failures from one address", async () => {
      await withApi();
      const run = { identity: null, answers: { "Password:": "wrong" } };
      for (let round = 0; round < 8; round += 1) await sees("bob%node1", run);
      const asked = api.requests.length;
      assert.match(await sees("bob%node1", { ...run, answers: { "Password:": password } }), DENIED);
      assert.equal(api.requests.length, asked);
    });

    it("prefers this program's own API, as soon as it runs", async () => {
      let url: string | undefined;
      await start({ ownApiUrl: () => url });
      const run = { identity: null, answers: { "Password:": password } };
      assert.match(await sees("bob%node1", run), /Permission denied \(publickey\)/);
      url = api.url;
      assert.match(await sees("bob%node1", run), /^0 bob/);
    });
  });

  describe("with the real API behind it", () => {
    let real: ApiUnderTest | undefined;

    afterEach(() => real?.stop());

    it("lets in whom http_basic knows, and nobody else", async function () {
      programsOrSkip(this, ["htpasswd"], "apt-get install apache2-utils");
      real = await startApiUnderTest({ "DEFAULT.auth_strategy": "http_basic" }, (folder) => {
        const args = ["-niB", "-C", "5", "admin"];
        const line = execFileSync("htpasswd", args, { input: "pass:wörd" });
        appendFileSync(join(folder, "htpasswd"), line);
      });
      const { database, conductor } = real;
      conductor.getConsoleInformation = async ({ userId }, uuid, { consoleType, mode } = {}) => {
        assert.equal(consoleType, "serial");
        const { token } = await database.tokens.authorize({
          nodeUuid: uuid,
          consoleType: "serial",
          mode: mode ?? "control",
          userId,
          projectId: null,
          ttlSeconds: 60,
        });
        const address = webSocketUrl("http://proxy.invalid:6090/vnc_lite.html", uuid, token);
        return { type: "serial", url: address, websocket_url: address, line: LINE };
      };
      await start({ database, config: { "ssh.api_url": `${real.service.url}/v1/` } });
      await world.addNode("dark", { off: true });
      const right = { identity: null, answers: { "Password:": "pass:wörd" } };
      const wrong = { identity: null, answers: { "Password:": "password" } };
      assert.match(await sees("admin%node1", right), /^0 admin \(you\), by ssh, types/);
      assert.match(await sees("admin%node1+view", right), /^0 admin \(you\), by ssh, view only/);
      assert.match(await sees("admin%node1", wrong), DENIED);
      assert.match(await sees("root%node1", right), DENIED);
      assert.match(await sees("admin%dark", right), /^2 .*switched off/);
      assert.match(await sees("admin%nowhere", right), /^5 .*could not be found/);
    });

    it("lets nobody in by noauth", async () => {
      real = await startApiUnderTest();
      await start({ database: real.database, config: { "ssh.api_url": real.service.url } });
      const run = { identity: null, answers: { "Password:": "x" } };
      assert.match(await sees("admin%node1", run), DENIED);
    });
  });

  it("shows the host key that it made, readable by its owner only, at every start", async () => {
    await start();
    const file = join(world.folder, "ssh_host_ed25519_key");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const listed = execFileSync("ssh-keygen", ["-l", "-f", file], { encoding: "utf8" });
    assert.equal(listed.split(" ")[1], world.server.fingerprint);
    assert.match(listed, /\(ED25519\)/);
  });

  it("agrees to nothing old, and names no version", async () => {
    await start();
    for (const [option, value] of [
      ["KexAlgorithms", "diffie-hellman-group14-sha1"],
      ["KexAlgorithms", "diffie-hellman-group14-sha256"],
      ["Ciphers", "aes128-cbc"],
      ["MACs", "hmac-sha1"],
    ] as const) {
      const ciphers = option === "MACs" ? ["-o", "Ciphers=aes128-ctr"] : [];
      const args = ["-o", `${option}=${value}`, ...ciphers, "-o", "LogLevel=DEBUG1"];
      const ssh = world.ssh("node1", { args, input: "" });
      assert.equal(await ssh.end(), SSH_FAILED);
      assert.match(ssh.stderr, /no matching|Unable to negotiate/);
    }
    const verbose = world.ssh("node1", {
      args: ["-o", "LogLevel=DEBUG1"],
      command: "who",
      input: "",
    });
    await verbose.end();
    assert.match(verbose.stderr, /remote software version baremetal_console\s/);
  });

  it("forwards nothing and has no subsystems", async () => {
    await start();
    const ssh = world.ssh("node1", {
      args: ["-A", "-R", "0:127.0.0.1:1", "-o", "LogLevel=INFO", "-tt"],
    });
    await ssh.shows(/remote port forwarding failed/i);
    const sftp = world.ssh("node1", { args: ["-s"], command: "sftp", input: "" });
    assert.equal(await sftp.end(), SSH_FAILED);
    assert.match(sftp.stderr, /subsystem request failed/);
  });

  it("lets a second channel of a connection not in", async () => {
    await start();
    const control = join(world.folder, "control");
    const first = world.ssh("node1", { args: ["-M", "-S", control, "-tt"] });
    await first.shows("connected to the machine");
    const second = world.ssh("node1", {
      args: ["-S", control, "-o", "ProxyCommand=false"],
      input: "",
      command: "who",
    });
    assert.equal(await second.end(), SSH_FAILED);
    assert.equal(world.door.sessions.length, 1);
  });
});
