import assert from "node:assert/strict";
import { DriverLoadError } from "../../../common/errors.ts";
import { loadConfig } from "../../../common/config/load.ts";
import { silentLogger } from "../../../common/log.ts";
import { createDriverFactory, type DriverFactory } from "../../../conductor/driver-factory.ts";
import { BUILTIN_DRIVERS, HARDWARE_TYPES } from "../../../drivers/index.ts";
import { OperatorFolder } from "./driver-packages.ts";

const VERBS =
  "getProperties() { return {} }, validate() {}, startConsole() {}, stopConsole() {}, getConsole() {}";

/** A module that loads, with parts replaced. */
function driver(parts: Record<string, string> = {}): string {
  const whole = {
    name: `"acme-kvm"`,
    apiVersion: "1",
    interfaceType: `"console"`,
    schema: `{ type: "object", properties: {} }`,
    create: `() => ({ ${VERBS} })`,
    ...parts,
  };
  const members = Object.entries(whole).map(([key, value]) => `${key}: ${value}`);
  return `export default { ${members.join(", ")} };`;
}

describe("a third party's console driver", () => {
  let folder: OperatorFolder;

  beforeEach(() => {
    folder = new OperatorFolder();
  });

  afterEach(() => folder.remove());

  const load = (names = "vnc,fake,acme"): Promise<DriverFactory> =>
    createDriverFactory({
      config: loadConfig({ overrides: { "DEFAULT.enabled_console_interfaces": names } }),
      log: silentLogger(),
      catalogue: { drivers: BUILTIN_DRIVERS, hardwareTypes: HARDWARE_TYPES },
      configFile: folder.configFile,
    });

  const refused = async (
    code: string,
    expected: RegExp,
    found: RegExp,
    names?: string,
  ): Promise<void> => {
    folder.install("acme", code);
    const error: unknown = await load(names).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    assert.ok(error instanceof DriverLoadError, String(error));
    assert.match(error.message, /^"acme" in enabled_console_interfaces is not usable: expected /);
    const [before = "", after = ""] = error.message.split(", found ");
    assert.match(before, expected);
    assert.match(after, found);
  };

  it("is loaded from beside the configuration file and offered by its own name", async () => {
    folder.install("@acme/kvm", driver());
    const drivers = await load("vnc,fake,@acme/kvm");
    for (const name of ["idrac", "manual-management", "fake-hardware"])
      drivers.checkInterface(drivers.hardwareType(name), "console", "acme-kvm");
    assert.equal(drivers.defaultInterface(drivers.hardwareType("idrac"), "console"), "vnc");
  });

  it("may be the default when the configuration says so", async () => {
    folder.install("acme", driver());
    const drivers = await createDriverFactory({
      config: loadConfig({
        overrides: {
          "DEFAULT.enabled_console_interfaces": "acme",
          "DEFAULT.default_console_interface": "acme-kvm",
        },
      }),
      log: silentLogger(),
      catalogue: { drivers: BUILTIN_DRIVERS, hardwareTypes: HARDWARE_TYPES },
      configFile: folder.configFile,
    });
    assert.equal(drivers.defaultInterface(drivers.hardwareType("idrac"), "console"), "acme-kvm");
  });

  it("has its secret options sealed", async () => {
    const schema = `{ type: "object", properties: { acme_pin: { description: "x", secret: true } } }`;
    folder.install("acme", driver({ schema }));
    assert.equal((await load()).isSecretOption("acme_pin"), true);
  });

  it("is refused when it is not installed", async () => {
    await assert.rejects(load("vnc,fake,not-there"), (error) => {
      assert.ok(error instanceof DriverLoadError);
      assert.match(error.message, /^"not-there" in enabled_console_interfaces is not usable/);
      assert.match(
        error.message,
        /expected one of no-console, fake, vnc, idrac-vnc, ipmitool-socat, ilo-browser, redfish-graphical, tcp-serial, openbmc-kvm, openbmc-serial, or an installed npm package/,
      );
      assert.ok(error.message.includes(folder.path));
      return true;
    });
  });

  for (const name of [
    "../evil",
    "/etc/passwd",
    "./index.js",
    "node:fs",
    "fs",
    "acme/sub",
    "data:x",
  ])
    it(`is refused when its name is ${name}`, async () => {
      folder.install("acme", driver());
      await assert.rejects(load(`vnc,fake,${name}`), DriverLoadError);
    });

  it("is refused when its exports cannot be required", async () => {
    folder.install("acme", driver(), { exports: { import: "./index.js" } });
    await assert.rejects(load(), /found no such package from .*exports/);
  });

  it("is refused when it throws while loading", () =>
    refused(`throw new Error("no licence")`, /a module that loads/, /no licence/));

  it("is refused without a default export", () =>
    refused("export const name = 1;", /a default export/, /^nothing$/));

  it("is refused with another API version", () =>
    refused(driver({ apiVersion: "2" }), /apiVersion 1/, /^2$/));

  it("is refused when it is not a console interface", () =>
    refused(driver({ interfaceType: `"power"` }), /interfaceType "console"/, /^"power"$/));

  it("is refused with a name that is not a public name", () =>
    refused(driver({ name: `"Acme KVM"` }), /a name of lower-case words/, /^"Acme KVM"$/));

  for (const name of ["vnc", "idrac-vnc"])
    it(`is refused with the name ${name}, which this service has itself, enabled or not`, () =>
      refused(
        driver({ name: `"${name}"` }),
        /a name that is free/,
        new RegExp(`^"${name}", .* this service itself$`),
      ));

  it("is refused with a name that another package took", async () => {
    folder.install("first", driver());
    await refused(driver(), /a name that is free/, /"acme-kvm", .* first$/, "vnc,fake,first,acme");
  });

  it("is refused without create", () =>
    refused(driver({ create: "undefined" }), /a function create/, /^nothing$/));

  it("is refused when a verb is missing", () =>
    refused(
      driver({ create: "() => ({ getProperties() {}, validate() {}, startConsole() {} })" }),
      /the verbs getProperties, validate, startConsole, stopConsole, getConsole/,
      /no stopConsole, getConsole/,
    ));

  it("is refused when its check is no function", () =>
    refused(
      driver({ create: `() => ({ ${VERBS}, checkConsole: true })` }),
      /checkConsole to be a function or absent/,
      /a boolean/,
    ));

  it("is refused when its schema does not compile", () =>
    refused(
      driver({
        schema: `{ type: "object", properties: { a: { description: "x", type: "txt" } } }`,
      }),
      /a schema that compiles/,
      /schema is invalid/,
    ));

  it("is refused when an option has no description", () =>
    refused(
      driver({ schema: `{ type: "object", properties: { acme_port: { type: "integer" } } }` }),
      /a description of option "acme_port"/,
      /^nothing$/,
    ));

  it("is refused when making it fails", async () => {
    folder.install(
      "acme",
      driver({ create: `() => { throw new Error("no such program: acme") }` }),
    );
    await assert.rejects(load(), /console interface "acme" does not load: no such program: acme/);
  });
});
