/** The options of [browser] that say which cluster and what kind of Pods, checked, with a Pod's own as defaults. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigInvalid, type Config } from "../../../base.ts";

type Options = Config["browser"];

/** FACT(kubernetes.io, "Accessing the Kubernetes API from a Pod"): files and name that every Pod is given. */
const OWN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";
const OWN_API = "https://kubernetes.default.svc";

const NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;
const LABEL = /^(?:[\w.-]{1,253}\/)?[\w.-]{1,63}=[\w.-]{0,63}$/;

export interface KubeSettings {
  /** `https://host[:port]`. */
  readonly api: string;
  readonly tokenFile: string;
  /** Empty: the authorities of Node.js. */
  readonly caFile: string;
  readonly namespace: string;
  readonly image: string;
  readonly pullSecret: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Undefined: the runtime's own. */
  readonly seccompProfile: string | undefined;
  readonly maxSessionSeconds: number;
  readonly memoryMebibytes: number;
  readonly cpus: number;
}

/** @throws {ConfigInvalid} with every mistake */
export function kubeSettings(options: Options, ownFolder = OWN_FOLDER): KubeSettings {
  const own = (name: string): string => {
    const path = join(ownFolder, name);
    return existsSync(path) ? path : "";
  };
  const tokenFile = options.kubernetes_token_file || own("token");
  const namespaceFile = options.kubernetes_namespace === "" ? own("namespace") : "";
  const namespace = namespaceFile
    ? readFileSync(namespaceFile, "utf8").trim()
    : options.kubernetes_namespace;
  const api = (options.kubernetes_api || (own("token") && OWN_API)).replace(/\/+$/, "");
  const mistakes = [
    ...wrong(!isApi(api), "kubernetes_api", api, "https://HOST[:PORT]"),
    ...wrong(tokenFile === "", "kubernetes_token_file", tokenFile, "the path of a token"),
    ...wrong(
      !/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace),
      "kubernetes_namespace",
      namespace,
      "the name of a namespace",
    ),
    ...wrong(
      !/^[\w][\w./:@-]{0,254}$/.test(options.kubernetes_image),
      "kubernetes_image",
      options.kubernetes_image,
      "the name of an image",
    ),
    ...wrong(
      options.kubernetes_pull_secret !== "" && !NAME.test(options.kubernetes_pull_secret),
      "kubernetes_pull_secret",
      options.kubernetes_pull_secret,
      "the name of a Secret",
    ),
    ...options.kubernetes_node_selector.flatMap((one) =>
      wrong(!LABEL.test(one), "kubernetes_node_selector", one, "NAME=VALUE"),
    ),
    ...wrong(
      !isProfile(options.kubernetes_seccomp),
      "kubernetes_seccomp",
      options.kubernetes_seccomp,
      "RuntimeDefault or a relative path",
    ),
  ];
  if (mistakes.length > 0) throw new ConfigInvalid(mistakes);
  const pairs = options.kubernetes_node_selector.map(
    (one) => one.split("=", 2) as [string, string],
  );
  const { kubernetes_seccomp: seccomp } = options;
  return {
    api,
    tokenFile,
    namespace,
    caFile: options.kubernetes_cafile || own("ca.crt"),
    image: options.kubernetes_image,
    pullSecret: options.kubernetes_pull_secret,
    nodeSelector: Object.fromEntries(pairs),
    seccompProfile: seccomp === "RuntimeDefault" ? undefined : seccomp,
    maxSessionSeconds: options.kubernetes_max_session_seconds,
    memoryMebibytes: options.session_memory,
    cpus: options.session_cpus,
  };
}

function isApi(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, pathname, username, search, hash } = new URL(text);
  return protocol === "https:" && pathname === "/" && username + search + hash === "";
}

function isProfile(text: string): boolean {
  return /^[\w][\w./-]{0,200}$/.test(text) && !text.split("/").includes("..");
}

function wrong(isWrong: boolean, name: string, value: string, wanted: string): string[] {
  return isWrong ? [`[browser]${name} is "${value}", not ${wanted}`] : [];
}
