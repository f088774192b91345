/** Patterns of node names, as sshd's pattern lists. */
import assert from "node:assert/strict";
import { NodePatterns } from "../../../../../novncproxy/ssh/login/node-patterns.ts";

const UUID = "0d4ee1a5-0000-4000-8000-00000000000a";

function matches(list: string, name: string | null): boolean {
  return new NodePatterns(list).matches({ uuid: UUID, name });
}

describe("node patterns", () => {
  for (const [list, name, wanted] of [
    ["web-1", "web-1", true],
    ["web-1", "web-10", false],
    ["web-1", "xweb-1", false],
    ["WEB-?", "web-1", true],
    ["web-?", "web-", false],
    ["*", "anything", true],
    ["*", null, true],
    ["web-*", "web-", true],
    ["a*c*e", "abcde", true],
    ["a*c*e", "abcdf", false],
    ["*a*b", "aab", true],
    ["a.c", "abc", false],
    ["web-*,!web-9", "web-8", true],
    ["web-*,!web-9", "web-9", false],
    ["!web-9", "web-8", false],
    [" web-1 , db-1 ", "db-1", true],
    ["", "web-1", false],
    [",,", "", false],
    ["0d4ee1a5-*", "web-1", true],
    ["*,!0d4ee1a5-*", "web-1", false],
    ["[w]eb", "web", false],
  ] as const)
    it(`"${list}" ${wanted ? "has" : "has not"} the node ${name ?? "without name"}`, () => {
      assert.equal(matches(list, name), wanted);
    });

  it("says when a list can match nothing", () => {
    assert.equal(new NodePatterns("!web").isEmpty, true);
    assert.equal(new NodePatterns("web").isEmpty, false);
  });

  it("agrees with regular expressions on random patterns", () => {
    let seed = 7;
    const next = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    const text = (letters: string, most: number): string =>
      Array.from({ length: next(most + 1) }, () => letters[next(letters.length)]).join("");
    for (let round = 0; round < 5000; round += 1) {
      const pattern = text("ab*?", 6);
      const name = text("ab", 6);
      const source = pattern.replaceAll("*", ".*").replaceAll("?", ".");
      const wanted = pattern !== "" && new RegExp(`^${source}$`).test(name);
      const got = matches(pattern, name);
      const byUuid = pattern !== "" && new RegExp(`^${source}$`).test(UUID);
      assert.equal(got, wanted || byUuid, `${pattern} ${name}`);
    }
  });

  it("ends for patterns that keep regular expressions busy for ever", () => {
    assert.equal(matches(`${"*a".repeat(100)}b`, "a".repeat(255)), false);
  });
});
