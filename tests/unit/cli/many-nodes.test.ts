import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { CliIo } from "../../../cli/cli-io.ts";
import { exitStatusOf } from "../../../common/exit-status.ts";
import { forEachNode, printResults } from "../../../cli/many-nodes.ts";
import { systemClock } from "../../../common/clock.ts";
import { Conflict, NotFound } from "../../../common/errors.ts";

describe("work on many nodes", () => {
  let stdout: PassThrough;
  let stderr: PassThrough & { isTTY?: boolean };
  let io: CliIo;

  beforeEach(() => {
    stdout = new PassThrough();
    stderr = new PassThrough();
    io = { env: {}, stdin: new PassThrough(), stdout, stderr, clock: systemClock };
  });

  const run = (
    nodes: string[],
    work: (node: string) => Promise<string>,
    parallel?: string,
  ): ReturnType<typeof forEachNode<string>> => {
    const flags = parallel === undefined ? {} : { parallel };
    return forEachNode(io, nodes, { title: "test", flags }, work);
  };

  it("goes on at several at once, never at more", async () => {
    let running = 0;
    let most = 0;
    const nodes = Array.from({ length: 50 }, (_none, index) => `n${index}`);
    await run(
      nodes,
      async (node) => {
        running += 1;
        most = Math.max(most, running);
        for (let turns = 0; turns < 5; turns += 1) await turn();
        running -= 1;
        return node;
      },
      "7",
    );
    assert.equal(most, 7);
  });

  it("gives results in the order of the nodes, whoever is first", async () => {
    const turns: Record<string, number> = { a: 9, b: 1, c: 5 };
    const results = await run(["a", "b", "c"], async (node) => {
      for (let left = turns[node] ?? 0; left > 0; left -= 1) await turn();
      return node.toUpperCase();
    });
    assert.deepEqual(results, [
      { node: "a", worked: true, value: "A" },
      { node: "b", worked: true, value: "B" },
      { node: "c", worked: true, value: "C" },
    ]);
  });

  const failing =
    (failures: Record<string, Error>) =>
    async (node: string): Promise<string> => {
      if (failures[node]) throw failures[node];
      return "fine";
    };
  const show = (results: Awaited<ReturnType<typeof run>>): void =>
    printResults(io, results, { columns: ["state"], json: false }, (state) => [{ state }]);

  it("is not stopped by one failure, and says which it was", async () => {
    const results = await run(["a", "b", "c"], failing({ b: new NotFound("no b\u001b[2J") }));
    assert.throws(
      () => show(results),
      (error) => exitStatusOf(error) === 5 && /1 of 3 nodes failed/.test(String(error)),
    );
    const rows = String(stdout.read()).trimEnd().split("\n");
    assert.deepEqual(
      rows.map((row) => row.split(/ {2,}/)),
      [
        ["node", "state", "error"],
        ["a", "fine", "-"],
        ["b", "-", "no b\\u{1b}[2J"],
        ["c", "fine", "-"],
      ],
    );
  });

  it("has exit status 1 when failures are of several kinds", async () => {
    const failures = { a: new NotFound("a"), b: new Conflict("b") };
    const results = await run(["a", "b"], failing(failures));
    assert.throws(
      () => show(results),
      (error) => exitStatusOf(error) === 1,
    );
  });

  it("fails as one command does when there is one node", async () => {
    const error = new NotFound("no a");
    const results = await run(["a"], failing({ a: error }));
    assert.throws(
      () => show(results),
      (thrown) => thrown === error,
    );
    assert.equal(stdout.read(), null);
  });

  it("shows one line of progress on a terminal, and takes it away", async () => {
    stderr.isTTY = true;
    await run(["a", "b", "c"], failing({ b: new NotFound("no b") }));
    const text = String(stderr.read());
    assert.ok(text.endsWith("test: 2 done, 1 failed, 0 left of 3\r\u001b[K"), text);
    assert.doesNotMatch(text, /\n/);
  });

  it("shows no progress elsewhere", async () => {
    await run(["a", "b"], failing({}));
    assert.equal(stderr.read(), null);
  });

  for (const parallel of ["0", "257", "x", "-1", "1.5"])
    it(`refuses --parallel ${parallel}`, async () => {
      await assert.rejects(run(["a"], failing({}), parallel), /--parallel must be 1 to 256/);
    });
});
