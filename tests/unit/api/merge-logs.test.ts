import assert from "node:assert/strict";
import * as fc from "fast-check";
import { mergeLogs } from "../../../api/merge-logs.ts";
import { noteRecord } from "../../../common/console-log-record.ts";

async function* chunksOf(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function merged(parts: readonly string[], skip?: number): Promise<string[]> {
  let text = "";
  const streams = parts.map((part) => chunksOf(part, 7));
  for await (const piece of mergeLogs(streams, skip)) text += Buffer.from(piece).toString();
  return text.split("\n").slice(0, -1);
}

describe("parts of a console log", () => {
  const TIMES = fc.array(fc.nat({ max: 1000 }), { maxLength: 30 });

  it("are joined in order of time, and nothing is lost", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(TIMES, { minLength: 1, maxLength: 4 }),
        fc.nat({ max: 40 }),
        async (parts, skip) => {
          const records = parts.map((times, part) =>
            times
              .toSorted((a, b) => a - b)
              .map((time, index) => noteRecord(new Date(time).toISOString(), `${part}.${index}`)),
          );
          const texts = records.map((lines) => lines.map((line) => `${line}\n`).join(""));
          const wanted = records
            .flat()
            .sort((a, b) =>
              a.slice(0, 24) < b.slice(0, 24) ? -1 : a.slice(0, 24) > b.slice(0, 24) ? 1 : 0,
            );
          assert.deepEqual(await merged(texts, skip), wanted.slice(skip));
        },
      ),
    );
  });

  it("are none for none", async () => {
    assert.deepEqual(await merged([]), []);
    assert.deepEqual(await merged(["", ""]), []);
  });

  it("lose what is no record", async () => {
    const good = noteRecord("2026-11-20T17:12:11.123Z", "good");
    assert.deepEqual(await merged([`junk\n${good}\n\0`, "junk"]), [good]);
  });
});
