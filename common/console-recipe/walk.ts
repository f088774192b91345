/** Goes over the steps of a recipe's YAML form, those inside `if` too, with where each one stands. */
import type { RecipeForm, StepForm } from "./to-recipe.ts";
import type { SourcePath } from "./yaml-source.ts";

const PHASES = ["login", "viewer", "logout"] as const;
export type Phase = (typeof PHASES)[number];

export interface PlacedStep {
  readonly phase: Phase;
  /** For example `["login", 2, "fill"]`. */
  readonly path: SourcePath;
  readonly kind: keyof StepForm;
  readonly step: StepForm;
}

export function* stepsOf(form: RecipeForm): Generator<PlacedStep> {
  for (const phase of PHASES) yield* placed(phase, [phase], form[phase] ?? []);
}

function* placed(
  phase: Phase,
  path: SourcePath,
  steps: readonly StepForm[],
): Generator<PlacedStep> {
  for (const [index, step] of steps.entries()) {
    const kind = Object.keys(step)[0] as keyof StepForm;
    yield { phase, path: [...path, index, kind], kind, step };
    if (step.if) yield* placed(phase, [...path, index, "if", "then"], step.if.then);
  }
}

/** The texts of a step in which names may stand. */
export function templatesOf(step: StepForm): readonly { text: string; isPath: boolean }[] {
  const paths = [step.goto, step.open_window, step.fetch?.path, step.jnlp?.path];
  const values = [
    step.fill?.value,
    step.select?.value,
    step.set_cookie?.value,
    step.set_local_storage?.value,
    ...Object.values(step.fetch?.headers ?? {}),
    ...Object.values(step.fetch?.form ?? {}),
    ...leavesOf(step.fetch?.json),
    ...(step.jnlp?.replace ?? []).map((one) => one.with),
  ];
  return [
    ...paths.flatMap((text) => (text === undefined ? [] : [{ text, isPath: true }])),
    ...values.flatMap((text) => (text === undefined ? [] : [{ text, isPath: false }])),
  ];
}

function leavesOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(leavesOf);
}

/** Name → source, of what a step saves. */
export function savedBy(step: StepForm): Readonly<Record<string, string>> {
  return step.save ?? step.fetch?.save ?? {};
}
