import assert from "node:assert/strict";
import { inspect } from "node:util";
import { cleanEntries, cleanReadings } from "../../../conductor/telemetry-values.ts";
import type { EventLogEntry, SensorReading } from "../../../drivers/base.ts";
import { NASTY, UNFIT } from "../../helpers/hostile-redfish.ts";

const NONE = {
  lowerFatal: null,
  lowerCritical: null,
  lowerWarning: null,
  upperWarning: null,
  upperCritical: null,
  upperFatal: null,
};

function reading(more: Partial<SensorReading> = {}): SensorReading {
  return {
    name: "Fan",
    kind: "fan",
    value: 1,
    unit: "RPM",
    state: "ok",
    thresholds: NONE,
    text: null,
    ...more,
  };
}

function entry(more: Partial<EventLogEntry> = {}): EventLogEntry {
  return { id: "1", time: 5, severity: "ok", sensor: "Fan", message: "m", asserted: true, ...more };
}

/** As a machine could give it to a careless driver. */
const raw = (values: Record<string, unknown>): never => values as never;

describe("readings that a driver passes on", () => {
  it("stay as they are when they are good", () => {
    const good = reading({ value: 21.5, thresholds: { ...NONE, upperWarning: 38 }, text: "words" });
    assert.deepEqual(cleanReadings([good]), [good]);
  });

  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, "7", {}, undefined])
    it(`have no number where the machine says ${inspect(value)}`, () => {
      const thresholds = { ...NONE, upperFatal: value };
      const [clean] = cleanReadings([raw({ ...reading(), value, thresholds })]);
      assert.equal(clean?.value, null);
      assert.equal(clean?.thresholds.upperFatal, null);
    });

  it("have words of the closed lists only", () => {
    const [clean] = cleanReadings([raw({ ...reading(), kind: "__proto__", state: "fine" })]);
    assert.equal(clean?.kind, "other");
    assert.equal(clean?.state, "unknown");
  });

  it("have names that can be told apart", () => {
    const names = ["Fan", "Fan", "Fan (2)", "Fan", "", "  "];
    const clean = cleanReadings(names.map((name) => reading({ name }))).map(({ name }) => name);
    assert.deepEqual(clean.slice(0, 2), ["Fan", "Fan (2)"]);
    assert.equal(new Set(clean).size, names.length, clean.join("; "));
  });

  it("have texts for one line, bounded", () => {
    const [clean] = cleanReadings([reading({ name: NASTY, unit: NASTY, text: NASTY })]);
    for (const text of [clean?.name, clean?.unit, clean?.text]) {
      assert.doesNotMatch(text ?? "", UNFIT);
      assert.ok((text ?? "").length <= 256);
    }
  });

  it("are a thousand at most", () => {
    assert.equal(cleanReadings(Array.from({ length: 5000 }, () => reading())).length, 1000);
  });

  it("do not lose their thresholds' place when a driver forgot them", () => {
    const [clean] = cleanReadings([raw({ name: "T", thresholds: undefined })]);
    assert.deepEqual(clean?.thresholds, NONE);
  });
});

describe("entries of an event log that a driver passes on", () => {
  it("stay as they are when they are good", () => {
    assert.deepEqual(cleanEntries([entry()], 10), [entry()]);
  });

  for (const time of [Number.NaN, -1, 8.64e15 + 1, "yesterday", undefined])
    it(`have no time where the machine says ${String(time)}`, () => {
      assert.equal(cleanEntries([raw({ ...entry(), time })], 10)[0]?.time, null);
    });

  it("are as many as were asked for, and a thousand at most", () => {
    const many = Array.from({ length: 10_000 }, () => entry());
    assert.equal(cleanEntries(many, 5).length, 5);
    assert.equal(cleanEntries(many, 100_000).length, 1000);
  });

  it("have texts for one line, bounded, and words of the closed list", () => {
    const nasty = { id: NASTY, sensor: NASTY, message: NASTY, severity: "apocalyptic" };
    const [clean] = cleanEntries([raw({ ...entry(), ...nasty })], 10);
    assert.doesNotMatch(`${clean?.id}${clean?.sensor}${clean?.message}`, UNFIT);
    assert.ok((clean?.message.length ?? 0) <= 1000);
    assert.equal(clean?.severity, "ok");
  });
});
