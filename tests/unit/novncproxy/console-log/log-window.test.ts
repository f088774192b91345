import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { readWindow, type LogWindow } from "../../../../novncproxy/console-log/log-window.ts";
import { logWorld, NODE, type LogWorld } from "../../../helpers/line-logs.ts";

const START = Date.parse("2026-11-20T17:12:11.123Z");
/** Of the log that most tests read: a record a second, in several files. */
const RECORDS = 3000;

describe("a window of a log", () => {
  let world: LogWorld;
  /** What a reader without any skill finds. */
  let all: { time: number; line: string }[];

  before(async function () {
    this.timeout(20_000);
    world = logWorld({ fileBytes: 65_536, files: 100 });
    const line = world.logs.open(NODE);
    for (let count = 0; count < RECORDS; count += 1) {
      world.clock.milliseconds = START + count * 1000;
      line.write(Buffer.from(`${count} ${"x".repeat((count * 37) % 300)}\r\n`));
      if (count % 50 === 0) await line.flush();
    }
    await line.close();
    all = world
      .stored()
      .split("\n")
      .slice(0, -1)
      .map((text) => ({ time: Date.parse(text.slice(0, 24)), line: text }));
    assert.equal(all.length, RECORDS);
    assert.ok(world.names().length > 5);
  });
  after(() => world?.stop());

  async function read(
    window: LogWindow,
  ): Promise<{ lines: string[]; counted: number | undefined }> {
    const part = await readWindow(world.folder, NODE, window);
    assert.ok(part);
    const chunks: Buffer[] = [];
    for await (const chunk of part.chunks) chunks.push(chunk);
    return {
      lines: Buffer.concat(chunks).toString().split("\n").slice(0, -1),
      counted: part.lines,
    };
  }

  it("is what falls into it: the first moment does, the last one does not", async () => {
    const times = fc.integer({ min: START - 5000, max: START + (RECORDS + 5) * 1000 });
    const edges = fc.nat({ max: RECORDS }).map((count) => START + count * 1000);
    await fc.assert(
      fc.asyncProperty(fc.oneof(times, edges), fc.oneof(times, edges), async (from, to) => {
        const wanted = all.filter(({ time }) => time >= from && time < to);
        assert.deepEqual(
          (await read({ from, to })).lines,
          wanted.map(({ line }) => line),
        );
      }),
      { numRuns: 100 },
    );
  });

  it("is open at the ends that are not given", async () => {
    assert.equal((await read({})).lines.length, RECORDS);
    assert.equal((await read({ from: START + 10_000 })).lines.length, RECORDS - 10);
    assert.equal((await read({ to: START + 10_000 })).lines.length, 10);
  });

  it("is the last lines of that, counted", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: RECORDS + 10 }),
        fc.nat({ max: RECORDS }),
        fc.nat({ max: RECORDS }),
        async (lines, first, last) => {
          const [from, to] = [START + first * 1000, START + last * 1000];
          const wanted = all.filter(({ time }) => time >= from && time < to).slice(-lines);
          const found = await read({ from, to, lines });
          assert.deepEqual(
            found.lines,
            wanted.map(({ line }) => line),
          );
          assert.equal(found.counted, wanted.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("reads no more from the end than it may, whole records", async () => {
    const { lines, counted } = await read({ lines: 100_000, maxBytes: 150_000 });
    assert.equal(lines.at(-1), all.at(-1)?.line);
    assert.deepEqual(
      lines,
      all.slice(-lines.length).map(({ line }) => line),
    );
    assert.equal(counted, lines.length);
    const bytes = lines.reduce((sum, line) => sum + line.length + 1, 0);
    assert.ok(bytes <= 150_000 && bytes > 140_000, String(bytes));
  });

  it("goes on when the oldest file is deleted meanwhile", async () => {
    const part = await readWindow(world.folder, NODE, {});
    const victim = join(world.folder, NODE, world.names()[1] ?? "");
    rmSync(victim);
    let text = "";
    for await (const chunk of part!.chunks) text += chunk.toString();
    assert.match(text, / 2999 x*\n$/);
  });
});

describe("a log that was left in a bad state", () => {
  let world: LogWorld;
  let folder: string;
  beforeEach(() => {
    world = logWorld();
    folder = join(world.folder, NODE);
    mkdirSync(folder);
  });
  afterEach(() => world.stop());
  const FIRST = "20261120T171211.000Z.log";
  const SECOND = "20261120T171311.000Z.log";
  const read = async (window: LogWindow = {}): Promise<string> => {
    const part = await readWindow(world.folder, NODE, window);
    let text = "";
    for await (const chunk of part?.chunks ?? []) text += chunk.toString();
    return text;
  };

  it("is read with half a record at the end of a file", async () => {
    writeFileSync(
      join(folder, FIRST),
      "2026-11-20T17:12:11.000Z one\n2026-11-20T17:12:12.000Z tw\\x1",
    );
    writeFileSync(join(folder, SECOND), "2026-11-20T17:13:11.000Z three\n2026-11-");
    assert.equal(
      await read(),
      "2026-11-20T17:12:11.000Z one\n2026-11-20T17:12:12.000Z tw\\\n2026-11-20T17:13:11.000Z three\n",
    );
    assert.equal(
      await read({ lines: 2 }),
      "2026-11-20T17:12:12.000Z tw\\\n2026-11-20T17:13:11.000Z three\n",
    );
  });

  it("shows a record of the newest file when it is whole, not before", async () => {
    writeFileSync(join(folder, FIRST), "2026-11-20T17:12:11.000Z one\n2026-11-20T17:12:12.000Z tw");
    assert.equal(await read(), "2026-11-20T17:12:11.000Z one\n");
    appendFileSync(join(folder, FIRST), "o\n");
    assert.equal(await read({ lines: 1 }), "2026-11-20T17:12:12.000Z two\n");
  });

  it("is none where nothing was ever written", async () => {
    assert.equal(await readWindow(world.folder, "2be26c0b-03f2-4d2e-ae87-c02d7f33c123"), undefined);
    assert.equal(await readWindow(world.folder, NODE), undefined);
    writeFileSync(join(folder, FIRST), "");
    assert.equal(await read(), "");
    assert.equal(await read({ lines: 5, from: 0, to: 1e15 }), "");
  });

  it("is not read through a link, and other files beside it are not read", async () => {
    writeFileSync(join(folder, "notes.txt"), "2026-11-20T17:12:11.000Z other\n");
    assert.equal(await readWindow(world.folder, NODE), undefined);
    symlinkSync("/etc/passwd", join(folder, FIRST));
    await assert.rejects(read(), /ELOOP|symbolic/);
    await assert.rejects(readWindow(world.folder, "../x"), TypeError);
  });

  it("ends in time whatever stands in it", async () => {
    writeFileSync(join(folder, FIRST), Buffer.alloc(3_000_000, "\0"));
    writeFileSync(join(folder, SECOND), Buffer.alloc(3_000_000, "\n"));
    for (const window of [
      {},
      { lines: 10 },
      { from: START, to: START + 1 },
      { from: START, lines: 3 },
    ])
      await read(window);
  });
});
