/** Chromium on the console page, novncproxy, a simulated OpenBMC and a real Xvnc behind its WebSocket. */
import assert from "node:assert/strict";
import { builtPages, describeInBrowser, eventually, openWatchedPage } from "../helpers/browser.ts";
import { startProxyWorld, type ProxyWorld } from "../helpers/novncproxy-world.ts";
import { OpenBmc } from "../helpers/openbmc/openbmc.ts";
import { missingForVncServer, startVncServer, type VncServer } from "../helpers/vnc-servers.ts";
import { ConsolePageReader } from "./console-page.ts";
import { X11Window } from "./x11-window.ts";

const GREEN = 0x10_90_40;
const SHOWN = "640x480 16,144,64";

describeInBrowser("console page on the screen of an OpenBMC", (browser) => {
  let server: VncServer;
  let screen: X11Window;
  let bmc: OpenBmc;
  let world: ProxyWorld;

  before(async function () {
    this.timeout(30_000);
    if (missingForVncServer("xvnc-none").length > 0) this.skip();
    server = await startVncServer({ kind: "xvnc-none" });
    screen = await X11Window.open(server.display ?? "", GREEN);
    bmc = await OpenBmc.start({ rfb: { host: server.host, port: server.port } });
    world = await startProxyWorld({ webFolder: builtPages() });
  });
  after(async () => {
    screen?.close();
    await world?.stop();
    await bmc?.stop();
    await server?.stop();
  });

  it("shows it, types on the machine, and gives its seat and session back", async () => {
    const node = await world.addNode({
      transport: {
        kind: "websocket",
        host: "127.0.0.1",
        port: bmc.port,
        path: "/kvm/0",
        authentication: "session",
        maxMessageBytes: 1024,
      },
      tls: bmc.tls,
      username: "root",
      password: bmc.accounts.password,
      allowedSecurityTypes: ["None"],
    });
    const token = await world.authorize(node);
    const path = encodeURIComponent(`websockify?node=${node}&token=${token}`);
    const { page, context, complaints } = await openWatchedPage(browser());
    try {
      await page.goto(world.http(`/vnc_lite.html?path=${path}`));
      const console = new ConsolePageReader(page);
      await console.waitForPicture(SHOWN);
      await page.keyboard.type("hello");
      await eventually(
        "keys at the X server",
        () => screen.pressed.length,
        (count) => count >= 5,
      );
      assert.equal(String.fromCharCode(...screen.pressed), "hello");
      assert.deepEqual(complaints, []);
      assert.equal(bmc.consoles.overruns, 0);
    } finally {
      await context.close();
    }
    await eventually(
      "sessions and seats of the BMC",
      () => bmc.accounts.sessions + bmc.consoles.size,
      (count) => count === 0,
    );
  });
});
