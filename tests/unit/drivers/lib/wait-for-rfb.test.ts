import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Server } from "node:net";
import { once } from "node:events";
import {
  BmcProtocolError,
  BmcTimeout,
  BmcUnreachable,
  ConsoleError,
} from "../../../../common/errors.ts";
import { askForRfb, waitForRfb } from "../../../../drivers/lib/wait-for-rfb.ts";
import { freePort } from "../../../helpers/server-process.ts";
import { startSilentServer, type SilentServer } from "../../../helpers/silent-server.ts";

const never = (): AbortSignal => new AbortController().signal;

describe("askForRfb", () => {
  const servers: SilentServer[] = [];
  const saying = async (greeting: string): Promise<{ host: string; port: number }> => {
    const server = await startSilentServer(greeting);
    servers.push(server);
    return { host: "127.0.0.1", port: server.port };
  };
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  for (const version of ["003.003", "003.008", "003.889", "005.000"])
    it(`knows a VNC server of version ${version}`, async () => {
      const target = await saying(`RFB ${version}\n`);
      assert.equal(await askForRfb(target, { signal: never(), limitMs: 3000 }), version);
    });

  it("knows one whose line comes in pieces", async () => {
    const server = createServer((socket) => {
      socket.write("RFB 00");
      setImmediate(() => socket.write("3.008\n"));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    try {
      const target = { host: "127.0.0.1", port };
      assert.equal(await askForRfb(target, { signal: never(), limitMs: 3000 }), "003.008");
    } finally {
      server.close();
    }
  });

  for (const greeting of [
    "SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/1.1 400 Bad\r\n",
    "RFB 3.8\n\n\n\n\n",
    "RFB 055.008\n",
  ])
    it(`tells ${JSON.stringify(greeting)} from a VNC server`, async () => {
      const target = await saying(greeting);
      await assert.rejects(askForRfb(target, { signal: never(), limitMs: 3000 }), BmcProtocolError);
    });

  it("names the port when it is closed", async () => {
    const port = await freePort();
    await assert.rejects(
      askForRfb({ host: "127.0.0.1", port }, { signal: never(), limitMs: 3000 }),
      (error) => error instanceof BmcUnreachable && error.message.includes(`127.0.0.1:${port}`),
    );
  });

  it("gives up at its deadline when nothing is said", async () => {
    const target = await saying("");
    await assert.rejects(askForRfb(target, { signal: never(), limitMs: 50 }), BmcTimeout);
  });

  it("gives up at its deadline when TLS is not answered", async () => {
    const target = { ...(await saying("")), tls: { wrap: true, verify: "none" as const } };
    await assert.rejects(askForRfb(target, { signal: never(), limitMs: 50 }), BmcTimeout);
  });

  it("says so when the port does not speak TLS", async () => {
    const target = {
      ...(await saying("RFB 003.008\n")),
      tls: { wrap: true, verify: "none" as const },
    };
    await assert.rejects(askForRfb(target, { signal: never(), limitMs: 3000 }), BmcProtocolError);
  });

  it("ends at once when the task is aborted", async () => {
    const target = await saying("");
    const abort = new AbortController();
    const asking = askForRfb(target, { signal: abort.signal, limitMs: 60_000 });
    setImmediate(() => abort.abort());
    await assert.rejects(
      asking,
      (error) => error instanceof ConsoleError && /aborted/.test(error.message),
    );
  });

  it("throws the aborter's own error when it gave one of ours", async () => {
    const target = await saying("");
    const reason = new BmcTimeout("starting took longer than 120 s");
    const abort = new AbortController();
    const asking = askForRfb(target, { signal: abort.signal, limitMs: 60_000 });
    abort.abort(reason);
    await assert.rejects(asking, (error) => error === reason);
  });
});

describe("waitForRfb", () => {
  let server: Server | undefined;
  afterEach(() => void server?.close());

  it("waits for a port that opens later", async () => {
    const port = await freePort();
    const waiting = waitForRfb(
      { host: "127.0.0.1", port },
      { signal: never(), totalMs: 5000, attemptMs: 1000, pauseMs: 10 },
    );
    server = createServer((socket) => socket.end("RFB 003.008\n"));
    server.listen(port, "127.0.0.1");
    await waiting;
  });

  it("gives up with the last reason when it stays closed", async () => {
    const port = await freePort();
    await assert.rejects(
      waitForRfb(
        { host: "127.0.0.1", port },
        { signal: never(), totalMs: 60, attemptMs: 50, pauseMs: 10 },
      ),
      (error) => error instanceof BmcUnreachable && /connection refused/.test(error.message),
    );
  });
});
