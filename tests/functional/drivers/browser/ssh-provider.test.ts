/** The ssh provider on a real sshd that alone reaches the BMC's network. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SessionProvider } from "../../../../drivers/browser/providers/provider.ts";
import {
  accountsBelow,
  processesNaming,
  processesOfUser,
} from "../../../helpers/aux-host-leftovers.ts";
import { AuxHostNet, skipWithoutNamespaces } from "../../../helpers/aux-host.ts";
import {
  openSession,
  sshProvider,
  titleOf,
  traces,
  untilNoTrace,
  type OpenSession,
  type ProviderSetup,
} from "../../../helpers/aux-session.ts";
import { until } from "../../../helpers/until.ts";

const CHILD = fileURLToPath(new URL("../../../helpers/aux-session-child.js", import.meta.url));

const signal = (): AbortSignal => AbortSignal.timeout(30_000);

describe("browser sessions on an auxiliary host", function () {
  this.timeout(60_000);
  let net: AuxHostNet;
  const providers: SessionProvider[] = [];
  const provide = (setup: ProviderSetup = {}): SessionProvider => {
    const provider = sshProvider(net, setup);
    providers.push(provider);
    return provider;
  };

  before(async function () {
    skipWithoutNamespaces(this);
    net = await AuxHostNet.start();
  });
  afterEach(async () => {
    for (const provider of providers.splice(0)) await provider.stop();
  });
  after(async () => {
    await net?.stop();
  });

  it("are the only way to the BMC: it cannot be reached from here", async () => {
    const socket = connect({ host: net.bmcHost, port: net.bmcPort });
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    assert.match(error.code ?? "", /^E(?:HOST|NET)UNREACH$/);
  });

  for (const login of ["root", "sudo", "plain"] as const)
    it(`show a page of the BMC and leave nothing behind, by a login of kind ${login}`, async () => {
      const before = net.listeners();
      const open = await openSession(net, provide({ login }));
      const rfb = await open.session.dialRfb();
      const [banner] = (await once(rfb, "data")) as [Buffer];
      assert.equal(banner.toString(), "RFB 003.008\n");
      assert.equal(await titleOf(open, `https://${net.bmcHost}/`), "page of the BMC");
      assert.deepEqual(net.listeners(), before);
      const accounts = accountsBelow(net.sessionFolder);
      assert.equal(accounts.length, login === "plain" ? 0 : 1);
      for (const { uid, name } of accounts) {
        assert.ok(processesOfUser(uid).length > 3, "its processes run as the temporary account");
        const shadow = readFileSync("/etc/shadow", "utf8")
          .split("\n")
          .find((line) => line.startsWith(`${name}:`));
        const [, password, , , , , , expiry] = shadow?.split(":") ?? [];
        assert.match(password ?? "", /^[!*]+$/);
        assert.ok(Number(expiry) > 0, "it expires");
      }
      assert.ok(((await open.session.memoryBytes()) ?? 0) > 50_000_000);
      await open.end();
      assert.deepEqual(traces(net), []);
    });

  it("refuse other destinations than the BMC, and tell a closed port from a silent one", async () => {
    const open = await openSession(net, provide());
    await assert.rejects(open.place.dial({ host: net.bmcHost, port: 1 }, signal()), {
      code: "BMC_UNREACHABLE",
      message: /Connection refused/,
    });
    net.inBmc("ip", "link", "set", "eth0", "down");
    try {
      const soon = AbortSignal.timeout(1500);
      await assert.rejects(open.place.dial({ host: net.bmcHost, port: net.bmcPort }, soon));
    } finally {
      net.inBmc("ip", "link", "set", "eth0", "up");
    }
    await open.end();
  });

  it("see a shared image, read-only, under its name", async () => {
    const path = join(net.folder, "image.iso");
    writeFileSync(path, "an image's bytes");
    const open = await openSession(net, provide(), { files: [{ path, name: "it's one.iso" }] });
    const seen = open.session.filePaths.get("it's one.iso") ?? "";
    const [account] = accountsBelow(net.sessionFolder);
    const roots = processesOfUser(account?.uid ?? -1).map((pid) => `/proc/${pid}/root${seen}`);
    const texts = roots.flatMap((file) => {
      try {
        return readFileSync(file, "utf8");
      } catch {
        return []; // Chromium's own processes have given up their root
      }
    });
    assert.ok(texts.length > 0);
    assert.deepEqual([...new Set(texts)], ["an image's bytes"]);
    assert.throws(() =>
      execFileSync(
        "setpriv",
        [
          "--reuid",
          String(account?.uid),
          "--clear-groups",
          "sh",
          "-c",
          `echo x >'${join(net.sessionFolder, account?.name ?? "", "files", "0")}'`,
        ],
        { stdio: "pipe" },
      ),
    );
    await open.end();
    assert.deepEqual(traces(net), []);
  });

  it("start Java viewers, and end with them", async () => {
    const open = await openSession(net, provide({ login: "sudo" }), { java: true });
    await open.session.runJnlp("<jnlp/>");
    const runs = (): boolean =>
      execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).includes("home/start.jnlp");
    await until(runs, "a Java viewer");
    await open.end();
    assert.ok(!runs());
    assert.deepEqual(traces(net), []);
  });

  it("leave nothing when their start is given up", async () => {
    const provider = provide();
    const place = await provider.place(signal());
    const request = {
      size: { width: 800, height: 600 },
      trustedKeys: [],
      origins: [],
      destinations: [],
    };
    const none = { ...request, egress: () => {}, java: false, files: [] };
    const starting = assert.rejects(
      place?.start({ id: "givenup000000000", ...none }, signal()) ?? Promise.resolve(),
    );
    await until(() => traces(net).length > 0, "trace");
    await place?.release();
    await starting;
    assert.deepEqual(traces(net), []);
  });

  it("end on the host by themselves when the conductor is killed", async () => {
    const { auxHost, bmcHost, bmcPort, fingerprint, folder, keyFile, sessionFolder } = net;
    const given = {
      auxHost,
      bmcHost,
      bmcPort,
      fingerprint,
      folder,
      keyFile,
      sessionFolder,
      user: net.login("root"),
    };
    const child = spawn(process.execPath, [CHILD, JSON.stringify(given)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    assert.notDeepEqual(traces(net), []);
    child.kill("SIGKILL");
    await once(child, "close");
    await untilNoTrace(net, 10_000);
  });

  it("end on both sides when the network is cut without a word", async () => {
    const provider = provide();
    const open = await openSession(net, provider);
    net.unplug();
    try {
      await untilNoTrace(net, 20_000);
      assert.deepEqual(await open.session.ended, { reason: "connection lost" });
    } finally {
      net.plugIn();
    }
    await open.end();
    await until(
      async () => (await provider.place(signal()).catch(() => undefined)) !== undefined,
      "place",
    );
  });

  it("end with the SSH connection that carries them, and others begin on a new one", async () => {
    const provider = provide({ login: "sudo" });
    const first = await openSession(net, provider);
    net.killConnections();
    assert.deepEqual(await first.session.ended, { reason: "connection lost" });
    await first.end();
    await untilNoTrace(net);
    let second: OpenSession | undefined;
    await until(async () => {
      second = await openSession(net, provider).catch(() => undefined);
      return second !== undefined;
    }, "second session");
    await second?.cdp.send("Browser.getVersion");
    await second?.end();
    assert.deepEqual(traces(net), []);
  });

  it("end when sshd is killed, and start again when it is back", async () => {
    const provider = provide();
    const open = await openSession(net, provider);
    await net.killSshd();
    assert.deepEqual(await open.session.ended, { reason: "connection lost" });
    await open.end();
    await untilNoTrace(net);
    await assert.rejects(provider.place(signal()), {
      code: "CONSOLE_ERROR",
      message: /no auxiliary host can be used/,
    });
    await net.startSshd();
    await until(
      async () => (await provider.place(signal()).catch(() => undefined)) !== undefined,
      "place",
    );
  });

  it("end with everything when the browser is killed", async () => {
    const open = await openSession(net, provide());
    const [account] = accountsBelow(net.sessionFolder);
    for (const pid of processesOfUser(account?.uid ?? -1))
      if (/chromium/.test(readFileSync(`/proc/${pid}/cmdline`, "latin1")))
        process.kill(pid, "SIGKILL");
    assert.match((await open.session.ended).reason, /status|ended/);
    await open.end();
    assert.deepEqual(traces(net), []);
  });

  it("end when what keeps them on the host is killed, and are removed", async () => {
    const open = await openSession(net, provide());
    const [keeper] = processesNaming(`\0run\0${net.sessionFolder}\0`).toSorted((a, b) => a - b);
    process.kill(keeper ?? -1, "SIGKILL");
    await open.session.ended;
    await open.end();
    await untilNoTrace(net);
  });

  it("are ended when they use more memory than they may", async () => {
    const open = await openSession(net, provide({ options: { session_memory: 64 } }));
    assert.deepEqual(await open.session.ended, { reason: "memory limit" });
    await open.end();
    assert.deepEqual(traces(net), []);
  });
});
