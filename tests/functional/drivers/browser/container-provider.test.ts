/** The container provider on a real Podman. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstatSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../../../../common/config/load.ts";
import { silentLogger } from "../../../../common/log.ts";
import { packageRoot } from "../../../../common/package-root.ts";
import { createContainerProvider } from "../../../../drivers/browser/providers/container/container-provider.ts";
import type { SessionProvider } from "../../../../drivers/browser/providers/provider.ts";
import { aRequest, sessionId } from "../../../helpers/browser-session.ts";
import { startHostilePage, type HostilePage } from "../../../helpers/browser-session-page.ts";
import {
  podmanProblem,
  PodmanService,
  TEST_IMAGE,
  TEST_VOLUMES,
} from "../../../helpers/podman-service.ts";
import { until } from "../../../helpers/until.ts";
import { describeSessions, openSession, type ProviderSetup } from "./provider-suite.ts";

const CHILD = fileURLToPath(
  new URL("../../../helpers/container-session-child.js", import.meta.url),
);
const PROFILE = join(packageRoot(), "etc", "seccomp", "browser-session.json");

interface Inspected {
  readonly State: { readonly Pid: number };
  readonly Config: { readonly Env: readonly string[]; readonly Cmd: readonly string[] };
}

describe("browser sessions in containers", function () {
  this.timeout(120_000);
  let podman: PodmanService;
  let bmc: HostilePage;
  const providers: SessionProvider[] = [];

  before(async function () {
    const problem = podmanProblem();
    if (problem !== undefined) {
      console.warn(`\n  *** THE CONTAINER PROVIDER IS NOT TESTED HERE: ${problem} ***\n`);
      return this.skip();
    }
    podman = await PodmanService.start();
    bmc = await startHostilePage();
  });
  afterEach(async () => {
    for (const provider of providers.splice(0)) await provider.stop();
  });
  after(async () => {
    await bmc?.close();
    await podman?.stop();
  });

  const provide = ({ overrides = {}, conductor = "test" }: ProviderSetup = {}): SessionProvider => {
    const config = loadConfig({
      overrides: {
        "browser.provider": "container",
        "browser.container_engine": `unix://${podman.socket}`,
        "browser.container_image": TEST_IMAGE,
        "browser.container_volumes": TEST_VOLUMES,
        ...overrides,
      },
    });
    const folder = join(podman.folder, "sessions", conductor);
    mkdirSync(folder, { recursive: true });
    return createContainerProvider({ config, log: silentLogger(), conductor, folder });
  };
  const provided = (setup?: ProviderSetup): SessionProvider => {
    const provider = provide(setup);
    providers.push(provider);
    return provider;
  };
  const traces = async (): Promise<string[]> => {
    const folders = readdirSync(join(podman.folder, "sessions"), {
      recursive: true,
      encoding: "utf8",
    });
    const left = await podman.containers();
    return [
      ...left.map(({ Id }) => `container ${Id}`),
      ...folders.filter((one) => /[/]/.test(one)),
    ];
  };

  describeSessions("in a container of Podman", () => {
    mkdirSync(join(podman.folder, "sessions"), { recursive: true });
    return { provider: provide, traces };
  });

  const inspected = async (): Promise<Inspected> => {
    const [only] = await podman.containers();
    return (await podman.ask(`/v1.40/containers/${only?.Id}/json`)) as Inspected;
  };
  const statusOf = (pid: number): string => readFileSync(`/proc/${pid}/status`, "utf8");

  it("have no rights, no network, no secrets and nothing to write to", async () => {
    await openSession(provided(), bmc);
    const { State, Config } = await inspected();
    const status = statusOf(State.Pid);
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    assert.match(status, /^Seccomp:\s+2$/m);
    assert.match(status, /^CapBnd:\s+0000000000040000$/m, "SYS_CHROOT and nothing else");
    const [, user] = /^Uid:\s+(\d+)/m.exec(status) ?? [];
    assert.ok(Number(user) >= 60_706, "a throw-away user");
    const routes = readFileSync(`/proc/${State.Pid}/net/route`, "utf8").trim().split("\n");
    assert.equal(routes.length, 1, "the heading alone");
    const links = readFileSync(`/proc/${State.Pid}/net/dev`, "utf8").match(/^\s*\w+:/gm);
    assert.deepEqual(
      links?.map((one) => one.trim()),
      ["lo:"],
    );
    const root = readFileSync(`/proc/${State.Pid}/mounts`, "utf8")
      .split("\n")
      .find((line) => line.split(" ")[1] === "/");
    assert.match(root ?? "", / ro[, ]/);
    assert.deepEqual(
      Config.Env.map((one) => one.replace(/=.*/, "")).filter(
        (name) => !/^(?:PATH|HOME|HOSTNAME|TERM|container)$/.test(name),
      ),
      [],
    );
  });

  it("need no capability at all with the profile that comes with the service", async () => {
    const provider = provided({ overrides: { "browser.container_seccomp": PROFILE } });
    await provider.check(AbortSignal.timeout(60_000));
    const { cdp } = await openSession(provider, bmc);
    await cdp.send("Browser.getVersion");
    const status = statusOf((await inspected()).State.Pid);
    assert.match(status, /^CapBnd:\s+0000000000000000$/m);
    assert.match(status, /^Seccomp:\s+2$/m);
  });

  it("see a shared image, read-only, under its name", async () => {
    const path = join(podman.folder, "image.iso");
    writeFileSync(path, "an image's bytes", { mode: 0o644 });
    const name = "it's: one, two.iso";
    const { session } = await openSession(provided(), bmc, { files: [{ path, name }] });
    const seen = `/proc/${(await inspected()).State.Pid}/root${session.filePaths.get(name)}`;
    assert.equal(readFileSync(seen, "utf8"), "an image's bytes");
    const mounts = readFileSync(`/proc/${(await inspected()).State.Pid}/mounts`, "utf8");
    assert.match(mounts, /\/session\/media\/\S+ \S+ ro,/);
  });

  it("give a viewer no other socket than the VNC server's, whatever the session puts in its place", async () => {
    const { session } = await openSession(provided(), bmc);
    const { State } = await inspected();
    const run = `/proc/${State.Pid}/root/session/run`;
    const user = String(statSync(run).uid);
    const asSession = spawn("nsenter", [
      "-t",
      String(State.Pid),
      "-m",
      "--",
      "setpriv",
      `--reuid=${user}`,
      "--clear-groups",
      "--",
      "ln",
      "-sf",
      podman.socket,
      "/session/run/rfb.sock",
    ]);
    await once(asSession, "close");
    assert.ok(lstatSync(`${run}/rfb.sock`).isSymbolicLink());
    const stream = await session.dialRfb();
    assert.equal(String((await once(stream, "data"))[0]), "RFB 003.008\n");
    stream.destroy();
  });

  it("end with the conductor when that is killed", async () => {
    const child = spawn(process.execPath, [CHILD, podman.socket, podman.folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    assert.equal((await podman.containers()).length, 1);
    child.kill("SIGKILL");
    await once(child, "close");
    await until(
      async () => (await podman.containers()).length === 0,
      "end of the container",
      20_000,
    );
    assert.equal(await provided({ conductor: "killed" }).sweep(), 1, "its folder");
  });

  it("are ended when they use more memory than they may", async () => {
    const provider = provided({ overrides: { "browser.session_memory": "256" } });
    const { session, cdp } = await openSession(provider, bmc);
    const page = await cdp.page();
    const fill =
      "window.kept = Array.from({ length: 20 }, (_, i) => new Uint8Array(1e7).fill(i + 1))";
    await page.evaluate(`${fill}, 1`).catch(() => undefined);
    assert.deepEqual(await session.ended, { reason: "memory limit" });
  });

  it("say which image is missing, and fetch none unasked", async () => {
    const provider = provided({ overrides: { "browser.container_image": "localhost/none:9" } });
    const refusal = {
      code: "CONSOLE_ERROR",
      message: /no image "localhost\/none:9".*container_pull/,
    };
    await assert.rejects(provider.check(AbortSignal.timeout(20_000)), refusal);
    await assert.rejects(openSession(provider, bmc), refusal);
  });

  it("say what an image lacks", async () => {
    const provider = provided({
      overrides: { "browser.container_volumes": "/usr/bin,/usr/lib,/lib:/usr/lib64" },
    });
    await assert.rejects(provider.check(AbortSignal.timeout(20_000)), { code: "CONSOLE_ERROR" });
  });

  it("say that no engine is there", async () => {
    const overrides = { "browser.container_engine": `unix://${podman.folder}/none.sock` };
    await assert.rejects(provided({ overrides }).check(AbortSignal.timeout(20_000)), {
      message: /cannot use the container engine at unix:.*no such socket/,
    });
  });

  it("end when the engine's service is killed, and others begin when it is back", async () => {
    const { session } = await openSession(provided(), bmc);
    await podman.kill();
    podman.serve();
    await session.ended;
    await podman.untilServing();
    await until(
      async () => (await podman.containers()).length === 0,
      "end of the container",
      20_000,
    );
    const { cdp } = await openSession(provided(), bmc);
    await cdp.send("Browser.getVersion");
  });

  it("start a Java viewer's session with an inbox that it cannot write to", async () => {
    const provider = provided();
    const place = await provider.place(AbortSignal.timeout(10_000));
    const session = await place?.start(
      aRequest({ id: sessionId(), java: true }),
      AbortSignal.timeout(60_000),
    );
    const { State } = await inspected();
    assert.match(readFileSync(`/proc/${State.Pid}/mounts`, "utf8"), / \/session\/inbox \S+ ro,/);
    await session?.runJnlp("<jnlp/>");
    assert.equal(
      readFileSync(`/proc/${State.Pid}/root/session/inbox/start.jnlp`, "utf8"),
      "<jnlp/>",
    );
    await session?.end();
  });
});
