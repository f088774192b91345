/**
 * The ssh provider in the whole product: three services here, a real sshd on an auxiliary host, and a
 * simulated BMC in a network that only that host reaches.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { AuxHostNet, skipWithoutNamespaces } from "../helpers/aux-host.ts";
import { traces } from "../helpers/aux-session.ts";
import { BMC_PASSWORD, BMC_USER } from "../helpers/bmc-web/bmc-web.ts";
import type { BmcCounts } from "../helpers/bmc-web/bmc.ts";
import { BrowserStack, skipWithoutBrowsers } from "../helpers/browser-stack.ts";
import { until } from "../helpers/until.ts";
import { WebSocketRfb } from "../helpers/websocket-rfb.ts";

const CHILD = fileURLToPath(new URL("../helpers/bmc-web-child.js", import.meta.url));
/** Beside the host's own BMC, which has 443. */
const PORT = 8443;
const CLEAN_MILLISECONDS = 15_000;

/** The simulated BMC over there. */
class FarBmc {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(net: AuxHostNet) {
    this.#child = net.startInBmc(process.execPath, CHILD, net.bmcHost, String(PORT));
    assert.ok(this.#child.stdout);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async fingerprint(): Promise<string> {
    return ((await this.#line()) as { fingerprint: string }).fingerprint;
  }

  async counts(): Promise<BmcCounts> {
    this.#child.stdin?.write("\n");
    return (await this.#line()) as BmcCounts;
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, "close");
    this.#child.stdin?.end();
    await gone;
  }

  async #line(): Promise<unknown> {
    const { value } = (await this.#lines.next()) as { value: string };
    return JSON.parse(value);
  }
}

describe("the web console of a BMC that only an auxiliary host reaches", function suite() {
  this.timeout(90_000);
  let net: AuxHostNet;
  let bmc: FarBmc;
  let stack: BrowserStack;
  let viewer: WebSocketRfb | undefined;

  before(async function start() {
    skipWithoutNamespaces(this);
    skipWithoutBrowsers(this);
    net = await AuxHostNet.start();
    bmc = new FarBmc(net);
    stack = await BrowserStack.start("apart", {
      "browser.provider": "ssh",
      "browser.ssh_hosts": net.login("root"),
      "browser.ssh_key_file": net.keyFile,
      "browser.ssh_host_keys": `${net.auxHost}=${net.fingerprint}`,
      "browser.ssh_folder": net.sessionFolder,
    });
    const info = {
      web_address: `${net.bmcHost}:${PORT}`,
      web_username: BMC_USER,
      web_password: BMC_PASSWORD,
      web_tls_fingerprint: await bmc.fingerprint(),
    };
    const node = {
      name: "far",
      driver: "ilo",
      console_interface: "ilo-browser",
      driver_info: info,
    };
    await stack.service.call("POST", "/v1/nodes", node);
  });
  afterEach(() => viewer?.end());
  after(async () => {
    await stack?.stop();
    await bmc?.stop();
    await net?.stop();
  });

  /** A picture through novncproxy, and a key that arrives on the far side. */
  async function works(): Promise<WebSocketRfb> {
    const before = (await bmc.counts()).keys.length;
    viewer = new WebSocketRfb(await stack.webSocket("far"));
    await viewer.firstFrame();
    viewer.typeKey(0x61);
    await until(async () => (await bmc.counts()).keys.length > before, "key in the machine");
    return viewer;
  }

  async function untilClean(milliseconds = CLEAN_MILLISECONDS): Promise<void> {
    let left: unknown[] = [];
    await until(
      async () => {
        const { sessions, viewers } = await bmc.counts();
        left = [...traces(net), ...stack.remainsHere()];
        if (sessions + viewers > 0) left.push({ sessions, viewers });
        return left.length === 0;
      },
      () => `clean end; there are ${JSON.stringify(left)}`,
      milliseconds,
    );
  }

  it("cannot be reached from here, and is shown all the same; afterwards nothing is left over there", async () => {
    const socket = connect({ host: net.bmcHost, port: PORT });
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    assert.match(error.code ?? "", /^E(?:HOST|NET)UNREACH$/);
    const listeners = net.listeners();
    await stack.service.enable("far");
    (await works()).end();
    assert.deepEqual(net.listeners(), listeners, "nothing listens over there because of us");
    await untilClean();
    const { logins, logouts, failedLogins } = await bmc.counts();
    assert.deepEqual([logins, logouts, failedLogins], [1, 1, 0]);
  });

  it("works again after kill -9 of the conductor, and what that left over there is gone", async () => {
    const before = await works();
    await stack.service.kill("conductor");
    await before.untilClosed();
    await stack.service.run("conductor");
    await untilClean(30_000);
    await works();
    await stack.service.disable("far");
    await untilClean();
  });
});
