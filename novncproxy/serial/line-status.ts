/** What a serial line is doing, as viewers are told it, and as the log and the line's own log note it. */
import type { Logger } from "../../common/log.ts";
import type { SerialNotice } from "../../common/serial-messages.ts";
import type { LineState } from "../../db/database.ts";
import type { LineRecorder } from "./line-recorder.ts";

export interface LineStatus {
  readonly state: LineState;
  /** For viewers and for operators; null while there is nothing to explain. */
  readonly words: string | null;
  readonly detail: string | null;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly retryAt: number | null;
}

/** For viewers: nothing in it was written by a BMC or a machine. */
export function lineNotice(
  { state, words, since, retryAt }: LineStatus,
  now: number,
): SerialNotice {
  const retrySeconds = retryAt === null ? null : Math.ceil((retryAt - now) / 1000);
  return { type: "line", state, detail: words, since, retrySeconds };
}

/** Notes changes for operators. */
export class LineJournal {
  readonly #nodeUuid: string;
  readonly #log: Logger;
  readonly #recorder: LineRecorder | undefined;

  constructor(nodeUuid: string, log: Logger, recorder: LineRecorder | undefined) {
    this.#nodeUuid = nodeUuid;
    this.#log = log;
    this.#recorder = recorder;
  }

  noteChange(before: LineStatus, { state, detail }: LineStatus): void {
    if (state === before.state && detail === before.detail) return;
    if (state === "connected") this.note(state, "connected");
    else if (detail !== null) this.note(state, detail);
    else if (state === "idle") this.note(state, "let go");
  }

  note(state: LineState, text: string): void {
    this.#recorder?.note(text === state ? state : `${state}: ${text}`);
    const fields = { node: this.#nodeUuid, state, reason: text };
    if (state === "reconnecting" || state === "taken") this.#log.warn("serial line", fields);
    else this.#log.info("serial line", fields);
  }
}
