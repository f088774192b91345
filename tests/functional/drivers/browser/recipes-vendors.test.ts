/**
 * Each shipped recipe on the simulated BMC that it is for, with a real Chromium: it is recognised, the right
 * password leads to the picture of the machine, and every refusal is told as what it is. The simulators
 * follow public facts; which of them are facts is in their headers and in docs/compatibility.md.
 */
import assert from "node:assert/strict";
import type { BmcVendor } from "../../../helpers/bmc-web/bmc.ts";
import { startBmcWeb, type BmcWeb } from "../../../helpers/bmc-web/bmc-web.ts";
import { ibmc } from "../../../helpers/bmc-web/vendors/ibmc.ts";
import { idrac8 } from "../../../helpers/bmc-web/vendors/idrac8.ts";
import { idrac9 } from "../../../helpers/bmc-web/vendors/idrac9.ts";
import { ilo } from "../../../helpers/bmc-web/vendors/ilo.ts";
import { insyde } from "../../../helpers/bmc-web/vendors/insyde.ts";
import { megarac } from "../../../helpers/bmc-web/vendors/megarac.ts";
import { openbmcWeb } from "../../../helpers/bmc-web/vendors/openbmc-web.ts";
import { supermicro } from "../../../helpers/bmc-web/vendors/supermicro.ts";
import { xcc } from "../../../helpers/bmc-web/vendors/xcc.ts";
import { missingForChromium } from "../../../helpers/chromium-pipe.ts";
import { makeTestPki, type TestPki } from "../../../helpers/pki.ts";
import { until } from "../../../helpers/until.ts";
import { recognised, RecipeVisitor, shippedRecipe, shippedRecipes } from "./recipe-visit.ts";

interface VendorCase {
  readonly vendor: BmcVendor;
  readonly recipe: string;
  /** What such a BMC can refuse that others cannot, or the other way round. */
  readonly without?: readonly ("licence" | "disabled")[];
  /** Its pages are those of another one here: only what differs is tried. */
  readonly like?: string;
  /** The recipe logs in without a session of the BMC's. */
  readonly sessionless?: boolean;
}

const CASES: readonly VendorCase[] = [
  { vendor: ilo(4), recipe: "hpe-ilo4" },
  { vendor: ilo(5), recipe: "hpe-ilo5" },
  { vendor: ilo(6), recipe: "hpe-ilo6" },
  { vendor: ilo(7), recipe: "hpe-ilo7", like: "hpe-ilo6" },
  { vendor: idrac8(), recipe: "dell-idrac8" },
  { vendor: idrac9(), recipe: "dell-idrac9" },
  {
    vendor: idrac9({ managerId: "System.Embedded.2", sharing: true }),
    recipe: "dell-idrac9",
    like: "dell-idrac9",
  },
  { vendor: idrac9({ generation: 10 }), recipe: "dell-idrac10", like: "dell-idrac9" },
  { vendor: supermicro(10), recipe: "supermicro-x10-x11", like: "supermicro-x11" },
  { vendor: supermicro(11), recipe: "supermicro-x10-x11" },
  { vendor: supermicro(12), recipe: "supermicro-x12-x13" },
  { vendor: supermicro(13), recipe: "supermicro-x12-x13", like: "supermicro-x12" },
  { vendor: xcc(), recipe: "lenovo-xcc" },
  { vendor: ibmc(), recipe: "huawei-ibmc", sessionless: true },
  { vendor: insyde(), recipe: "intel-bmc" },
  { vendor: megarac(), recipe: "ami-megarac" },
  { vendor: openbmcWeb(), recipe: "openbmc", without: ["licence"] },
];

describe("the shipped recipes", function () {
  this.timeout(50_000);
  let pki: TestPki;
  before(function () {
    const missing = missingForChromium();
    if (missing.length > 0) {
      process.stderr.write(`pending: install ${missing.join(" ")} to try recipes\n`);
      this.skip();
    }
    pki = makeTestPki();
  });
  after(() => pki?.remove());

  it("are all valid and have a simulator each", () => {
    const tried = new Set([...CASES.map(({ recipe }) => recipe), ...ELSEWHERE]);
    const names = shippedRecipes().map(({ name }) => name);
    assert.deepEqual(
      names.filter((name) => !tried.has(name)),
      [],
    );
  });

  CASES.forEach(({ vendor, recipe: name, without = [], like, sessionless }) => {
    describe(`${name} on ${vendor.name} (manager ${vendor.managerId})`, () => {
      let bmc: BmcWeb;
      let visitor: RecipeVisitor;
      const recipe = shippedRecipe(name);
      before(async () => {
        bmc = await startBmcWeb(vendor, { pki });
        visitor = new RecipeVisitor(bmc);
      });
      after(async () => {
        await visitor?.stop();
        await bmc?.stop();
      });
      afterEach(() => {
        const { faults, sessions } = bmc.bmc;
        Object.assign(faults, { noLicence: false, viewerDisabled: false });
        Object.assign(sessions, { maximum: 4, maximumConsoles: 6 });
        sessions.closeAll();
      });

      const untilLoggedOut = (): Promise<void> =>
        until(
          () => bmc.bmc.counts.sessions + bmc.bmc.counts.consoles === 0,
          () => `end of all sessions: ${JSON.stringify(bmc.bmc.counts)}`,
        );

      it("is recognised", async () => {
        const requests = bmc.bmc.requests.length;
        assert.equal(await recognised(bmc), name);
        assert.ok(bmc.bmc.requests.length > requests);
        assert.equal(bmc.bmc.counts.logins, 0);
      });

      if (like === undefined) describeRefusals();

      function describeRefusals(): void {
        it("tells a wrong password", async () => {
          assert.equal(await visitor.visit(recipe, { password: "wrong" }), "wrong_password");
          await untilLoggedOut();
        });

        it("tells that all sessions are taken", async () => {
          Object.assign(bmc.bmc.sessions, { maximum: 0, maximumConsoles: 0 });
          assert.equal(await visitor.visit(recipe), "sessions_taken");
        });

        if (!without.includes("licence"))
          it("tells a missing licence, and logs out", async () => {
            bmc.bmc.faults.noLicence = true;
            assert.equal(await visitor.visit(recipe), "no_licence");
            await untilLoggedOut();
          });

        if (!without.includes("disabled"))
          it("tells a viewer that is switched off, and logs out", async () => {
            bmc.bmc.faults.viewerDisabled = true;
            assert.equal(await visitor.visit(recipe), "viewer_disabled");
            await untilLoggedOut();
          });
      }

      it("shows the machine, takes keys and clicks, and logs out", async () => {
        const outcome = await visitor.visit(recipe, {
          onPicture: async (kiosk) => {
            const { counts } = bmc.bmc;
            assert.equal(counts.viewers, 1);
            assert.equal(counts.sessions, sessionless ? 0 : 1);
            await kiosk.page.press("k");
            await kiosk.page.click(recipe.picture.selector ?? "");
            await until(() => bmc.bmc.machine.clicks.length === 1, "click at the machine");
            assert.deepEqual(bmc.bmc.machine.keys, ["k"]);
          },
        });
        assert.equal(outcome, "picture");
        await untilLoggedOut();
        await until(() => bmc.bmc.counts.viewers === 0, "end of the viewer");
      });
    });
  });
});

/** Java viewers, which have a test of their own. */
const ELSEWHERE = ["supermicro-java", "dell-idrac6"];
