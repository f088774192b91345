/**
 * The recipe for boards with a Java viewer, on a simulated one: login in a real sandboxed Chromium, the start file
 * fetched with its cookies, a signed jar run by Java Web Start in the same sandbox, keys typed over RFB.
 */
import assert from "node:assert/strict";
import { silentLogger } from "../../../../common/log.ts";
import { Secret } from "../../../../common/secret.ts";
import { openKiosk, type Kiosk } from "../../../../drivers/browser/kiosk/kiosk.ts";
import { runRecipe, type RecipeRun } from "../../../../drivers/browser/recipes/run-recipe.ts";
import { parseWebAddress } from "../../../../drivers/browser/web-address.ts";
import { startBrowserWorld, type BrowserWorld } from "../../../helpers/browser-session.ts";
import { KeyPresser } from "../../../helpers/browser-session-keys.ts";
import {
  BMC_PASSWORD,
  BMC_USER,
  startBmcWeb,
  type BmcWeb,
} from "../../../helpers/bmc-web/bmc-web.ts";
import { buildJavaViewer, missingForJava } from "../../../helpers/bmc-web/java-viewer.ts";
import { oldBoard } from "../../../helpers/bmc-web/vendors/old-board.ts";
import { until } from "../../../helpers/until.ts";
import { shippedRecipe } from "./recipe-visit.ts";

describe("a board whose viewer is Java", function () {
  this.timeout(120_000);
  let bmc: BmcWeb;
  let world: BrowserWorld;
  let kiosk: Kiosk;
  let run: RecipeRun;
  const recipe = shippedRecipe("supermicro-java");
  const { signal } = new AbortController();

  before(async function () {
    const missing = missingForJava();
    if (missing.length > 0) {
      process.stderr.write(`pending: install Java for ${missing.join(", ")}\n`);
      this.skip();
    }
    bmc = await startBmcWeb(oldBoard(), {
      viewerJar: buildJavaViewer(),
      tls: { minimum: "TLSv1", maximum: "TLSv1.1" },
    });
    const { host, port, origin } = bmc;
    const viewer = { host, port: bmc.bmc.viewerPort };
    world = await startBrowserWorld({
      request: { origins: [origin], java: true, destinations: [{ host, port }, viewer] },
      destinations: [
        { host, port, tls: { verify: "pin", fingerprint: bmc.fingerprint, minVersion: "TLSv1" } },
        { ...viewer, tls: null },
      ],
    });
    const size = { width: 800, height: 600 };
    kiosk = await openKiosk({ process: world.session, size, log: silentLogger() });
    await kiosk.bind({ origin, dialogs: "accept", file: null });
    run = runRecipe({
      recipe,
      page: kiosk.page,
      process: world.session,
      settings: { bmc: parseWebAddress(origin, "web_address") },
      account: { username: BMC_USER, password: new Secret(BMC_PASSWORD) },
      log: silentLogger(),
      onStep: () => undefined,
    });
  });
  after(async () => {
    await world?.close();
    await bmc?.stop();
  });

  it("is logged in to over TLS 1.0 or 1.1, and starts its viewer", async () => {
    await run.login(signal);
    assert.equal(bmc.bmc.counts.sessions, 1);
    await run.viewer(signal);
    await until(() => bmc.bmc.counts.viewers === 1, "viewer at the board", 60_000);
  });

  it("shows the viewer's window, and passes it keys", async () => {
    await kiosk.showOnly(recipe.picture, recipe.quirks.allowedPaths, () => undefined, signal);
    const keys = await KeyPresser.login(await world.session.dialRfb());
    try {
      /* Java paints its window before it hears it: one clicks again, as a person does */
      const clicked = (): boolean => bmc.bmc.counts.clicks.length > 0;
      for (let tries = 0; tries < 20 && !clicked(); tries += 1) {
        keys.click(400, 300, 1);
        await until(clicked, "click", 1000).catch(() => undefined);
      }
      assert.ok(clicked(), "no click came to the machine");
      keys.press("k");
      await until(() => bmc.bmc.counts.keys.includes("k"), "key at the machine");
    } finally {
      keys.close();
    }
  });

  it("is logged out of", async () => {
    await run.logout(signal);
    assert.equal(bmc.bmc.counts.sessions, 0);
    await until(() => bmc.bmc.counts.viewers === 0, "end of the viewer");
  });
});
