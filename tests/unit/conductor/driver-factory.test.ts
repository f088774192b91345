import assert from "node:assert/strict";
import { loadConfig } from "../../../common/config/load.ts";
import { ConsoleServiceError, DriverLoadError } from "../../../common/errors.ts";
import { silentLogger } from "../../../common/log.ts";
import { createDriverFactory, type DriverFactory } from "../../../conductor/driver-factory.ts";
import type { DriverCatalogue } from "../../../conductor/driver-catalogue.ts";
import { BUILTIN_DRIVERS, HARDWARE_TYPES } from "../../../drivers/index.ts";
import { scriptedDrivers } from "./scripted-drivers.ts";

const BUILTIN: DriverCatalogue = { drivers: BUILTIN_DRIVERS, hardwareTypes: HARDWARE_TYPES };

function factory(
  overrides: Record<string, string> = {},
  catalogue: DriverCatalogue = BUILTIN,
): Promise<DriverFactory> {
  const config = loadConfig({ overrides });
  return createDriverFactory({ config, log: silentLogger(), catalogue });
}

const TYPES = [
  "fake-hardware",
  "idrac",
  "ilo",
  "ipmi",
  "manual-management",
  "redfish",
  "supermicro",
];

describe("DriverFactory", () => {
  it("loads everything that is enabled out of the box", async () => {
    const drivers = await factory();
    assert.deepEqual(drivers.hardwareTypes, TYPES);
    const defaults = drivers
      .listInterfaces()
      .filter((row) => row.isDefault && row.interfaceType === "console")
      .map((row) => [row.hardwareType, row.interfaceName]);
    assert.deepEqual(defaults, [
      ["fake-hardware", "fake"],
      ["idrac", "idrac-vnc"],
      ["ilo", "ilo-browser"],
      ["ipmi", "ipmitool-socat"],
      ["manual-management", "vnc"],
      ["redfish", "ipmitool-socat"],
      ["supermicro", "redfish-graphical"],
    ]);
  });

  it("lists one default for every interface type of every hardware type", async () => {
    const rows = (await factory()).listInterfaces();
    for (const hardwareType of TYPES) {
      const defaults = rows.filter((row) => row.hardwareType === hardwareType && row.isDefault);
      assert.equal(defaults.length, 12, hardwareType);
    }
  });

  it("takes the first that the hardware type prefers, not the first that is enabled", async () => {
    const drivers = await factory({
      "DEFAULT.enabled_console_interfaces": "no-console,vnc,fake",
    });
    const idrac = drivers.hardwareType("idrac");
    assert.equal(drivers.defaultInterface(idrac, "console"), "vnc");
  });

  it("takes default_console_interface before any preference", async () => {
    const drivers = await factory({ "DEFAULT.default_console_interface": "no-console" });
    for (const name of drivers.hardwareTypes)
      assert.equal(drivers.defaultInterface(drivers.hardwareType(name), "console"), "no-console");
  });

  it("lets fake-hardware have any enabled console interface", async () => {
    const drivers = await factory();
    drivers.checkInterface(drivers.hardwareType("fake-hardware"), "console", "idrac-vnc");
    assert.throws(
      () => drivers.checkInterface(drivers.hardwareType("idrac"), "console", "fake"),
      /console interface implementation 'fake' is not supported by hardware type idrac\./,
    );
  });

  it("does not start when a hardware type has no default, and names each", async () => {
    await assert.rejects(
      factory({ "DEFAULT.enabled_console_interfaces": "fake" }),
      (error) =>
        error instanceof DriverLoadError &&
        error.message.includes(
          "For hardware type 'idrac', no default value found for console interface.",
        ) &&
        error.message.includes("For hardware type 'manual-management'"),
    );
  });

  it("does not start when default_console_interface does not fit a hardware type", async () => {
    await assert.rejects(
      factory({ "DEFAULT.default_console_interface": "idrac-vnc" }),
      /For hardware type 'manual-management', no default value found for console interface/,
    );
  });

  it("reports every unknown name at once, with the choices", async () => {
    await assert.rejects(
      factory({
        "DEFAULT.enabled_hardware_types": "fake-hardware,irmc",
        "DEFAULT.enabled_power_interfaces": "fake,snmp",
      }),
      (error) =>
        error instanceof DriverLoadError &&
        /"irmc" in enabled_hardware_types .* fake-hardware, idrac, ilo, ipmi, manual-management/.test(
          error.message,
        ) &&
        /"snmp" in enabled_power_interfaces .* redfish, ipmitool, fake, no-power/.test(
          error.message,
        ),
    );
  });

  it("does not load what is not enabled", async () => {
    const { catalogue } = scriptedDrivers();
    let loaded = false;
    const drivers = {
      ...catalogue.drivers,
      console: {
        ...catalogue.drivers.console,
        expensive: () => {
          loaded = true;
          return Promise.reject(new Error("should not be asked"));
        },
      },
    };
    await factory(
      {
        "DEFAULT.enabled_hardware_types": "scripted",
        "DEFAULT.enabled_console_interfaces": "scripted",
        "DEFAULT.enabled_power_interfaces": "scripted",
        "DEFAULT.enabled_management_interfaces": "scripted",
      },
      { ...catalogue, drivers },
    );
    assert.equal(loaded, false);
  });

  it("takes no property of every object for a driver's name", async () => {
    await assert.rejects(
      factory({ "DEFAULT.enabled_hardware_types": "constructor" }),
      DriverLoadError,
    );
    await assert.rejects(
      factory({ "DEFAULT.enabled_power_interfaces": "toString,fake,redfish" }),
      DriverLoadError,
    );
  });

  it("knows which options its drivers mark as secrets", async () => {
    const drivers = await factory();
    assert.equal(drivers.isSecretOption("vnc_password"), true);
    assert.equal(drivers.isSecretOption("vnc_address"), false);
    assert.equal(drivers.isSecretOption("constructor"), false);
  });

  it("merges the properties of one hardware type only", async () => {
    const drivers = await factory();
    const names = Object.keys(drivers.properties("manual-management"));
    assert.ok(names.includes("vnc_address"));
    assert.ok(!names.some((name) => name.startsWith("redfish_")));
    assert.throws(() => drivers.properties("irmc"), ConsoleServiceError);
  });
});
