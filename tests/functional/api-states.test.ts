/** States of a node over the REST API: console, power, provision, maintenance, boot device, NMI. */
import assert from "node:assert/strict";
import {
  BmcUnreachable,
  NodeLocked,
  NoFreeConductorWorker,
  UnsupportedDriverExtension,
} from "../../common/errors.ts";
import {
  type ApiUnderTest,
  faultOf,
  faultString,
  startApiUnderTest,
} from "../unit/api/api-under-test.ts";

describe("the console of a node over the api", () => {
  let api: ApiUnderTest;
  let uuid: string;
  const path = "/v1/nodes/bm-1/states/console";
  beforeEach(async () => {
    api = await startApiUnderTest();
    uuid = (await api.create({ name: "bm-1" }))["uuid"] as string;
  });
  afterEach(() => api.stop());

  it("is off and has no link at first, without asking the conductor", async () => {
    const answer = await api.get(path, { version: "1.5" });
    assert.deepEqual(answer.json, { console_enabled: false, console_info: null });
    assert.equal(api.conductor.lastCall("getConsoleInformation"), undefined);
  });

  it("is accepted with 202, an empty body and Location by the ident that was asked for", async () => {
    const answer = await api.put(path, { enabled: true });
    assert.equal(answer.status, 202);
    assert.equal(answer.text, "");
    assert.equal(answer.headers.get("location"), `${api.service.url}/v1/nodes/bm-1/states/console`);
    assert.deepEqual(api.conductor.lastCall("setConsoleMode")?.args.slice(1), [uuid, true]);
  });

  it("shows type and url when it is on", async () => {
    await api.put(path, { enabled: true });
    const { json } = await api.get(path);
    assert.deepEqual(Object.keys(json), ["console_enabled", "console_info"]);
    assert.equal(json["console_enabled"], true);
    assert.deepEqual(json["console_info"], {
      type: "vnc",
      url: `http://127.0.0.1:6090/vnc_lite.html?path=websockify%3Fnode%3D${uuid}%26token%3DTOKEN`,
    });
  });

  it("asks for a link of the kind that the caller names", async () => {
    await api.put(path, { enabled: true });
    await api.get(`${path}?mode=view&console_type=vnc`);
    assert.deepEqual(api.conductor.lastCall("getConsoleInformation")?.args[2], {
      mode: "view",
      consoleType: "vnc",
    });
  });

  for (const [query, name] of [
    ["mode=watch", "mode"],
    ["console_type=spice", "console_type"],
    ["modes=view", "modes"],
  ] as const)
    it(`refuses ?${query} and names it`, async () => {
      const answer = await api.get(`${path}?${query}`);
      assert.equal(answer.status, 400);
      assert.match(faultString(answer), new RegExp(name));
    });

  /* The words of oslo_utils.strutils.bool_from_string(strict=True). */
  const words: readonly (readonly [unknown, boolean])[] = [
    ...["1", "t", "true", "on", "y", "yes", "TRUE", "Yes"].map((word) => [word, true] as const),
    ...["0", "f", "false", "off", "n", "no", "OFF"].map((word) => [word, false] as const),
    [1, true],
    [0, false],
  ];
  for (const [word, expected] of words)
    it(`takes enabled ${JSON.stringify(word)} for ${expected}`, async () => {
      assert.equal((await api.put(path, { enabled: word as string })).status, 202);
      assert.equal(api.conductor.lastCall("setConsoleMode")?.args[2], expected);
    });

  it("takes enabled from the query too", async () => {
    assert.equal((await api.put(`${path}?enabled=true`)).status, 202);
    assert.equal(api.conductor.lastCall("setConsoleMode")?.args[2], true);
  });

  const refused = [
    [{}, "Missing mandatory parameter: enabled"],
    [
      { enabled: "maybe" },
      "Invalid enabled: Unrecognized value 'maybe', acceptable values are: '0', '1', 'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes'",
    ],
    [{ enabled: true, foo: 1 }, "Unexpected arguments: foo"],
    [[true], "the request body must be a JSON object"],
  ] as const;
  for (const [body, sentence] of refused)
    it(`refuses ${JSON.stringify(body)} with 400`, async () => {
      const answer = await api.put(path, body as never);
      assert.equal(answer.status, 400);
      assert.equal(faultString(answer), sentence);
      assert.equal(api.conductor.lastCall("setConsoleMode"), undefined);
    });

  it("refuses null, which upstream takes and stores", async () => {
    const answer = await api.put(path, { enabled: null });
    assert.equal(answer.status, 400);
    assert.match(faultString(answer), /^Invalid enabled: Unrecognized value 'null'/);
  });

  const failures = [
    [
      new UnsupportedDriverExtension("fake-hardware", "console"),
      400,
      "Client",
      "Driver fake-hardware does not support console (disabled or not implemented).",
    ],
    [
      new NodeLocked("bm-1", "host-1"),
      409,
      "Client",
      "Node bm-1 is locked by host host-1, please retry after the current operation is completed.",
    ],
    [
      new NoFreeConductorWorker(),
      503,
      "Server",
      "Requested action cannot be performed due to lack of free conductor workers.",
    ],
    [
      new BmcUnreachable("no answer from 192.0.2.7:443"),
      502,
      "Server",
      "no answer from 192.0.2.7:443",
    ],
    [new Error("kaboom at line 3"), 500, "Server", "an internal error occurred"],
  ] as const;
  for (const [error, status, faultcode, faultstring] of failures)
    it(`answers ${status} when the conductor raises ${error.name}`, async () => {
      api.conductor.failNext("setConsoleMode", error);
      const answer = await api.put(path, { enabled: true });
      assert.equal(answer.status, status);
      assert.deepEqual(faultOf(answer), { faultcode, faultstring, debuginfo: null });
      assert.equal(answer.headers.get("x-openstack-ironic-api-version"), "1.82");
    });

  it("answers 404 for an unknown node", async () => {
    const answer = await api.put("/v1/nodes/nosuch/states/console", { enabled: true });
    assert.equal(answer.status, 404);
    assert.equal(faultString(answer), "Node nosuch could not be found.");
  });
});

describe("power, provision and maintenance of a node over the api", () => {
  let api: ApiUnderTest;
  let uuid: string;
  const path = "/v1/nodes/bm-1";
  beforeEach(async () => {
    api = await startApiUnderTest();
    uuid = (await api.create({ name: "bm-1" }))["uuid"] as string;
  });
  afterEach(() => api.stop());

  it("shows the states of the version", async () => {
    assert.deepEqual(Object.keys((await api.get(`${path}/states`, { version: "1.11" })).json), [
      "console_enabled",
      "last_error",
      "power_state",
      "provision_state",
      "target_power_state",
      "target_provision_state",
      "provision_updated_at",
    ]);
    assert.deepEqual(Object.keys((await api.get(`${path}/states`)).json).slice(7), [
      "raid_config",
      "target_raid_config",
      "boot_mode",
      "secure_boot",
    ]);
  });

  for (const target of ["power on", "power off", "rebooting", "soft rebooting", "soft power off"])
    it(`accepts the power target ${target} with Location of the states`, async () => {
      const answer = await api.put(`${path}/states/power`, { target });
      assert.equal(answer.status, 202);
      assert.equal(answer.headers.get("location"), `${api.service.url}/v1/nodes/bm-1/states`);
      assert.deepEqual(api.conductor.lastCall("changeNodePowerState")?.args.slice(1), [
        uuid,
        target,
        undefined,
      ]);
    });

  it("passes a timeout on", async () => {
    await api.put(`${path}/states/power`, { target: "power off", timeout: 30 });
    assert.equal(api.conductor.lastCall("changeNodePowerState")?.args[3], 30);
  });

  it("shows the power state by itself", async () => {
    await api.put(`${path}/states/power`, { target: "power on" });
    assert.deepEqual((await api.get(`${path}/states/power`)).json, {
      power_state: "power on",
      target_power_state: null,
    });
  });

  const badPower = [
    [
      { target: "bogus" },
      400,
      /^The requested action "bogus" can not be performed on node "bm-1" while it is in state "None"\.$/,
    ],
    [{}, 400, /^Missing mandatory parameter: target$/],
    [{ target: "power on", timeout: 0 }, 400, /^Invalid timeout/],
    [{ target: "power on", timeout: "soon" }, 400, /^Invalid timeout/],
    [{ target: 5 }, 400, /^Invalid target/],
    [{ target: "power on", force: true }, 400, /^Unexpected arguments: force$/],
  ] as const;
  for (const [body, status, sentence] of badPower)
    it(`answers ${status} to a power request ${JSON.stringify(body)}`, async () => {
      const answer = await api.put(`${path}/states/power`, body);
      assert.equal(answer.status, status);
      assert.match(faultString(answer), sentence);
    });

  it("has soft power actions and timeouts since 1.27", async () => {
    for (const body of [{ target: "soft power off" }, { target: "power on", timeout: 5 }]) {
      const answer = await api.put(`${path}/states/power`, body, { version: "1.26" });
      assert.equal(answer.status, 406);
      const next = await api.put(`${path}/states/power`, body, { version: "1.27" });
      assert.equal(next.status, 202);
    }
  });

  for (const verb of ["manage", "provide", "abort", "deleted", "adopt"])
    it(`accepts the provision verb ${verb}`, async () => {
      const answer = await api.put(`${path}/states/provision`, { target: verb });
      assert.equal(answer.status, 202);
      assert.equal(answer.headers.get("location"), `${api.service.url}/v1/nodes/bm-1/states`);
      assert.deepEqual(api.conductor.lastCall("doProvisioningAction")?.args.slice(1), [uuid, verb]);
    });

  it("refuses provision verbs that need a deployment", async () => {
    const answer = await api.put(`${path}/states/provision`, { target: "clean" });
    assert.equal(answer.status, 400);
    assert.equal(
      faultString(answer),
      'The requested action "clean" can not be performed on node "bm-1" while it is in state "enroll".',
    );
  });

  it("has manage since 1.4", async () => {
    const body = { target: "manage" };
    const states = `/v1/nodes/${uuid}/states/provision`;
    assert.equal((await api.put(states, body, { version: "1.3" })).status, 406);
    assert.equal((await api.put(states, body, { version: "1.4" })).status, 202);
  });

  it("sets and clears maintenance with its reason", async () => {
    const set = await api.put(`${path}/maintenance`, { reason: "because" });
    assert.equal(set.status, 202);
    assert.equal(set.text, "");
    const shown = (await api.get(path)).json;
    assert.equal(shown["maintenance"], true);
    assert.equal(shown["maintenance_reason"], "because");
    assert.equal((await api.request("DELETE", `${path}/maintenance`)).status, 202);
    const cleared = (await api.get(path)).json;
    assert.equal(cleared["maintenance"], false);
    assert.equal(cleared["maintenance_reason"], null);
  });

  it("sets maintenance without a body and with a null reason", async () => {
    assert.equal((await api.put(`${path}/maintenance`)).status, 202);
    assert.equal((await api.put(`${path}/maintenance`, { reason: null })).status, 202);
    assert.equal((await api.put(`${path}/maintenance`, { reason: 5 })).status, 400);
  });
});

describe("the boot device, NMI and vendor methods of a node over the api", () => {
  let api: ApiUnderTest;
  const path = "/v1/nodes/bm-1/management";
  beforeEach(async () => {
    api = await startApiUnderTest();
    await api.create({ name: "bm-1" });
  });
  afterEach(() => api.stop());

  it("shows, lists and sets the boot device", async () => {
    assert.deepEqual((await api.get(`${path}/boot_device`)).json, {
      boot_device: null,
      persistent: null,
    });
    assert.deepEqual((await api.get(`${path}/boot_device/supported`)).json, {
      supported_boot_devices: ["pxe", "disk", "cdrom"],
    });
    const set = await api.put(`${path}/boot_device`, { boot_device: "disk", persistent: false });
    assert.equal(set.status, 204);
    await api.put(`${path}/boot_device?boot_device=pxe&persistent=True`);
    assert.deepEqual((await api.get(`${path}/boot_device`)).json, {
      boot_device: "pxe",
      persistent: true,
    });
  });

  it("refuses a boot device request without a device", async () => {
    const answer = await api.put(`${path}/boot_device`, { persistent: true });
    assert.equal(answer.status, 400);
    assert.equal(faultString(answer), "Missing mandatory parameter: boot_device");
  });

  it("injects an NMI since 1.29", async () => {
    assert.equal((await api.put(`${path}/inject_nmi`, {}, { version: "1.28" })).status, 404);
    assert.equal((await api.put(`${path}/inject_nmi`, {}, { version: "1.29" })).status, 204);
  });

  it("has no vendor methods on a node or a driver", async () => {
    assert.deepEqual((await api.get("/v1/nodes/bm-1/vendor_passthru/methods")).json, {});
    assert.deepEqual((await api.get("/v1/drivers/idrac/vendor_passthru/methods")).json, {});
  });
});
