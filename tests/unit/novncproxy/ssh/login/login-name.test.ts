/** What stands before the @. */
import assert from "node:assert/strict";
import { parseLoginName } from "../../../../../novncproxy/ssh/login/login-name.ts";

describe("a login name", () => {
  for (const [text, wanted] of [
    ["node1", { user: null, node: "node1", mode: "control" }],
    ["a.b_c~d-9", { user: null, node: "a.b_c~d-9", mode: "control" }],
    ["node1+view", { user: null, node: "node1", mode: "view" }],
    ["bob%node1", { user: "bob", node: "node1", mode: "control" }],
    ["bob@example.org%node1+view", { user: "bob@example.org", node: "node1", mode: "view" }],
    ["50%off%node1", { user: "50%off", node: "node1", mode: "control" }],
  ] as const)
    it(`"${text}" names a node`, () => assert.deepEqual(parseLoginName(text), wanted));

  for (const text of [
    "",
    "+view",
    "%node1",
    "bob%",
    "a:b%node1",
    "a\nb%node1",
    "node 1",
    "node1/../x",
    "node1?x",
    "node1+root",
    "nodé",
    "x".repeat(256),
    `${"x".repeat(256)}%node1`,
  ])
    it(`${JSON.stringify(text.slice(0, 20))} names none`, () =>
      assert.equal(parseLoginName(text), undefined));
});
