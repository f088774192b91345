import assert from "node:assert/strict";
import * as sinon from "sinon";
import { LineReports } from "../../../../novncproxy/serial/line-reports.ts";
import type { LineStatus } from "../../../../novncproxy/serial/line-status.ts";
import type { SerialLine } from "../../../../novncproxy/serial/serial-line.ts";
import { SettableClock } from "../../db/samples.ts";

describe("the reports of lines", () => {
  const status = (state: LineStatus["state"]): LineStatus => ({
    state,
    words: null,
    detail: null,
    since: 1,
    retryAt: null,
  });
  const setUp = () => {
    const clock = new SettableClock();
    const report = sinon.stub().resolves();
    const line = { nodeUuid: "node", ended: false, status: status("connecting") };
    const reports = new LineReports({ report }, "p1", clock);
    return { clock, report, line: line as { status: LineStatus } & SerialLine, reports };
  };
  const states = (report: sinon.SinonStub): string[] =>
    report.getCalls().map((call) => (call.args[2] as LineStatus).state);

  it("write a change at once, and those that follow within a second together", async () => {
    const { clock, report, line, reports } = setUp();
    reports.note(line);
    await reports.settle();
    assert.deepEqual(states(report), ["connecting"]);
    for (const state of ["connected", "reconnecting", "connected"] as const) {
      line.status = status(state);
      reports.note(line);
    }
    await reports.settle();
    assert.equal(report.callCount, 1);
    clock.advance(1);
    await reports.write();
    assert.deepEqual(states(report), ["connecting", "connected"]);
    await reports.write();
    assert.equal(report.callCount, 2);
  });

  it("write again what could not be written", async () => {
    const { clock, report, line, reports } = setUp();
    report.onCall(0).rejects(new Error("gone"));
    report.onCall(1).rejects(new Error("gone"));
    reports.note(line);
    await reports.settle();
    clock.advance(2);
    await assert.rejects(reports.write());
    await reports.write();
    assert.equal(report.callCount, 3);
  });

  it("forget a line that was let go", async () => {
    const { report, line, reports } = setUp();
    report.onCall(0).rejects(new Error("gone"));
    reports.note(line);
    await reports.settle();
    reports.forget(line);
    await reports.write();
    assert.equal(report.callCount, 1);
  });
});
