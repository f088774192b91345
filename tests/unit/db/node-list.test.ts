import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { NodeNotFound } from "../../../common/errors.ts";
import type { NewNode, Node } from "../../../common/node.ts";
import type { Database, NodeFilters, NodeListQuery } from "../../../db/database.ts";
import { describeOnEveryDatabase } from "../../helpers/database.ts";
import { createNode } from "./samples.ts";

/** Creates nodes whose extra.n is their place, and lists them by it. */
async function createNumbered(database: Database, nodes: readonly Partial<NewNode>[]) {
  for (const [n, node] of nodes.entries()) await createNode(database, { ...node, extra: { n } });
}
function numbers(nodes: readonly Node[]): unknown[] {
  return nodes.map(({ extra }) => extra["n"]);
}
async function listed(database: Database, query: NodeListQuery): Promise<unknown[]> {
  return numbers(await database.nodes.list(query));
}
/** Follows the pages to their end. */
async function paged(database: Database, query: NodeListQuery): Promise<unknown[]> {
  const all: Node[] = [];
  for (;;) {
    const marker = all.at(-1)?.uuid;
    const page = await database.nodes.list(marker === undefined ? query : { ...query, marker });
    if (page.length === 0) return numbers(all);
    all.push(...page);
    assert.ok(all.length < 100, "paging does not end");
  }
}

describeOnEveryDatabase("node lists", (fresh) => {
  it("is empty without nodes", async () => {
    assert.deepEqual(await (await fresh()).nodes.list(), []);
  });

  it("lists in the order of creation unless asked otherwise", async () => {
    const database = await fresh();
    await createNumbered(database, [{ name: "c" }, { name: "a" }, { name: "b" }]);
    assert.deepEqual(await listed(database, {}), [0, 1, 2]);
    assert.deepEqual(await listed(database, { sortDirection: "desc" }), [2, 1, 0]);
    assert.deepEqual(await listed(database, { limit: 2 }), [0, 1]);
  });

  it("sorts text by bytes with null first, and equal values by creation", async () => {
    const database = await fresh();
    const classes = ["b", null, "B", "a", "ä", "b", null, "_", "é", "a b"];
    await createNumbered(
      database,
      classes.map((resourceClass) => ({ resourceClass })),
    );
    /* Oracle: bytes of UTF-8, as both "C" and BINARY promise. */
    const expected = classes
      .map((value, n) => ({ bytes: value === null ? null : Buffer.from(value), n }))
      .sort((a, b) => {
        if (a.bytes === null || b.bytes === null)
          return Number(b.bytes === null) - Number(a.bytes === null) || a.n - b.n;
        return Buffer.compare(a.bytes, b.bytes) || a.n - b.n;
      })
      .map(({ n }) => n);
    assert.deepEqual(await listed(database, { sortKey: "resourceClass" }), expected);
    assert.deepEqual(
      await listed(database, { sortKey: "resourceClass", sortDirection: "desc" }),
      expected.toReversed(),
    );
  });

  for (const limit of [1, 2, 3, 7])
    it(`pages through every order without loss or repetition, ${limit} at a time`, async () => {
      const database = await fresh();
      await createNumbered(database, [
        { resourceClass: "x", maintenance: true, provisionUpdatedAt: 5 },
        { resourceClass: null, automatedClean: true },
        { resourceClass: "x", automatedClean: false, provisionUpdatedAt: 4_000_000_000_000 },
        { resourceClass: "y", maintenance: true },
        { resourceClass: null, provisionUpdatedAt: 5 },
        { resourceClass: "x", maintenance: true, automatedClean: true },
      ]);
      for (const sortKey of [
        "resourceClass",
        "maintenance",
        "automatedClean",
        "provisionUpdatedAt",
        "uuid",
        undefined,
      ] as const)
        for (const sortDirection of ["asc", "desc"] as const) {
          const query = { ...(sortKey && { sortKey }), sortDirection };
          const whole = await listed(database, query);
          assert.equal(new Set(whole).size, 6);
          assert.deepEqual(
            await paged(database, { ...query, limit }),
            whole,
            JSON.stringify(query),
          );
        }
    });

  it("keeps its place when nodes come and go between two pages", async () => {
    const database = await fresh();
    await createNumbered(database, [{ name: "a" }, { name: "c" }, { name: "e" }]);
    const [first, second] = await database.nodes.list({ sortKey: "name", limit: 2 });
    assert.ok(first && second);
    await database.nodes.destroy(first.uuid);
    await createNode(database, { name: "b", extra: { n: 98 } });
    await createNode(database, { name: "d", extra: { n: 99 } });
    assert.deepEqual(await listed(database, { sortKey: "name", marker: second.uuid }), [99, 2]);
  });

  it("refuses an unknown marker and a key without order", async () => {
    const database = await fresh();
    await createNode(database);
    for (const marker of [randomUUID(), "x", "\0"])
      await assert.rejects(database.nodes.list({ marker }), NodeNotFound);
    await assert.rejects(database.nodes.list({ sortKey: "driverInfo" }), {
      code: "INVALID_PARAMETER_VALUE",
      message: 'The sort_key value "driver_info" is invalid for sorting',
    });
    for (const sortKey of ["nonsense", "constructor", "id"])
      await assert.rejects(database.nodes.list({ sortKey: sortKey as keyof Node }), {
        code: "INVALID_PARAMETER_VALUE",
      });
  });

  it("filters", async () => {
    const database = await fresh();
    const [first, second] = [randomUUID(), randomUUID()];
    await createNumbered(database, [
      { uuid: first, driver: "idrac", resourceClass: "L", conductorGroup: "east", owner: "p1" },
      { uuid: second, instanceUuid: first, maintenance: true, lessee: "p1", shard: "s1" },
      { retired: true, consoleEnabled: true, fault: "power failure", shard: "s2", owner: "p2" },
      { provisionState: "active", conductorAffinity: "c9", description: "In Rack 7% of_hall ÄB" },
    ]);
    await database.nodes.reserve(second, "c1");
    const cases: [NodeFilters, number[]][] = [
      [{}, [0, 1, 2, 3]],
      [{ uuids: [second, first, "x", "\0"] }, [0, 1]],
      [{ uuids: [] }, []],
      [{ driver: "idrac" }, [0]],
      [{ driver: "IDRAC" }, []],
      [{ resourceClass: "L" }, [0]],
      [{ conductorGroup: "east" }, [0]],
      [{ conductorGroup: "" }, [1, 2, 3]],
      [{ conductorAffinity: "c9" }, [3]],
      [{ provisionState: "active" }, [3]],
      [{ instanceUuid: first }, [1]],
      [{ associated: true }, [1]],
      [{ associated: false }, [0, 2, 3]],
      [{ maintenance: true }, [1]],
      [{ maintenance: false }, [0, 2, 3]],
      [{ retired: true }, [2]],
      [{ consoleEnabled: true }, [2]],
      [{ consoleEnabled: false }, [0, 1, 3]],
      [{ fault: "power failure" }, [2]],
      [{ owner: "p1" }, [0]],
      [{ lessee: "p1" }, [1]],
      [{ project: "p1" }, [0, 1]],
      [{ project: "p1", maintenance: true }, [1]],
      [{ project: "\0" }, []],
      [{ shards: ["s1", "s2"] }, [1, 2]],
      [{ sharded: true }, [1, 2]],
      [{ sharded: false }, [0, 3]],
      [{ descriptionContains: "rAcK 7" }, [3]],
      [{ descriptionContains: "7% of_h" }, [3]],
      [{ descriptionContains: "7%o" }, []],
      [{ descriptionContains: "Äb" }, [3]],
      [{ descriptionContains: "äb" }, []],
      [{ reservedBy: "c1" }, [1]],
      [{ owner: "p1", driver: "fake-hardware" }, []],
    ];
    for (const [filters, expected] of cases)
      assert.deepEqual(await listed(database, { filters }), expected, JSON.stringify(filters));
  });

  it("takes a list of UUIDs that is longer than any limit of parameters", async () => {
    const database = await fresh();
    const { uuid } = await createNode(database);
    const uuids = [...Array.from({ length: 70_000 }, (_, n) => `no-${n}`), uuid];
    assert.equal((await database.nodes.list({ filters: { uuids } })).length, 1);
  });
});
