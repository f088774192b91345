/** The start of a console, for machines whose console has to be started first: its steps, as data and in words. */

export const START_STEPS = ["queue", "launch", "reach", "login", "viewer", "picture"] as const;
export type StartStep = (typeof START_STEPS)[number];

export interface Start {
  readonly step: StartStep;
  /** Place in the queue, 1 being next; 0 when that is not known. */
  readonly position: number;
  /** When it began, on the clock of performance.now(). */
  readonly sinceMs: number;
  /** False while the machine's management controller does not answer. */
  readonly controllerAnswers: boolean;
}

/** What is under way, in a sentence. */
export function startSentence({ step, position, controllerAnswers }: Start): string {
  if (!controllerAnswers && step !== "queue")
    return "The machine's management controller does not answer at the moment.";
  if (step === "queue" && position > 0)
    return position === 1
      ? "All places are taken. You are next."
      : `All places are taken. You are number ${position} in the queue.`;
  return "This takes a few seconds.";
}
