import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import * as sinon from "sinon";
import type { StoredConsoleEndpoint } from "../../../../common/console-endpoint.ts";
import { LineHeldElsewhere, ShuttingDown } from "../../../../common/errors.ts";
import type { Database } from "../../../../db/database.ts";
import { createMetrics } from "../../../../novncproxy/metrics.ts";
import { SerialLines } from "../../../../novncproxy/serial/serial-lines.ts";
import { SerialFarSide } from "../../../fakes/serial-far-side.ts";
import { FakeViewer } from "../../../fakes/serial-viewer.ts";
import { freshDatabase } from "../../../helpers/database.ts";
import { endpointTo, lineEnvironment } from "../../../helpers/serial-line.ts";
import { until } from "../../../helpers/until.ts";

describe("the lines of a proxy", () => {
  let database: Database;
  let far: SerialFarSide;
  const running: SerialLines[] = [];

  beforeEach(async () => {
    database = await freshDatabase();
    far = await SerialFarSide.start();
  });
  afterEach(async () => {
    for (const lines of running.splice(0)) await lines.stop();
    await far.stop();
  });

  const startProxy = async (
    host: string,
    options: {
      readonly recorders?: ConstructorParameters<typeof SerialLines>[0]["recorders"];
    } = {},
  ): Promise<SerialLines> => {
    await database.sessions.beat(host);
    const lines = new SerialLines({
      lines: database.lines,
      host,
      environment: lineEnvironment(),
      metrics: createMetrics(() => 0),
      recorders: options.recorders,
    });
    running.push(lines);
    await lines.start(`http://${host}:6090`);
    return lines;
  };
  const held = (to = far, more: Partial<StoredConsoleEndpoint> = {}): StoredConsoleEndpoint =>
    endpointTo(to, { serial: { dialect: "ipmitool", hold: "always" }, ...more });
  const addNode = async (endpoint: StoredConsoleEndpoint): Promise<string> => {
    const uuid = randomUUID();
    await database.nodes.create({
      uuid,
      driver: "ipmi",
      consoleEnabled: true,
      consoleEndpoint: endpoint,
    });
    return uuid;
  };
  const owner = async (node: string): Promise<string | undefined> =>
    (await database.lines.get(node))?.proxyHost;
  const rowState = (node: string, state: string): Promise<void> =>
    until(async () => (await database.lines.get(node))?.state === state, `row that is ${state}`);

  it("opens a line that is to be held always without anybody watching, and says so", async () => {
    const node = await addNode(held());
    await startProxy("p1");
    await rowState(node, "connected");
    assert.equal(await owner(node), "p1");
    assert.equal(far.connected, 1);
  });

  it("opens a line on demand for its first viewer, and lets it go some seconds after the last", async () => {
    const endpoint = endpointTo(far);
    const node = await addNode(endpoint);
    const lines = await startProxy("p1");
    const [line, same] = await Promise.all([
      lines.forViewer(node, endpoint),
      lines.forViewer(node, endpoint),
    ]);
    assert.equal(line, same);
    assert.equal(far.connected, 0);
    const viewer = new FakeViewer();
    line.attach(viewer);
    await rowState(node, "connected");
    line.detach(viewer);
    await until(async () => (await owner(node)) === undefined, "released line");
    await until(() => far.connected === 0, "closed connection");
    assert.equal(line.ended, true);
  }).timeout(15_000);

  it("hands an idle line over to the proxy whose viewer wants it, the connection first", async () => {
    const node = await addNode(held());
    await startProxy("p1");
    await rowState(node, "connected");
    const second = await startProxy("p2");
    const line = await second.forViewer(node, held());
    assert.equal(await owner(node), "p2");
    line.attach(new FakeViewer());
    await rowState(node, "connected");
    await until(() => far.connected === 1, "one connection");
    assert.equal(far.connections, 2);
  });

  it("keeps what was said to a former tenant from whoever comes after", async () => {
    const node = await addNode(held());
    const lines = await startProxy("p1");
    await rowState(node, "connected");
    const before = new FakeViewer();
    (await lines.forViewer(node, held())).attach(before);
    far.say("secret of the first tenant\r\n");
    await until(() => before.text.includes("secret"), "what was said");
    const now = Date.now();
    await database.nodes.update(node, { consoleHistorySince: now });
    const after = new FakeViewer();
    (await lines.forViewer(node, held(), now)).attach(after);
    far.say("hello\r\n");
    await until(() => after.text !== "", "what is said now");
    assert.equal(after.text, "hello\r\n");
  });

  it("learns by itself that a node has changed hands, and asks the log for what came after only", async () => {
    const node = await addNode(held());
    await database.nodes.update(node, { consoleHistorySince: 5000 });
    const asked: (number | undefined)[] = [];
    const recorder = {
      write: () => undefined,
      note: () => undefined,
      tail: async (_lines: number, _bytes: number, since?: number) => {
        asked.push(since);
        return Buffer.from("kept\r\n");
      },
      close: async () => undefined,
    };
    const lines = await startProxy("p1", { recorders: { open: () => recorder } });
    await rowState(node, "connected");
    assert.deepEqual(asked, [7000], "with room for clocks that differ");
    const [line] = [await lines.forViewer(node, held())];
    await database.nodes.update(node, { consoleHistorySince: 6000 });
    await lines.tick();
    await lines.tick();
    const viewer = new FakeViewer();
    line.attach(viewer);
    assert.deepEqual(viewer.notices("replay"), [{ type: "replay", bytes: 0, lines: 0 }]);
  });

  it("keeps a line that somebody watches; who wants it elsewhere is told in time", async () => {
    const node = await addNode(held());
    const first = await startProxy("p1");
    const viewer = new FakeViewer();
    (await first.forViewer(node, held())).attach(viewer);
    const second = await startProxy("p2");
    await assert.rejects(second.forViewer(node, held()), LineHeldElsewhere);
    await assert.rejects(second.checkReachable(node), LineHeldElsewhere);
    await first.checkReachable(node);
    assert.equal(await owner(node), "p1");
    assert.equal(viewer.ended, undefined);
  });

  it("leaves a line to a proxy that is known as living, though nobody answers at its address", async () => {
    const node = await addNode(held());
    await database.sessions.beat("silent");
    /* tcpmux: nobody listens there, as behind a firewall */
    await database.lines.announce("silent", "http://127.0.0.1:1");
    await database.lines.claim(node, "silent");
    const lines = await startProxy("p1");
    await assert.rejects(lines.forViewer(node, held()), LineHeldElsewhere);
    assert.equal(await owner(node), "silent");
  });

  it("takes the lines of a proxy that died", async () => {
    const node = await addNode(held());
    await database.sessions.beat("dead");
    await database.lines.claim(node, "dead");
    await startProxy("p1");
    const proxies = await database.sessions.listProxies();
    await database.sessions.closeSilent("dead", proxies.find(({ host }) => host === "dead")!.beat);
    await rowState(node, "connected");
    assert.equal(await owner(node), "p1");
  });

  it("gives up a line at once that another proxy took, because this one was thought dead", async () => {
    const node = await addNode(held());
    const lines = await startProxy("p1");
    const viewer = new FakeViewer();
    const line = await lines.forViewer(node, held());
    line.attach(viewer);
    await rowState(node, "connected");
    await database.sessions.beat("p2");
    await database.lines.release(node, "p1", "p2");
    await until(() => line.ended, "given up line");
    assert.equal(viewer.ended, "proxy_shutdown");
    assert.equal(await owner(node), "p2");
    await until(() => far.connected === 0, "closed connection");
  });

  it("dials a console that was started elsewhere, and not one whose secrets were sealed again", async () => {
    const credentials = (sealed: string): Partial<StoredConsoleEndpoint> => ({
      credentials: { clientCertificate: "same", clientKey: { $sealed: sealed } },
    });
    const node = await addNode(held(far, credentials("bmc1.a")));
    const lines = await startProxy("p1");
    await rowState(node, "connected");
    await database.nodes.update(node, { consoleEndpoint: held(far, credentials("bmc1.b")) });
    await lines.tick();
    await lines.tick();
    assert.equal(far.connections, 1);
    const other = await SerialFarSide.start();
    await database.nodes.update(node, { consoleEndpoint: held(other) });
    await until(() => other.connected === 1 && far.connected === 0, "move");
    for (const one of running.splice(0)) await one.stop();
    await other.stop();
  });

  it("ends a line whose console was switched off, and sends the last viewers away", async () => {
    const node = await addNode(held());
    const lines = await startProxy("p1");
    const line = await lines.forViewer(node, held());
    const viewer = new FakeViewer();
    line.attach(viewer);
    await rowState(node, "connected");
    await database.nodes.update(node, { consoleEnabled: false, consoleEndpoint: null });
    await until(() => far.connected === 0, "closed connection");
    await until(() => viewer.ended === "console_disabled", "told viewer");
    await until(async () => (await owner(node)) === undefined, "released line");
  });

  it("never holds a direct line without a viewer", async () => {
    const endpoint = endpointTo(far, {
      serial: { dialect: "ipmitool", hold: "always", direct: true },
    });
    const node = await addNode(endpoint);
    const lines = await startProxy("p1");
    await lines.tick();
    await lines.tick();
    assert.equal(far.connections, 0);
    assert.equal(await owner(node), undefined);
  });

  it("shares lines with the other proxies", async () => {
    const [first, second] = [await startProxy("p1"), await startProxy("p2")];
    const nodes = await Promise.all(Array.from({ length: 24 }, () => addNode(held())));
    await until(async () => {
      const owners = await Promise.all(nodes.map((node) => owner(node)));
      return owners.every((one) => one !== undefined);
    }, "held lines");
    for (const lines of [first, second]) {
      const all = [...lines.figures.states.values()].reduce((sum, count) => sum + count, 0);
      assert.ok(all >= 3 && all <= 21, `${all} of 24`);
    }
    await until(() => far.connected === 24, "24 connections");
  });

  it("begins with what its log remembers, and notes what happens in it", async () => {
    const notes: string[] = [];
    const written: Buffer[] = [];
    let closed = 0;
    const recorders = {
      open: () => ({
        write: (bytes: Uint8Array) => void written.push(Buffer.from(bytes)),
        note: (text: string) => void notes.push(text),
        tail: () => Promise.resolve(Buffer.from("yesterday\r\n")),
        close: () => {
          closed += 1;
          return Promise.resolve();
        },
      }),
    };
    const node = await addNode(held());
    const lines = await startProxy("p1", { recorders });
    const viewer = new FakeViewer();
    (await lines.forViewer(node, held())).attach(viewer);
    assert.equal(viewer.text, "yesterday\r\n");
    await rowState(node, "connected");
    far.say("today\r\n");
    await until(() => viewer.text === "yesterday\r\ntoday\r\n", "bytes");
    assert.equal(Buffer.concat(written).toString(), "today\r\n");
    assert.deepEqual(notes, ["connected"]);
    await running.pop()!.stop();
    assert.equal(closed, 1);
    assert.equal(notes.at(-1), "idle: let go");
  });

  it("lets all lines go when it stops, and lets nobody in any more", async () => {
    const node = await addNode(held());
    const lines = await startProxy("p1");
    await rowState(node, "connected");
    await lines.stop();
    running.pop();
    assert.equal(await owner(node), undefined);
    await until(() => far.connected === 0, "closed connection");
    await assert.rejects(lines.forViewer(node, held()), ShuttingDown);
  });

  it("keeps its lines while the database does not answer", async () => {
    const node = await addNode(held());
    const lines = await startProxy("p1");
    const viewer = new FakeViewer();
    (await lines.forViewer(node, held())).attach(viewer);
    await rowState(node, "connected");
    const listHeld = sinon.stub(database.lines, "listHeld").rejects(new Error("gone"));
    await lines.tick();
    await lines.tick();
    far.say("still here");
    await until(() => viewer.text === "still here", "bytes");
    listHeld.restore();
    await lines.tick();
    assert.equal(viewer.ended, undefined);
  });
});
