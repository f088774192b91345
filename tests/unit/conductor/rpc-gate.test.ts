import assert from "node:assert/strict";
import { hostsOf } from "../../../conductor/rpc-gate.ts";

describe("hostsOf", () => {
  const cases: [string, string, number, string[]][] = [
    ["http://127.0.0.1:8089", "127.0.0.1", 8089, ["127.0.0.1:8089", "localhost:8089"]],
    ["http://[::1]:8089", "::1", 8089, ["[::1]:8089", "localhost:8089"]],
    ["https://C1.example/", "127.0.0.1", 80, ["c1.example", "127.0.0.1", "localhost"]],
    ["http://c1.example:8089", "0.0.0.0", 8089, ["c1.example:8089", "0.0.0.0:8089"]],
    ["http://192.0.2.5:9", "192.0.2.5", 9, ["192.0.2.5:9"]],
  ];
  for (const [url, address, port, hosts] of cases)
    it(`names ${hosts.join(" and ")} for ${url} on ${address} port ${port}`, () => {
      assert.deepEqual(new Set(hostsOf(url, address, port)), new Set(hosts));
    });
});
