import assert from "node:assert/strict";
import type { SerialLine } from "../../../../novncproxy/serial/serial-line.ts";
import { SerialFarSide, type FarSideOptions } from "../../../fakes/serial-far-side.ts";
import { FakeViewer } from "../../../fakes/serial-viewer.ts";
import { endpointTo, lineEnvironment, lineTo } from "../../../helpers/serial-line.ts";
import { until } from "../../../helpers/until.ts";

describe("a serial line", () => {
  let far: SerialFarSide;
  let line: SerialLine;
  let states: string[];

  const begin = async (
    options: FarSideOptions = {},
    settings: Parameters<typeof lineEnvironment>[0] = {},
  ): Promise<void> => {
    far = await SerialFarSide.start(options);
    ({ line, states } = lineTo(endpointTo(far), lineEnvironment(settings)));
  };
  const attach = (viewer: FakeViewer = new FakeViewer()): FakeViewer => {
    line.attach(viewer);
    return viewer;
  };
  const connected = (): Promise<void> =>
    until(() => line.status.state === "connected", "connected line");
  const state = (wanted: string): Promise<void> =>
    until(() => line.status.state === wanted, `line that is ${wanted}`);
  const shown = (viewer: FakeViewer, text: string): Promise<void> =>
    until(() => viewer.text === text, `shown ${JSON.stringify(text)}`);

  afterEach(async () => {
    line.close();
    await far.stop();
  });

  it("dials when somebody attaches, is connected when ipmitool says so, and hides its words", async () => {
    await begin({ leadIn: "Info: SOL payload already de-activated\r\n" });
    assert.equal(line.status.state, "idle");
    const viewer = attach();
    assert.equal(line.status.state, "connecting");
    await until(() => far.connected === 1, "dial");
    assert.equal(line.status.state, "connecting");
    far.say("[SOL Session operational.  Use ~? for help]\r\nhost1 login: ");
    await shown(viewer, "host1 login: ");
    assert.deepEqual(states, ["connecting", "connected"]);
  });

  it("gives a later viewer its state, who is there, the scrollback, and then every byte once", async () => {
    await begin();
    const first = attach(new FakeViewer("first"));
    await connected();
    far.say("one\r\ntwo\r\n");
    await shown(first, "one\r\ntwo\r\n");
    const second = attach(new FakeViewer("second"));
    far.say("three\r\n");
    await shown(second, "one\r\ntwo\r\nthree\r\n");
    assert.deepEqual(
      second.log.slice(0, 4).map((one) => (typeof one === "string" ? one : one.type)),
      ["line", "viewers", "replay", "one\r\ntwo\r\n"],
    );
    assert.deepEqual(second.notices("replay"), [{ type: "replay", bytes: 10, lines: 2 }]);
    await until(() => first.notices("viewers").at(-1)?.viewers.length === 2, "two viewers");
  });

  it("neither loses nor doubles a byte for whoever attaches in the middle of a flood", async () => {
    await begin();
    const viewers = [attach()];
    await connected();
    const rounds = 200;
    let said = "";
    for (let round = 0; round < rounds; round += 1) {
      const text = `line ${round} ${"x".repeat(round)}\r\n`;
      far.say(text);
      said += text;
      if (round % 20 === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        viewers.push(attach());
      }
    }
    for (const viewer of viewers) await shown(viewer, said);
  });

  it("sends what comes in one turn as one piece", async () => {
    await begin();
    const viewer = attach();
    await connected();
    line.onLineBytes(Buffer.from("a"));
    line.onLineBytes(Buffer.from("b"));
    assert.equal(viewer.text, "");
    await shown(viewer, "ab");
    assert.equal(viewer.chunks.length, 1);
  });

  it("sends the last lines once more on request", async () => {
    await begin();
    const viewer = attach();
    await connected();
    far.say("one\r\ntwo\r\nthree\r\n");
    await shown(viewer, "one\r\ntwo\r\nthree\r\n");
    line.ask(viewer, { type: "replay", lines: 2 });
    assert.deepEqual(viewer.log.slice(-2), [
      { type: "replay", bytes: 12, lines: 2 },
      "two\r\nthree\r\n",
    ]);
  });

  it("comes back by itself when the other end is killed, and keeps its viewers", async () => {
    await begin();
    const viewer = attach();
    await connected();
    far.say("before\r\n");
    await shown(viewer, "before\r\n");
    far.hangUp();
    await state("reconnecting");
    const told = viewer.notices("line").at(-1);
    assert.equal(told?.state, "reconnecting");
    assert.equal(told?.retrySeconds, 1);
    assert.match(told?.detail ?? "", /was lost/);
    await connected();
    far.say("after\r\n");
    await shown(viewer, "before\r\nafter\r\n");
    assert.deepEqual(states, ["connecting", "connected", "reconnecting", "connected"]);
    assert.equal(viewer.ended, undefined);
  });

  it("is taken when the BMC says so, and waits five seconds at least", async () => {
    await begin({ leadIn: "Info: SOL payload already active on another session\r\n", ends: true });
    const viewer = attach();
    await state("taken");
    const { retryAt, since, detail } = line.status;
    assert.ok(retryAt! - since >= 5000);
    assert.equal(detail, "Info: SOL payload already active on another session");
    assert.match(viewer.notices("line").at(-1)?.detail ?? "", /somebody else/);
  });

  it("waits as long when the BMC closed a line that was up", async () => {
    await begin();
    attach();
    await connected();
    far.hangUp("SOL session closed by BMC\r\n");
    await state("reconnecting");
    assert.ok(line.status.retryAt! - line.status.since >= 5000);
  });

  it("tells tenants nothing that the other end wrote, operators a bounded printable part", async () => {
    await begin({ leadIn: `\x1b]0;owned\x07 secret-thing ${"y".repeat(4000)}\r\n`, ends: true });
    const viewer = attach();
    await state("reconnecting");
    assert.ok(!JSON.stringify(viewer.log).includes("secret-thing"));
    assert.ok(line.status.detail!.includes("secret-thing"));
    assert.ok(line.status.detail!.length <= 200);
    assert.ok(!line.status.detail!.includes("\x1b"));
  });

  it("goes on trying when nobody listens, and is there as soon as somebody does", async () => {
    await begin();
    const { transport } = far;
    await far.stop();
    const viewer = attach();
    await state("reconnecting");
    assert.match(line.status.detail!, /cannot be reached/);
    assert.match(viewer.notices("line").at(-1)?.detail ?? "", /cannot be reached/);
    assert.ok(!JSON.stringify(viewer.log).includes((transport as { path: string }).path));
    far = await SerialFarSide.start();
    line.setEndpoint(endpointTo(far));
    await connected();
  });

  it("dials the new place at once when the console was started anew", async () => {
    await begin();
    const viewer = attach();
    await connected();
    const old = far;
    far = await SerialFarSide.start();
    line.setEndpoint(endpointTo(far));
    await until(() => far.connected === 1 && old.connected === 0, "move");
    await connected();
    far.say("new\r\n");
    await shown(viewer, "new\r\n");
    await old.stop();
  });

  it("hangs up when it is let go, and dials no more", async () => {
    await begin();
    const viewer = attach();
    await connected();
    line.close("console_disabled");
    await until(() => far.connected === 0, "closed connection");
    assert.equal(viewer.ended, "console_disabled");
    assert.equal(line.status.state, "idle");
    line.open();
    line.setEndpoint(endpointTo(far));
    assert.equal(far.connections, 1);
  });

  it("stays in bounds when the machine floods and nobody takes it", async () => {
    await begin({ ipmitool: false }, { replayBytes: 4096 });
    const viewer = attach();
    await connected();
    viewer.slow = true;
    const block = Buffer.alloc(65_536, "z");
    for (let times = 0; times < 64; times += 1) far.say(block);
    const watcher = attach(new FakeViewer("watcher"));
    await until(() => watcher.text.length >= 64 * 65_536 - 65_536 * 40, "flood");
    const sent = viewer.chunks.reduce((sum, { length }) => sum + length, 0);
    assert.ok(sent <= 4096 + 262_144 + 65_536 + 65_536, `${sent} bytes wait`);
  });
});
