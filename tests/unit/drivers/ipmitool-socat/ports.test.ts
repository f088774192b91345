import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import * as fc from "fast-check";
import { canBind, mayUsePort, portCandidates } from "../../../../drivers/ipmitool-socat/ports.ts";

describe("the port of a console", () => {
  const RANGE = { kind: "range", first: 10_000, end: 10_020 } as const;
  const uuid = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";

  it("is each of the range once, the remembered one first, in the same order for a node", () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.integer({ min: 1, max: 65_000 }),
        fc.integer({ min: 1, max: 60 }),
        fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
        (node, first, count, remembered) => {
          const choice = { kind: "range", first, end: first + count } as const;
          const order = [...portCandidates(choice, node, remembered)];
          assert.deepEqual(order, [...portCandidates(choice, node, remembered)]);
          const all = Array.from({ length: count }, (_none, index) => first + index);
          assert.deepEqual(
            order.toSorted((a, b) => a - b),
            all,
          );
          if (remembered !== undefined && all.includes(remembered))
            assert.equal(order[0], remembered);
        },
      ),
    );
  });

  it("differs between nodes at first, so that few get in each other's way", () => {
    const nodes = fc.sample(fc.uuid(), 200);
    const firsts = nodes.map((node) => [...portCandidates(RANGE, node, undefined)][0]);
    assert.ok(new Set(firsts).size > 15);
  });

  it("is the one given and no other when it is fixed", () => {
    assert.deepEqual([...portCandidates({ kind: "fixed", port: 7 }, uuid, 9)], [7]);
  });

  it("may be kept by a running console while the configuration still allows it", () => {
    const on = (ports: Parameters<typeof portCandidates>[0]) =>
      ({ kind: "tls", address: "127.0.0.1", ports }) as const;
    assert.equal(mayUsePort(on(RANGE), 10_019), true);
    assert.equal(mayUsePort(on(RANGE), 10_020), false);
    assert.equal(mayUsePort(on({ kind: "fixed", port: 7 }), 8), false);
    assert.equal(mayUsePort(on(RANGE), null), false);
    assert.equal(mayUsePort({ kind: "unix" }, null), true);
    assert.equal(mayUsePort({ kind: "unix" }, 10_000), false);
  });

  it("can be bound when nobody has it", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    assert.equal(await canBind("127.0.0.1", port), false);
    server.close();
    await once(server, "close");
    assert.equal(await canBind("127.0.0.1", port), true);
  });
});
