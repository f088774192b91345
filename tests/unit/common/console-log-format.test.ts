import assert from "node:assert/strict";
import * as fc from "fast-check";
import { formatLog, type ConsoleLogFormat } from "../../../common/console-log-format.ts";
import { noteRecord, recordOf } from "../../../common/console-log-record.ts";

const TIME = "2026-11-20T17:12:11.123Z";

function recordsOf(...lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${recordOf(TIME, Buffer.from(line))}\n`).join(""));
}

async function* once(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function formatted(
  format: ConsoleLogFormat,
  ...chunks: readonly Uint8Array[]
): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of formatLog(once(...chunks), format)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

describe("a console log", () => {
  it("is given back as the machine's bytes", async () => {
    const said = ["boot\r\n", "\x1b[2Jlogin: ", "root\r\n", "unix\n"];
    assert.equal(await formatted("raw", recordsOf(...said)), said.join(""));
  });

  it("is the same however it is cut", async () => {
    const stored = recordsOf("one\r\n", "Grüße\r\n", "two: ", "three\n");
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: stored.length }),
        fc.nat({ max: stored.length }),
        async (a, b) => {
          const [low, high] = [Math.min(a, b), Math.max(a, b)];
          const parts = [
            stored.subarray(0, low),
            stored.subarray(low, high),
            stored.subarray(high),
          ];
          assert.equal(await formatted("text", ...parts), stored.toString());
        },
      ),
    );
  });

  it("is plain without times, colours, cursor moves, titles and notes, lines joined again", async () => {
    const stored = Buffer.concat([
      recordsOf("\x1b[1;31mPanic\x1b[0m\r\n", "login: "),
      Buffer.from(`${noteRecord(TIME, "break sent")}\n`),
      recordsOf(
        "ro",
        "ot\r\n",
        "\x1b]0;title\x07shell\r\n",
        "\x1bc\x1b(Breset\r\n",
        "\x9b2J\u009b3Jeight\r\n",
        "a\tb\r\n",
      ),
    ]);
    assert.equal(
      await formatted("plain", stored),
      "Panic\nlogin: root\nshell\nreset\n2Jeight\na\tb\n".replace("2J", ""),
    );
  });

  it("is plain with every step of a progress bar on its own line", async () => {
    assert.equal(await formatted("plain", recordsOf("10%\r50%\r100%\r\r\n")), "10%\n50%\n100%\n");
  });

  it("is never plain with a control character, whatever the machine said", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        const record = Buffer.from(
          `${recordOf(TIME, Buffer.from(bytes.filter((byte) => byte !== 10)))}\n`,
        );
        assert.doesNotMatch(await formatted("plain", record), /(?![\t\n])[\p{Cc}\p{Cf}]/u);
      }),
      { numRuns: 500 },
    );
  });

  it("takes no more time for hostile sequences than for others", async () => {
    const stored = recordsOf(...Array.from({ length: 500 }, () => "\x1b]\x1b[\x1bP".repeat(500)));
    const started = performance.now();
    await formatted("plain", stored);
    assert.ok(performance.now() - started < 5000);
  });

  it("is JSON Lines that say what is a note and what goes on", async () => {
    const stored = Buffer.concat([
      recordsOf("boot \u202e\x1b[2J\r\n", "login: "),
      Buffer.from(`${noteRecord(TIME, "connected")}\n`),
    ]);
    const lines = (await formatted("json", stored)).trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line) as unknown),
      [
        { time: TIME, text: "boot \\xe2\\x80\\xae\\x1b[2J" },
        { time: TIME, text: "login: ", part: true },
        { time: TIME, text: "connected", note: true },
      ],
    );
  });

  it("leaves out what is no record, in bounded memory", async () => {
    const garbage = Buffer.alloc(100_000, "x");
    const stored = [garbage, garbage, Buffer.from("\nno record\n\0\0\0\n"), recordsOf("good\r\n")];
    assert.equal(await formatted("text", ...stored, Buffer.from("2026-")), `${TIME} good\n`);
  });
});
