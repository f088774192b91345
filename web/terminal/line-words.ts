/** The line's states and the people on it, in words. */
import type { Attached, LineStateName } from "./serial-messages.ts";

export interface LineWords {
  /** For the bar. */
  readonly chip: string;
  readonly title: string;
}

const WORDS: Readonly<Record<LineStateName, LineWords>> = {
  idle: { chip: "Line at rest", title: "The serial line is not open at the moment" },
  connecting: { chip: "Opening line", title: "Opening the serial line to the machine" },
  connected: { chip: "Connected", title: "The serial line is open" },
  reconnecting: {
    chip: "Line lost",
    title: "The serial line to the machine was lost and is being opened again",
  },
  taken: {
    chip: "Line taken",
    title: "Someone outside this service holds the machine's serial line",
  },
};

export function wordsForLine(state: LineStateName): LineWords {
  return WORDS[state];
}

/** The service's detail as a sentence of its own; empty when there is none. */
export function detailSentence({ detail }: { readonly detail: string }): string {
  if (detail === "") return "";
  const sentence = detail.charAt(0).toUpperCase() + detail.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

/** @returns for example `3 attached: alice types, you watch` */
export function viewersSentence(viewers: readonly Attached[]): string {
  const you = viewers.find((viewer) => viewer.you);
  if (viewers.length === 0) return "";
  if (viewers.length === 1 && you) return you.writing ? "Only you" : "Only you, watching";
  const writers = viewers.filter((viewer) => viewer.writing);
  const names = writers.map(nameOf);
  const typing = names.length === 0 ? "nobody types" : `${listed(names)} ${verb(writers)}`;
  const watching = you && !you.writing ? ", you watch" : "";
  return `${viewers.length} attached: ${typing}${watching}`;
}

export function nameOf(viewer: Attached): string {
  if (viewer.you) return "you";
  return viewer.user || "someone";
}

/** @returns for example `types, by SSH` */
export function roleOf({ writing, mode, via, you }: Attached): string {
  const watching = mode === "view" ? "view only" : you ? "watch" : "watches";
  const role = writing ? (you ? "type" : "types") : watching;
  return via === "ssh" ? `${role}, by SSH` : role;
}

function verb(writers: readonly Attached[]): string {
  return writers.length === 1 && !writers[0]!.you ? "types" : "type";
}

function listed(names: readonly string[]): string {
  const shown = names.length > 3 ? [...names.slice(0, 2), `${names.length - 2} more`] : names;
  return shown.length === 1 ? shown[0]! : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
