import assert from "node:assert/strict";
import {
  HostError,
  RFBAuthHandshakeFailed,
  RFBAuthNoAvailableScheme,
  RFBProtocolError,
} from "../../../../common/errors.ts";
import { hostHandshake, type HostLogin } from "../../../../common/rfb/host-handshake.ts";
import { CHOPPINGS } from "../../../helpers/chopping-channel.ts";
import { leaves, peer, proxy, runTranscript, u32, type Line } from "../../../helpers/transcript.ts";

import {
  CHALLENGE,
  FAILED,
  login,
  RESPONSE,
  V33,
  V37,
  V38,
  veNCrypt,
} from "../../../helpers/host-talks.ts";

for (const chopping of CHOPPINGS)
  describe(`failing host handshake, bytes ${chopping}`, () => {
    const failures: [what: string, HostLogin, Line[], type: typeof HostError, message: RegExp][] = [
      [
        "quotes the host's reason for a wrong password in 3.8",
        login("VncAuth"),
        [
          peer(V38),
          proxy(V38),
          peer([1, 2]),
          proxy([2]),
          peer(CHALLENGE),
          proxy(RESPONSE),
          peer(u32(1, 22), FAILED),
        ],
        RFBAuthHandshakeFailed,
        /^the host refused the VncAuth login: Authentication failure$/,
      ],
      [
        "does not wait for a reason in 3.7",
        login("VncAuth"),
        [
          peer(V37),
          proxy(V37),
          peer([1, 2]),
          proxy([2]),
          peer(CHALLENGE),
          proxy(RESPONSE),
          peer(u32(1)),
        ],
        RFBAuthHandshakeFailed,
        /no reason given/,
      ],
      [
        "does not wait for a reason in 3.3",
        login("VncAuth"),
        [peer(V33), proxy(V33), peer(u32(2)), peer(CHALLENGE), proxy(RESPONSE), peer(u32(1))],
        RFBAuthHandshakeFailed,
        /no reason given/,
      ],
      [
        "takes any other SecurityResult for a failure",
        login("None"),
        [peer(V38), proxy(V38), peer([1, 1]), proxy([1]), peer(u32(0xdeadbeef)), leaves],
        RFBAuthHandshakeFailed,
        /the host refused the None login: no reason given/,
      ],
      [
        "quotes why the host refuses the connection in 3.8",
        login("None"),
        [peer(V38), proxy(V38), peer([0], u32(4), "full")],
        RFBAuthHandshakeFailed,
        /^the host refused the connection: full$/,
      ],
      [
        "quotes why the host refuses the connection in 3.3",
        login("None"),
        [peer(V33), proxy(V33), peer(u32(0, 4), "full")],
        RFBAuthHandshakeFailed,
        /^the host refused the connection: full$/,
      ],
      [
        "sends nothing to a host whose types are not allowed",
        login("X509Vnc", "TLSVnc"),
        [peer(V38), proxy(V38), peer([2, 2, 1])],
        RFBAuthNoAvailableScheme,
        /offers 2 VncAuth, 1 None, allowed are X509Vnc, TLSVnc$/,
      ],
      [
        "refuses a type dictated in 3.3 that is not allowed",
        login("VncAuth"),
        [peer(V33), proxy(V33), peer(u32(1))],
        RFBAuthNoAvailableScheme,
        /offers 1 None, allowed are VncAuth$/,
      ],
      [
        "shows an absurd type dictated in 3.3",
        login("VncAuth"),
        [peer(V33), proxy(V33), peer("HTTP")],
        RFBAuthNoAvailableScheme,
        /offers unknown \(1213486160\)/,
      ],
      [
        "refuses what is no version",
        login("None"),
        [peer("HTTP/1.1 400\r\n")],
        RFBProtocolError,
        /^ProtocolVersion: expected "RFB 003.008" or another known version, got "HTTP\/1.1 400"$/,
      ],
      [
        "refuses VeNCrypt 0.1",
        login("X509Vnc"),
        [peer(V38), proxy(V38), peer([1, 19]), proxy([19]), peer([0, 1])],
        RFBAuthNoAvailableScheme,
        /VeNCrypt 0.1 only/,
      ],
      [
        "says when the host refuses VeNCrypt 0.2",
        login("X509Vnc"),
        [
          peer(V38),
          proxy(V38),
          peer([1, 19]),
          proxy([19]),
          peer([0, 2]),
          proxy([0, 2]),
          peer([255]),
        ],
        RFBProtocolError,
        /refused VeNCrypt 0.2/,
      ],
      [
        "says when the host offers no subtype",
        login("X509Vnc"),
        [
          peer(V38),
          proxy(V38),
          peer([1, 19]),
          proxy([19]),
          peer([0, 2]),
          proxy([0, 2]),
          peer([0, 0]),
        ],
        RFBAuthHandshakeFailed,
        /without any subtype/,
      ],
      [
        "says when the host refuses the subtype",
        login("X509Vnc"),
        [...veNCrypt(261, 261), peer([0])],
        RFBAuthHandshakeFailed,
        /refused the VeNCrypt subtype X509Vnc/,
      ],
      [
        "passes on that the host left",
        login("None"),
        [peer("RFB 00"), leaves],
        HostError,
        /^ProtocolVersion: the host closed the connection$/,
      ],
    ];
    for (const [what, as, lines, type, message] of failures)
      it(what, async () => {
        const run = runTranscript(lines, (channel) => hostHandshake(channel, as), { chopping });
        await assert.rejects(run, (error: Error) => {
          assert.equal(error.constructor, type, error.stack);
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /password|calvin/);
          return true;
        });
      });
  });
