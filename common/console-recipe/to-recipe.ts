/** From the YAML form, once it was found valid, to a {@link Recipe}: defaults filled in, seconds named. */
import type {
  AnswerRule,
  FailureRule,
  PageCondition,
  Recipe,
  RecipeQuirks,
  RecipeStep,
  Recognition,
  TextReplacement,
} from "./recipe.ts";

const WAIT_SECONDS = 20;
const PICTURE_SECONDS = 30;

interface ConditionForm extends Omit<PageCondition, "localStorage"> {
  readonly local_storage?: string;
}
interface RuleForm extends Omit<FailureRule, "when"> {
  readonly when: ConditionForm;
}
interface FetchForm {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly failures?: readonly AnswerRule[];
  readonly save?: Readonly<Record<string, string>>;
}
export interface StepForm {
  readonly goto?: string;
  readonly wait?: {
    readonly any: readonly ConditionForm[];
    readonly failures?: readonly RuleForm[];
    readonly within?: number;
  };
  readonly fill?: { readonly selector: string; readonly value: string };
  readonly click?: string;
  readonly press?: string;
  readonly select?: { readonly selector: string; readonly value: string };
  readonly open_window?: string;
  readonly follow_window?: { readonly within?: number };
  readonly fetch?: FetchForm;
  readonly save?: Readonly<Record<string, string>>;
  readonly set_cookie?: { readonly name: string; readonly value: string };
  readonly set_local_storage?: { readonly key: string; readonly value: string };
  readonly if?: {
    readonly when: ConditionForm;
    readonly within?: number;
    readonly then: readonly StepForm[];
  };
  readonly jnlp?: { readonly path: string; readonly replace?: readonly TextReplacement[] };
}
/** What recipe files hold; the schema vouches for it. */
export interface RecipeForm {
  readonly name: string;
  readonly title: string;
  readonly family: string;
  readonly priority?: number;
  readonly firmware?: string;
  readonly type?: "viewer" | "jnlp";
  readonly recognise: readonly Recognition[];
  readonly login: readonly StepForm[];
  readonly viewer: readonly StepForm[];
  readonly picture: {
    readonly selector?: string;
    readonly minimum_width?: number;
    readonly minimum_height?: number;
    readonly within?: number;
    readonly failures?: readonly RuleForm[];
  };
  readonly logout?: readonly StepForm[];
  readonly quirks?: {
    readonly width?: number;
    readonly height?: number;
    readonly minimum_tls?: RecipeQuirks["minimumTls"];
    readonly user_agent?: string;
    readonly ports?: readonly number[];
    readonly dialogs?: RecipeQuirks["dialogs"];
    readonly allowed_paths?: readonly string[];
    readonly keep_alive?: { readonly path: string; readonly every: number };
    readonly lists_sessions?: boolean;
  };
}

export function toRecipe(form: RecipeForm): Recipe {
  const { picture } = form;
  return {
    name: form.name,
    title: form.title,
    family: form.family,
    priority: form.priority ?? 0,
    firmware: form.firmware ?? "",
    type: form.type ?? "viewer",
    recognise: form.recognise,
    login: form.login.map(stepOf),
    viewer: form.viewer.map(stepOf),
    picture: {
      ...(picture.selector !== undefined && { selector: picture.selector }),
      minimumWidth: picture.minimum_width ?? 160,
      minimumHeight: picture.minimum_height ?? 120,
      withinSeconds: picture.within ?? PICTURE_SECONDS,
      failures: (picture.failures ?? []).map(ruleOf),
    },
    logout: (form.logout ?? []).map(stepOf),
    quirks: quirksOf(form.quirks ?? {}),
  };
}

function quirksOf(form: NonNullable<RecipeForm["quirks"]>): RecipeQuirks {
  return {
    width: form.width ?? 1280,
    height: form.height ?? 960,
    minimumTls: form.minimum_tls ?? "1.2",
    ...(form.user_agent !== undefined && { userAgent: form.user_agent }),
    ports: form.ports ?? [],
    dialogs: form.dialogs ?? "accept",
    allowedPaths: form.allowed_paths ?? [],
    keepAliveSeconds: form.keep_alive?.every ?? 0,
    keepAlivePath: form.keep_alive?.path ?? "",
    listsSessions: form.lists_sessions ?? true,
  };
}

function stepOf(form: StepForm): RecipeStep {
  if (form.goto !== undefined) return { kind: "goto", target: form.goto };
  if (form.wait)
    return {
      kind: "wait",
      any: form.wait.any.map(conditionOf),
      failures: (form.wait.failures ?? []).map(ruleOf),
      withinSeconds: form.wait.within ?? WAIT_SECONDS,
    };
  if (form.fill) return { kind: "fill", ...form.fill };
  if (form.click !== undefined) return { kind: "click", selector: form.click };
  if (form.press !== undefined) return { kind: "press", key: form.press };
  if (form.select) return { kind: "select", ...form.select };
  if (form.open_window !== undefined) return { kind: "open_window", target: form.open_window };
  if (form.follow_window)
    return { kind: "follow_window", withinSeconds: form.follow_window.within ?? WAIT_SECONDS };
  return requestOrValueOf(form);
}

function requestOrValueOf(form: StepForm): RecipeStep {
  if (form.fetch) return fetchOf(form.fetch);
  if (form.save) return { kind: "save", values: form.save };
  if (form.set_cookie) return { kind: "set_cookie", ...form.set_cookie };
  if (form.set_local_storage) return { kind: "set_local_storage", ...form.set_local_storage };
  if (form.if)
    return {
      kind: "if",
      condition: conditionOf(form.if.when),
      withinSeconds: form.if.within ?? 0,
      steps: form.if.then.map(stepOf),
    };
  if (form.jnlp) return { kind: "jnlp", path: form.jnlp.path, replace: form.jnlp.replace ?? [] };
  throw new Error("a step without a kind passed the schema");
}

function fetchOf(form: FetchForm): RecipeStep {
  const hasBody = form.form !== undefined || form.json !== undefined;
  return {
    kind: "fetch",
    request: {
      method: form.method ?? (hasBody ? "POST" : "GET"),
      path: form.path,
      headers: form.headers ?? {},
      ...(form.form && { form: form.form }),
      ...(form.json !== undefined && { json: form.json }),
    },
    failures: form.failures ?? [],
    save: form.save ?? {},
  };
}

function ruleOf({ when, failure }: RuleForm): FailureRule {
  return { when: conditionOf(when), failure };
}

function conditionOf({ local_storage: localStorage, ...others }: ConditionForm): PageCondition {
  return { ...others, ...(localStorage !== undefined && { localStorage }) };
}
