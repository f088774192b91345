/**
 * The life of a console connection as the user sees it: a pure function from a state and an event to
 * the next state. It opens no socket, sets no timer and reads no clock; console-page.ts does what a
 * state asks for.
 */
import { wordsForEnding, type Ending } from "./reasons.ts";
import type { Start } from "./start-steps.ts";

export type ConnectionState =
  | { readonly phase: "connecting"; readonly attempt: number }
  /** The console has to be started first. */
  | { readonly phase: "starting"; readonly attempt: number; readonly start: Start }
  | { readonly phase: "signing_in"; readonly attempt: number }
  | { readonly phase: "connected"; readonly attempt: number; readonly sinceMs: number }
  | {
      readonly phase: "waiting";
      /** The attempt that comes next, 1 being the first after the interruption. */
      readonly attempt: number;
      readonly delayMs: number;
      readonly ending: Ending;
    }
  | { readonly phase: "closed"; readonly ending: Ending; readonly triesUsed: number };

export type ConnectionEvent =
  /** The service said how far it is with the machine. */
  | { readonly type: "progress"; readonly state: "connecting" | "authenticating" }
  /** The service is starting the console. */
  | { readonly type: "starting"; readonly start: Omit<Start, "controllerAnswers"> }
  | { readonly type: "controller"; readonly answers: boolean }
  /** The screen is there. */
  | { readonly type: "connected"; readonly atMs: number }
  | { readonly type: "ended"; readonly ending: Ending; readonly atMs: number }
  /** The waiting time is over, or the browser is on-line again. */
  | { readonly type: "retry" }
  /** The user asked for it. */
  | { readonly type: "connect" };

export const MAXIMUM_TRIES = 10;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;
/** A connection that lasted this long counts as good: the next interruption starts counting anew. */
const STABLE_MS = 10_000;

export const INITIAL_STATE: ConnectionState = { phase: "connecting", attempt: 0 };

/** @param random in [0, 1), spreads the pages that one restart of the service interrupts */
export function advance(
  state: ConnectionState,
  event: ConnectionEvent,
  random: number,
): ConnectionState {
  switch (event.type) {
    case "progress":
      return progressed(state, event.state);
    case "starting":
      return startsOn(state, event.start);
    case "controller":
      return state.phase === "starting"
        ? { ...state, start: { ...state.start, controllerAnswers: event.answers } }
        : state;
    case "connected":
      return isTrying(state)
        ? { phase: "connected", attempt: state.attempt, sinceMs: event.atMs }
        : state;
    case "ended":
      return ended(state, event.ending, event.atMs, random);
    case "retry":
      return state.phase === "waiting" ? { phase: "connecting", attempt: state.attempt } : state;
    case "connect":
      return state.phase === "closed" || state.phase === "waiting" ? INITIAL_STATE : state;
  }
}

/** 0.5 s doubling to 10 s, each shortened by up to a fifth. */
export function reconnectDelayMs(attempt: number, random: number): number {
  const whole = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
  return Math.round(whole * (1 - random / 5));
}

function startsOn(
  state: ConnectionState,
  start: Omit<Start, "controllerAnswers">,
): ConnectionState {
  if (!isTrying(state)) return state;
  const controllerAnswers = state.phase === "starting" ? state.start.controllerAnswers : true;
  return { phase: "starting", attempt: state.attempt, start: { ...start, controllerAnswers } };
}

function progressed(
  state: ConnectionState,
  progress: "connecting" | "authenticating",
): ConnectionState {
  if (!isTrying(state)) return state;
  const phase = progress === "authenticating" ? "signing_in" : "connecting";
  return { phase, attempt: state.attempt };
}

function ended(
  state: ConnectionState,
  ending: Ending,
  atMs: number,
  random: number,
): ConnectionState {
  if (state.phase === "closed") return state;
  const tried = triesBefore(state, atMs);
  const interrupted = state.phase === "connected" || tried > 0;
  const { aftermath } = wordsForEnding(ending);
  const again =
    aftermath === "reconnect" || (aftermath === "reconnect_if_interrupted" && interrupted);
  if (!again || tried >= MAXIMUM_TRIES) return { phase: "closed", ending, triesUsed: tried };
  const attempt = tried + 1;
  return { phase: "waiting", attempt, delayMs: reconnectDelayMs(attempt, random), ending };
}

function triesBefore(state: Exclude<ConnectionState, { phase: "closed" }>, atMs: number): number {
  if (state.phase === "waiting") return state.attempt - 1;
  const wasStable = state.phase === "connected" && atMs - state.sinceMs >= STABLE_MS;
  return wasStable ? 0 : state.attempt;
}

function isTrying(
  state: ConnectionState,
): state is Extract<ConnectionState, { phase: "connecting" | "starting" | "signing_in" }> {
  return ["connecting", "starting", "signing_in"].includes(state.phase);
}
