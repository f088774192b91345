import assert from "node:assert/strict";
import type { SerialLine } from "../../../../novncproxy/serial/serial-line.ts";
import { LEAD_IN, SerialFarSide, type FarSideOptions } from "../../../fakes/serial-far-side.ts";
import { FakeViewer } from "../../../fakes/serial-viewer.ts";
import { endpointTo, lineEnvironment, lineTo } from "../../../helpers/serial-line.ts";
import { until } from "../../../helpers/until.ts";

describe("what is typed on a serial line", () => {
  let far: SerialFarSide;
  let line: SerialLine;

  const begin = async (
    options: FarSideOptions = {},
    settings: Parameters<typeof lineEnvironment>[0] = {},
  ): Promise<void> => {
    far = await SerialFarSide.start(options);
    ({ line } = lineTo(endpointTo(far), lineEnvironment(settings)));
  };
  const attach = (viewer: FakeViewer = new FakeViewer()): FakeViewer => {
    line.attach(viewer);
    return viewer;
  };
  const connected = (): Promise<void> =>
    until(() => line.status.state === "connected", "connected line");
  const state = (wanted: string): Promise<void> =>
    until(() => line.status.state === wanted, `line that is ${wanted}`);
  const typed = (text: string): Promise<void> =>
    until(() => far.typed === text, `typed ${JSON.stringify(text)}`);
  const shown = (viewer: FakeViewer, text: string): Promise<void> =>
    until(() => viewer.text === text, `shown ${JSON.stringify(text)}`);

  afterEach(async () => {
    line.close();
    await far.stop();
  });

  it("types everything, with escapes that ipmitool takes for none of its own", async () => {
    await begin();
    const viewer = attach();
    await connected();
    for (const text of ["~.\r", "~.", "\r~\x1a", "\r~B\r~~"]) line.type(viewer, Buffer.from(text));
    await typed("~.\r~.\r~\x1a\r~B\r~~");
    assert.deepEqual([far.terminated, far.suspended, far.breaks], [0, 0, 0]);
  });

  it("keeps a key that was typed while the line came up, and types it then", async () => {
    await begin({ leadIn: "" });
    const viewer = attach();
    line.type(viewer, Buffer.from("\r"));
    line.type(viewer, Buffer.from("x".repeat(300)));
    await until(() => far.connected === 1, "dial");
    far.say(LEAD_IN);
    await typed("\r");
  });

  it("drops what is typed while the line is lost", async () => {
    await begin();
    const viewer = attach();
    await connected();
    far.hangUp();
    await state("reconnecting");
    assert.equal(line.type(viewer, Buffer.from("rm -rf /\r")), 0);
    await connected();
    line.type(viewer, Buffer.from("ls"));
    await typed("ls");
  });

  it("takes a megabyte in order at the machine's pace, holding only the one who pastes", async () => {
    await begin();
    const [paster, other] = [attach(), attach()];
    await connected();
    far.stall();
    const paste = Buffer.alloc(1024 * 1024, "0123456789abcdef\n");
    let at = 0;
    let held = 0;
    const feed = (): void => {
      while (at < paste.length && !paster.paused) {
        line.type(paster, paste.subarray(at, at + 16_384));
        at += 16_384;
      }
    };
    feed();
    await until(() => paster.paused, "held paster");
    assert.ok(at < paste.length);
    far.say("still live\r\n");
    await shown(other, "still live\r\n");
    assert.equal(other.paused, false);
    far.readOn();
    await until(() => {
      if (paster.paused) held += 1;
      feed();
      return far.typedBytes.length === paste.length;
    }, "whole paste");
    assert.deepEqual(far.typedBytes, paste);
    assert.ok(held > 0);
  });

  it("mixes two pastes in pieces and tears no character", async () => {
    await begin();
    const [a, b] = [attach(new FakeViewer("a")), attach(new FakeViewer("b"))];
    await connected();
    far.stall();
    line.type(a, Buffer.from("ä".repeat(100_000)));
    line.type(b, Buffer.from("€".repeat(20_000)));
    far.readOn();
    await until(() => far.typedBytes.length === 260_000, "both pastes");
    const text = far.typedBytes.toString("utf8");
    assert.ok(!text.includes("\ufffd"));
    assert.equal(text.replaceAll("€", "").length, 100_000);
    assert.ok(text.indexOf("€") < text.lastIndexOf("ä"));
    assert.ok(text.lastIndexOf("€") < 100_000);
  });

  it("lets a key of another viewer through before a long paste is done", async () => {
    await begin();
    const [a, b] = [attach(new FakeViewer("a")), attach(new FakeViewer("b"))];
    await connected();
    far.stall();
    line.type(a, Buffer.alloc(1024 * 1024, "p"));
    line.type(b, Buffer.from("K"));
    far.readOn();
    await until(() => far.typedBytes.length === 1024 * 1024 + 1, "everything");
    assert.ok(far.typed.indexOf("K") < 512 * 1024, `the key came at ${far.typed.indexOf("K")}`);
  });

  it("drops the input of view-only viewers, and of all but the writer", async () => {
    await begin({}, { writers: "one" });
    const [guest, a, b] = [
      attach(new FakeViewer("guest", "view")),
      attach(new FakeViewer("a")),
      attach(new FakeViewer("b")),
    ];
    await connected();
    assert.equal(line.type(guest, Buffer.from("g")), 0);
    assert.equal(line.type(b, Buffer.from("b")), 0);
    assert.equal(line.type(a, Buffer.from("a")), 1);
    line.ask(b, { type: "take_control" });
    assert.equal(line.type(a, Buffer.from("a")), 0);
    assert.equal(line.type(b, Buffer.from("b")), 1);
    await typed("ab");
    await until(() => a.notices("viewers").at(-1)?.viewers[2]?.writing === true, "told writer");
  });

  it("sends a break, and says why when it cannot", async () => {
    await begin();
    const [viewer, guest] = [attach(), attach(new FakeViewer("guest", "view"))];
    line.ask(viewer, { type: "break" });
    await connected();
    line.ask(guest, { type: "break" });
    line.ask(viewer, { type: "break" });
    await until(() => far.breaks === 1, "break");
    assert.deepEqual(viewer.notices("refused"), [
      { type: "refused", request: "break", detail: "the serial line is not connected" },
    ]);
    assert.match(guest.notices("refused")[0]!.detail, /not the one who types/);
    line.type(viewer, Buffer.from("x"));
    await typed("x");
  });

  it("keeps no heap of breaks for a line that takes nothing", async () => {
    await begin();
    const viewer = attach();
    await connected();
    far.stall();
    for (let count = 0; count < 2000; count += 1) line.ask(viewer, { type: "break" });
    line.type(viewer, Buffer.from("x"));
    far.readOn();
    await typed("x");
    assert.ok(far.breaks > 0 && far.breaks < 100, `${far.breaks} breaks`);
    line.ask(viewer, { type: "break" });
    const before = far.breaks;
    await until(() => far.breaks === before + 1, "a break afterwards");
  });

  it("says that a raw line cannot send a break", async () => {
    await begin({ ipmitool: false });
    const viewer = attach();
    await connected();
    line.ask(viewer, { type: "break" });
    assert.match(viewer.notices("refused")[0]!.detail, /cannot send a break/);
    line.type(viewer, Buffer.from("~.\r~."));
    await typed("~.\r~.");
  });
});
