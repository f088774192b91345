/** The host side over real connections to a server that lies: each lie is one precise error, in time. */
import assert from "node:assert/strict";
import {
  HostError,
  HostTimeout,
  RFBAuthHandshakeFailed,
  RFBAuthNoAvailableScheme,
  RFBProtocolError,
} from "../../common/errors.ts";
import { Secret } from "../../common/secret.ts";
import { hostHandshake } from "../../common/rfb/host-handshake.ts";
import { readServerInit } from "../../novncproxy/rfb/server-init.ts";
import {
  honestNone,
  startFakeVncServer,
  VNC_LIES,
  type FakeVncScript,
} from "../fakes/vnc-server.ts";
import { SocketChannel } from "../helpers/socket-channel.ts";

/** RFC 6143 section 7.3.2. */
const SERVER_INIT_NAME_AT = 24;

/** @returns the name that the server gives itself */
async function logIn(script: FakeVncScript): Promise<string> {
  const server = await startFakeVncServer(script);
  try {
    const channel = await SocketChannel.open({ ...server, port: server.port, timeoutSeconds: 0.5 });
    try {
      await hostHandshake(channel, {
        allowedSecurityTypes: ["VncAuth", "None"],
        password: new Secret("vncpass1"),
      });
      channel.write(Buffer.from([1]));
      return (await readServerInit(channel)).bytes.toString("latin1", SERVER_INIT_NAME_AT);
    } finally {
      channel.close();
    }
  } finally {
    await server.stop();
  }
}

describe("host side with a lying server", () => {
  const lies: Partial<Record<keyof typeof VNC_LIES, [type: typeof HostError, message: RegExp]>> = {
    "says nothing": [HostTimeout, /^ProtocolVersion: /],
    "hangs up at once": [HostError, /^ProtocolVersion: the host closed/],
    "resets the connection": [HostError, /^SecurityTypes: the host closed/],
    "speaks HTTP": [RFBProtocolError, /got "HTTP\/1.1 400"/],
    "speaks an unknown version": [RFBProtocolError, /ATEN/],
    "hangs up inside the version": [HostError, /^ProtocolVersion: the host closed/],
    "refuses with a reason": [RFBAuthHandshakeFailed, /: Too many security failures$/],
    "refuses with a reason of 4 GiB": [RFBAuthHandshakeFailed, /4294967295 bytes/],
    "offers unknown types only": [RFBAuthNoAvailableScheme, /unknown \(113\), unknown \(99\)/],
    "is silent after the security types": [HostTimeout, /^SecurityResult: /],
    "has a name of 4 GiB": [RFBProtocolError, /got one of 4294967295/],
  };
  for (const [lie, [type, message]] of Object.entries(lies))
    it(`says what is wrong when it ${lie}`, async () => {
      await assert.rejects(logIn(VNC_LIES[lie as keyof typeof VNC_LIES]), (error: Error) => {
        assert.equal(error.constructor, type, error.stack);
        assert.match(error.message, message);
        return true;
      });
    });

  it("gets along with one that sends one byte at a time", async () => {
    assert.equal(await logIn(VNC_LIES["sends one byte at a time"]), "chopped");
  });

  it("gets along with one that is honest", async () => {
    assert.equal(await logIn(honestNone), "fake");
  });

  it("knows every lie", () => {
    assert.deepEqual(
      Object.keys(VNC_LIES).filter((lie) => !(lie in lies)),
      ["sends one byte at a time"],
    );
  });
});
