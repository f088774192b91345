import assert from "node:assert/strict";
import { WebSocket } from "ws";
import { SerialFarSide, type FarSideOptions } from "../../fakes/serial-far-side.ts";
import { startProxyWorld, type ProxyWorld } from "../../helpers/novncproxy-world.ts";
import { SerialClient, serialAddress, serialSpec, viewerOf } from "../../helpers/serial-world.ts";
import { until } from "../../helpers/until.ts";

describe("a serial console through novncproxy", function suite() {
  this.timeout(20_000);
  let world: ProxyWorld;
  let far: SerialFarSide;
  let node: string;

  const begin = async (
    config: Readonly<Record<string, string>> = {},
    options: FarSideOptions = { echo: true },
  ): Promise<void> => {
    far = await SerialFarSide.start(options);
    world = await startProxyWorld({ config });
    node = await world.addNode(serialSpec(far));
  };
  afterEach(async () => {
    await world.stop();
    await far.stop();
  });

  it("tells our own page who it is, what the line does and who is there, and carries bytes both ways", async () => {
    await begin();
    const viewer = await viewerOf(world, node);
    const session = await viewer.text("session");
    assert.equal(session["mode"], "control");
    const { name } = await world.database.nodes.get(node);
    assert.deepEqual(session["node"], { uuid: node, name });
    assert.equal((await viewer.text("state"))["state"], "connected");
    await viewer.line("connected");
    const { viewers } = await viewer.text("viewers");
    assert.deepEqual(
      (viewers as Record<string, unknown>[]).map(({ user, via, mode, writing, you }) => ({
        user,
        via,
        mode,
        writing,
        you,
      })),
      [{ user: "alice", via: "other", mode: "control", writing: true, you: true }],
    );
    assert.equal((await viewer.text("replay"))["bytes"], 0);
    viewer.send("whoami\r");
    await viewer.shows("whoami\r");
    const closed = await viewer.close();
    assert.equal(closed.reason, "tenant_closed");
    await until(async () => (await rowOf(session))?.closedReason === "tenant_closed", "closed row");
    const row = await rowOf(session);
    assert.deepEqual([row?.bytesToHost, row?.bytesToTenant], [7, 7]);
    assert.ok(row?.lastInputAt !== null);
  });

  const rowOf = (session: Record<string, unknown>) =>
    world.database.sessions.get(session["id"] as string);

  it("keeps Horizon's contract: binary is answered, a CR at once, text and binary frames are typed", async () => {
    await begin();
    const address = await serialAddress(world, node);
    const viewer = new SerialClient(address, ["binary", "base64"]);
    viewer.socket.once("open", () => viewer.socket.send(Buffer.from("\r")));
    await until(() => far.typed === "\r", "CR");
    assert.equal(viewer.socket.protocol, "binary");
    viewer.socket.send("läs ");
    viewer.socket.send("x".repeat(10_000));
    viewer.socket.send(Buffer.from("\r"));
    await viewer.shows(`\rläs ${"x".repeat(10_000)}\r`.slice(1));
    assert.deepEqual(viewer.texts, []);
    await viewer.close();
  });

  it("speaks base64 both ways with who offers nothing else", async () => {
    await begin();
    const socket = new WebSocket(await serialAddress(world, node), ["base64"]);
    let shown = "";
    socket.on("message", (data: Buffer, isBinary) => {
      assert.equal(isBinary, false);
      shown += Buffer.from(data.toString(), "base64").toString();
    });
    await new Promise((resolve) => socket.once("open", resolve));
    assert.equal(socket.protocol, "base64");
    for (const text of ["l", "s ", "-l\r"]) socket.send(Buffer.from(text).toString("base64"));
    await until(() => shown === "ls -l\r", "echo");
    assert.equal(far.typed, "ls -l\r");
    socket.close();
    await new Promise((resolve) => socket.once("close", resolve));
  });

  it("carries bytes to who offers no sub-protocol at all", async () => {
    await begin();
    const viewer = await viewerOf(world, node, { protocols: [] });
    await until(() => viewer.socket.readyState === WebSocket.OPEN, "open");
    assert.equal(viewer.socket.protocol, "");
    viewer.socket.send("a");
    viewer.send("b");
    await viewer.shows("ab");
    await viewer.close();
  });

  it("drops what view-only viewers type, and everybody's with [vnc]read_only", async () => {
    await begin();
    const [guest, user] = [
      await viewerOf(world, node, { mode: "view" }),
      await viewerOf(world, node),
    ];
    await guest.line("connected");
    await user.line("connected");
    guest.send("evil");
    guest.ask({ type: "take_control" });
    guest.ask({ type: "break" });
    assert.match(String((await guest.text("refused"))["detail"]), /not the one who types/);
    user.send("good");
    await guest.shows("good");
    assert.equal(far.typed, "good");
    assert.equal(far.breaks, 0);
    await Promise.all([guest.close(), user.close()]);
    await world.stop();
    world = await startProxyWorld({ config: { "vnc.read_only": "true" } });
    node = await world.addNode(serialSpec(far));
    const reader = await viewerOf(world, node);
    assert.equal((await reader.text("session"))["mode"], "view");
    await reader.line("connected");
    reader.send("x");
    reader.ask({ type: "break" });
    await reader.text("refused");
    assert.equal(far.typed, "good");
    await reader.close();
  });

  it("lets one type at a time with writers = one, and tells who it is after a take-over", async () => {
    await begin({ "console.writers": "one" });
    const first = await viewerOf(world, node, { userId: "first" });
    await first.line("connected");
    const second = await viewerOf(world, node, { userId: "second" });
    await second.line("connected");
    second.send("no");
    second.ask({ type: "take_control" });
    const isWriter = (name: string, viewer: SerialClient): boolean => {
      const last = viewer.texts.findLast((text) => text["type"] === "viewers");
      const list = (last?.["viewers"] ?? []) as { user: string; writing: boolean }[];
      return list.some(({ user, writing }) => user === name && writing);
    };
    await first.until("told of the new writer", () => isWriter("second", first));
    first.send("late");
    second.send("yes");
    await second.shows("yes");
    assert.equal(far.typed, "yes");
    await second.close();
    await first.until("writer again", () => isWriter("first", first));
    await first.close();
  });

  it("replays the scrollback to a later viewer, and again on request", async () => {
    await begin();
    const first = await viewerOf(world, node);
    await first.line("connected");
    far.say("one\r\ntwo\r\nthree\r\n");
    await first.shows("three");
    const second = await viewerOf(world, node);
    assert.deepEqual(await second.text("replay"), { type: "replay", bytes: 17, lines: 3 });
    await second.shows("one\r\ntwo\r\nthree\r\n");
    second.ask({ type: "replay", lines: 1 });
    assert.deepEqual(await second.text("replay"), { type: "replay", bytes: 7, lines: 1 });
    await second.shows("three\r\nthree\r\n");
    await Promise.all([first.close(), second.close()]);
  });

  it("keeps typed bytes and requests in their order, also when they come in one packet", async () => {
    await begin({}, {});
    const viewer = await viewerOf(world, node);
    await viewer.line("connected");
    viewer.send("warm");
    await until(() => far.typed === "warm", "typed text");
    viewer.socket.send(Buffer.from("before\r"));
    viewer.ask({ type: "break" });
    viewer.socket.send(Buffer.from("after"));
    await until(() => far.typed === "warmbefore\rafter", "typed text");
    assert.equal(far.breaks, 1);
    await viewer.close();
  });

  it("ends a session that says something without meaning", async () => {
    await begin();
    const viewer = await viewerOf(world, node);
    await viewer.line("connected");
    viewer.ask({ type: "reboot" });
    assert.deepEqual(await viewer.closed, { code: 1002, reason: "TENANT_PROTOCOL_ERROR" });
  });

  it("ends sessions at once when the console is switched off, and one that an operator kills", async () => {
    await begin();
    const [one, other] = [await viewerOf(world, node), await viewerOf(world, node)];
    const { id } = await one.text("session");
    await other.line("connected");
    await world.database.sessions.requestKill(id as string, "killed_by_operator");
    assert.equal((await one.closed).reason, "killed_by_operator");
    await world.database.sessions.requestKillForNode(node, "console_disabled");
    assert.equal((await other.closed).reason, "console_disabled");
  });

  it("refuses before the 101 when another proxy's viewers have the line, and says so to a GET", async () => {
    await begin();
    await world.database.sessions.beat("other");
    await world.database.lines.announce("other", "http://other:6090");
    await world.database.lines.claim(node, "other");
    const address = await serialAddress(world, node);
    const viewer = new SerialClient(address);
    assert.equal((await viewer.refused)?.status, 503);
    const answer = await fetch(address.replace(/^ws/, "http"));
    assert.equal(answer.status, 503);
    assert.equal(((await answer.json()) as { code: string }).code, "LINE_HELD_ELSEWHERE");
    const rows = await world.database.sessions.listActive({ nodeUuid: node });
    assert.deepEqual(rows, []);
    assert.equal(far.connections, 0);
  });

  it("sends nobody away because the line is in trouble", async () => {
    await begin(
      {},
      { leadIn: "Info: SOL payload already active on another session\r\n", ends: true },
    );
    const viewer = await viewerOf(world, node);
    const taken = await viewer.line("taken");
    assert.match(String(taken["detail"]), /somebody else has this machine's serial line/);
    assert.ok(Number(taken["retrySeconds"]) >= 5);
    await until(
      async () => (await world.database.lines.get(node))?.state === "taken",
      "row that is taken",
    );
    assert.equal((await world.database.lines.get(node))?.detail?.startsWith("Info: SOL"), true);
    assert.equal(viewer.socket.readyState, WebSocket.OPEN);
    await viewer.close();
  });

  it("carries 49 viewers beside one that takes nothing, and tells that one what it missed", async () => {
    await begin(
      {
        "vnc.max_sessions_per_node": "100",
        "vnc.max_sessions_per_token": "100",
        "console.replay_bytes": "4096",
      },
      { ipmitool: false },
    );
    const address = await serialAddress(world, node);
    const viewers = Array.from({ length: 50 }, () => new SerialClient(address));
    for (const viewer of viewers) await viewer.line("connected");
    const [stalled, ...others] = viewers;
    stalled!.socket.pause();
    const line = `${"0123456789".repeat(100)}\r\n`;
    const total = 8 * 1024 * 1024;
    let said = 0;
    while (said < total) {
      far.say(line);
      said += line.length;
      if (said % (64 * line.length) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    far.say("the end");
    for (const viewer of others) await until(() => viewer.binaryBytes === said + 7, "whole flood");
    for (const viewer of others) assert.ok(!viewer.texts.some((text) => text["type"] === "gap"));
    stalled!.socket.resume();
    const gap = await stalled!.text("gap");
    await until(() => stalled!.binaryBytes + Number(gap["bytes"]) === said + 7, "rest and gap");
    assert.ok(Number(gap["bytes"]) > 0);
    far.say("live");
    await stalled!.shows("live");
    await Promise.all(viewers.map((viewer) => viewer.close()));
  }).timeout(60_000);

  it("takes a paste of a megabyte whole and in order while others look on", async () => {
    await begin({}, {});
    const [paster, other] = [await viewerOf(world, node), await viewerOf(world, node)];
    await paster.line("connected");
    const paste = Buffer.alloc(1024 * 1024);
    for (let at = 0; at < paste.length; at += 1) paste[at] = 32 + ((at * 7) % 90);
    far.stall();
    paster.socket.send(paste);
    far.say("still live");
    await other.shows("still live");
    far.readOn();
    await until(() => far.typedBytes.length === paste.length, "whole paste");
    assert.deepEqual(far.typedBytes, paste);
    await Promise.all([paster.close(), other.close()]);
  });

  it("counts lines and viewers for operators", async () => {
    await begin();
    const viewer = await viewerOf(world, node);
    await viewer.line("connected");
    const text = await (await fetch(world.http("/metrics"))).text();
    assert.match(text, /^bmcon_novncproxy_serial_lines\{state="connected"\} 1$/m);
    assert.match(text, /^bmcon_novncproxy_serial_lines\{state="taken"\} 0$/m);
    assert.match(text, /^bmcon_novncproxy_serial_viewers 1$/m);
    await viewer.close();
  });

  it("warns before the idle limit, and stays open for whoever asks", async () => {
    await begin({ "vnc.idle_timeout": "4", "vnc.timeout_warning": "2" });
    const viewer = await viewerOf(world, node);
    assert.equal((await viewer.text("warning"))["reason"], "idle_timeout");
    viewer.ask({ type: "keep_open" });
    await viewer.text("warning_over");
    assert.equal((await viewer.closed).reason, "idle_timeout");
  });
});
