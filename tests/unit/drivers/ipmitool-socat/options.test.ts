import assert from "node:assert/strict";
import { loadConfig } from "../../../../common/config/load.ts";
import { InvalidParameterValue, MissingParameterValue } from "../../../../common/errors.ts";
import type { DriverInfo } from "../../../../drivers/base.ts";
import {
  socatSettingsParser,
  type SocatSettings,
} from "../../../../drivers/ipmitool-socat/options.ts";
import { fakeTask } from "../../../../drivers/testing/fake-task.ts";

function settings(driverInfo: DriverInfo, console: Record<string, string> = {}): SocatSettings {
  const given = Object.entries({ terminal_pid_dir: "/run/consoles", ...console });
  const overrides = Object.fromEntries(given.map(([name, value]) => [`console.${name}`, value]));
  return socatSettingsParser()(fakeTask({ driverInfo, config: loadConfig({ overrides }) }));
}

const BMC = { ipmi_address: "192.0.2.7" };

describe("the options of ipmitool-socat", () => {
  it("need an address and nothing else with a Unix socket", () => {
    assert.deepEqual(settings(BMC).listener, { kind: "unix" });
    assert.equal(settings(BMC).hold, "always");
    assert.throws(() => settings({}), MissingParameterValue);
  });

  it("refuse protocol version 1.5, which has no serial line", () => {
    assert.throws(
      () => settings({ ...BMC, ipmi_protocol_version: "1.5" }),
      (error) =>
        error instanceof InvalidParameterValue && /ipmi_protocol_version/.test(error.message),
    );
  });

  for (const kind of ["tls", "plain"] as const) {
    const listener = { socat_listener: kind };

    it(`need a port or a range with listener ${kind}, in Ironic's words`, () => {
      assert.throws(
        () => settings(BMC, listener),
        (error) =>
          error instanceof MissingParameterValue &&
          /'ipmi_terminal_port'.*\[console\]port_range/.test(error.message),
      );
    });

    it(`prefer ipmi_terminal_port to the range with listener ${kind}`, () => {
      const found = settings(
        { ...BMC, ipmi_terminal_port: "7001" },
        { ...listener, port_range: "10000:10010" },
      );
      assert.deepEqual(found.listener, {
        kind,
        address: "127.0.0.1",
        ports: { kind: "fixed", port: 7001 },
      });
    });
  }

  it("hold a plain line on demand whatever hold_line says", () => {
    const plain = { socat_listener: "plain", port_range: "1:65536" };
    assert.equal(settings(BMC, plain).hold, "on-demand");
    assert.equal(settings(BMC, { ...plain, socat_listener: "tls" }).hold, "always");
  });

  for (const range of ["10:10", "20:10", "0:10", "10:65537", "10", "10-20", "a:b", "10:20:30"])
    it(`refuse the port range ${range}`, () => {
      assert.throws(
        () => settings(BMC, { socat_listener: "tls", port_range: range }),
        (error) => error instanceof InvalidParameterValue && /port_range/.test(error.message),
      );
    });

  for (const port of [0, 65_536, "x", -1, 1.5])
    it(`refuse the port ${port}`, () => {
      assert.throws(
        () => settings({ ...BMC, ipmi_terminal_port: port }),
        (error) =>
          error instanceof InvalidParameterValue && /ipmi_terminal_port/.test(error.message),
      );
    });

  for (const address of ["0.0.0.0", "::", "[::]", "host.example", ""])
    it(`refuse the listening address "${address}", which no proxy can dial`, () => {
      assert.throws(
        () => settings(BMC, { socat_listener: "tls", port_range: "1:9", socat_address: address }),
        (error) => error instanceof InvalidParameterValue && /socat_address/.test(error.message),
      );
    });

  it("count a socket's path in bytes and say how long the folder may be", () => {
    const ending = 1 + 36 + ".sock".length;
    const most = `/${"x".repeat(107 - ending - 1)}`;
    settings(BMC, { terminal_pid_dir: most });
    assert.throws(
      () => settings(BMC, { terminal_pid_dir: `${most}x` }),
      (error) => error instanceof InvalidParameterValue && /65 bytes, not 66/.test(error.message),
    );
    settings(BMC, { terminal_pid_dir: `${most}x`, socat_listener: "tls", port_range: "1:9" });
  });
});
