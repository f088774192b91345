import assert from "node:assert/strict";
import { ConfigInvalid } from "../../../../../../common/errors.ts";
import {
  parseHosts,
  parsePins,
} from "../../../../../../drivers/browser/providers/ssh/host-list.ts";

describe("[browser]ssh_hosts", () => {
  it("is user@host, with a port and a weight if wanted", () => {
    const hosts = parseHosts(["bmc@aux1.example", "root@192.0.2.7:2222*3", "c@[2001:db8::7]:22"]);
    assert.deepEqual(hosts, [
      { name: "bmc@aux1.example:22", user: "bmc", host: "aux1.example", port: 22, weight: 1 },
      { name: "root@192.0.2.7:2222", user: "root", host: "192.0.2.7", port: 2222, weight: 3 },
      { name: "c@[2001:db8::7]:22", user: "c", host: "2001:db8::7", port: 22, weight: 1 },
    ]);
  });

  it("names every item that is wrong, at once", () => {
    const wrong = ["aux1", "a@b:0", "a@b:70000", "a b@c", "-oProxy@c", "a@b*0", "x@y", "x@y:22"];
    assert.throws(
      () => parseHosts(wrong),
      (error: ConfigInvalid) => {
        assert.equal(error.mistakes.length, 7);
        assert.match(error.mistakes.at(-1) ?? "", /"x@y:22" is there twice/);
        return error instanceof ConfigInvalid;
      },
    );
  });

  it("has to name a host", () => {
    assert.throws(() => parseHosts([]), ConfigInvalid);
  });
});

describe("[browser]ssh_host_keys", () => {
  const print = `SHA256:${"A".repeat(43)}`;

  it("is host=fingerprint, more than one for a host too", () => {
    const pins = parsePins([
      `Aux1=${print}`,
      `aux1:22=SHA256:${"B".repeat(43)}`,
      `[::1]:23=${print}`,
    ]);
    assert.deepEqual([...pins.keys()], ["aux1:22", "[::1]:23"]);
    assert.equal(pins.get("aux1:22")?.size, 2);
  });

  for (const wrong of [print, `aux1=${print}A`, "aux1=MD5:00:11", `aux1 ${print}`, "aux1=SHA256:"])
    it(`is not "${wrong.slice(0, 30)}"`, () => {
      assert.throws(() => parsePins([wrong]), ConfigInvalid);
    });
});
