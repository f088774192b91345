import assert from "node:assert/strict";
import { chooseHosts } from "../../../../../../drivers/browser/providers/ssh/choose-host.ts";

const host = (
  name: string,
  taken: number,
  more: { weight?: number; isResting?: boolean } = {},
) => ({
  name,
  taken,
  seats: 4,
  weight: 1,
  isResting: false,
  ...more,
});
const names = (hosts: { name: string }[]): string => hosts.map(({ name }) => name).join("");

describe("the choice of an auxiliary host", () => {
  it("prefers the one with the fewest sessions, then the first", () => {
    assert.equal(names(chooseHosts([host("a", 1), host("b", 0), host("c", 0)]).free), "bca");
  });

  it("counts a host of weight 3 as three hosts", () => {
    const hosts = [host("a", 0), host("b", 0, { weight: 3 })];
    const chosen: string[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      const [first] = chooseHosts(hosts).free;
      if (first) first.taken += 1;
      chosen.push(first?.name ?? "-");
    }
    assert.equal(chosen.toSorted().join(""), "abbb");
  });

  it("leaves out who rests, and tells full from resting", () => {
    const choice = chooseHosts([host("a", 4), host("b", 0, { isResting: true }), host("c", 4)]);
    assert.deepEqual(choice, { free: [], full: 2 });
    assert.equal(chooseHosts([host("b", 0, { isResting: true })]).full, 0);
  });
});
