import assert from "node:assert/strict";
import * as fc from "fast-check";
import { IpmitoolDialect } from "../../../../novncproxy/serial/ipmitool-dialect.ts";
import { lossBefore } from "../../../../novncproxy/serial/ipmitool-words.ts";
import { EscapeReader, LEAD_IN } from "../../../fakes/serial-far-side.ts";

function read(dialect: IpmitoolDialect, ...texts: string[]): string {
  return texts.map((text) => dialect.read(Buffer.from(text, "latin1")).toString("latin1")).join("");
}

function operational(): IpmitoolDialect {
  const dialect = new IpmitoolDialect();
  assert.equal(read(dialect, LEAD_IN), "");
  return dialect;
}

describe("the ipmitool dialect", () => {
  it("hides everything up to the operational line, and nothing behind it", () => {
    const dialect = new IpmitoolDialect();
    assert.equal(read(dialect, "Info: SOL payload already de-activated\r\n"), "");
    assert.equal(dialect.operational, false);
    assert.equal(
      read(dialect, "[SOL Session operational.  Use ~? for help]\r\nFedora login: "),
      "Fedora login: ",
    );
    assert.equal(dialect.operational, true);
    assert.equal(read(dialect, "[SOL Session operational.  Use ~? for help]\r\n").length, 45);
  });

  it("is operational wherever the lead-in is cut", () => {
    for (let cut = 0; cut <= LEAD_IN.length; cut += 1) {
      const dialect = new IpmitoolDialect();
      assert.equal(read(dialect, LEAD_IN.slice(0, cut), `${LEAD_IN.slice(cut)}x`), "x");
      assert.equal(dialect.operational, true);
    }
  });

  it("hides the remark about a missing terminal, but not the machine's own", () => {
    const remark = "tcgetattr: Inappropriate ioctl for device\r\n";
    assert.equal(read(operational(), `${remark}ok`), "ok");
    assert.equal(read(operational(), "ok", remark), `ok${remark}`);
  });

  it("keeps a bounded part of a lead-in that never ends", () => {
    const dialect = new IpmitoolDialect();
    for (let times = 0; times < 100; times += 1) read(dialect, "x".repeat(4096));
    assert.ok(dialect.loss().detail.length <= 200);
  });

  it("never lets a typed byte be an escape", () => {
    const dialect = operational();
    const far = new EscapeReader();
    const typed = "~.\r~.\n~\x1a\r~\x18\r~B\r~~\r~?~.\r\r~";
    assert.equal(far.read(dialect.write(Buffer.from(typed))).toString(), typed);
    assert.deepEqual([far.terminated, far.suspended, far.breaks], [0, 0, 0]);
  });

  it("types any bytes, cut anywhere, with breaks between them", () => {
    const piece = fc.oneof(
      fc.constant("break" as const),
      fc.string({
        unit: fc.constantFrom("~", ".", "B", "\r", "\n", "\x1a", "a", "?"),
        maxLength: 8,
      }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const dialect = operational();
        const far = new EscapeReader();
        let wanted = "";
        let got = "";
        let breaks = 0;
        for (const one of pieces) {
          if (one === "break") {
            const written = dialect.writeBreak();
            if (written.length === 3) wanted += "\r";
            got += far.read(written).toString();
            breaks += 1;
          } else {
            wanted += one;
            got += far.read(dialect.write(Buffer.from(one))).toString();
          }
        }
        assert.equal(got, wanted);
        assert.deepEqual([far.breaks, far.terminated, far.suspended], [breaks, 0, 0]);
      }),
      { numRuns: 500 },
    );
  });

  it("sends a break without a CR where a line has just begun, and with one elsewhere", () => {
    const dialect = operational();
    assert.equal(dialect.writeBreak().toString(), "~B");
    dialect.write(Buffer.from("ls"));
    assert.equal(dialect.writeBreak().toString(), "\r~B");
    assert.equal(dialect.writeBreak().toString(), "~B");
    dialect.write(Buffer.from("ls\r"));
    assert.equal(dialect.writeBreak().toString(), "~B");
  });

  it("hides ipmitool's echo of a break, once for each", () => {
    const dialect = operational();
    const echo = "~B [send break]\n";
    assert.equal(read(dialect, `a${echo}`), `a${echo}`);
    dialect.writeBreak();
    assert.equal(read(dialect, `a${echo}b`, echo), `ab${echo}`);
  });
});

describe("what ipmitool's last words mean", () => {
  const BEFORE: readonly (readonly [string, string, RegExp])[] = [
    ["Info: SOL payload already active on another session\r\n", "taken", /somebody else has/],
    ["Error: Unable to establish IPMI v2 / RMCP+ session\r\n", "lost", /does not answer/],
    [
      "> Error: no response from RAKP 1 message\nError: Unable to establish IPMI v2 / RMCP+ session",
      "lost",
      /does not answer/,
    ],
    ["RAKP 2 HMAC is invalid\nError: Unable to establish", "contested", /refuses the stored login/],
    ["Info: SOL payload disabled\r\n", "contested", /switched off/],
    ["Info: SOL payload activation limit reached\r\n", "taken", /all serial sessions/],
    ["Info: cannot activate SOL payload with encryption\r\n", "contested", /encryption/],
    ["", "lost", /could not be opened/],
    ["sh: ipmitool: not found\n", "lost", /could not be opened/],
  ];
  for (const [text, kind, words] of BEFORE)
    it(`${JSON.stringify(text.slice(0, 50))} before it was up: ${kind}`, () => {
      const dialect = new IpmitoolDialect();
      read(dialect, "Info: SOL payload already de-activated\r\n", text);
      const loss = dialect.loss();
      assert.equal(loss.kind, kind);
      assert.match(loss.words, words);
    });

  const AFTER: readonly (readonly [string, string])[] = [
    ["root@host:~# \r\nSOL session closed by BMC\r\n", "contested"],
    ["x\nError: No response to keepalive - Terminating session\n", "lost"],
    ["Error sending SOL data: FAIL\nSOL session closed by BMC\n", "lost"],
    ["just the machine\r\n", "lost"],
    ["SOL session closed by BMC\r\nlong ago\r\nand more\r\n", "lost"],
  ];
  for (const [text, kind] of AFTER)
    it(`${JSON.stringify(text)} afterwards: ${kind}`, () => {
      const dialect = operational();
      read(dialect, text);
      assert.equal(dialect.loss().kind, kind);
    });

  it("quotes an unknown one for operators only, printable and bounded", () => {
    const loss = lossBefore(`\x1b[31mboom\x07 ${"x".repeat(5000)}\n`);
    assert.ok(loss.detail.includes("\\u{1b}[31mboom\\u{7}"));
    assert.ok(loss.detail.length <= 200);
    assert.ok(!loss.words.includes("boom"));
  });

  it("stays bounded and printable for any bytes, before and after", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.boolean(), (bytes, isUp) => {
        const dialect = isUp ? operational() : new IpmitoolDialect();
        dialect.read(Buffer.from(bytes));
        const { detail } = dialect.loss();
        assert.ok(detail.length <= 200);
        assert.ok(!/\p{Cc}/u.test(detail));
      }),
    );
  });
});
