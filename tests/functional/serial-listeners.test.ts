/** The other ways from proxies to a console's socat, each with the whole service. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { missingForIpmiBmc, startIpmiBmc, type IpmiBmc } from "../helpers/ipmi-bmc.ts";
import { SerialStack } from "../helpers/serial-stack.ts";
import { freePort, isListening } from "../helpers/server-process.ts";
import { until } from "../helpers/until.ts";
import { SerialScene } from "./serial-scene.ts";

describe("a console whose socat listens", function suite() {
  this.timeout(60_000);
  let bmc: IpmiBmc;
  let stack: SerialStack;
  let first: number;

  before(async function start() {
    if (missingForIpmiBmc().length > 0) this.skip();
    bmc = await startIpmiBmc({ name: "l1" });
    await bmc.waitLine();
  });
  after(() => bmc?.stop());
  afterEach(() => stack.stop());

  async function begin(listener: string): Promise<void> {
    first = await freePort();
    stack = await SerialStack.all({
      "console.socat_listener": listener,
      "console.port_range": `${first}:${first + 5}`,
    });
  }

  it("on a plain port is shown as stock Nova wants it, and has the same port after each of Nova's connects", async () => {
    await begin("plain");
    await stack.addNode("l1", bmc);
    const ports = [];
    for (let turn = 0; turn < 3; turn += 1) {
      /* FACT(nova/virt/ironic/driver.py, _get_node_console_with_reset): off when it is on, then on. */
      await stack.enable("l1");
      const { type, url, ...more } = await stack.link("l1");
      assert.deepEqual({ type, more }, { type: "socat", more: {} });
      const [, port = ""] = /^tcp:\/\/127\.0\.0\.1:(\d+)$/.exec(url) ?? [];
      ports.push(port);
      const line = new NovaLine(Number(port));
      await line.answers(`turn ${turn}`);
      await stack.disableClean("l1", bmc);
      await until(() => line.ended, "end of Nova's connection", 1000);
      assert.ok(!isListening(Number(port)));
    }
    assert.equal(new Set(ports).size, 1, ports.join(" "));
    assert.ok(Number(ports[0]) >= first && Number(ports[0]) < first + 5);
    assert.match(stack.logged, /listens without TLS and without any password/);
  });

  it("on a plain port can be watched through our proxy too, while nobody dials it", async () => {
    await begin("plain");
    await stack.addNode("l1", bmc);
    await stack.enable("l1");
    const watcher = await (await stack.watch("l1", "?console_type=serial")).opened();
    await watcher.typesAndSees("root@l1");
    await watcher.leave();
    const { url } = await stack.link("l1");
    const line = new NovaLine(Number(/\d+$/.exec(url)?.[0]));
    await until(() => line.text.includes("operational") || line.retry(), "Nova's turn", 20_000);
    await line.answers("after us");
    await stack.disableClean("l1", bmc);
  });

  it("by TLS is dialled by the proxy with the certificate made for it, and heals", async () => {
    await begin("tls");
    const scene = new SerialScene(stack, "l1", bmc);
    await scene.begin();
    const { socat, watcher } = scene;
    process.kill(socat, "SIGKILL");
    await watcher.saw(/^reconnecting/);
    await scene.answers();
    assert.notEqual(scene.socat, socat);
    await scene.finish();
    for (let port = first; port < first + 5; port += 1) assert.ok(!isListening(port));
  });
});

/** A stock nova-serialproxy's end: bytes, and nothing else. */
class NovaLine {
  text = "";
  ended = false;
  readonly #port: number;
  #socket: Socket;

  constructor(port: number) {
    this.#port = port;
    this.#socket = this.#dial();
  }

  /** Dials again when it was refused. @returns false, for a condition that waits */
  retry(): false {
    if (this.ended) {
      this.ended = false;
      this.#socket = this.#dial();
    }
    return false;
  }

  async answers(word: string): Promise<void> {
    let due = 0;
    await until(
      () => {
        if (this.text.includes(word)) return true;
        if (performance.now() > due) this.#socket.write(`${word}\r`);
        if (performance.now() > due) due = performance.now() + 500;
        return false;
      },
      `the echo of ${word}`,
      15_000,
    );
  }

  #dial(): Socket {
    const socket = connect(this.#port, "127.0.0.1");
    socket.on("data", (bytes: Buffer) => (this.text += bytes.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("close", () => (this.ended = true));
    return socket;
  }
}
