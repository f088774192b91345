import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { inspect } from "node:util";
import * as fc from "fast-check";
import {
  BmcAuthenticationFailed,
  BmcFeatureMissing,
  BmcProtocolError,
  BmcTimeout,
  ConsoleServiceError,
} from "../../../../common/errors.ts";
import { Secret } from "../../../../common/secret.ts";
import { tryRfbLogin } from "../../../../drivers/lib/rfb-login.ts";

/** A VNC server whose every byte is given, whatever it is asked. */
async function scripted(script: Uint8Array, hangUp: boolean): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.resume();
    if (hangUp) socket.end(script);
    else socket.write(script);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function login(script: Uint8Array, hangUp = true, limitMs = 2000): Promise<void> {
  const server = await scripted(script, hangUp);
  try {
    const { port } = server.address() as AddressInfo;
    await tryRfbLogin(
      {
        consoleType: "vnc",
        transport: { kind: "tcp", host: "127.0.0.1", port },
        credentials: { password: new Secret("secret12") },
        allowedSecurityTypes: ["X509Vnc", "VncAuth"],
      },
      { signal: new AbortController().signal, limitMs },
    );
  } finally {
    server.close();
  }
}

const line = (version = "003.008"): Buffer => Buffer.from(`RFB ${version}\n`);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const script = (...parts: (Buffer | string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (Array.isArray(part) ? Buffer.from(part) : Buffer.from(part))));
const challenge = Buffer.alloc(16, 9);

describe("tryRfbLogin", () => {
  for (const version of ["003.008", "003.889", "004.001", "005.000"])
    it(`logs in to a server of version ${version} as to 3.8`, async () => {
      await login(script(line(version), [1, 2], challenge, u32(0)));
    });

  it("logs in to a 3.3 server, which chooses the security type itself", async () => {
    await login(script(line("003.003"), u32(2), challenge, u32(0)));
  });

  it("tells the server's reason for a refused password", async () => {
    const refusal = script(line(), [1, 2], challenge, u32(1), u32(5), "no\r\n!");
    await assert.rejects(
      login(refusal),
      (error) =>
        error instanceof BmcAuthenticationFailed &&
        error.message.endsWith(": the host refused the VncAuth login: no\\r\\n!"),
    );
  });

  it("tells the server's reason for refusing everybody", async () => {
    const refusal = script(line(), [0], u32(7), "go away");
    await assert.rejects(
      login(refusal),
      (error) => error instanceof BmcAuthenticationFailed && /go away/.test(error.message),
    );
  });

  it("does not log in without a password to a server that suddenly wants none", async () => {
    await assert.rejects(login(script(line(), [1, 1], u32(0))), BmcFeatureMissing);
  });

  it("does not read a reason of absurd length", async () => {
    const absurd = script(line(), [1, 2], challenge, u32(1), u32(0xffff_ffff));
    await assert.rejects(
      login(absurd, false),
      (error) => error instanceof BmcAuthenticationFailed && /4294967295 bytes/.test(error.message),
    );
  });

  it("is content with a server that another viewer holds", async () => {
    const held = "Server is already in use";
    await login(script(line(), [1, 2], challenge, u32(1), u32(held.length), held));
  });

  it("names the server and says in one bounded line what it sent instead of a version", async () => {
    await assert.rejects(login(Buffer.from("SSH-2.0-\x1b[2J")), (error) => {
      assert.ok(error instanceof BmcProtocolError);
      assert.match(
        error.message,
        /^127\.0\.0\.1:\d+: ProtocolVersion: .*"SSH-2\.0-\\u\{1b\}\[2J"$/,
      );
      return true;
    });
  });

  it("gives up at its deadline on a server that stops in the middle", async () => {
    await assert.rejects(login(script(line(), [1, 2], [1, 2, 3]), false, 60), BmcTimeout);
  });

  it("ends with one of our errors whatever bytes a server sends", async () => {
    const beginnings = [
      Buffer.alloc(0),
      line(),
      line("003.003"),
      script(line(), [1, 2]),
      script(line(), [1, 19]),
      script(line(), [1, 19], [0, 2], [0]),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...beginnings),
        fc.uint8Array({ maxLength: 64 }),
        async (beginning, rest) => {
          const outcome = await login(script(beginning, [...rest])).catch(
            (error: unknown) => error,
          );
          if (outcome !== undefined)
            assert.ok(outcome instanceof ConsoleServiceError, inspect(outcome));
        },
      ),
      { numRuns: 150 },
    );
  }).timeout(20_000);
});
