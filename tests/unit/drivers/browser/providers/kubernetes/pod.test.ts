/** What a session asks a cluster for, and what its answers mean. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../../../../common/config/load.ts";
import { kubeSettings } from "../../../../../../drivers/browser/providers/kubernetes/kube-settings.ts";
import {
  hostRules,
  pinDestinations,
} from "../../../../../../drivers/browser/providers/kubernetes/pinned-destinations.ts";
import {
  labelValue,
  podSpec,
} from "../../../../../../drivers/browser/providers/kubernetes/pod-spec.ts";
import { podState } from "../../../../../../drivers/browser/providers/kubernetes/pod-status.ts";
import { aRequest } from "../../../../../helpers/browser-session.ts";
import { KubeSchemas } from "../../../../../helpers/kube-schemas.ts";

const GOOD = {
  "browser.kubernetes_api": "https://k8s.example.test:6443/",
  "browser.kubernetes_token_file": "/etc/token",
  "browser.kubernetes_namespace": "consoles",
  "browser.kubernetes_image": "registry.example.test/browser:1",
};
const settingsWith = (
  overrides: Readonly<Record<string, string>> = {},
  folder = "/does/not/exist",
) => kubeSettings(loadConfig({ overrides: { ...GOOD, ...overrides } }).browser, folder);

describe("the cluster's options", () => {
  it("are a Pod's own where they are left out", () => {
    const folder = mkdtempSync(join(tmpdir(), "account-"));
    try {
      for (const [name, text] of Object.entries({ token: "t", namespace: "mine\n", "ca.crt": "c" }))
        writeFileSync(join(folder, name), text);
      const { api, tokenFile, caFile, namespace } = kubeSettings(
        loadConfig({ overrides: { "browser.kubernetes_image": "x" } }).browser,
        folder,
      );
      assert.deepEqual(
        { api, tokenFile, caFile, namespace },
        {
          api: "https://kubernetes.default.svc",
          tokenFile: join(folder, "token"),
          caFile: join(folder, "ca.crt"),
          namespace: "mine",
        },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  for (const [name, value] of [
    ["kubernetes_api", "http://k8s.example.test"],
    ["kubernetes_api", "https://user:word@k8s.example.test"],
    ["kubernetes_api", "https://k8s.example.test/path"],
    ["kubernetes_namespace", "a/b"],
    ["kubernetes_image", ""],
    ["kubernetes_pull_secret", "A B"],
    ["kubernetes_node_selector", "zone"],
    ["kubernetes_seccomp", "../../etc/passwd"],
    ["kubernetes_seccomp", "/abs"],
  ] as const)
    it(`refuse ${name} = ${value}`, () => {
      assert.throws(() => settingsWith({ [`browser.${name}`]: value }), {
        code: "CONFIG_INVALID",
        message: new RegExp(name),
      });
    });
});

describe("a session's Pod", () => {
  it("is one that a cluster takes, with every option", () => {
    const settings = settingsWith({
      "browser.kubernetes_pull_secret": "registry",
      "browser.kubernetes_node_selector": "network/bmc=yes,zone=",
      "browser.kubernetes_seccomp": "bmc/browser.json",
    });
    const pod = podSpec(
      settings,
      "a host's name, with spaces",
      aRequest({ userAgent: "It's $(a) `test`" }),
      [],
    );
    assert.equal(new KubeSchemas().problem("pods", pod), "");
    const { metadata } = pod as { metadata: { annotations: Record<string, string> } };
    assert.match(
      metadata.annotations["baremetal-console/start.sh"] ?? "",
      /'--user-agent=It'\\''s \$\(a\) `test`'/,
    );
  });

  it("has labels that a cluster takes, different for different conductors", () => {
    assert.equal(labelValue("conductor-1.example.test"), "conductor-1.example.test");
    const odd = ["a b", "a  b", "-a", "x".repeat(64), ""].map(labelValue);
    assert.equal(new Set(odd).size, odd.length);
    for (const value of odd) assert.match(value, /^[A-Za-z0-9][\w.-]{0,61}[A-Za-z0-9]$/);
  });
});

describe("what a Pod's status means", () => {
  const state = (status: object, metadata: object = {}) => podState({ metadata, status } as never);
  const container = (one: object): object => ({
    phase: "Pending",
    containerStatuses: [{ state: one }],
  });

  it("is that it runs when its container does", () => {
    assert.equal(
      state({ phase: "Running", containerStatuses: [{ state: { running: {} } }] }).kind,
      "running",
    );
  });

  it("is nothing to speak of on the usual way", () => {
    for (const status of [
      {},
      { phase: "Pending" },
      container({ waiting: { reason: "ContainerCreating" } }),
    ])
      assert.deepEqual(state(status), { kind: "waiting", why: undefined, isHopeless: false });
  });

  it("names the end, and who brought it about", () => {
    const ends: readonly [object, string][] = [
      [
        { phase: "Failed", reason: "DeadlineExceeded", message: "too long" },
        "the Pod was ended by the cluster: DeadlineExceeded: too long",
      ],
      [
        {
          phase: "Failed",
          containerStatuses: [{ state: { terminated: { reason: "OOMKilled" } } }],
        },
        "memory limit",
      ],
      [
        {
          phase: "Succeeded",
          containerStatuses: [{ state: { terminated: { reason: "Completed" } } }],
        },
        "the Pod ended",
      ],
    ];
    for (const [status, why] of ends) assert.deepEqual(state(status), { kind: "over", why });
    assert.deepEqual(state({ phase: "Running" }, { deletionTimestamp: "now" }), {
      kind: "over",
      why: "the Pod was deleted",
    });
  });

  it("never brings control characters or much text along", () => {
    const told = state(
      container({
        waiting: { reason: "CreateContainerError", message: `\u{1b}[2J${"x".repeat(9999)}` },
      }),
    );
    assert.ok(told.kind === "waiting" && told.why !== undefined);
    assert.ok(told.why.length <= 300 && told.why.startsWith("CreateContainerError: \\u{1b}[2J"));
  });
});

describe("the addresses of a BMC", () => {
  it("are looked up once, and all other names lead nowhere", async () => {
    const pinned = await pinDestinations([
      { host: "192.0.2.7", port: 443 },
      { host: "2001:db8::7", port: 443 },
      { host: "localhost", port: 8443 },
    ]);
    assert.deepEqual(
      pinned.slice(0, 2).map(({ address }) => address),
      ["192.0.2.7", "2001:db8::7"],
    );
    const local = pinned[2]?.address ?? "";
    assert.match(local, /^(?:127\.0\.0\.1|::1)$/);
    const shown = local.includes(":") ? `[${local}]` : local;
    assert.equal(
      hostRules(pinned),
      `EXCLUDE 192.0.2.7,EXCLUDE [2001:db8::7],MAP localhost ${shown},MAP * ~NOTFOUND`,
    );
  });

  for (const host of ["a,EXCLUDE *", "a b", "none.invalid"])
    it(`are not found for "${host}"`, async () => {
      await assert.rejects(pinDestinations([{ host, port: 443 }]), { code: "BMC_UNREACHABLE" });
    });
});
