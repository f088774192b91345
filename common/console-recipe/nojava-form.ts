/** One template of nojava-ipmi-kvm as the YAML form of a recipe. */
import type { Fields } from "../json-fields.ts";
import type { RecipeForm, StepForm } from "./to-recipe.ts";

interface MadeForm {
  readonly form: RecipeForm;
  readonly notes: readonly string[];
}

const LOGIN_PATH = "cgi/login.cgi";
const DOWNLOAD_PATH = "cgi/url_redirect.cgi?url_name=ikvm&url_type=jwsk";
/** What a page that sets its cookie by script says: a name with "session" in it, and the value in quotes. */
const SESSION_IN_BODY = String.raw`body:session\w*['"]?\s*[:=]\s*['"](\w+)['"]`;

const KNOWN = new Set([
  "skip_login",
  "login_user",
  "login_endpoint",
  "allow_insecure_ssl",
  "user_login_attribute_name",
  "password_login_attribute_name",
  "send_post_data_as_json",
  "extra_login_form_fields",
  "session_cookie_key",
  "download_endpoint",
  "java_version",
  "format_jnlp",
  "html5_endpoint",
  "rewrites",
  "based_on",
  "full_hostname",
]);

export function nojavaForm(name: string, settings: Fields, resolution: unknown): MadeForm {
  const notes = Object.keys(settings)
    .filter((key) => !KNOWN.has(key))
    .map((key) => `${key} is not known and was left out`);
  const page = textOf(settings["html5_endpoint"]);
  if (settings["rewrites"] !== undefined)
    notes.push("rewrites were left out: the page is shown from its own address, unchanged");
  const java = textOf(settings["java_version"]);
  if (java !== undefined) notes.push(`java_version ${java} was left out: one Java runs all`);
  if (settings["skip_login"] === true) notes.push("skip_login: the recipe does not log in");
  notes.push("recognise is empty: set console_recipe, or write down what it can be known by");
  notes.push("logout is empty: find out how this BMC's page logs out");
  const size = /^(\d+)x(\d+)$/.exec(textOf(resolution) ?? "");
  const form: RecipeForm = {
    name,
    title: name,
    family: "imported",
    type: page === undefined ? "jnlp" : "viewer",
    recognise: [],
    login: settings["skip_login"] === true ? [{ goto: "/" }] : loginOf(settings, notes),
    viewer: page === undefined ? javaOf(settings) : [{ goto: pathOf(page) }],
    picture: page === undefined ? { within: 60 } : { selector: "canvas" },
    logout: [],
    ...(size && { quirks: { width: Number(size[1]), height: Number(size[2]) } }),
  };
  return { form, notes };
}

function loginOf(settings: Fields, notes: string[]): StepForm[] {
  const cookie = textOf(settings["session_cookie_key"]);
  const fields: Record<string, string> = {
    [textOf(settings["user_login_attribute_name"]) ?? "name"]: "{username}",
    [textOf(settings["password_login_attribute_name"]) ?? "pwd"]: "{password}",
    ...extraFields(settings["extra_login_form_fields"], notes),
  };
  const body = settings["send_post_data_as_json"] === true ? { json: fields } : { form: fields };
  const fetch: NonNullable<StepForm["fetch"]> = {
    method: "POST",
    path: pathOf(textOf(settings["login_endpoint"]) ?? LOGIN_PATH),
    ...body,
    failures: [
      { status: 401, failure: "wrong_password" },
      { status: 403, failure: "wrong_password" },
    ],
    ...(cookie !== undefined && { save: { session: SESSION_IN_BODY } }),
  };
  const setCookie = { set_cookie: { name: cookie ?? "", value: "{session}" } };
  return [{ goto: "/" }, { fetch }, ...(cookie === undefined ? [] : [setCookie])];
}

/** FACT(README): `key:value`, separated by commas. */
function extraFields(given: unknown, notes: string[]): Record<string, string> {
  const pairs = (textOf(given) ?? "").split(",").filter((pair) => pair.trim() !== "");
  const fields = pairs.map((pair): [string, string] => {
    const [key = "", ...value] = pair.split(":");
    if (value.length === 0) notes.push(`extra_login_form_fields: "${pair}" has no value`);
    return [key.trim(), value.join(":").trim()];
  });
  return Object.fromEntries(fields);
}

/** FACT(README): with format_jnlp the file has {base_url} and {session_key} in it. */
function javaOf(settings: Fields): StepForm[] {
  const path = pathOf(textOf(settings["download_endpoint"]) ?? DOWNLOAD_PATH);
  if (settings["format_jnlp"] !== true) return [{ jnlp: { path } }];
  const replace = [{ match: String.raw`\{base_url\}`, with: "{origin}" }];
  if (settings["session_cookie_key"] !== undefined)
    replace.push({ match: String.raw`\{session_key\}`, with: "{session}" });
  return [{ jnlp: { path, replace } }];
}

function pathOf(endpoint: string): string {
  return `/${endpoint.replace(/^\/+/, "")}`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
