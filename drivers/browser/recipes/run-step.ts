/** Does one step of a recipe on a page. What the page says is judged here, by the recipe's own rules. */
import { matchesPattern, replacePattern } from "../../../common/console-recipe/pattern.ts";
import type {
  AnswerRule,
  FailureRule,
  PageCondition,
  RecipeStep,
} from "../../../common/console-recipe/recipe.ts";
import type { FetchAnswer, KioskPage } from "../kiosk/page.ts";
import { PageError } from "../../base.ts";
import { answerValue, pageValue } from "./saved-value.ts";
import type { RecipeValues } from "./values.ts";

export interface StepContext {
  readonly page: KioskPage;
  readonly values: RecipeValues;
  readonly signal: AbortSignal;
  /** Does the steps of an `if`. */
  readonly runSteps: (steps: readonly RecipeStep[]) => Promise<void>;
  /** Starts a Java viewer from the text of its file. */
  readonly runJnlp: (text: string) => Promise<void>;
}

type StepOf<TKind extends RecipeStep["kind"]> = Extract<RecipeStep, { kind: TKind }>;

/** @throws {PageError} */
export async function runStep(step: RecipeStep, context: StepContext): Promise<void> {
  const { page, values, signal } = context;
  switch (step.kind) {
    case "goto":
      return page.goto(values.path(step.target), signal);
    case "open_window":
      return page.openWindow(values.path(step.target), signal);
    case "follow_window":
      return page.followNextWindow(step.withinSeconds * 1000, signal);
    case "wait":
      return waitFor(step, context);
    case "fill":
      return page.fill(step.selector, values.secret(step.value));
    case "click":
      return page.click(step.selector);
    case "press":
      return page.press(step.key);
    case "select":
      return page.select(step.selector, values.text(step.value));
    case "fetch":
      return request(step, context);
    case "save":
      for (const [name, source] of Object.entries(step.values))
        values.save(name, await pageValue(page, source));
      return;
    case "set_cookie":
      return page.setCookie(step.name, values.text(step.value));
    case "set_local_storage":
      return page.setLocalStorage(step.key, values.text(step.value));
    case "if":
      if (await comesTrue(step.condition, step.withinSeconds, context))
        await context.runSteps(step.steps);
      return;
    case "jnlp":
      return context.runJnlp(await startFile(step, context));
  }
}

/** A page that says both has failed: its old content is often still there. */
async function waitFor(step: StepOf<"wait">, { page, signal }: StepContext): Promise<void> {
  const conditions = [...step.failures.map(({ when }) => when), ...step.any];
  const held = await page.waitForAny(conditions, step.withinSeconds * 1000, signal);
  failBy(step.failures[held]);
}

function failBy(rule: FailureRule | AnswerRule | undefined): void {
  if (rule) throw new PageError(rule.failure, FAILURE_WORDS[rule.failure] ?? "the page says so");
}

const FAILURE_WORDS: Readonly<Record<string, string>> = {
  wrong_password: "the BMC refuses the user name or the password",
  sessions_taken: "all sessions of the BMC are taken",
  no_licence: "the BMC's licence does not include its remote console",
  viewer_disabled: "the BMC's remote console is switched off",
  unsupported_firmware: "the BMC's firmware is none that the recipe is for",
  no_picture: "the viewer shows no picture",
};

async function comesTrue(
  condition: PageCondition,
  withinSeconds: number,
  { page, signal }: StepContext,
): Promise<boolean> {
  if (withinSeconds === 0) return page.holds(condition);
  try {
    await page.waitForAny([condition], withinSeconds * 1000, signal);
    return true;
  } catch (error) {
    if (error instanceof PageError && error.failure === "unexpected_page" && !signal.aborted)
      return false;
    throw error;
  }
}

async function request(
  step: StepOf<"fetch">,
  { page, values, signal }: StepContext,
): Promise<void> {
  const { method, path, headers, form, json } = step.request;
  const answer = await page.fetch(
    {
      method,
      path: values.path(path),
      headers: values.texts(headers),
      ...(form && { form: values.texts(form) }),
      ...(json !== undefined && { json: values.json(json) }),
    },
    signal,
  );
  failBy(step.failures.find((rule) => holdsOf(rule, answer)));
  mustBeFine(answer);
  for (const [name, source] of Object.entries(step.save))
    values.save(name, answerValue(answer, source));
}

function holdsOf({ status, body }: AnswerRule, answer: FetchAnswer): boolean {
  if (status !== undefined && status !== answer.status) return false;
  return body === undefined || matchesPattern(body, answer.body);
}

function mustBeFine({ status }: FetchAnswer): void {
  if (status > 399)
    throw new PageError("unexpected_page", `the BMC answered with status ${status}`);
}

async function startFile(
  { path, replace }: StepOf<"jnlp">,
  { page, values, signal }: StepContext,
): Promise<string> {
  const order = { method: "GET", path: values.path(path), headers: {} } as const;
  const answer = await page.fetch(order, signal);
  mustBeFine(answer);
  if (!/<jnlp[\s>]/i.test(answer.body))
    throw new PageError("unexpected_page", "the answer is no start file of a Java viewer");
  let text = answer.body;
  for (const one of replace) {
    const replaced = replacePattern(one.match, text, values.text(one.with));
    if (replaced === undefined)
      throw new PageError("unexpected_page", "the start file could not be corrected in time");
    text = replaced;
  }
  return text;
}
