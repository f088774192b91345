import assert from "node:assert/strict";
import * as fc from "fast-check";
import { ConsoleServiceError, HostCertificateInvalid } from "../../../../common/errors.ts";
import { SECURITY_TYPE_NAMES } from "../../../../common/console-endpoint.ts";
import { hostHandshake, type HostLogin } from "../../../../common/rfb/host-handshake.ts";
import { ChoppingChannel, CHOPPINGS } from "../../../helpers/chopping-channel.ts";
import { peer, proxy, runTranscript, tls, u32, type Line } from "../../../helpers/transcript.ts";

import {
  CHALLENGE,
  login,
  RESPONSE,
  V33,
  V37,
  V38,
  veNCrypt,
} from "../../../helpers/host-talks.ts";

for (const chopping of CHOPPINGS)
  describe(`host handshake, bytes ${chopping}`, () => {
    const talks: [what: string, HostLogin, Line[], securityType: string][] = [
      [
        "does 3.8 with None, and reads SecurityResult",
        login("None"),
        [peer(V38), proxy(V38), peer([1, 1]), proxy([1]), peer(u32(0))],
        "None",
      ],
      [
        "does 3.8 with VNC authentication",
        login("VncAuth", "None"),
        [
          peer(V38),
          proxy(V38),
          peer([3, 1, 2, 16]),
          proxy([2]),
          peer(CHALLENGE),
          proxy(RESPONSE),
          peer(u32(0)),
        ],
        "VncAuth",
      ],
      [
        "does 3.7 with None, which has no SecurityResult",
        login("None"),
        [peer(V37), proxy(V37), peer([1, 1]), proxy([1])],
        "None",
      ],
      [
        "does 3.7 with VNC authentication",
        login("VncAuth"),
        [
          peer(V37),
          proxy(V37),
          peer([1, 2]),
          proxy([2]),
          peer(CHALLENGE),
          proxy(RESPONSE),
          peer(u32(0)),
        ],
        "VncAuth",
      ],
      [
        "does 3.3 with None, dictated by the host",
        login("None"),
        [peer(V33), proxy(V33), peer(u32(1))],
        "None",
      ],
      [
        "does 3.3 with VNC authentication, dictated by the host",
        login("VncAuth"),
        [peer(V33), proxy(V33), peer(u32(2)), peer(CHALLENGE), proxy(RESPONSE), peer(u32(0))],
        "VncAuth",
      ],
      [
        "answers 3.8 to Apple's 003.889",
        login("None"),
        [peer("RFB 003.889\n"), proxy(V38), peer([4, 30, 33, 36, 1]), proxy([1]), peer(u32(0))],
        "None",
      ],
      [
        "answers 3.3 to UltraVNC's 003.006",
        login("None"),
        [peer("RFB 003.006\n"), proxy(V33), peer(u32(1))],
        "None",
      ],
      [
        "does X509None: TLS by certificate, SecurityResult inside",
        login("X509None"),
        [...veNCrypt(260, 260), peer([1]), tls("certificate"), peer(u32(0))],
        "X509None",
      ],
      [
        "does X509Vnc: TLS by certificate, challenge inside",
        login("X509Vnc"),
        [
          ...veNCrypt(261, 258, 261),
          peer([1]),
          tls("certificate"),
          peer(CHALLENGE),
          proxy(RESPONSE),
          peer(u32(0)),
        ],
        "X509Vnc",
      ],
      [
        "does X509Plain",
        login("X509Plain"),
        [
          ...veNCrypt(262, 262),
          peer([1]),
          tls("certificate"),
          proxy(u32(5, 8), "adminpassword"),
          peer(u32(0)),
        ],
        "X509Plain",
      ],
      [
        "does TLSNone: anonymous TLS",
        login("TLSNone"),
        [...veNCrypt(257, 257), peer([1]), tls("anonymous"), peer(u32(0))],
        "TLSNone",
      ],
      [
        "does TLSVnc: anonymous TLS",
        login("X509Vnc", "TLSVnc"),
        [
          ...veNCrypt(258, 257, 258),
          peer([1]),
          tls("anonymous"),
          peer(CHALLENGE),
          proxy(RESPONSE),
          peer(u32(0)),
        ],
        "TLSVnc",
      ],
      [
        "does TLSPlain",
        login("TLSPlain"),
        [
          ...veNCrypt(259, 259),
          peer([1]),
          tls("anonymous"),
          proxy(u32(5, 8), "adminpassword"),
          peer(u32(0)),
        ],
        "TLSPlain",
      ],
      [
        "does Plain without TLS and without a subtype answer, when the endpoint lists it",
        login("Plain"),
        [...veNCrypt(256, 256), proxy(u32(5, 8), "adminpassword"), peer(u32(0))],
        "Plain",
      ],
      [
        "reads SecurityResult of VeNCrypt's None also in 3.7",
        login("X509None"),
        [
          peer(V37),
          proxy(V37),
          peer([1, 19]),
          proxy([19]),
          peer([0, 2]),
          proxy([0, 2]),
          peer([0, 1], u32(260)),
          proxy(u32(260)),
          peer([1]),
          tls("certificate"),
          peer(u32(0)),
        ],
        "X509None",
      ],
    ];
    for (const [what, as, lines, securityType] of talks)
      it(what, async () => {
        const result = await runTranscript(lines, (channel) => hostHandshake(channel, as), {
          chopping,
        });
        assert.equal(result.securityType, securityType);
      });
  });

describe("host handshake", () => {
  it("passes on what is wrong with the certificate, and sends no password", async () => {
    const channel = new ChoppingChannel();
    channel.tls = () =>
      Promise.reject(new HostCertificateInvalid("certificate: it is self-signed"));
    channel.deliver(
      Buffer.concat([
        Buffer.from(V38),
        Buffer.from([1, 19, 0, 2, 0, 1]),
        u32(262),
        Buffer.from([1]),
      ]),
    );
    await assert.rejects(hostHandshake(channel, login("X509Plain")), HostCertificateInvalid);
    assert.doesNotMatch(channel.written.toString("latin1"), /password/);
  });

  it("names its first read ProtocolVersion, which a longer deadline may be tied to", async () => {
    const channel = new ChoppingChannel();
    channel.end();
    await assert.rejects(hostHandshake(channel, login("None")));
    assert.deepEqual(channel.reads, ["ProtocolVersion"]);
  });

  it("ends with one of our errors or a login, whatever the bytes, and asks for bounded reads", async () => {
    const version = fc.constantFrom(V33, V37, V38, "RFB 005.000\n", "");
    const bytes = fc.uint8Array({ maxLength: 200 });
    // small numbers come often, so that the later steps are reached too
    const likely = fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 19), fc.nat(255)), {
      maxLength: 100,
    });
    await fc.assert(
      fc.asyncProperty(version, fc.oneof(bytes, likely), async (start, rest) => {
        const channel = new ChoppingChannel();
        const lengths: number[] = [];
        const read = channel.read.bind(channel);
        channel.read = (name, length) => {
          lengths.push(length);
          return read(name, length);
        };
        channel.deliver(Buffer.concat([Buffer.from(start), Buffer.from(rest)]));
        channel.end();
        try {
          await hostHandshake(channel, login(...SECURITY_TYPE_NAMES));
        } catch (error) {
          assert.ok(error instanceof ConsoleServiceError, String(error));
        }
        assert.ok(Math.max(...lengths) <= 4096);
      }),
      { numRuns: 300 },
    );
  });
});
