/** The SSH front door as OpenSSH's client meets it, with a key, in front of a line of the test's own. */
import assert from "node:assert/strict";
import { TooManySessions } from "../../common/errors.ts";
import { SshWorld } from "../helpers/ssh-world.ts";
import { until } from "../helpers/until.ts";

const CONTROL_E_C = "\u0005c";

describe("ssh NODE@HOST", function () {
  this.timeout(30_000);
  let world: SshWorld;
  let node: string;

  beforeEach(async () => {
    world = await SshWorld.start();
    node = await world.addNode("node1");
  });

  afterEach(() => world.stop());

  describe("at a terminal", () => {
    it("carries keys to the machine and its answers back", async () => {
      const ssh = world.ssh("node1", { args: ["-tt"] });
      const session = await world.door.session();
      session.say("login: ");
      await ssh.shows("login: ");
      ssh.type("root\r");
      await until(() => session.typed.toString() === "root\r", "typed bytes");
    });

    it("opens the session as the key's name, from its address, as ssh", async () => {
      world.ssh("node1", { args: ["-tt"] });
      const { user, mode, nodeUuid, request } = await world.door.session();
      assert.deepEqual(
        { user, mode, nodeUuid, via: request.via, source: request.sourceAddress },
        { user: "alice", mode: "control", nodeUuid: node, via: "ssh", source: "127.0.0.1" },
      );
      assert.match(request.userAgent ?? "", /^ssh OpenSSH_/);
    });

    it("takes a node's UUID as well, and NODE+view for looking only", async () => {
      world.ssh(`${node}+view`, { args: ["-tt"] });
      const session = await world.door.session();
      assert.equal(session.nodeUuid, node);
      assert.equal(session.mode, "view");
    });

    it("detaches at control-e c . with exit status 0", async () => {
      const ssh = world.ssh("node1", { args: ["-tt"] });
      const session = await world.door.session();
      ssh.type(`${CONTROL_E_C}.`);
      assert.equal(await ssh.end(), 0);
      assert.equal(session.ended, "tenant_closed");
      await until(() => session.socketClosed, "closed socket");
      assert.equal(session.typed.length, 0);
    });

    it("sends breaks for control-e c b and for the ssh client's own ~B", async () => {
      const ssh = world.ssh("node1", { args: ["-tt", "-e", "~"] });
      const session = await world.door.session();
      ssh.type(`${CONTROL_E_C}b`);
      await until(() => session.requests.length === 1, "a break");
      ssh.type("\r~B");
      await until(() => session.requests.length === 2, "a second break");
      assert.deepEqual(session.requests, [{ type: "break" }, { type: "break" }]);
    });

    it("asks for scrollback, control and help behind control-e c", async () => {
      const ssh = world.ssh("node1", { args: ["-tt"] });
      const session = await world.door.session();
      ssh.type(`${CONTROL_E_C}r${CONTROL_E_C}f${CONTROL_E_C}w${CONTROL_E_C}?`);
      await ssh.shows(/alice \(you\), by ssh, types.*Ctrl-E c \. +detach/s);
      assert.deepEqual(
        session.requests.map(({ type }) => type),
        ["replay", "take_control"],
      );
    });

    it("lets a lone control-e through after a moment", async () => {
      const ssh = world.ssh("node1", { args: ["-tt"] });
      const session = await world.door.session();
      ssh.type("\u0005");
      await until(() => session.typed.equals(Buffer.from([5])), "the control-e");
    });

    it("shows what the line does in words, with hostile text made harmless", async () => {
      const ssh = world.ssh("node1", { args: ["-tt"] });
      const session = await world.door.session();
      await ssh.shows("connected to the machine");
      session.notice({
        type: "line",
        state: "reconnecting",
        detail: "BMC says \u001b]0;owned\u0007",
        since: 0,
        retrySeconds: 4.2,
      });
      await ssh.shows(
        "the serial line is lost: BMC says \\u{1b}]0;owned\\u{7}; next attempt in 5 s",
      );
      assert.ok(!ssh.stdout.includes("\u001b]"));
    });

    it("carries every byte value both ways", async () => {
      const all = Buffer.from(Array.from({ length: 256 }, (_none, index) => index));
      const ssh = world.ssh("node1", { args: ["-tt", "-e", "none"] });
      const session = await world.door.session();
      session.say(Buffer.concat([Buffer.from("<<"), all, Buffer.from(">>")]));
      await ssh.shows(">>");
      assert.ok(ssh.bytes.includes(all));
      ssh.type(all);
      await until(() => session.typed.length === 256, "all bytes");
      assert.deepEqual(session.typed, all);
    });

    it("tells why an operator ended the session, and exits with 1", async () => {
      const ssh = world.ssh("node1", { args: ["-tt"] });
      const session = await world.door.session();
      session.close("killed_by_operator");
      assert.equal(await ssh.end(), 1);
      assert.match(ssh.stdout, /\[bmcon: closed because an operator ended this session\]/);
      await until(() => session.socketClosed, "closed socket");
    });

    it("notes a client that was killed", async () => {
      const ssh = world.ssh("node1", { args: ["-tt"] });
      const session = await world.door.session();
      ssh.kill("SIGKILL");
      await until(() => session.socketClosed, "closed socket");
      assert.match(session.ended ?? "", /^(?:tenant_closed|network_reset)$/);
    });
  });

  describe("at a pipe", () => {
    it("sends its input and gives the machine a moment to answer", async () => {
      world.door.scrollback = "old news\n";
      const ssh = world.ssh("node1", { input: "reboot\r" });
      const session = await world.door.session();
      await until(() => session.typed.toString() === "reboot\r", "the input");
      session.say("rebooting\r\n");
      assert.equal(await ssh.end(), 0);
      assert.equal(ssh.stdout, "rebooting\r\n");
      assert.match(ssh.stderr, /bmcon: connected to the machine/);
      assert.equal(session.ended, "tenant_closed");
    });

    it("gives keys no meaning", async () => {
      const ssh = world.ssh("node1", { input: `${CONTROL_E_C}.x` });
      const session = await world.door.session();
      await ssh.end();
      assert.equal(session.typed.toString(), `${CONTROL_E_C}.x`);
    });

    it("carries a megabyte of input, and of output", async () => {
      const input = Buffer.alloc(1024 * 1024, "0123456789abcde\n");
      const ssh = world.ssh("node1", { input });
      const session = await world.door.session();
      for (let index = 0; index < 16; index += 1)
        session.say(input.subarray(index * 65_536, (index + 1) * 65_536));
      assert.equal(await ssh.end(), 0);
      assert.ok(session.typed.equals(input));
      assert.ok(ssh.bytes.equals(input));
    });
  });

  describe("with a command", () => {
    it("says who is there", async () => {
      const ssh = world.ssh("node1", { command: "who", input: "" });
      assert.equal(await ssh.end(), 0);
      assert.match(ssh.stdout, /^alice \(you\), by ssh, types, since \S+\n$/);
    });

    it("shows the last lines of the scrollback", async () => {
      world.door.scrollback = "one\r\ntwo\r\nthree\r\n";
      const ssh = world.ssh("node1", { command: "replay 2", input: "" });
      assert.equal(await ssh.end(), 0);
      assert.equal(ssh.stdout, "two\r\nthree\r\n");
    });

    it("sends a break", async () => {
      const ssh = world.ssh("node1", { command: "break", input: "" });
      assert.equal(await ssh.end(), 0);
      assert.deepEqual((await world.door.session()).requests, [{ type: "break" }]);
    });

    it("says which there are for any other, and opens nothing", async () => {
      const ssh = world.ssh("node1", { command: "cat /etc/passwd", input: "" });
      assert.equal(await ssh.end(), 2);
      assert.match(ssh.stderr, /the commands are who, replay LINES and break/);
      assert.equal(world.door.sessions.length, 0);
    });
  });

  describe("to a console that cannot be had", () => {
    it("says behind the login that there is no such node", async () => {
      const ssh = world.ssh("nothing", { input: "" });
      assert.equal(await ssh.end(), 5);
      assert.match(ssh.stderr, /Node nothing could not be found/);
    });

    it("says that the console is off", async () => {
      await world.addNode("dark", { off: true });
      const ssh = world.ssh("dark", { args: ["-tt"] });
      assert.equal(await ssh.end(), 2);
      assert.match(ssh.stdout, /the console of this machine is switched off/);
    });

    it("says that the machine has a screen", async () => {
      await world.addNode("screen", { consoleType: "vnc" });
      const ssh = world.ssh("screen", { input: "" });
      assert.equal(await ssh.end(), 1);
      assert.match(ssh.stderr, /has a screen, not a serial console/);
    });

    it("says that there are too many sessions", async () => {
      world.door.refusal = new TooManySessions(
        "this machine has as many console sessions as it may",
      );
      const ssh = world.ssh("node1", { input: "" });
      assert.equal(await ssh.end(), 7);
      assert.match(ssh.stderr, /as many console sessions as it may/);
    });
  });

  it("tells sessions at shutdown and leaves no connection", async () => {
    const ssh = world.ssh("node1", { args: ["-tt"] });
    const session = await world.door.session();
    world.server.stopListening();
    session.close("proxy_shutdown");
    assert.equal(await ssh.end(), 1);
    assert.match(ssh.stdout, /the console service is restarting/);
    await world.server.stop();
    assert.ok(session.socketClosed);
  });
});
