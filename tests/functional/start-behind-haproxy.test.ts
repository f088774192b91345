/** The HAProxy sample of etc/ in front of the service: TLS, WebSocket, and no token in its log. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliProcess } from "../helpers/cli-process.ts";
import { openConsole } from "../helpers/console-link.ts";
import { makeTestPki, type TestPki } from "../helpers/pki.ts";
import {
  ServerProcess,
  freePort,
  isListening,
  missingPrograms,
} from "../helpers/server-process.ts";
import { repositoryText } from "../hygiene/repository.ts";

describe("etc/haproxy.cfg.sample", function () {
  this.timeout(60_000);
  let folder: string;
  let pki: TestPki;
  let haproxy: ServerProcess | undefined;
  let service: CliProcess | undefined;

  before(async function () {
    if (missingPrograms(["haproxy"]).length > 0) this.skip();
    folder = await mkdtemp(join(tmpdir(), "bmc-haproxy-"));
    pki = makeTestPki();
  });

  after(async () => {
    await haproxy?.stop();
    service?.kill("SIGTERM");
    await service?.end();
    pki?.remove();
    if (folder) await rm(folder, { recursive: true });
  });

  it("passes consoles on without logging their tokens", async () => {
    const [front, apiFront, proxyPort] = [await freePort(), await freePort(), await freePort()];
    service = new CliProcess(["all", "--demo", "--data-dir", folder], {
      OS_API__PORT: "0",
      OS_VNC__PORT: String(proxyPort),
      OS_VNC__TRUSTED_PROXIES: "127.0.0.1/32",
      OS_VNC__PUBLIC_URL: `https://127.0.0.1:${front}/vnc_lite.html`,
    });
    const url = (await service.untilSays(/^ {2}(https:\S+vnc_lite\.html\?\S+)$/m))[1] ?? "";
    const api = (await service.untilSays(/api listens +url=http:\/\/(\S+)/))[1] ?? "";

    const config = repositoryText("etc/haproxy.cfg.sample")
      .replace("maxconn 20000", "maxconn 100")
      .replace("bind :443", `bind 127.0.0.1:${front}`)
      .replace("bind :6385", `bind 127.0.0.1:${apiFront}`)
      .replaceAll("/etc/haproxy/console.pem", pki.issue("front").bothFile)
      .replaceAll("10.0.0.11:6090", `127.0.0.1:${proxyPort}`)
      .replaceAll("10.0.0.11:6385", api)
      .replaceAll(/^ +server \w+2 .*$/gm, "");
    const file = join(folder, "haproxy.cfg");
    await writeFile(file, config);
    haproxy = new ServerProcess("haproxy", ["-db", "-f", file]);
    await haproxy.waitFor("listening", () => isListening(front));

    const console = await openConsole(url, { ca: pki.caPem });
    assert.equal(console.name, "demo-server");
    assert.equal(await console.firstUpdateType(), 0);
    service.kill("SIGTERM");
    await console.closed();
    await service.end();
    const token = /token%3D([\w-]{43})/.exec(url)?.[1] ?? "no token";
    assert.match(haproxy.output, /"GET" \/websockify/);
    assert.ok(!haproxy.output.includes(token));
  });
});
