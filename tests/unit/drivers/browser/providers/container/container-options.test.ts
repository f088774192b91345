/** What an operator may write about containers. */
import assert from "node:assert/strict";
import { loadConfig } from "../../../../../../common/config/load.ts";
import { containerSite } from "../../../../../../drivers/browser/providers/container/container-options.ts";
import { usedMemory } from "../../../../../../drivers/browser/providers/container/container-memory.ts";
import {
  engineName,
  parseEngineAddress,
} from "../../../../../../drivers/browser/providers/container/engine-address.ts";

const optionsWith = (overrides: Readonly<Record<string, string>>) =>
  loadConfig({ overrides }).browser;

describe("the engine's address", () => {
  it("is a socket or a port with TLS", () => {
    assert.deepEqual(parseEngineAddress("unix:///run/a b.sock"), {
      kind: "unix",
      path: "/run/a b.sock",
    });
    assert.deepEqual(parseEngineAddress("tcp://engine"), {
      kind: "tls",
      host: "engine",
      port: 2376,
    });
    assert.deepEqual(parseEngineAddress("tcp://[::1]:99"), { kind: "tls", host: "::1", port: 99 });
    assert.equal(engineName(parseEngineAddress("tcp://[::1]:99")), "tcp://[::1]:99");
    assert.equal(parseEngineAddress("").kind, "unix");
  });

  for (const text of [
    "unix://run/x",
    "http://engine:2375",
    "tcp://",
    "tcp://a:b@engine",
    "tcp://engine/x",
    "/run/x",
  ])
    it(`is not "${text}"`, () => {
      assert.throws(() => parseEngineAddress(text), { code: "CONFIG_INVALID" });
    });
});

describe("the containers' options", () => {
  it("share folders read-only, under their own or another name", () => {
    const { volumes } = containerSite(
      optionsWith({ "browser.container_volumes": "/usr, /opt/x:/opt/y" }),
    );
    assert.deepEqual(volumes, [
      ["/usr", "/usr"],
      ["/opt/x", "/opt/y"],
    ]);
  });

  for (const [name, value] of [
    ["container_volumes", "usr"],
    ["container_volumes", "/usr:/"],
    ["container_volumes", "/usr:/usr:rw"],
    ["container_security_options", "seccomp=unconfined"],
    ["container_security_options", "label=disable x"],
    ["container_security_options", "apparmor=unconfined --privileged"],
    ["container_image", "a b"],
    ["container_image", "../../containers/x"],
    ["container_seccomp", "/does/not/exist"],
  ] as const)
    it(`refuse ${name} = ${value}`, () => {
      assert.throws(() => containerSite(optionsWith({ [`browser.${name}`]: value })), {
        code: "CONFIG_INVALID",
        message: new RegExp(name),
      });
    });
});

describe("the engine's figure of memory", () => {
  it("leaves out cache that can be dropped, by cgroups of both versions", () => {
    assert.equal(usedMemory({ usage: 100, stats: { inactive_file: 30 } }), 70);
    assert.equal(usedMemory({ usage: 100, stats: { total_inactive_file: 40 } }), 60);
    assert.equal(usedMemory({ usage: 100 }), 100);
    for (const nothing of [undefined, {}, { usage: 0 }, { usage: "many" }])
      assert.equal(usedMemory(nothing), null);
  });
});
