import assert from "node:assert/strict";
import type { SensorReading } from "../../../../drivers/base.ts";
import { sensorsIn } from "../../../../drivers/ipmitool/sensor-list.ts";

/** Captured from ipmitool 1.8.19 -v sdr elist, shortened. */
const THRESHOLD = `Sensor ID              : CPU Temp (0x1)
 Entity ID             : 3.1 (Processor)
 Sensor Type (Threshold)  : Temperature (0x01)
 Sensor Reading        : 95 (+/- 0) degrees C
 Status                : Upper Critical
 Nominal Reading       : 42.000
 Upper critical        : 90.000
 Lower critical        : 5.000
 Minimum sensor range  : Unspecified
 Readable Thresholds   : lcr ucr 
`;
const DISCRETE = `Sensor ID              : PSU1 Status (0x5)
 Entity ID             : 10.1 (Power Supply)
 Sensor Type (Discrete): Power Supply (0x08)
 Sensor Reading        : 0h
 Event Message Control : Per-threshold
 States Asserted       : Power Supply
                         [Presence detected]
                         [Failure detected]
 Assertions Enabled    : Power Supply
                         [Presence detected]
                         [Power Supply AC lost]
 OEM                   : 0
`;

function sensor(lines: Record<string, string>, name = "X", number = "0x1"): string {
  const rest = Object.entries(lines).map(([label, value]) => ` ${label.padEnd(22)}: ${value}\n`);
  return `Sensor ID              : ${name} (${number})\n${rest.join("")}\n`;
}

function only(output: string): SensorReading {
  const all = sensorsIn(output);
  assert.equal(all.length, 1);
  return all[0] as SensorReading;
}

describe("ipmitool's list of sensors", () => {
  it("gives a threshold sensor's reading, unit, state and limits", () => {
    assert.deepEqual(only(THRESHOLD), {
      name: "CPU Temp",
      kind: "temperature",
      value: 95,
      unit: "Cel",
      state: "critical",
      thresholds: {
        lowerFatal: null,
        lowerCritical: 5,
        lowerWarning: null,
        upperWarning: null,
        upperCritical: 90,
        upperFatal: null,
      },
      text: null,
    });
  });

  it("gives a discrete sensor's states in words, those asserted alone", () => {
    const { value, unit, state, text, kind } = only(DISCRETE);
    assert.deepEqual(
      { value, unit, state, text, kind },
      {
        value: null,
        unit: null,
        state: "critical",
        text: "Presence detected, Failure detected",
        kind: "other",
      },
    );
  });

  for (const [status, state] of [
    ["ok", "ok"],
    ["Upper Non-Critical", "warning"],
    ["Lower Non-Critical", "warning"],
    ["Lower Critical", "critical"],
    ["Upper Non-Recoverable", "critical"],
    ["whatever", "unknown"],
  ] as const)
    it(`calls ${status} ${state}`, () => {
      const output = sensor({
        "Sensor Type (Threshold)": "Fan (0x04)",
        "Sensor Reading": "4800 (+/- 0) RPM",
        Status: status,
      });
      assert.equal(only(output).state, state);
    });

  for (const [reading, unit, kind] of [
    ["12.06 (+/- 0.030) Volts", "V", "voltage"],
    ["-5 (+/- 0) degrees C", "Cel", "temperature"],
    ["1.50 (+/- 0) Amps", "A", "current"],
    ["240 (+/- 2) Watts", "W", "power"],
    ["35 (+/- 0) percent", "%", "fan"],
    ["4800 (+/- 0) RPM", "RPM", "fan"],
    ["7 (+/- 0) CFM", "CFM", "fan"],
  ] as const)
    it(`reads ${reading}`, () => {
      const read = only(
        sensor({
          "Sensor Type (Threshold)": "Fan (0x04)",
          "Sensor Reading": reading,
          Status: "ok",
        }),
      );
      assert.equal(read.value, Number.parseFloat(reading));
      assert.deepEqual([read.unit, read.kind], [unit, kind]);
    });

  for (const [reading, state] of [
    ["No Reading", "unknown"],
    ["Disabled", "unknown"],
    ["Device Not Present", "absent"],
    ["Not Available", "unknown"],
  ] as const)
    it(`lists a sensor that says ${reading} as ${state}`, () => {
      const read = only(
        sensor({ "Sensor Type (Threshold)": "Temperature (0x01)", "Sensor Reading": reading }),
      );
      assert.deepEqual([read.value, read.state, read.text], [null, state, reading]);
    });

  it("finds nothing wrong with a discrete sensor that asserts nothing", () => {
    const read = only(
      sensor({ "Sensor Type (Discrete)": "Memory (0x0c)", "Sensor Reading": "0h" }, "DIMM A1"),
    );
    assert.deepEqual([read.state, read.text], ["ok", null]);
  });

  it("gives every sensor a name of its own", () => {
    const lines = { "Sensor Reading": "1 (+/- 0) Volts" };
    const output = [
      sensor(lines, "Temp", "0xe"),
      sensor(lines, "Temp", "0xf"),
      sensor(lines, "Temp", "0xf"),
      sensor(lines, "Other", "0x1"),
    ].join("");
    assert.deepEqual(
      sensorsIn(output).map(({ name }) => name),
      ["Temp (0xe)", "Temp (0xf)", "Temp (0xf) 2", "Other"],
    );
  });

  it("makes hostile words visible and short", () => {
    const output = sensor(
      { "Sensor Reading": "\u001b[2J", Status: "ok" },
      `\u001b]0;pwned\u0007${"x".repeat(200)}`,
    );
    const read = only(output);
    assert.ok(read.name.length <= 64);
    assert.doesNotMatch(`${read.name}${read.text}`, /\p{Cc}/u);
  });

  it("numbers thousands of sensors of one long name without comparing each with each", () => {
    const output = `Sensor ID : ${"a".repeat(64)} (0x1)\n`.repeat(4096);
    sensorsIn(output);
    const started = performance.now();
    const names = sensorsIn(output).map(({ name }) => name);
    // Each with each took two seconds.
    assert.ok(performance.now() - started < 500);
    assert.equal(new Set(names).size, 4096);
  });

  it("is read in linear time and with an end, whatever comes", () => {
    const started = performance.now();
    assert.deepEqual(sensorsIn(`Sensor ID ${" ".repeat(1_000_000)}`), []);
    assert.deepEqual(sensorsIn("(".repeat(1_000_000)), []);
    assert.equal(sensorsIn("Sensor ID : a (0x1)\n".repeat(20_000)).length, 4096);
    assert.ok(performance.now() - started < 3000);
  });
});
