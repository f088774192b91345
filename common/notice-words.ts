/** What the proxy tells beside the line's bytes, in words, one line each, fit for a terminal. */
import { keysOf, type EscapeStyle } from "./escape-keys.ts";
import { printable } from "./printable.ts";
import type { SerialNotice, SerialViewer } from "./serial-messages.ts";
import type { SessionNotice } from "./session-notices.ts";

const LONGEST_NAME = 60;
const MOST_NAMES = 8;

type LineNotice = Extract<SerialNotice, { type: "line" }>;

/** What of a session's first message is said. */
type Welcome = Pick<Extract<SessionNotice, { type: "session" }>, "type" | "mode" | "node">;

export type ToldNotice = SerialNotice | Welcome | Exclude<SessionNotice, { type: "session" }>;

/** Keeps what was said: a viewer list says who is there and not who came. */
export class NoticeWords {
  readonly #style: EscapeStyle;
  #viewers: readonly SerialViewer[] | undefined;
  #line = "";

  /** @param style how its reader gives commands */
  constructor(style: EscapeStyle) {
    this.#style = style;
  }

  /** @returns lines to show, none for what needs no words */
  say(notice: ToldNotice): string[] {
    switch (notice.type) {
      case "session":
        this.#viewers = undefined;
        this.#line = "";
        return [this.#welcome(notice)];
      case "line":
        return this.#lineChanged(lineWords(notice));
      case "viewers":
        return this.#viewersChanged(notice.viewers);
      case "replay":
        return notice.lines > 0 ? [`the last ${count(notice.lines, "line")} from before`] : [];
      case "gap":
        return [`${count(notice.bytes, "byte")} missing here, this connection was too slow`];
      case "warning": {
        const seconds = count(Math.ceil(notice.secondsLeft), "second");
        return notice.reason === "idle_timeout"
          ? [`nobody types; the session ends in ${seconds}, any key keeps it open`]
          : [`the session reaches its time limit in ${seconds}`];
      }
      case "refused":
        return [`not done: ${printable(notice.detail || notice.request)}`];
      case "warning_over":
        return ["the session goes on"];
      case "state":
      case "starting":
      case "bmc":
      case "others":
        return []; // of screens, which have no terminal
    }
  }

  /** Everybody who is attached. */
  who(): string[] {
    const viewers = this.#viewers ?? [];
    if (viewers.length === 0) return ["nobody is attached"];
    return viewers.map(
      (viewer) =>
        `${nameOf(viewer)}${viewer.you ? " (you)" : ""}, by ${viewer.via}, ` +
        `${roleOf(viewer)}, since ${timeOf(viewer)}`,
    );
  }

  #welcome({ mode, node }: Welcome): string {
    const name = printable(node.name ?? node.uuid, LONGEST_NAME);
    const [detach] = keysOf("detach", this.#style);
    const [help] = keysOf("help", this.#style);
    const keys = detach === undefined ? "" : `; ${detach} detaches, ${help} helps`;
    return `${name}: ${mode === "view" ? "view only" : "attached"}${keys}`;
  }

  #lineChanged(words: string): string[] {
    if (words === this.#line) return [];
    this.#line = words;
    return [words];
  }

  #viewersChanged(now: readonly SerialViewer[]): string[] {
    const before = this.#viewers;
    this.#viewers = now;
    const others = now.filter(({ you }) => !you);
    if (!before) {
      const here = others.length > 0 ? [`also here: ${names(others)}`] : [];
      return [...here, ...this.#writingChanged(true, now)];
    }
    const known = new Set(before.map(({ id }) => id));
    const left = new Set(now.map(({ id }) => id));
    const came = others.filter(({ id }) => !known.has(id));
    const went = before.filter(({ id }) => !left.has(id));
    return [
      ...(came.length > 0 ? [`here now: ${names(came)}`] : []),
      ...(went.length > 0 ? [`left: ${names(went)}`] : []),
      ...this.#writingChanged(before.some(typesHere), now),
    ];
  }

  /** Said only to one who may type by his link. */
  #writingChanged(before: boolean, now: readonly SerialViewer[]): string[] {
    const me = now.find(({ you }) => you);
    if (me?.mode !== "control" || me.writing === before) return [];
    if (me.writing) return ["you type now"];
    const other = now.find(({ you, writing }) => writing && !you);
    const [keys] = keysOf("take_control", this.#style);
    const how = keys === undefined ? "" : `; ${keys} takes over`;
    return [`${other ? nameOf(other) : "somebody else"} types${how}`];
  }
}

function typesHere({ you, writing }: SerialViewer): boolean {
  return you && writing;
}

function lineWords({ state, detail, retrySeconds }: LineNotice): string {
  const why = detail === null ? "" : `: ${printable(detail)}`;
  const next = retrySeconds === null ? "" : `; next attempt in ${Math.ceil(retrySeconds)} s`;
  switch (state) {
    case "idle":
      return `the serial line is not open${why}${next}`;
    case "connecting":
      return `connecting to the machine${why}${next}`;
    case "connected":
      return "connected to the machine";
    case "reconnecting":
      return `the serial line is lost${why}${next}`;
    case "taken":
      return `somebody else has taken the machine's serial line${why}${next}`;
  }
}

/** As it comes from another service: any number. */
function timeOf({ since }: SerialViewer): string {
  const time = new Date(since);
  return Number.isNaN(time.getTime()) ? "long ago" : time.toISOString();
}

function names(viewers: readonly SerialViewer[]): string {
  const shown = viewers
    .slice(0, MOST_NAMES)
    .map((viewer) => `${nameOf(viewer)} (${roleOf(viewer)})`);
  const more = viewers.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(", ");
}

function nameOf({ user }: SerialViewer): string {
  return user === null || user === "" ? "somebody" : printable(user, LONGEST_NAME);
}

function roleOf({ mode, writing }: SerialViewer): string {
  if (mode === "view") return "view only";
  return writing ? "types" : "watches";
}

function count(number: number, unit: string): string {
  return `${number} ${unit}${number === 1 ? "" : "s"}`;
}
