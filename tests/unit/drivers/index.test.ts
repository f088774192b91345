import assert from "node:assert/strict";
import { INTERFACE_TYPES } from "../../../common/node.ts";
import { DRIVER_API_VERSION } from "../../../drivers/base.ts";
import { driverInfoParser } from "../../../drivers/driver-info.ts";
import { BUILTIN_DRIVERS, HARDWARE_TYPES } from "../../../drivers/index.ts";

describe("the table of built-in drivers", () => {
  for (const [type, table] of Object.entries(BUILTIN_DRIVERS))
    for (const [name, load] of Object.entries(table))
      it(`loads ${type} interface ${name} under its own name`, async () => {
        const { default: driver } = await load();
        assert.equal(driver.name, name);
        assert.equal(driver.interfaceType, type);
        assert.equal(driver.apiVersion, DRIVER_API_VERSION);
        driverInfoParser(driver.schema);
      });
});

describe("the table of hardware types", () => {
  for (const [name, hardware] of Object.entries(HARDWARE_TYPES)) {
    it(`gives ${name} an interface of every type`, () => {
      assert.equal(hardware.name, name);
      for (const type of INTERFACE_TYPES)
        assert.ok(hardware.supportedInterfaces[type].length > 0, type);
    });

    it(`gives ${name} only driven interfaces that exist`, () => {
      for (const type of ["console", "power", "management"] as const)
        for (const supported of hardware.supportedInterfaces[type])
          assert.ok(Object.hasOwn(BUILTIN_DRIVERS[type], supported), `${type} ${supported}`);
    });
  }

  for (const [name, console_, power, management] of [
    ["ipmi", "ipmitool-socat", "ipmitool", "ipmitool"],
    ["redfish", "ipmitool-socat", "redfish", "redfish"],
    ["ilo", "ilo-browser", "redfish", "redfish"],
    ["supermicro", "redfish-graphical", "redfish", "redfish"],
    ["idrac", "idrac-vnc", "redfish", "redfish"],
  ] as const)
    it(`prefers console ${console_}, power ${power} and management ${management} for ${name}`, () => {
      const supported = HARDWARE_TYPES[name]?.supportedInterfaces;
      assert.deepEqual(
        [supported?.console[0], supported?.power[0], supported?.management[0]],
        [console_, power, management],
      );
    });

  it("offers ipmitool-socat, and ipmitool for power and management, wherever a BMC may speak IPMI", () => {
    for (const name of ["ipmi", "redfish", "idrac", "ilo", "supermicro"]) {
      const supported = HARDWARE_TYPES[name]?.supportedInterfaces;
      assert.equal(supported?.console.includes("ipmitool-socat"), true, name);
      assert.equal(supported?.power.includes("ipmitool"), true, name);
      assert.equal(supported?.management.includes("ipmitool"), true, name);
    }
  });

  it("offers the BMC's own web page wherever there is a BMC", () => {
    for (const name of ["ipmi", "redfish", "idrac", "ilo", "supermicro"])
      assert.ok(
        HARDWARE_TYPES[name]?.supportedInterfaces.console.includes("redfish-graphical"),
        name,
      );
    const ilos = Object.values(HARDWARE_TYPES).filter(({ supportedInterfaces }) =>
      supportedInterfaces.console.includes("ilo-browser"),
    );
    assert.deepEqual(
      ilos.map(({ name }) => name),
      ["ilo"],
    );
  });

  it("has a telemetry interface by the name of each management interface that asks a BMC", () => {
    assert.ok(Object.hasOwn(BUILTIN_DRIVERS.telemetry, "ipmitool"));
    for (const name of Object.keys(BUILTIN_DRIVERS.telemetry))
      assert.ok(Object.hasOwn(BUILTIN_DRIVERS.management, name), name);
  });

  it("lets only fake-hardware take any console interface", () => {
    const anys = Object.values(HARDWARE_TYPES).filter((type) => type.acceptsAnyConsoleInterface);
    assert.deepEqual(
      anys.map((type) => type.name),
      ["fake-hardware"],
    );
  });
});
