/**
 * The kubernetes provider on an API server of ours that really runs Pods. No real cluster is in this: how one
 * reads what we ask for is not seen here.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { loadConfig } from "../../../../common/config/load.ts";
import { silentLogger, type Logger } from "../../../../common/log.ts";
import { createKubernetesProvider } from "../../../../drivers/browser/providers/kubernetes/kube-provider.ts";
import type { SessionProvider } from "../../../../drivers/browser/providers/provider.ts";
import { startHostilePage, type HostilePage } from "../../../helpers/browser-session-page.ts";
import { KubeApi } from "../../../helpers/kube-api.ts";
import { makeTestPki } from "../../../helpers/pki.ts";
import { until } from "../../../helpers/until.ts";
import { describeSessions, keyOf, openSession, type ProviderSetup } from "./provider-suite.ts";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

interface PodLike {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly containers: readonly { readonly securityContext: object; readonly env: object }[];
  };
}
interface PolicyLike {
  readonly metadata: {
    readonly name: string;
    readonly ownerReferences?: readonly { readonly uid: string }[];
  };
  readonly spec: {
    readonly egress?: unknown;
    readonly podSelector: unknown;
    readonly policyTypes: unknown;
  };
}

describe("browser sessions in a cluster", function () {
  this.timeout(120_000);
  let api: KubeApi;
  let bmc: HostilePage;
  const providers: SessionProvider[] = [];

  before(async function () {
    if (process.geteuid?.() !== 0) {
      console.warn("\n  *** THE KUBERNETES PROVIDER IS NOT TESTED HERE: needs root ***\n");
      return this.skip();
    }
    bmc = await startHostilePage();
  });
  beforeEach(async () => {
    api = await KubeApi.start();
  });
  afterEach(async () => {
    for (const provider of providers.splice(0)) await provider.stop();
    await api?.stop();
  });
  after(async () => {
    await bmc?.close();
  });

  const provide = (
    { overrides = {}, conductor = "test" }: ProviderSetup = {},
    log: Logger = silentLogger(),
  ): SessionProvider => {
    const config = loadConfig({
      overrides: {
        "browser.provider": "kubernetes",
        "browser.kubernetes_api": api.address,
        "browser.kubernetes_token_file": api.tokenFile,
        "browser.kubernetes_cafile": api.caFile,
        "browser.kubernetes_namespace": "consoles",
        "browser.kubernetes_image": "registry.example.test/browser:1",
        ...overrides,
      },
    });
    return createKubernetesProvider({ config, log, conductor, folder: api.folder });
  };
  const provided = (setup?: ProviderSetup, log?: Logger): SessionProvider => {
    const provider = provide(setup, log);
    providers.push(provider);
    return provider;
  };
  const traces = (): Promise<string[]> => {
    const names = [...api.objects("pods"), ...api.objects("networkpolicies")].map(
      (one) => (one as PodLike).metadata.name,
    );
    return Promise.resolve(names.filter((name) => name !== "bmc-console-nothing"));
  };

  describeSessions("in a Pod", () => ({ provider: provide, traces }));

  it("are confined by a policy of their own, and all of them by one that allows nothing", async () => {
    await openSession(provided({ conductor: "a host's name" }), bmc);
    const [pod] = api.objects("pods") as PodLike[];
    const policies = api.objects("networkpolicies") as PolicyLike[];
    const own = policies.find(({ metadata }) => metadata.name === pod?.metadata.name);
    assert.equal(own?.metadata.ownerReferences?.[0]?.uid, pod?.metadata.uid);
    assert.deepEqual(own?.spec, {
      podSelector: {
        matchLabels: {
          "baremetal-console/session": pod?.metadata.labels["baremetal-console/session"],
        },
      },
      policyTypes: ["Ingress", "Egress"],
      egress: [
        {
          to: [{ ipBlock: { cidr: "127.0.0.1/32" } }],
          ports: [{ protocol: "TCP", port: bmc.port }],
        },
      ],
    });
    const all = policies.find(({ metadata }) => metadata.name === "bmc-console-nothing");
    assert.deepEqual(all?.spec, {
      podSelector: {
        matchLabels: {
          "app.kubernetes.io/name": "baremetal-console",
          "app.kubernetes.io/component": "browser-session",
        },
      },
      policyTypes: ["Ingress", "Egress"],
    });
  });

  it("have no rights, no token, no secret and an end", async () => {
    await openSession(provided(), bmc);
    const [pod] = api.objects("pods") as PodLike[];
    const { spec } = pod ?? assert.fail("no Pod");
    assert.equal(spec["automountServiceAccountToken"], false);
    assert.equal(spec["restartPolicy"], "Never");
    assert.equal(spec["activeDeadlineSeconds"], 43_200);
    assert.deepEqual(spec["securityContext"], {
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    assert.deepEqual(spec.containers[0]?.securityContext, {
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"], add: ["SYS_CHROOT"] },
    });
    assert.deepEqual(spec.containers[0]?.env, [{ name: "PATH", value: "/usr/bin:/bin" }]);
    assert.doesNotMatch(JSON.stringify(pod), /first-token/);
  });

  it("fit the Pod security standard restricted with a profile of our own", async () => {
    await openSession(
      provided({ overrides: { "browser.kubernetes_seccomp": "bmc/browser.json" } }),
      bmc,
    );
    const [pod] = api.objects("pods") as PodLike[];
    assert.deepEqual(pod?.spec["securityContext"], {
      runAsNonRoot: true,
      seccompProfile: { type: "Localhost", localhostProfile: "bmc/browser.json" },
    });
    assert.match(
      JSON.stringify(pod?.spec.containers[0]?.securityContext),
      /"capabilities":\{"drop":\["ALL"\]\}/,
    );
  });

  it("know their BMC by name, at the address that was looked up, and no other name", async () => {
    const { cdp } = await openSession(provided(), bmc, {
      destinations: [{ host: "localhost", port: bmc.port }],
      origins: [`https://localhost:${bmc.port}`, "https://other.example.test"],
    });
    const page = await cdp.page();
    assert.equal(await page.goto(`https://localhost:${bmc.port}/`), "");
    assert.equal(await page.goto("https://other.example.test/"), "net::ERR_NAME_NOT_RESOLVED");
    assert.equal(
      await page.evaluate(
        `fetch("https://${bmc.neighbour}/", { mode: "no-cors" }).then(() => "open", () => "closed")`,
      ),
      "closed",
    );
    assert.equal(bmc.neighbourCalls(), 0);
  });

  it("show no BMC with another key", async () => {
    const other = (await keyOf(bmc)).replace(/^./, (first) => (first === "A" ? "B" : "A"));
    const { cdp } = await openSession(provided(), bmc, { trustedKeys: [other] });
    const page = await cdp.page();
    assert.match(await page.goto(`${bmc.origin}/`), /ERR_CERT_AUTHORITY_INVALID/);
  });

  it("work with an API that speaks v4 of the protocol", async () => {
    api.protocols = ["v4.channel.k8s.io"];
    const { session, cdp } = await openSession(provided(), bmc);
    await cdp.send("Browser.getVersion");
    await session.end();
    assert.deepEqual(await traces(), []);
  });

  it("say why a Pod finds no node", async () => {
    api.unschedulable = "0/3 nodes are available: 3 Insufficient memory.";
    const provider = provided({ overrides: { "browser.start_timeout": "12" } });
    await assert.rejects(openSession(provider, bmc), {
      code: "CONSOLE_SUBPROCESS_FAILED",
      message: /does not start in the namespace consoles: Unschedulable: 0\/3 nodes/,
    });
    assert.deepEqual(await traces(), []);
  });

  it("say why an image does not come, and wait no longer than they must", async () => {
    api.waiting = { reason: "ImagePullBackOff", message: 'Back-off pulling image "x\u{1b}[31m"' };
    const warned: string[] = [];
    const log = silentLogger();
    log.warn = ((message: string) => {
      warned.push(message);
      return log;
    }) as Logger["warn"];
    const provider = provided({ overrides: { "browser.start_timeout": "12" } }, log);
    await assert.rejects(openSession(provider, bmc), {
      message: /ImagePullBackOff: Back-off pulling image "x\\u\{1b\}/,
    });
    assert.deepEqual(warned, ["a browser's Pod does not run yet"]);
    api.waiting = { reason: "InvalidImageName", message: "no" };
    const before = performance.now();
    await assert.rejects(openSession(provided(), bmc), { message: /InvalidImageName/ });
    assert.ok(performance.now() - before < 8000, "it does not mend itself");
    assert.deepEqual(await traces(), []);
  });

  it("end with the cluster's word when their Pod is evicted", async () => {
    const { session } = await openSession(provided(), bmc);
    await api.evict("The node was low on resource: memory.");
    assert.deepEqual(await session.ended, {
      reason: "the Pod was ended by the cluster: Evicted: The node was low on resource: memory.",
    });
    assert.deepEqual(await traces(), []);
  });

  it("end when the connection to the API is lost, and their Pods too", async () => {
    const { session } = await openSession(provided(), bmc);
    api.cutConnections();
    assert.match((await session.ended).reason, /connection lost|the Pod ended/);
    assert.deepEqual(await traces(), []);
  });

  it("end in the cluster by themselves when nobody holds their connection any more", async () => {
    const { session } = await openSession(provided(), bmc);
    api.refuse({ status: 403, method: "DELETE", times: 1000 });
    api.cutConnections();
    await session.ended;
    const phase = (): string =>
      (api.objects("pods")[0] as { status: { phase: string } }).status.phase;
    await until(() => phase() === "Succeeded", "end of the Pod");
  });

  it("read the token anew when the API does not accept it any more", async () => {
    const provider = provided();
    await provider.check(AbortSignal.timeout(20_000));
    api.useToken("second-token");
    const { cdp } = await openSession(provider, bmc);
    await cdp.send("Browser.getVersion");
    api.useToken("third-token", false);
    await assert.rejects(provider.check(AbortSignal.timeout(20_000)), (error: Error) => {
      assert.match(error.message, /does not accept our token.*kubernetes_token_file/);
      return !error.message.includes("second-token");
    });
    api.useToken("third-token");
  });

  it("wait when the API is overloaded", async () => {
    api.refuse({ status: 429, times: 2, headers: { "retry-after": "0" } });
    api.refuse({ status: 503, times: 1, headers: { "retry-after": "0" } });
    api.refuse({ status: 500, path: /\/exec/, times: 1 });
    const { cdp } = await openSession(provided(), bmc);
    await cdp.send("Browser.getVersion");
  });

  for (const [what, path] of Object.entries({
    Pods: /pods$/,
    NetworkPolicies: /networkpolicies$/,
    exec: /\/exec/,
  }))
    it(`say that they may not when ${what} are forbidden, and leave nothing`, async () => {
      api.refuse({ status: 403, path, times: 100 });
      await assert.rejects(openSession(provided(), bmc), {
        message: /the Kubernetes API forbids .*rbac\.yaml/,
      });
      assert.deepEqual(await traces(), []);
    });

  it("are found impossible by the check when a right is missing, which it names", async () => {
    api.forbidden = new Set(["delete pods", "create networkpolicies"]);
    await assert.rejects(provided().check(AbortSignal.timeout(20_000)), {
      message: /may not delete pods, create networkpolicies in the namespace "consoles"/,
    });
  });

  it("are removed in spite of a conflict", async () => {
    const { session } = await openSession(provided(), bmc);
    api.refuse({ status: 409, method: "DELETE", times: 1 });
    await session.end();
    assert.deepEqual(await traces(), []);
  });

  it("are not begun by an API with another certificate, and the token is not sent", async () => {
    const pki = makeTestPki();
    const other = join(api.folder, "other.crt");
    writeFileSync(other, pki.caPem);
    pki.remove();
    const provider = provided({ overrides: { "browser.kubernetes_cafile": other } });
    await assert.rejects(openSession(provider, bmc), {
      message: /certificate is not trusted.*kubernetes_cafile/,
    });
    assert.deepEqual(api.asked, []);
  });

  it("refuse what they cannot do: Java, files, and a BMC that is not known", async () => {
    const provider = provided();
    await assert.rejects(openSession(provider, bmc, { java: true }), {
      message: /Java application/,
    });
    await assert.rejects(openSession(provider, bmc, { files: [{ path: "/x", name: "x" }] }), {
      message: /no files/,
    });
    await assert.rejects(openSession(provider, bmc, { destinations: [] }), {
      message: /must know its BMC/,
    });
    await assert.rejects(
      openSession(provider, bmc, { destinations: [{ host: "none.invalid", port: 1 }] }),
      { code: "BMC_UNREACHABLE" },
    );
    assert.deepEqual(api.objects("pods"), []);
  });

  it("have a picture that ends with them", async () => {
    const { session } = await openSession(provided(), bmc);
    const rfb = await session.dialRfb();
    await once(rfb, "data");
    const closed = once(rfb, "close");
    await session.end();
    rfb.resume();
    await closed;
    await assert.rejects(session.dialRfb());
  });
});
