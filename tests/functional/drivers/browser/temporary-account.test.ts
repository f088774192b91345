/** Accounts for one session, on simulated BMCs that make accounts freely and on one with a fixed table. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { once } from "node:events";
import { removeAccount } from "../../../../drivers/browser/account/bmc-account.ts";
import { prepareAccess } from "../../../../drivers/browser/account/prepare-access.ts";
import type { BrowserSettings } from "../../../../drivers/browser/options.ts";
import { Secret } from "../../../../drivers/base.ts";
import { RedfishClient } from "../../../../drivers/lib/redfish-client.ts";
import type { RedfishDial } from "../../../../drivers/lib/redfish-agent.ts";
import {
  BMC_PASSWORD,
  BMC_USER,
  startBmcWeb,
  type BmcWeb,
} from "../../../helpers/bmc-web/bmc-web.ts";
import { idrac9 } from "../../../helpers/bmc-web/vendors/idrac9.ts";
import { ilo } from "../../../helpers/bmc-web/vendors/ilo.ts";

const SESSION = "abcdefghij012345";
const dial: RedfishDial = async ({ host, port }) => {
  const socket = connect(port, host);
  await once(socket, "connect");
  return socket;
};

for (const [kind, vendor] of [
  ["BMC that makes accounts", () => ilo(5)],
  ["BMC with a fixed table of accounts", idrac9],
] as const)
  describe(`a temporary account on a ${kind}`, function () {
    this.timeout(20_000);
    let web: BmcWeb;
    let noted: string[];

    before(async () => {
      web = await startBmcWeb(vendor());
    });
    after(() => web?.stop());
    beforeEach(() => {
      noted = [];
    });

    const access = () =>
      ({
        origin: web.origin,
        host: web.host,
        username: BMC_USER,
        password: new Secret(BMC_PASSWORD),
        authType: "basic",
        trust: { verify: "pin", fingerprint: web.fingerprint },
      }) as const;
    const request = (settings: Partial<BrowserSettings> = {}) => ({
      session: SESSION,
      settings: {
        temporaryAccount: true,
        accountRole: "Operator",
        username: BMC_USER,
        password: new Secret(BMC_PASSWORD),
        redfish: access(),
        ...settings,
      } as BrowserSettings,
      dial,
      signal: AbortSignal.timeout(15_000),
      note: (name: string) => {
        assert.equal(web.bmc.accounts.byName(name), undefined, "it is noted before it is made");
        noted.push(name);
        return Promise.resolve();
      },
    });

    it("is noted, made with the least role, lets in, and is gone after", async () => {
      const prepared = await prepareAccess(request());
      assert.deepEqual(noted, [prepared.username]);
      const account = web.bmc.accounts.byName(prepared.username);
      assert.equal(account?.role, "Operator");
      assert.equal(account?.enabled, true);
      assert.ok(web.bmc.accounts.accepts(prepared.username, prepared.password.reveal()));
      await Promise.all([prepared.release(), prepared.release()]);
      assert.equal(web.bmc.accounts.byName(prepared.username), undefined);
      assert.ok(web.bmc.accounts.byName(BMC_USER));
    });

    it("is removed by its name after a crash, and no other account ever is", async () => {
      const { username } = await prepareAccess(request());
      await RedfishClient.with(
        access(),
        { signal: AbortSignal.timeout(15_000), requestLimitMs: 5000, dial },
        async (client) => {
          await removeAccount(client, BMC_USER);
          await removeAccount(client, "con");
          assert.ok(web.bmc.accounts.byName(username));
          await removeAccount(client, username);
        },
      );
      assert.equal(web.bmc.accounts.byName(username), undefined);
      assert.ok(web.bmc.accounts.byName(BMC_USER));
    });

    it("is not made when the node does not want one", async () => {
      const prepared = await prepareAccess(request({ temporaryAccount: false }));
      assert.equal(prepared.username, BMC_USER);
      assert.deepEqual(noted, []);
      await prepared.release();
    });

    it("needs Redfish", async () => {
      await assert.rejects(prepareAccess(request({ redfish: undefined })), /needs Redfish/);
    });
  });
