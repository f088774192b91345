/**
 * What a session is in a cluster: a Pod with one container, and a NetworkPolicy that lets it reach its BMC
 * and nothing else. Neither holds a secret, so there is no Secret either: DevTools and the picture travel
 * through the API's exec, and nothing in the Pod listens on a network.
 *
 * The session's program is no part of the image. It comes as annotations, which the Pod sees as files
 * (downward API): read-only, and gone with the Pod.
 */
import { createHash } from "node:crypto";
import { chromiumFlags } from "../../sandbox/chromium-flags.ts";
import { chromiumPolicies } from "../../sandbox/policies.ts";
import { POLICY_FOLDER } from "../../sandbox/policies.ts";
import { scriptArguments, SESSION_SCRIPT } from "../../sandbox/session-script.ts";
import type { SessionRequest } from "../provider.ts";
import type { KubeSettings } from "./kube-settings.ts";
import { hostRules, type PinnedDestination } from "./pinned-destinations.ts";

export const CONTAINER = "session";
/** Below it: `run/rfb.sock`. */
export const SESSION_FOLDER = "/session";
const FILES = "/bmc-console";
/** What is run to begin the session. */
export const START_COMMAND = ["/bin/sh", `${FILES}/start.sh`];

const PREFIX = "baremetal-console";
export const CONDUCTOR_LABEL = `${PREFIX}/conductor`;
export const SESSION_LABEL = `${PREFIX}/session`;
export const COMPONENT_LABELS = {
  "app.kubernetes.io/name": "baremetal-console",
  "app.kubernetes.io/component": "browser-session",
} as const;
export const DENY_POLICY = "bmc-console-nothing";

/** A Pod whose session is not begun ends by itself. */
const UNUSED_SECONDS = 150;
const HOME_MEBIBYTES = 256;
const TEMPORARY_MEBIBYTES = 64;
const SHARED_MEMORY_MEBIBYTES = 512;
const REQUESTED_MEBIBYTES = 512;
const REQUESTED_CPU = "250m";

/**
 * The Pod's first process: it waits for the session to begin, and for its end, and takes all with it.
 * The session itself is started by exec: what an exec writes is in no log of the node, unlike what a
 * container's own process writes, which would be DevTools messages with pages and cookies.
 */
const FIRST_PROCESS = `trap 'exit 0' TERM
n=0
until [ -e ${SESSION_FOLDER}/begun ]; do
  n=$((n + 1))
  [ $n -le ${UNUSED_SECONDS} ] || exit 1
  sleep 1 & wait $!
done
while :; do sleep 3600 & wait $!; done
`;

export function podName(id: string): string {
  return `bmc-console-${id}`;
}

/** FACT(kubernetes.io, "Labels"): at most 63 characters of few kinds. */
export function labelValue(text: string): string {
  if (/^[a-zA-Z0-9](?:[\w.-]{0,61}[a-zA-Z0-9])?$/.test(text)) return text;
  return `sha256-${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
}

export function podSpec(
  settings: KubeSettings,
  conductor: string,
  request: SessionRequest,
  pinned: readonly PinnedDestination[],
): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: podName(request.id),
      labels: labelsOf(conductor, request.id),
      annotations: {
        [`${PREFIX}/session.sh`]: SESSION_SCRIPT,
        [`${PREFIX}/start.sh`]: startScript(request, pinned),
        [`${PREFIX}/policies.json`]: chromiumPolicies(request.origins),
        // FACT(Istio, Linkerd): a proxy beside it would be a way out of its own.
        "sidecar.istio.io/inject": "false",
        "linkerd.io/inject": "disabled",
      },
    },
    spec: {
      restartPolicy: "Never",
      activeDeadlineSeconds: settings.maxSessionSeconds,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      // Names of BMCs are pinned; nobody in there has to be asked for one.
      dnsPolicy: "None",
      dnsConfig: { nameservers: ["127.0.0.1"] },
      hostname: "console",
      securityContext: {
        runAsNonRoot: true,
        seccompProfile: seccompOf(settings),
      },
      ...(settings.pullSecret !== "" && { imagePullSecrets: [{ name: settings.pullSecret }] }),
      ...(Object.keys(settings.nodeSelector).length > 0 && { nodeSelector: settings.nodeSelector }),
      containers: [containerSpec(settings)],
      volumes: volumes(),
    },
  };
}

function containerSpec(settings: KubeSettings): object {
  const limit = settings.memoryMebibytes;
  return {
    name: CONTAINER,
    image: settings.image,
    imagePullPolicy: "IfNotPresent",
    command: ["/bin/sh", "-c", FIRST_PROCESS],
    env: [{ name: "PATH", value: "/usr/bin:/bin" }],
    workingDir: "/",
    securityContext: {
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: {
        drop: ["ALL"],
        ...(settings.seccompProfile === undefined && { add: ["SYS_CHROOT"] }),
      },
    },
    resources: {
      limits: { memory: `${limit}Mi`, cpu: String(settings.cpus) },
      requests: { memory: `${Math.min(limit, REQUESTED_MEBIBYTES)}Mi`, cpu: REQUESTED_CPU },
    },
    volumeMounts: [
      { name: "session", mountPath: SESSION_FOLDER },
      { name: "temporary", mountPath: "/tmp" },
      { name: "shared-memory", mountPath: "/dev/shm" },
      { name: "program", mountPath: FILES, readOnly: true },
      { name: "policies", mountPath: POLICY_FOLDER, readOnly: true },
    ],
  };
}

function volumes(): object[] {
  const memory = (name: string, mebibytes: number): object => ({
    name,
    emptyDir: { medium: "Memory", sizeLimit: `${mebibytes}Mi` },
  });
  const annotations = (name: string, ...items: readonly (readonly [string, string])[]): object => ({
    name,
    downwardAPI: {
      defaultMode: 0o444,
      items: items.map(([annotation, path]) => ({
        path,
        fieldRef: {
          apiVersion: "v1",
          fieldPath: `metadata.annotations['${PREFIX}/${annotation}']`,
        },
      })),
    },
  });
  return [
    memory("session", HOME_MEBIBYTES),
    memory("temporary", TEMPORARY_MEBIBYTES),
    memory("shared-memory", SHARED_MEMORY_MEBIBYTES),
    annotations("program", ["session.sh", "session.sh"], ["start.sh", "start.sh"]),
    annotations("policies", ["policies.json", "session.json"]),
  ];
}

/** When the session ends, or the connection that began it, the Pod does. */
function startScript(request: SessionRequest, pinned: readonly PinnedDestination[]): string {
  const args = scriptArguments({
    folder: SESSION_FOLDER,
    size: request.size,
    cdp: { input: 0, output: 1 },
    java: false,
    flags: [...chromiumFlags(request, false), `--host-resolver-rules=${hostRules(pinned)}`],
  });
  const words = [`${FILES}/session.sh`, ...args].map(quoted).join(" ");
  return `: >${SESSION_FOLDER}/begun\n/bin/sh ${words}\nkill -TERM 1\n`;
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function seccompOf({ seccompProfile }: KubeSettings): object {
  return seccompProfile === undefined
    ? { type: "RuntimeDefault" }
    : { type: "Localhost", localhostProfile: seccompProfile };
}

export function labelsOf(conductor: string, id: string): Record<string, string> {
  return { ...COMPONENT_LABELS, [CONDUCTOR_LABEL]: labelValue(conductor), [SESSION_LABEL]: id };
}
