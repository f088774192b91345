import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Conductor } from "../../../db/database.ts";
import { conductorOf } from "../../../conductor/placement.ts";

function conductor(hostname: string, more: Partial<Conductor> = {}): Conductor {
  return {
    hostname,
    conductorGroup: "",
    rpcUrl: "",
    online: true,
    drivers: ["idrac"],
    createdAt: 0,
    updatedAt: 0,
    ...more,
  };
}

const node = (uuid: string = randomUUID(), more: object = {}) => ({
  uuid,
  driver: "idrac",
  conductorGroup: "",
  consoleEnabled: false,
  conductorAffinity: null,
  ...more,
});

describe("placement", () => {
  const five = ["c1", "c2", "c3", "c4", "c5"].map((name) => conductor(name));
  const hostOf = (uuid: string, all: readonly Conductor[]): string | undefined =>
    conductorOf(node(uuid), all)?.hostname;

  it("spreads nodes evenly", () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 5000; index += 1) {
      const host = hostOf(randomUUID(), five) ?? "";
      counts.set(host, (counts.get(host) ?? 0) + 1);
    }
    for (const count of counts.values()) assert.ok(count > 850 && count < 1150, String(count));
  });

  it("does not depend on the order of the conductors", () => {
    for (let index = 0; index < 50; index += 1) {
      const uuid = randomUUID();
      assert.equal(hostOf(uuid, five), hostOf(uuid, five.toReversed()));
    }
  });

  it("moves only the nodes of a conductor that leaves, and to one that joins", () => {
    const without = five.filter((one) => one.hostname !== "c3");
    const more = [...five, conductor("c6")];
    for (let index = 0; index < 500; index += 1) {
      const uuid = randomUUID();
      const before = hostOf(uuid, five);
      if (before !== "c3") assert.equal(hostOf(uuid, without), before);
      const joined = hostOf(uuid, more);
      assert.ok(joined === before || joined === "c6");
    }
  });

  it("asks only conductors of the node's group, whatever the case, that have its hardware type", () => {
    const all = [
      conductor("other-group", { conductorGroup: "rack2" }),
      conductor("other-driver", { conductorGroup: "rack1", drivers: ["ilo"] }),
      conductor("right", { conductorGroup: "rack1" }),
    ];
    assert.equal(conductorOf(node("a", { conductorGroup: "RACK1" }), all)?.hostname, "right");
    assert.equal(conductorOf(node("a"), all), undefined);
  });

  it("keeps a node with the conductor that runs its console, while that one lives", () => {
    const uuid = randomUUID();
    const elsewhere = five.find((one) => one.hostname !== hostOf(uuid, five));
    const running = node(uuid, { consoleEnabled: true, conductorAffinity: elsewhere?.hostname });
    assert.equal(conductorOf(running, five), elsewhere);
    assert.equal(
      conductorOf({ ...running, consoleEnabled: false }, five)?.hostname,
      hostOf(uuid, five),
    );
    const survivors = five.filter((one) => one !== elsewhere);
    assert.equal(conductorOf(running, survivors)?.hostname, hostOf(uuid, survivors));
  });
});
