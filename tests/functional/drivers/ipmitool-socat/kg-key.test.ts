import assert from "node:assert/strict";
import { membersOf, SocatBench } from "./socat-bench.ts";

describe("ipmitool-socat before a BMC with a Kg key", function suite() {
  this.timeout(40_000);
  const key = "An example key 1";
  const bench = new SocatBench(Buffer.from(key).toString("hex"));
  bench.declareHooks();

  it("opens the line with the key, and shows it in no argument", async () => {
    const line = await bench.readyLine(await bench.start());
    await bench.type(line, "whoami");
    for (const { command } of membersOf(bench.note().pid)) {
      assert.ok(!command.includes(key), command);
      assert.ok(!command.includes(Buffer.from(key).toString("hex")), command);
    }
  });
});
