import assert from "node:assert/strict";
import {
  advance,
  INITIAL_STATE,
  MAXIMUM_TRIES,
  reconnectDelayMs,
  type ConnectionEvent,
  type ConnectionState,
} from "../../../web/connection.ts";
import type { Ending } from "../../../web/reasons.ts";

const LOST: Ending = { kind: "closed", code: 1006, reason: "" };
const RESTARTED: Ending = { kind: "closed", code: 1012, reason: "proxy_shutdown" };
const DISABLED: Ending = { kind: "closed", code: 1001, reason: "console_disabled" };
const BUSY: Ending = { kind: "refused", status: 503, code: "TOO_MANY_SESSIONS" };
const DEAD_LINK: Ending = { kind: "refused", status: 403, code: "INVALID_TOKEN" };

function after(...events: ConnectionEvent[]): ConnectionState {
  return events.reduce((state, event) => advance(state, event, 0), INITIAL_STATE);
}
const ended = (ending: Ending, atMs = 0): ConnectionEvent => ({ type: "ended", ending, atMs });
const connected = (atMs = 0): ConnectionEvent => ({ type: "connected", atMs });
const retry: ConnectionEvent = { type: "retry" };

describe("a console connection", () => {
  it("goes through connecting and signing in to connected", () => {
    const authenticating: ConnectionEvent = { type: "progress", state: "authenticating" };
    assert.equal(after(authenticating).phase, "signing_in");
    assert.equal(after(authenticating, connected()).phase, "connected");
  });

  it("goes through the steps of a console that has to be started", () => {
    const start = { step: "login", position: 0, sinceMs: 5 } as const;
    const state = after({ type: "starting", start });
    assert.deepEqual(state, {
      phase: "starting",
      attempt: 0,
      start: { ...start, controllerAnswers: true },
    });
    const signsIn: ConnectionEvent = { type: "progress", state: "authenticating" };
    assert.equal(advance(state, signsIn, 0).phase, "signing_in");
    assert.equal(advance(state, connected(), 0).phase, "connected");
  });

  it("remembers from step to step that the controller does not answer", () => {
    const step = (name: "reach" | "login"): ConnectionEvent => ({
      type: "starting",
      start: { step: name, position: 0, sinceMs: 0 },
    });
    const silent: ConnectionEvent = { type: "controller", answers: false };
    const state = after(step("reach"), silent, step("login"));
    assert.equal(state.phase === "starting" && state.start.controllerAnswers, false);
    assert.equal(after(connected(), silent).phase, "connected");
  });

  it("takes late progress messages for nothing", () => {
    const late: ConnectionEvent = { type: "progress", state: "authenticating" };
    assert.equal(after(connected(), late).phase, "connected");
    assert.equal(after(ended(DISABLED), late).phase, "closed");
  });

  it("waits half a second, then doubles up to ten seconds", () => {
    const delays = Array.from({ length: 7 }, (_, index) => reconnectDelayMs(index + 1, 0));
    assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  it("spreads the delays of many pages over a fifth", () => {
    assert.equal(reconnectDelayMs(3, 0.5), 1800);
    assert.ok(reconnectDelayMs(3, 0.999) >= 1600);
  });

  it("counts its attempts until it gives up", () => {
    let state: ConnectionState = after(connected(), ended(LOST));
    for (let attempt = 1; attempt <= MAXIMUM_TRIES; attempt++) {
      assert.equal(state.phase, "waiting");
      assert.equal(state.attempt, attempt);
      state = advance(advance(state, retry, 0), ended({ kind: "unreachable" }), 0);
    }
    assert.equal(state.phase, "closed");
  });

  it("counts anew after a connection that held", () => {
    const state = after(connected(0), ended(LOST, 1), retry, connected(2), ended(LOST, 60_000));
    assert.equal(state.phase === "waiting" && state.attempt, 1);
  });

  it("goes on counting after a connection that broke at once", () => {
    const state = after(connected(0), ended(LOST, 1), retry, connected(2), ended(LOST, 900));
    assert.equal(state.phase === "waiting" && state.attempt, 2);
  });

  it("tries again by itself when the service restarts", () => {
    assert.equal(after(connected(), ended(RESTARTED)).phase, "waiting");
  });

  it("stays closed when the console was disabled", () => {
    assert.deepEqual(after(connected(), ended(DISABLED)), {
      phase: "closed",
      ending: DISABLED,
      triesUsed: 0,
    });
  });

  it("stays closed when the service is too busy for a first connection", () => {
    assert.equal(after(ended(BUSY)).phase, "closed");
  });

  it("keeps trying when the service is too busy to take an interrupted session back", () => {
    assert.equal(after(connected(), ended(LOST), retry, ended(BUSY)).phase, "waiting");
  });

  it("stops trying when the link died during the interruption", () => {
    assert.equal(after(connected(), ended(LOST), retry, ended(DEAD_LINK)).phase, "closed");
  });

  it("starts over when the user asks for it", () => {
    assert.deepEqual(after(ended(BUSY), { type: "connect" }), INITIAL_STATE);
  });

  it("does not start a second time while it is connected", () => {
    assert.equal(after(connected(), { type: "connect" }).phase, "connected");
    assert.equal(after(connected(), retry).phase, "connected");
  });
});
