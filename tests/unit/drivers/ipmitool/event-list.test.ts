import assert from "node:assert/strict";
import type { EventLogEntry } from "../../../../drivers/base.ts";
import { eventsIn } from "../../../../drivers/ipmitool/event-list.ts";

function only(line: string): EventLogEntry {
  const all = eventsIn(`${line}\n`, 10);
  assert.equal(all.length, 1);
  return all[0] as EventLogEntry;
}

describe("ipmitool's list of events", () => {
  it("gives time, sensor, words and what became of it", () => {
    // Captured from ipmitool 1.8.19 -Z sel elist.
    const line =
      "   1 | 11/20/26 | 17:48:37 GMT | Temperature CPU Temp | Upper Critical going high | Asserted | Reading 95 > Threshold 90 degrees C";
    assert.deepEqual(only(line), {
      id: "1",
      time: Date.UTC(2026, 10, 20, 17, 48, 37),
      severity: "critical",
      sensor: "CPU Temp",
      message: "Upper Critical going high: Reading 95 > Threshold 90 degrees C",
      asserted: true,
    });
  });

  it("has no time while the BMC's clock is not set", () => {
    const line =
      "   1 |  Pre-Init  |0000001405| Temperature #0x01 | Upper Critical going high | Asserted";
    const { time, sensor } = only(line);
    assert.deepEqual([time, sensor], [null, "Temperature #0x01"]);
  });

  it("takes years of four digits, as older ones print", () => {
    const line = "  a2 | 03/01/2024 | 00:00:59 | Fan FAN1 | Lower Critical going low | Deasserted";
    const { id, time, severity, asserted } = only(line);
    assert.deepEqual(
      [id, time, severity, asserted],
      ["a2", Date.UTC(2024, 2, 1, 0, 0, 59), "ok", false],
    );
  });

  it("keeps an OEM record's bytes", () => {
    const { sensor, message, asserted } = only(
      " 3 | 11/20/26 | 17:48:37 UTC | OEM record c0 | 000137 | 0102",
    );
    assert.deepEqual([sensor, message, asserted], [null, "OEM record c0: 000137: 0102", null]);
  });

  for (const [words, asserted, severity] of [
    ["Upper Non-critical going high", "Asserted", "warning"],
    ["Lower Non-recoverable going low", "Asserted", "critical"],
    ["Upper Critical going high", "Deasserted", "ok"],
    ["Presence detected", "Asserted", "ok"],
    ["Presence detected", "Deasserted", "warning"],
    ["Failure detected", "Asserted", "critical"],
    ["Predictive failure", "Asserted", "warning"],
    ["Power Supply AC lost", "Asserted", "warning"],
    ["Correctable ECC", "Asserted", "warning"],
    ["Uncorrectable ECC", "Asserted", "critical"],
    ["Redundancy Lost", "Asserted", "critical"],
    ["Fully Redundant", "Asserted", "ok"],
    ["Thermal Trip", "Asserted", "critical"],
    ["General Chassis intrusion", "Asserted", "warning"],
    ["Log area reset/cleared", "Asserted", "ok"],
    ["S0/G0: working", "Asserted", "ok"],
  ] as const)
    it(`judges ${words}, ${asserted}: ${severity}`, () => {
      const line = ` 1 | 11/20/26 | 17:48:37 GMT | Power Supply PSU1 | ${words} | ${asserted}`;
      assert.equal(only(line).severity, severity);
    });

  it("puts the newest first and ends at the limit", () => {
    const lines = [1, 2, 3].map(
      (id) => ` ${id} | 11/20/26 | 17:48:3${id} GMT | Fan A | x | Asserted`,
    );
    assert.deepEqual(
      eventsIn(lines.join("\n"), 2).map(({ id }) => id),
      ["3", "2"],
    );
  });

  it("leaves out what is no record", () => {
    assert.deepEqual(eventsIn("SEL has no entries\n\nzz | x\n", 10), []);
  });

  it("makes hostile words visible and short, in linear time", () => {
    const started = performance.now();
    const line = ` 1 | 11/20/26 | 99:99:99 GMT | Fan \u001b[2J | ${"|".repeat(900)}\u0007 | Asserted`;
    const { sensor, message } = only(line);
    assert.doesNotMatch(`${sensor}${message}`, /\p{Cc}/u);
    eventsIn("|".repeat(2_000_000), 10);
    eventsIn(" \n".repeat(500_000), 10);
    assert.ok(performance.now() - started < 3000);
  });
});
