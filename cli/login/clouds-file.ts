/**
 * Reads one cloud from clouds.yaml, with what secure.yaml adds, found where openstacksdk looks. Public
 * profiles (clouds-public.yaml, vendors) are not known.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { InvalidParameterValue, messageOf } from "../../common/errors.ts";
import { fieldsOf, type Fields } from "../../common/json-fields.ts";
import type { CliIo } from "../cli-io.ts";
import { interfacesOf, withoutSecrets, type Cloud } from "./cloud.ts";

/** FACT(yaml 2.9 docs): stops a document that grows by aliases of aliases; 100 is also its default. */
const MOST_ALIASES = 100;
const LARGEST_FILE_CHARACTERS = 1_048_576;

/**
 * @param cwd folder in which openstacksdk looks first
 * @throws {InvalidParameterValue} when there is no such file, no such cloud, or no YAML
 */
export async function readCloud(env: CliIo["env"], name: string, cwd: string): Promise<Cloud> {
  const files = cloudFiles(env, cwd);
  const clouds = await firstOf(files.map(({ clouds: file }) => file));
  if (!clouds)
    throw new InvalidParameterValue(
      `cloud "${name}" was asked for, but there is no clouds.yaml; looked for ${files.map(({ clouds: file }) => file).join(", ")}`,
    );
  const cloud = cloudIn(clouds.document, name);
  if (!cloud)
    throw new InvalidParameterValue(
      `there is no cloud "${name}" in "${clouds.file}"; there are ${Object.keys(fieldsOf(clouds.document["clouds"])).join(", ") || "none"}`,
    );
  for (const word of ["profile", "cloud"])
    if (typeof cloud[word] === "string")
      throw new InvalidParameterValue(
        `cloud "${name}" in "${clouds.file}" builds on ${word} "${cloud[word]}", which is not supported; give auth_url and the rest in the file`,
      );
  const secure = await firstOf(files.map(({ secure: file }) => file));
  return cloudOf(name, cloud, cloudIn(secure?.document ?? {}, name) ?? {});
}

/** FACT(openstacksdk os_client_config): this folder, the user's, the system's; the first file found counts. */
function cloudFiles(env: CliIo["env"], cwd: string): { clouds: string; secure: string }[] {
  const own = env["XDG_CONFIG_HOME"] || join(env["HOME"] || homedir(), ".config");
  const folders = [cwd, join(own, "openstack"), "/etc/openstack"];
  const named = env["OS_CLIENT_CONFIG_FILE"];
  const namedSecure = env["OS_CLIENT_SECURE_FILE"];
  return [
    ...(named || namedSecure ? [{ clouds: named ?? "", secure: namedSecure ?? "" }] : []),
    ...folders.flatMap((folder) =>
      ["yaml", "yml"].map((end) => ({
        clouds: join(folder, `clouds.${end}`),
        secure: join(folder, `secure.${end}`),
      })),
    ),
  ];
}

async function firstOf(
  files: readonly string[],
): Promise<{ file: string; document: Fields } | undefined> {
  for (const file of files.filter((name) => name !== "")) {
    const text = textOf(file);
    if (text !== undefined) return { file, document: fieldsOf(await parseYaml(file, text)) };
  }
  return undefined;
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    if (["ENOENT", "ENOTDIR"].includes((cause as NodeJS.ErrnoException).code ?? "")) return;
    throw new InvalidParameterValue(`cannot read "${file}": ${messageOf(cause)}`, { cause });
  }
}

async function parseYaml(file: string, text: string): Promise<unknown> {
  if (text.length > LARGEST_FILE_CHARACTERS)
    throw new InvalidParameterValue(`"${file}" is too large`);
  const { parse, YAMLParseError } = await import("yaml");
  try {
    return parse(text, { maxAliasCount: MOST_ALIASES, prettyErrors: false });
  } catch (error) {
    /* The parser's own message would quote the line, which may be the one with the password. */
    const where =
      error instanceof YAMLParseError ? ` (${error.code}, character ${error.pos[0]})` : "";
    throw new InvalidParameterValue(`"${file}" is no YAML${where}`);
  }
}

function cloudIn(document: Fields, name: string): Fields | undefined {
  const clouds = fieldsOf(document["clouds"]);
  return Object.hasOwn(clouds, name) ? fieldsOf(clouds[name]) : undefined;
}

function cloudOf(name: string, cloud: Fields, secure: Fields): Cloud {
  const text = (key: string): string | undefined => scalar(secure[key] ?? cloud[key]);
  const auth = texts({ ...fieldsOf(cloud["auth"]), ...fieldsOf(secure["auth"]) });
  const authType = text("auth_type");
  const region = text("region_name");
  const cacert = text("cacert");
  const endpoint = text("baremetal_endpoint_override") ?? text("endpoint_override");
  return {
    name: `cloud "${name}"`,
    ...(authType && { authType }),
    ...withoutSecrets(auth),
    ...(region && { region }),
    interfaces: interfacesOf(cloud["baremetal_interface"] ?? cloud["interface"]),
    ...(endpoint && { endpoint }),
    tls: { ...(cacert && { cacert }), ...(cloud["verify"] === false && { verify: false }) },
  };
}

function texts(fields: Fields): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => {
      const text = scalar(value);
      return text === undefined ? [] : [[key, text]];
    }),
  );
}

/** A password of digits is a number in YAML. */
function scalar(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}
