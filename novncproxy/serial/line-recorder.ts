/** What a line tells its log, if there is one; `console-log/line-logs.ts` writes it into files. */

export interface LineRecorder {
  /** The machine's bytes, which nobody changes afterwards. */
  write(bytes: Uint8Array): void;
  /** What happened to the line, in words of ours. */
  note(text: string): void;
  /** The last of what was written since a time (milliseconds), also before this process began. */
  tail(lines: number, maxBytes: number, sinceMilliseconds?: number): Promise<Buffer>;
  close(): Promise<void>;
}

export interface LineRecorders {
  open(nodeUuid: string): LineRecorder;
}
