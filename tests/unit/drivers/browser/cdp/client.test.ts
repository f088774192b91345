import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { duplexPair } from "node:stream";
import { CdpClient, type CdpEvent } from "../../../../../drivers/browser/cdp/client.ts";
import { CdpClosed, CdpError, CdpTimeout } from "../../../../../drivers/browser/cdp/errors.ts";
import { until } from "../../../../helpers/until.ts";

interface Command {
  readonly id: number;
  readonly method: string;
  readonly params: unknown;
  readonly sessionId?: string;
}

function pair(limitBytes?: number) {
  const [ours, theirs] = duplexPair();
  const client = new CdpClient(ours, limitBytes);
  const commands: Command[] = [];
  let text = "";
  theirs.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
    const parts = text.split("\0");
    text = parts.pop()!;
    for (const part of parts) commands.push(JSON.parse(part) as Command);
  });
  theirs.on("error", () => undefined);
  const say = (message: unknown): void => void theirs.write(`${JSON.stringify(message)}\0`);
  const nth = async (count: number): Promise<Command> => {
    await until(() => commands.length >= count, "command");
    return commands[count - 1]!;
  };
  return { client, theirs, say, nth };
}

describe("the DevTools client", () => {
  it("matches answers with commands, whatever their order", async () => {
    const { client, say, nth } = pair();
    const first = client.send("A.a", { x: 1 });
    const second = client.session("s1").send("B.b");
    const [one, two] = [await nth(1), await nth(2)];
    assert.deepEqual(
      [one, two].map(({ method, params, sessionId }) => ({ method, params, sessionId })),
      [
        { method: "A.a", params: { x: 1 }, sessionId: undefined },
        { method: "B.b", params: {}, sessionId: "s1" },
      ],
    );
    say({ id: two.id, sessionId: "s1", result: { second: true } });
    say({ id: one.id, result: { first: true } });
    assert.deepEqual(await first, { first: true });
    assert.deepEqual(await second, { second: true });
    client.close("over");
  });

  it("tells events with their session, and no more after one has stopped to listen", async () => {
    const { client, say } = pair();
    const events: CdpEvent[] = [];
    const stop = client.onEvent((event) => events.push(event));
    say({ method: "Page.loadEventFired", params: { timestamp: 1 }, sessionId: "s1" });
    await until(() => events.length === 1, "event");
    assert.deepEqual(events[0], {
      method: "Page.loadEventFired",
      params: { timestamp: 1 },
      sessionId: "s1",
    });
    stop();
    const last = client.send("A.a");
    say({ method: "Page.loadEventFired", params: {} });
    say({ id: 1, result: {} });
    await last;
    assert.equal(events.length, 1);
    client.close("over");
  });

  it("fails a command with the browser's words, bounded and without control characters", async () => {
    const { client, say, nth } = pair();
    const asked = client.send("A.a");
    const { id } = await nth(1);
    say({ id, error: { code: -32_000, message: `no\u001b[31m\n${"x".repeat(5000)}` } });
    const error = await asked.then(
      () => assert.fail("it was refused"),
      (caught: unknown) => caught,
    );
    assert.ok(error instanceof CdpError);
    assert.ok(error.message.length < 400);
    assert.doesNotMatch(error.message, /\p{Cc}/u);
    client.close("over");
  });

  it("gives up a command after its own limit, and when its signal says so", async () => {
    const { client } = pair();
    await assert.rejects(client.send("A.a", {}, { limitMs: 5 }), CdpTimeout);
    const abort = new AbortController();
    const asked = client.send("A.a", {}, { signal: abort.signal });
    abort.abort(new RangeError("enough"));
    await assert.rejects(asked, RangeError);
    await assert.rejects(client.send("A.a", {}, { signal: abort.signal }), RangeError);
    client.close("over");
  });

  it("fails the commands of a session that is detached, and no others", async () => {
    const { client, say, nth } = pair();
    const lost = client.session("s1").send("A.a");
    const kept = client.session("s2").send("A.a");
    const { id } = await nth(2);
    say({ method: "Target.detachedFromTarget", params: { sessionId: "s1" } });
    await assert.rejects(lost, CdpError);
    say({ id, result: {} });
    assert.deepEqual(await kept, {});
    client.close("over");
  });

  it("fails everything when the stream ends, and says so once", async () => {
    const { client, theirs } = pair();
    const asked = client.send("A.a");
    theirs.end();
    await assert.rejects(asked, CdpClosed);
    assert.match(await client.closed, /closed its DevTools pipe/);
    await assert.rejects(client.send("A.a"), CdpClosed);
  });

  it("ends the stream at a message above the limit, and at what is no JSON object", async () => {
    for (const bytes of [Buffer.alloc(200, 120), Buffer.from("[1]\0"), Buffer.from("{\0")]) {
      const { client, theirs } = pair(100);
      theirs.write(bytes);
      await client.closed;
      await assert.rejects(client.send("A.a"), CdpClosed);
    }
  });

  it("keeps no more than 512 commands waiting", async () => {
    const { client } = pair();
    const waiting = Array.from({ length: 512 }, () => client.send("A.a"));
    await assert.rejects(client.send("A.a"), /too many/);
    client.close("over");
    const settled = await Promise.allSettled(waiting);
    assert.ok(settled.every(({ status }) => status === "rejected"));
  });

  it("survives random bytes", async () => {
    for (let round = 0; round < 50; round++) {
      const { client, theirs } = pair(4096);
      theirs.write(randomBytes(300));
      theirs.end(Buffer.from("\0"));
      assert.notEqual(await client.closed, "");
    }
  });
});
