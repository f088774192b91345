import assert from "node:assert/strict";
import * as fc from "fast-check";
import { LogPosition } from "../../../cli/log-position.ts";
import { noteRecord } from "../../../common/console-log-record.ts";

async function* once(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

describe("a reader of a growing console log", () => {
  it("sees every record once, although it asks from the last one's time on", async () => {
    /* how many milliseconds later than the one before, and after how many records it asks again */
    const steps = fc.array(fc.tuple(fc.constantFrom(0, 0, 1, 5), fc.boolean()), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(steps, async (given) => {
        const log: string[] = [];
        const position = new LogPosition();
        const seen: string[] = [];
        const ask = async (): Promise<void> => {
          const from = position.time ?? "";
          const part = log.filter((line) => line.slice(0, 24) >= from);
          for await (const record of position.fresh(once(part.map((line) => `${line}\n`).join(""))))
            seen.push(record.toString().trimEnd());
        };
        let time = 0;
        for (const [later, asks] of given) {
          time += later;
          log.push(noteRecord(new Date(time).toISOString(), `record ${log.length}`));
          if (asks) await ask();
        }
        await ask();
        assert.deepEqual(seen, log);
      }),
    );
  });
});
