/**
 * Browser sessions in Pods of a Kubernetes cluster, by its API. A session is confined by a NetworkPolicy, so
 * the cluster's network has to enforce these; and the browser itself judges the BMC by its key, which the
 * desk has seen before.
 */
import { ConsoleError, type Config } from "../../../base.ts";
import { objectOf } from "../../../lib/json-object.ts";
import { HeldPlaces } from "../held-places.ts";
import type {
  Place,
  ProviderParts,
  SessionProcess,
  SessionProvider,
  SessionRequest,
} from "../provider.ts";
import { KubeClient } from "./kube-client.ts";
import { KubeSession } from "./kube-session.ts";
import { kubeSettings } from "./kube-settings.ts";
import { denyPolicy } from "./network-policy.ts";
import { ACCESS_REVIEWS, networkPolicies, pods } from "./paths.ts";
import { COMPONENT_LABELS, CONDUCTOR_LABEL, labelValue, SESSION_LABEL } from "./pod-spec.ts";
import { removePod } from "./remove-pod.ts";

export type KubeProviderParts = ProviderParts & { readonly config: Config };

const SWEEP_LIMIT_MS = 60_000;
const MAX_START_MS = 300_000;
/** What is left of start_timeout for the BMC's page. */
const PAGE_MS = 10_000;

interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
}

/** What the ServiceAccount must be allowed, as etc/kubernetes/rbac.yaml does. */
const RIGHTS: readonly Right[] = [
  ...["create", "get", "list", "delete"].map((verb) => ({ verb, group: "", resource: "pods" })),
  ...["create", "get"].map((verb) => ({ verb, group: "", resource: "pods", subresource: "exec" })),
  { verb: "create", group: "networking.k8s.io", resource: "networkpolicies" },
];

/** @throws {ConfigInvalid} when an option of [browser] is wrong */
export function createKubernetesProvider(parts: KubeProviderParts): SessionProvider {
  return new KubeProvider(parts);
}

class KubeProvider implements SessionProvider {
  readonly name = "kubernetes";
  readonly egress = "policy";
  readonly capacity: number;
  readonly #parts: KubeProviderParts;
  readonly #client: KubeClient;
  readonly #places: HeldPlaces;
  #denied: Promise<void> | undefined;

  constructor(parts: KubeProviderParts) {
    const { browser } = parts.config;
    this.#parts = parts;
    this.capacity = browser.max_sessions;
    this.#client = new KubeClient(kubeSettings(browser));
    const host = `namespace ${this.#client.settings.namespace}`;
    this.#places = new HeldPlaces(this.capacity, host, (request, signal) =>
      this.#start(request, signal),
    );
  }

  async check(signal: AbortSignal): Promise<void> {
    const { namespace } = this.#client.settings;
    const missing: string[] = [];
    for (const { verb, ...what } of RIGHTS) {
      const answer = await this.#client.call("POST", ACCESS_REVIEWS, signal, {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes: { namespace, verb, ...what } },
      });
      if (objectOf(answer["status"])?.["allowed"] !== true)
        missing.push([verb, [what.resource, what.subresource].filter(Boolean).join("/")].join(" "));
    }
    if (missing.length > 0)
      throw new ConsoleError(
        `our ServiceAccount may not ${missing.join(", ")} in the namespace "${namespace}"; see etc/kubernetes/rbac.yaml`,
      );
    await this.#deny(signal);
  }

  async place(): Promise<Place | undefined> {
    return await Promise.resolve(this.#places.take());
  }

  async sweep(): Promise<number> {
    const signal = AbortSignal.timeout(SWEEP_LIMIT_MS);
    const ours = this.#places.ids;
    const labels = { ...COMPONENT_LABELS, [CONDUCTOR_LABEL]: labelValue(this.#parts.conductor) };
    const selector = Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(",");
    const path = `${pods(this.#client.settings.namespace)}?labelSelector=${encodeURIComponent(selector)}`;
    const { items } = await this.#client.call("GET", path, signal);
    const left = (Array.isArray(items) ? items : []).flatMap((item) => {
      const metadata = objectOf(objectOf(item)?.["metadata"]);
      const name = metadata?.["name"];
      const id = objectOf(metadata?.["labels"])?.[SESSION_LABEL];
      return typeof name === "string" && typeof id === "string" && !ours.has(id) ? [name] : [];
    });
    await Promise.all(left.map((name) => removePod(this.#client, name)));
    return left.length;
  }

  async stop(): Promise<void> {
    await this.#places.stop();
    await this.#client.close();
  }

  async #start(request: SessionRequest, signal: AbortSignal): Promise<SessionProcess> {
    if (request.java)
      throw new ConsoleError(
        "this BMC's viewer is a Java application, which [browser]provider = kubernetes cannot run",
      );
    if (request.files.length > 0)
      throw new ConsoleError("[browser]provider = kubernetes can show a page no files");
    await this.#deny(signal);
    const { log, conductor, config } = this.#parts;
    const limitMs = Math.min(config.browser.start_timeout * 1000 - PAGE_MS, MAX_START_MS);
    return await KubeSession.start(
      { client: this.#client, log, conductor, limitMs: Math.max(limitMs, PAGE_MS) },
      request,
      signal,
    );
  }

  /** Once; again after a failure. */
  async #deny(signal: AbortSignal): Promise<void> {
    this.#denied ??= this.#makeDenial(signal);
    try {
      await this.#denied;
    } catch (error) {
      this.#denied = undefined;
      throw error;
    }
  }

  async #makeDenial(signal: AbortSignal): Promise<void> {
    const path = networkPolicies(this.#client.settings.namespace);
    const answer = await this.#client.ask("POST", path, signal, denyPolicy());
    if (answer.status >= 300 && answer.status !== 409)
      throw this.#client.refusal("POST", path, answer);
  }
}
