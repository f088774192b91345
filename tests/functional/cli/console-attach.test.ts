/** `console attach` in a real terminal and in a pipe, against a service that does as the test says. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { CliProcess, runCli } from "../../helpers/cli-process.ts";
import { makeTestPki } from "../../helpers/pki.ts";
import { TerminalProcess, type TerminalEnd } from "./pseudo-terminal.ts";
import { SerialService, viewer } from "./serial-service.ts";

const DETACHED: TerminalEnd = { status: 0, signal: null, restored: true };

describe("bmcon console attach", function () {
  this.timeout(60_000);
  let service: SerialService;
  let env: Record<string, string>;
  const terminals: TerminalProcess[] = [];

  beforeEach(async () => {
    service = await SerialService.start();
    env = { BMCON_URL: service.url };
  });

  afterEach(async () => {
    await Promise.all(terminals.splice(0).map((terminal) => terminal.stop()));
    await service.stop();
  });

  function start(...args: string[]): TerminalProcess {
    const terminal = new TerminalProcess(["console", "attach", "n1", ...args], env);
    terminals.push(terminal);
    return terminal;
  }

  async function attached(...args: string[]): Promise<TerminalProcess> {
    const terminal = start(...args);
    await terminal.untilShows("connected to the machine");
    return terminal;
  }

  describe("in a terminal", () => {
    it("passes every key to the machine and shows its answer", async () => {
      const terminal = await attached();
      const keys = "\u0003\u001a\u0004\u0011\u001b[A\tok\r";
      terminal.type(keys);
      await terminal.untilShows(keys);
      assert.equal(service.typed.toString(), keys);
      terminal.type("~.");
      assert.deepEqual(await terminal.end(), DETACHED);
    });

    it("shows the machine's bytes as they are, line feeds that only go down among them", async () => {
      const terminal = await attached();
      const bytes = Buffer.from("\u001b[31mred\u001b[0m\r\ndown\ndown\u00fc");
      service.say(bytes);
      await terminal.untilShows(bytes.toString("latin1"));
      terminal.type("~.");
      assert.deepEqual(await terminal.end(), DETACHED);
    });

    it("detaches by ^Ec. too, tells the service, and undoes what the machine set", async () => {
      const terminal = await attached();
      service.say("\u001b[?25l\u001b[?1000h");
      await terminal.untilShows("\u001b[?1000h");
      terminal.type("x\u0005c.");
      assert.deepEqual(await terminal.end(), DETACHED);
      await service.until(() => service.sockets.length === 0);
      assert.equal(service.typed.toString(), "x");
      const [, after = ""] = terminal.screen.split("detached");
      assert.ok(after.includes("\u001b[?25h") && after.includes("\u001b[?1000l"));
    });

    it("asks for break, replay and taking over, and says who is attached", async () => {
      const terminal = await attached();
      service.notice({
        type: "viewers",
        viewers: [viewer("ada", true), viewer("b\u001bob", false)],
      });
      await terminal.untilShows("b\\u{1b}ob (types)");
      terminal.type("~B~R~T~W");
      await terminal.untilShows("b\\u{1b}ob, by browser, types");
      assert.deepEqual(
        service.requests.map(({ type }) => type),
        ["break", "replay", "take_control"],
      );
      service.notice({ type: "refused", request: "break", detail: "this line has no break" });
      await terminal.untilShows("not done: this line has no break");
      terminal.type("~?");
      await terminal.untilShows("Ctrl-E c . ");
      terminal.type("~.");
      assert.deepEqual(await terminal.end(), DETACHED);
      assert.equal(service.typed.length, 0);
    });

    it("takes another key for ~, or none", async () => {
      const terminal = await attached("--escape", "^]", "--no-ctrl-e");
      terminal.type("~.\u0005c.\r\u001d.");
      assert.deepEqual(await terminal.end(), DETACHED);
      assert.equal(service.typed.toString(), "~.\u0005c.\r");
    });

    it("asks for a link to watch only", async () => {
      const terminal = await attached("--view");
      assert.equal(service.links[0], "?console_type=serial&mode=view");
      terminal.type("~.");
      assert.deepEqual(await terminal.end(), DETACHED);
    });

    for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const)
      it(`restores the terminal after ${signal}, and ends by it`, async () => {
        const terminal = await attached();
        await terminal.kill(signal);
        const end = await terminal.end();
        assert.deepEqual(end, {
          status: null,
          signal: constants.signals[signal],
          restored: true,
        });
      });

    it("restores the terminal when an operator ends the session, and says so", async () => {
      const terminal = await attached();
      service.hangUp(1008, "killed_by_operator");
      assert.deepEqual(await terminal.end(), { status: 1, signal: null, restored: true });
      assert.match(terminal.screen, /an operator ended this session/);
      assert.equal(service.links.length, 1);
    });

    for (const [what, end] of [
      ["the proxy restarts", (): void => service.hangUp(1012, "proxy_shutdown")],
      ["the network breaks", (): void => service.cut()],
    ] as const)
      it(`comes back with a new link when ${what}, where it stopped`, async () => {
        service.scrollback = "first\r\nsecond\r\n";
        const terminal = await attached();
        await terminal.untilShows("second\r\n");
        service.scrollback += "meanwhile\r\n";
        end();
        await terminal.untilShows("connecting again");
        await terminal.untilShows("connected to the machine");
        await terminal.untilShows("meanwhile\r\n");
        terminal.type("ok");
        await terminal.untilShows("ok");
        terminal.type("\r~.");
        assert.deepEqual(await terminal.end(), DETACHED);
        assert.equal(service.links.length, 2);
        assert.equal(terminal.screen.split("first").length, 2);
      });

    it("can be left with Ctrl-C while it connects again", async () => {
      const terminal = await attached();
      service.refusal = { status: 503, code: "SHUTTING_DOWN", message: "later" };
      service.hangUp(1012, "proxy_shutdown");
      await terminal.untilShows("is restarting; connecting again in 0.5 s");
      await terminal.untilShows("is restarting; connecting again in 1 s");
      terminal.type("\u0003");
      assert.deepEqual(await terminal.end(), DETACHED);
    });

    it("restores the terminal when the first link leads nowhere", async () => {
      service.refusal = { status: 503, code: "TOO_MANY_SESSIONS", message: "too many" };
      const terminal = start();
      assert.deepEqual(await terminal.end(), { status: 7, signal: null, restored: true });
      assert.match(terminal.screen, /too many people/);
    });

    it("is raw again after it was stopped and continued", async () => {
      const terminal = await attached();
      await terminal.kill("SIGSTOP");
      await terminal.kill("SIGCONT");
      terminal.type("\u0003");
      await terminal.untilShows("\u0003");
      service.say("a\nb");
      await terminal.untilShows("a\nb");
      terminal.type("\r~.");
      assert.deepEqual(await terminal.end(), DETACHED);
    });

    it("does not let notices steer the terminal", async () => {
      const terminal = await attached();
      service.notice({ type: "line", state: "taken", detail: "\u001b]0;owned\u0007" });
      await terminal.untilShows("taken");
      terminal.type("~.");
      await terminal.end();
      assert.ok(!terminal.screen.includes("\u001b]0"));
    });
  });

  describe("in a pipe", () => {
    const run = (
      stdin: string,
      ...args: string[]
    ): Promise<{ status: number | null; stdout: string; stderr: string }> =>
      runCli(["console", "attach", ...args], { env, stdin });

    it("sends standard input as the Enter key would, waits for answers and detaches", async () => {
      service.scrollback = "what was before\r\n";
      service.answer = (keys) =>
        Buffer.from(keys.toString().replaceAll("\r", "\r\nuid=0(root)\r\n# "));
      const end = await run("id\n", "n1");
      assert.deepEqual(end, {
        status: 0,
        signal: null,
        stdout: "id\r\nuid=0(root)\r\n# ",
        stderr: "",
      });
      assert.equal(service.typed.toString(), "id\r");
    });

    it("shows what was before when it is asked to", async () => {
      service.scrollback = "what was before\r\n";
      const end = await run("", "n1", "--replay", "--linger", "0.2");
      assert.equal(end.stdout, "what was before\r\n");
    });

    it("sends bytes as they are when it is asked to, escapes among them", async () => {
      await run("~.\n\u0005c.\r\n", "n1", "--as-is", "--linger", "0.1");
      assert.equal(service.typed.toString(), "~.\n\u0005c.\r\n");
    });

    it("holds input back until the machine can hear it", async () => {
      service.lineState = "connecting";
      const program = new CliProcess(["console", "attach", "n1", "--linger", "0.1"], env);
      program.input("late\n");
      await service.until(() => service.sockets.length === 1);
      const line = { type: "line", detail: null, since: 0, retrySeconds: null };
      service.notice({ ...line, state: "reconnecting" });
      service.say("not yet\r\n");
      await program.untilSays(/not yet/);
      assert.equal(service.typed.length, 0);
      service.notice({ ...line, state: "connected" });
      assert.deepEqual(await program.end(), { status: 0, signal: null });
      assert.equal(service.typed.toString(), "late\r");
    });

    it("carries a megabyte without losing a byte", async () => {
      const megabyte = Buffer.alloc(1_048_576, "0123456789abcdef\n").toString();
      service.answer = () => undefined;
      const end = await run(megabyte, "n1", "--linger", "0.1");
      assert.equal(end.status, 0, end.stderr);
      await service.until(() => service.typed.length === megabyte.length);
      assert.ok(service.typed.equals(Buffer.from(megabyte.replaceAll("\n", "\r"))));
    });

    it("says in words why it could not begin, with an exit status of that kind", async () => {
      service.enabled = false;
      const off = await run("", "n1");
      assert.deepEqual([off.status, /not enabled.*console enable n1/.test(off.stderr)], [2, true]);
      service.enabled = true;
      service.refusal = { status: 403, code: "INVALID_TOKEN", message: "no" };
      const refused = await run("", "n1");
      assert.equal(refused.status, 4);
      assert.match(refused.stderr, /link is not valid/);
      const both = await run("", "n1", "--raw-url", service.webSocketUrl);
      assert.equal(both.status, 2);
      const lingering = await run("", "n1", "--linger", "soon");
      assert.match(lingering.stderr, /--linger must be seconds/);
    });

    it("takes a WebSocket's address from a file, and asks for no link", async () => {
      const folder = await mkdtemp(join(tmpdir(), "bmc-attach-"));
      try {
        const file = join(folder, "url");
        await writeFile(file, `${service.webSocketUrl}\n`);
        const end = await run("hello\n", "--raw-url", `@${file}`, "--linger", "0.3");
        assert.deepEqual([end.status, end.stdout], [0, "hello\r"]);
        assert.deepEqual(service.links, []);
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    it("does not repeat an address that holds a token", async () => {
      const end = await run("", "--raw-url", "http://x/?token=calvin");
      assert.equal(end.status, 2);
      assert.doesNotMatch(end.stderr, /calvin/);
    });

    it("speaks with a plain proxy of bytes", async () => {
      const plain = await SerialService.start({ protocol: "binary" });
      try {
        const end = await run("hi\n", "--raw-url", plain.webSocketUrl, "--linger", "0.3");
        assert.deepEqual([end.status, end.stdout], [0, "hi\r"]);
      } finally {
        await plain.stop();
      }
    });

    it("believes the certificates of --cacert and no others", async () => {
      const pki = makeTestPki();
      const { keyPem: key, certPem: cert } = pki.issue("proxy");
      const secure = await SerialService.start({ tls: { key, cert } });
      try {
        env = { BMCON_URL: secure.url };
        const stranger = await run("", "n1");
        assert.equal(stranger.status, 3, stranger.stderr);
        const end = await run("hi\n", "n1", "--cacert", pki.caFile, "--linger", "0.5");
        assert.deepEqual([end.status, end.stdout], [0, "hi\r"], end.stderr);
        const raw = ["--raw-url", secure.webSocketUrl, "--linger", "0.5"];
        assert.equal((await run("", ...raw)).status, 3);
        assert.equal((await run("", ...raw, "--cacert", pki.caFile)).status, 0);
      } finally {
        await secure.stop();
        pki.remove();
      }
    });

    it("ends quietly when nobody reads its output any more", async () => {
      const program = new CliProcess(["console", "attach", "n1"], env);
      await service.until(() => service.sockets.length === 1);
      service.say("first\r\n");
      await program.untilSays(/first/);
      program.stopReading();
      const talking = setInterval(() => service.say("more\r\n"), 20);
      try {
        assert.deepEqual(await program.end(), { status: 0, signal: null }, program.stderr);
      } finally {
        clearInterval(talking);
      }
    });

    it("sends no Origin, as a program that is no browser", async () => {
      await run("", "n1", "--linger", "0");
      assert.equal(service.handshakes[0]?.headers.origin, undefined);
      assert.match(
        service.handshakes[0]?.headers["sec-websocket-protocol"] ?? "",
        /^baremetal-console\.v1/,
      );
    });
  });
});
