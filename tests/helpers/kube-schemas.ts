/**
 * What a Kubernetes API server of 1.30 lets through, for the kinds of objects that sessions are made of:
 * written from its API reference, with every property that is not there refused (as `fieldValidation=Strict`).
 */
import { Ajv, type ValidateFunction } from "ajv";

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const count = { type: "integer", minimum: 0 } as const;
const name = { type: "string", pattern: "^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$" } as const;
const quantity = { type: "string", pattern: "^[0-9]+(\\.[0-9]+)?(m|Ki|Mi|Gi|k|M|G)?$" } as const;
const labels = {
  type: "object",
  propertyNames: {
    pattern: "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-\\w.]{0,61}[A-Za-z0-9])?$",
  },
  additionalProperties: { type: "string", pattern: "^([A-Za-z0-9]([-\\w.]{0,61}[A-Za-z0-9])?)?$" },
} as const;
const annotations = {
  ...labels,
  additionalProperties: text,
} as const;
const seccomp = {
  oneOf: [
    only({ type: { const: "RuntimeDefault" } }, "type"),
    only(
      { type: { const: "Localhost" }, localhostProfile: { type: "string", pattern: "^[^/]" } },
      "type",
      "localhostProfile",
    ),
  ],
};

function only(properties: object, ...required: string[]): object {
  return { type: "object", properties, required, additionalProperties: false };
}
function list(items: object, minItems = 0): object {
  return { type: "array", items, minItems };
}

const metadata = only(
  {
    name,
    labels,
    annotations,
    ownerReferences: list(
      only(
        {
          apiVersion: text,
          kind: text,
          name,
          uid: text,
          controller: flag,
          blockOwnerDeletion: flag,
        },
        "apiVersion",
        "kind",
        "name",
        "uid",
      ),
    ),
  },
  "name",
);

const volume = {
  type: "object",
  properties: {
    name: { type: "string", pattern: "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$" },
    emptyDir: only({ medium: { enum: ["", "Memory"] }, sizeLimit: quantity }),
    downwardAPI: only({
      defaultMode: { type: "integer", minimum: 0, maximum: 0o777 },
      items: list(
        only(
          {
            path: { type: "string", pattern: "^[^/.][^/]*$" },
            fieldRef: only(
              {
                apiVersion: { const: "v1" },
                fieldPath: {
                  type: "string",
                  pattern: "^metadata\\.(annotations|labels)\\['[^']+'\\]$",
                },
              },
              "fieldPath",
            ),
          },
          "path",
          "fieldRef",
        ),
      ),
    }),
  },
  required: ["name"],
  additionalProperties: false,
  minProperties: 2,
  maxProperties: 2,
};

const resources = {
  type: "object",
  propertyNames: { enum: ["cpu", "memory", "ephemeral-storage"] },
  additionalProperties: quantity,
};
const container = only(
  {
    name,
    image: { type: "string", minLength: 1 },
    imagePullPolicy: { enum: ["Always", "IfNotPresent", "Never"] },
    command: list(text, 1),
    args: list(text),
    env: list(only({ name: { type: "string", pattern: "^[A-Za-z_]\\w*$" }, value: text }, "name")),
    workingDir: text,
    stdin: flag,
    stdinOnce: flag,
    tty: flag,
    securityContext: only({
      allowPrivilegeEscalation: flag,
      privileged: flag,
      readOnlyRootFilesystem: flag,
      capabilities: only({ drop: list(text), add: list({ enum: ["SYS_CHROOT"] }) }),
    }),
    resources: only({ limits: resources, requests: resources }),
    volumeMounts: list(
      only(
        { name: text, mountPath: { type: "string", pattern: "^/[^:]*$" }, readOnly: flag },
        "name",
        "mountPath",
      ),
    ),
  },
  "name",
  "image",
);

const pod = only(
  {
    apiVersion: { const: "v1" },
    kind: { const: "Pod" },
    metadata,
    spec: only(
      {
        restartPolicy: { enum: ["Always", "OnFailure", "Never"] },
        activeDeadlineSeconds: { type: "integer", minimum: 1 },
        terminationGracePeriodSeconds: count,
        automountServiceAccountToken: flag,
        enableServiceLinks: flag,
        dnsPolicy: { enum: ["ClusterFirst", "Default", "None"] },
        dnsConfig: only({
          nameservers: list(text, 1),
          searches: list(text),
          options: list({ type: "object" }),
        }),
        hostname: { type: "string", pattern: "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$" },
        securityContext: only({ runAsNonRoot: flag, runAsUser: count, seccompProfile: seccomp }),
        imagePullSecrets: list(only({ name }, "name")),
        nodeSelector: labels,
        containers: list(container, 1),
        volumes: list(volume),
      },
      "containers",
    ),
  },
  "apiVersion",
  "kind",
  "metadata",
  "spec",
);

const selector = only({ matchLabels: labels });
const peers = list(
  only({
    ipBlock: only({ cidr: { type: "string", pattern: "^([0-9.]+/32|[0-9a-f:]+/128)$" } }, "cidr"),
  }),
  1,
);
const ports = list(
  only({
    protocol: { enum: ["TCP", "UDP", "SCTP"] },
    port: { type: "integer", minimum: 1, maximum: 65_535 },
  }),
  1,
);
const policy = only(
  {
    apiVersion: { const: "networking.k8s.io/v1" },
    kind: { const: "NetworkPolicy" },
    metadata,
    spec: only(
      {
        podSelector: selector,
        policyTypes: list({ enum: ["Ingress", "Egress"] }),
        egress: list(only({ to: peers, ports })),
        ingress: list(only({ from: peers, ports })),
      },
      "podSelector",
    ),
  },
  "apiVersion",
  "kind",
  "metadata",
  "spec",
);

const review = only(
  {
    apiVersion: { const: "authorization.k8s.io/v1" },
    kind: { const: "SelfSubjectAccessReview" },
    spec: only(
      {
        resourceAttributes: only(
          { namespace: name, verb: text, group: text, resource: text, subresource: text },
          "verb",
          "resource",
        ),
      },
      "resourceAttributes",
    ),
  },
  "apiVersion",
  "kind",
  "spec",
);

/** FACT(kubernetes, TotalAnnotationSizeLimitB). */
const MAX_ANNOTATION_BYTES = 256 * 1024;

export class KubeSchemas {
  readonly #checks: Readonly<Record<string, ValidateFunction>>;

  constructor() {
    const ajv = new Ajv({ allErrors: true, strict: false });
    this.#checks = {
      pods: ajv.compile(pod),
      networkpolicies: ajv.compile(policy),
      selfsubjectaccessreviews: ajv.compile(review),
    };
  }

  /** @returns what is wrong, "" when nothing is */
  problem(resource: string, object: unknown): string {
    const check = this.#checks[resource];
    if (!check) return `no such resource ${resource}`;
    if (!check(object))
      return (check.errors ?? [])
        .map((one) => `${one.instancePath} ${one.message} ${JSON.stringify(one.params)}`)
        .join("; ");
    const { annotations: notes = {} } =
      (object as { metadata?: { annotations?: Record<string, string> } }).metadata ?? {};
    const bytes = Object.entries(notes).reduce(
      (sum, [key, value]) => sum + Buffer.byteLength(key + value),
      0,
    );
    return bytes > MAX_ANNOTATION_BYTES ? "annotations are too long" : "";
  }
}
