import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { CaFiles } from "../../../common/ca-files.ts";
import type { ConsoleQuirks } from "../../../common/console-endpoint.ts";
import { HostTimeout } from "../../../common/errors.ts";
import { READ_PROTOCOL_VERSION, READ_SECURITY_TYPES } from "../../../common/rfb/constants.ts";
import { HostConnection, type HostListener } from "../../../novncproxy/host-connection.ts";
import { ReadBuffers } from "../../../novncproxy/read-buffers.ts";
import { TurnQueue } from "../../../novncproxy/turn-queue.ts";
import { startSilentServer } from "../../helpers/silent-server.ts";

/** Reads from a host that says nothing, and lets the time pass. @returns what the error says */
async function sentenceAfter(
  seconds: number,
  message: string,
  quirks: ConsoleQuirks,
): Promise<string> {
  const server = await startSilentServer("");
  const turns = new TurnQueue();
  let now = 0;
  const host = new HostConnection(
    {
      endpoint: { transport: { kind: "tcp", host: "127.0.0.1", port: server.port }, quirks },
      buffers: new ReadBuffers(),
      turns,
      caFiles: new CaFiles(),
      clock: { now: () => now },
      stepMilliseconds: 10_000,
    },
    { onHostBytes: () => true, onHostGone: () => undefined },
  );
  try {
    await host.connected();
    const read = host.read(message, 1).then(
      () => assert.fail("it was answered"),
      (error: unknown) => error,
    );
    now = seconds * 1000;
    host.expire(now);
    host.destroy();
    const error = await read;
    assert.ok(error instanceof Error);
    return `${error instanceof HostTimeout ? "too late" : "early"}: ${error.message}`;
  } finally {
    host.destroy();
    turns.stop();
    await server.stop();
  }
}

describe("HostConnection", () => {
  it("names the limit of the banner when that one has passed", async () => {
    const said = await sentenceAfter(3, READ_PROTOCOL_VERSION, { bannerTimeoutSeconds: 3 });
    assert.match(said, /^too late: .* sent no ProtocolVersion in time \(3 seconds\)$/);
  });

  it("waits for other messages as long as for any step, and names that", async () => {
    const quirks = { bannerTimeoutSeconds: 3 };
    assert.match(await sentenceAfter(9, READ_SECURITY_TYPES, quirks), /^early: /);
    assert.match(
      await sentenceAfter(10, READ_SECURITY_TYPES, quirks),
      /^too late: .* sent no SecurityTypes in time \(10 seconds\)$/,
    );
  });

  /** Connects to a machine that a test plays. */
  const withMachine = async (
    listener: HostListener,
    play: (host: HostConnection, machine: Socket) => Promise<void>,
  ): Promise<void> => {
    const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const arrived = once(server, "connection") as Promise<[Socket]>;
    const turns = new TurnQueue();
    const host = new HostConnection(
      {
        endpoint: { transport: { kind: "tcp", host: "127.0.0.1", port } },
        buffers: new ReadBuffers(),
        turns,
        caFiles: new CaFiles(),
        clock: { now: () => 0 },
        stepMilliseconds: 10_000,
      },
      listener,
    );
    try {
      await host.connected();
      const [machine] = await arrived;
      machine.on("error", () => undefined);
      await play(host, machine);
      machine.destroy();
    } finally {
      host.destroy();
      turns.stop();
      server.close();
    }
  };

  it("reports a machine that left early once the tenant has taken what it sent before", async () => {
    const told: unknown[] = [];
    const listener = {
      onHostBytes: (backing: Buffer, start: number, length: number) => {
        told.push(backing.toString("latin1", start, start + length));
        return false;
      },
      onHostGone: (clean: boolean) => told.push(clean),
    };
    await withMachine(listener, async (host, machine) => {
      machine.end("ahead");
      await assert.rejects(host.read("more than it sends", 100));
      host.startRelay();
      assert.deepEqual(told, ["ahead"]);
      host.resume();
      host.resume();
      assert.deepEqual(told, ["ahead", true]);
    });
  });

  it("sees a machine take part of one large write", async () => {
    const listener = { onHostBytes: () => true, onHostGone: () => undefined };
    const size = 32 * 1024 * 1024;
    await withMachine(listener, async (host, machine) => {
      host.startRelay();
      host.write(Buffer.alloc(size));
      const held = host.untakenBytes;
      assert.ok(held > size / 4 && held <= size, String(held));
      machine.resume();
      await new Promise<void>((resolve) => {
        let left = 12 * 1024 * 1024;
        machine.on("data", (chunk: Buffer) => {
          left -= chunk.length;
          if (left <= 0) resolve();
        });
      });
      machine.pause();
      assert.ok(host.untakenBytes < held);
      assert.equal(host.waitingBytes, size);
    });
  });
});
