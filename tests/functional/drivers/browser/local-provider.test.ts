/** Sessions on this machine with all real parts: what they can see, what they may use, and how they end. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConsoleError } from "../../../../drivers/base.ts";
import {
  bubblewrapArguments,
  SCRIPT_INSIDE,
} from "../../../../drivers/browser/sandbox/bubblewrap.ts";
import { descendantsOf, identityOf } from "../../../../drivers/lib/child-process-group.ts";
import {
  aRequest,
  innerPid,
  localProvider,
  SESSION_ID,
  sessionId,
  startBrowserWorld,
} from "../../../helpers/browser-session.ts";
import { KeyPresser } from "../../../helpers/browser-session-keys.ts";
import { until } from "../../../helpers/until.ts";

const signal = (): AbortSignal => AbortSignal.timeout(60_000);
const asRoot = process.geteuid?.() === 0;

describe("the local provider", function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "local-provider-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("finds that this machine has what it needs", async () => {
    await localProvider(folder).check(signal());
    assert.deepEqual(readdirSync(folder), []);
  });

  it("starts a session whose display lets several viewers in", async () => {
    const world = await startBrowserWorld();
    try {
      const viewers = await Promise.all([1, 2].map(() => world.session.dialRfb()));
      for (const viewer of viewers) (await KeyPresser.login(viewer)).close();
      const { product } = await world.cdp.send("Browser.getVersion");
      assert.match(String(product), /^Chrome\/\d+/);
      const bytes = await world.session.memoryBytes();
      assert.ok(bytes !== null && bytes > 50 * 1024 * 1024, `${bytes} bytes`);
    } finally {
      await world.close();
    }
  });

  it("has as many places as configured, and gives one again that was released", async () => {
    const provider = localProvider(folder, { "browser.max_sessions": "2" });
    const places = [await provider.place(signal()), await provider.place(signal())];
    assert.equal(await provider.place(signal()), undefined);
    await places[0]?.release();
    await places[0]?.release();
    assert.ok(await provider.place(signal()));
    assert.equal(await provider.place(signal()), undefined);
    await provider.stop();
  });

  it("leaves nothing of a start that was aborted", async () => {
    const provider = localProvider(folder);
    const place = await provider.place(signal());
    const aborter = new AbortController();
    const starting = place?.start(aRequest(), aborter.signal);
    aborter.abort(new ConsoleError("nobody wants it any more"));
    await assert.rejects(async () => await starting, /nobody wants it any more/);
    assert.deepEqual(readdirSync(folder), []);
    await provider.stop();
  });

  it("ends a session that uses more memory than it may", async () => {
    const world = await startBrowserWorld({ overrides: { "browser.session_memory": "256" } });
    try {
      const page = await world.cdp.page();
      const filling = page.evaluate(
        "void (window.kept = new Uint8Array(400 * 1024 * 1024).fill(1))",
      );
      await filling.catch(() => undefined); // its end may come first
      assert.deepEqual(await world.session.ended, { reason: "memory limit" });
      assert.deepEqual(readdirSync(world.folder), []);
    } finally {
      await world.close();
    }
  });

  it("shows a session its files, read-only, and no other", async () => {
    const image = join(folder, "disk.iso");
    writeFileSync(image, "an image", { mode: 0o644 });
    const world = await startBrowserWorld({
      request: { files: [{ path: image, name: "rescue.iso" }] },
    });
    try {
      const path = world.session.filePaths.get("rescue.iso") ?? "";
      assert.equal(path, "/session/media/rescue.iso");
      assert.equal(await readFile(world.inside(path), "utf8"), "an image");
      assert.deepEqual(readdirSync(world.inside("/session/media")), ["rescue.iso"]);
      const mounts = await readFile(`${world.inside("").replace("/root", "")}/mountinfo`, "utf8");
      assert.match(mounts, /\/session\/media\/rescue\.iso ro,/);
    } finally {
      await world.close();
    }
  });

  describe("when something is killed", () => {
    for (const victim of ["chromium", "Xvnc", "openbox", "socat"])
      it(`ends the session with all it had: ${victim}`, async () => {
        const world = await startBrowserWorld();
        try {
          const inner = innerPid(join(world.folder, SESSION_ID));
          let all = new Map<number, string>();
          let pid: number | undefined;
          await until(async () => {
            all = await descendantsOf(inner);
            pid = [...all].find(([, name]) => name === victim)?.[0];
            return pid !== undefined;
          }, `process of ${victim}`);
          process.kill(pid ?? 0, "SIGKILL");
          await world.session.ended;
          assert.deepEqual(
            [inner, ...all.keys()].filter((one) => identityOf(one)),
            [],
          );
          assert.deepEqual(readdirSync(world.folder), []);
        } finally {
          await world.close();
        }
      });

    it("leaves no process of the conductor's sessions, and a later run sweeps the folder", async () => {
      const child = fileURLToPath(
        new URL("../../../helpers/browser-session-child.js", import.meta.url),
      );
      const conductor = spawn(process.execPath, [child, folder], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(conductor.stdout, "data");
      let all: number[] = [];
      try {
        await until(async () => {
          all = [...(await descendantsOf(conductor.pid ?? 0)).keys()];
          return all.length > 12;
        }, "browser with its own processes");
      } finally {
        conductor.kill("SIGKILL");
      }
      await until(() => all.every((pid) => !identityOf(pid)), "end of all processes", 5000);
      assert.deepEqual(readdirSync(folder), [SESSION_ID]);
      assert.equal(await localProvider(folder).sweep(), 1);
      assert.deepEqual(readdirSync(folder), []);
    });
  });

  it("sweeps exactly the processes that a note names", async () => {
    const survivor = spawn("sleep", ["1000"]);
    const stranger = spawn("sleep", ["1000"]);
    const session = join(folder, sessionId());
    mkdirSync(session);
    const inner = identityOf(stranger.pid ?? 0);
    writeFileSync(
      join(session, "note.json"),
      JSON.stringify({
        outer: identityOf(survivor.pid ?? 0),
        inner: { ...inner, startTicks: Number(inner?.startTicks) - 1 },
        user: null,
      }),
    );
    const ended = once(survivor, "exit");
    assert.equal(await localProvider(folder).sweep(), 1);
    await ended;
    assert.ok(identityOf(stranger.pid ?? 0), "another process with the number of an old one");
    stranger.kill();
    await once(stranger, "exit");
  });

  describe("the sandbox, seen from inside", () => {
    let output: string;
    before(async () => {
      const place = mkdtempSync(join(tmpdir(), "sandbox-"));
      const file = join(place, "file");
      writeFileSync(file, "x", { mode: 0o644 });
      const paths = { script: file, policies: file, egress: file };
      const throwAwayUser = asRoot ? 61_000 : null;
      const args = bubblewrapArguments({ paths, files: [], throwAwayUser }, [
        "/bin/sh",
        "-c",
        PROBE,
      ]);
      const child = spawn("bwrap", args, { stdio: ["ignore", "pipe", "inherit"] });
      output = "";
      child.stdout.on("data", (text: Buffer) => (output += text.toString()));
      await once(child, "close");
      rmSync(place, { recursive: true });
    });
    const PROBE = `
      echo "root: $(ls / | tr '\\n' ' ')"
      echo "etc: $(ls /etc | tr '\\n' ' ')"
      echo "processes: $(cd /proc; ls -d [0-9]* | wc -l)"
      echo "interfaces: $(cut -d: -f1 -s /proc/net/dev | tr -d ' ' | tr '\\n' ' ')"
      echo "routes: $(wc -l </proc/net/route)"
      echo "user: $(id -u)"
      echo "rights: $(grep -E 'Cap(Prm|Eff|Amb)' /proc/self/status | cut -f2 | sort -u)"
      echo "no new privileges: $(grep NoNewPrivs /proc/self/status | cut -f2)"
      echo "host name: $(uname -n)"
      for file in /usr/x ${SCRIPT_INSIDE} /etc/x /x /session/egress.sock; do
        if (echo x >"$file") 2>/dev/null; then echo "written: $file"; fi
      done
      for file in /root /home /var /run /sys /boot /etc/passwd /etc/shadow /etc/hostname; do
        if [ -e "$file" ]; then echo "seen: $file"; fi
      done
      echo "environment: $(env | cut -d= -f1 | sort | tr '\\n' ' ')"
    `;
    const said = (what: string): string =>
      (new RegExp(`^${what}: (.*)$`, "m").exec(output)?.[1] ?? "nothing").trim();

    it("holds programs and the session, and nothing else of the host", () => {
      assert.equal(said("root"), "bin dev etc lib lib64 proc sbin session session.sh tmp usr");
      assert.doesNotMatch(said("etc"), /passwd|shadow|host|ssh/);
      assert.equal(said("seen"), "nothing");
    });
    it("sees no process but its own", () => {
      assert.ok(Number(said("processes")) < 8, said("processes"));
    });
    it("has no network but its own loopback", () => {
      assert.equal(said("interfaces"), "lo");
      assert.equal(said("routes"), "1");
    });
    it("may not write outside its memory", () => assert.equal(said("written"), "nothing"));
    it("has no rights and cannot get any", () => {
      assert.equal(said("rights"), "0000000000000000");
      assert.equal(said("no new privileges"), "1");
      assert.notEqual(said("user"), "0");
    });
    it("does not know the host's name or environment", () => {
      assert.equal(said("host name"), "console");
      assert.equal(said("environment"), "PATH PWD");
    });
  });
});
