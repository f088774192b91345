/** The simulated BMCs' own rules, where tests rely on them: sessions, accounts, what Redfish shows of them. */
import assert from "node:assert/strict";
import { Agent, request } from "undici";
import { BMC_PASSWORD, BMC_USER, startBmcWeb, type BmcWeb } from "../../helpers/bmc-web/bmc-web.ts";
import { idrac9 } from "../../helpers/bmc-web/vendors/idrac9.ts";
import { ilo } from "../../helpers/bmc-web/vendors/ilo.ts";
import { megarac } from "../../helpers/bmc-web/vendors/megarac.ts";
import { makeTestPki, type TestPki } from "../../helpers/pki.ts";

const SESSIONS = "/redfish/v1/SessionService/Sessions";
const ACCOUNTS = "/redfish/v1/AccountService/Accounts";

describe("a simulated BMC", () => {
  let pki: TestPki;
  let agent: Agent;
  let bmc: BmcWeb;
  before(() => {
    pki = makeTestPki();
    agent = new Agent({ connect: { ca: pki.caPem } });
  });
  after(async () => {
    await agent.close();
    pki.remove();
  });
  afterEach(() => bmc.stop());

  const basic = `Basic ${Buffer.from(`${BMC_USER}:${BMC_PASSWORD}`).toString("base64")}`;
  interface Answer {
    readonly status: number;
    readonly headers: Record<string, unknown>;
    readonly body: Record<string, unknown>;
  }
  async function ask(
    method: "GET" | "POST" | "PATCH" | "DELETE",
    path: string,
    json?: unknown,
    headers: Record<string, string> = { authorization: basic },
  ): Promise<Answer> {
    const answer = await request(`${bmc.origin}${path}`, {
      dispatcher: agent,
      method,
      headers,
      body: json === undefined ? null : JSON.stringify(json),
    });
    const body = (await answer.body.json().catch(() => ({}))) as Record<string, unknown>;
    return { status: answer.statusCode, headers: answer.headers, body };
  }
  const members = async (path: string): Promise<string[]> => {
    const list = (await ask("GET", path)).body["Members"] as { "@odata.id": string }[];
    return list.map((one) => one["@odata.id"]);
  };
  const login = { method: "login", user_login: BMC_USER, password: BMC_PASSWORD };

  it("lists the sessions of its page in Redfish, and ends one that is deleted there", async () => {
    bmc = await startBmcWeb(ilo(5), { pki });
    assert.equal((await ask("POST", "/json/login_session", login, {})).status, 200);
    const [only, ...others] = await members(SESSIONS);
    assert.ok(only);
    assert.deepEqual(others, []);
    assert.equal((await ask("DELETE", only)).status, 200);
    assert.equal(bmc.bmc.counts.sessions, 0);
    assert.equal(bmc.bmc.counts.logouts, 1);
  });

  it("keeps them to itself where its vendor does", async () => {
    bmc = await startBmcWeb(megarac(), { pki });
    bmc.bmc.login(BMC_USER, BMC_PASSWORD, "web");
    assert.deepEqual(await members(SESSIONS), []);
  });

  it("has no place for one more session than its maximum", async () => {
    bmc = await startBmcWeb(ilo(5), { pki, maximumSessions: 1 });
    assert.equal((await ask("POST", "/json/login_session", login, {})).status, 200);
    assert.equal((await ask("POST", "/json/login_session", login, {})).status, 503);
    assert.equal(
      (await ask("POST", SESSIONS, { UserName: BMC_USER, Password: BMC_PASSWORD })).status,
      503,
    );
  });

  it("counts refused logins", async () => {
    bmc = await startBmcWeb(ilo(5), { pki });
    const wrong = { ...login, password: "wrong" };
    assert.equal((await ask("POST", "/json/login_session", wrong, {})).status, 403);
    assert.equal(bmc.bmc.counts.failedLogins, 1);
  });

  it("shows nothing but its Redfish root without a login", async () => {
    bmc = await startBmcWeb(ilo(5), { pki });
    assert.equal((await ask("GET", "/redfish/v1/", undefined, {})).status, 200);
    assert.equal((await ask("GET", "/redfish/v1/Managers", undefined, {})).status, 401);
  });

  it("makes and deletes accounts", async () => {
    bmc = await startBmcWeb(ilo(5), { pki });
    const account = { UserName: "one", Password: "secret-1", RoleId: "Operator" };
    const made = await ask("POST", ACCOUNTS, account);
    assert.equal(made.status, 201);
    assert.equal((await ask("POST", SESSIONS, account, {})).status, 201);
    assert.equal((await ask("DELETE", String(made.headers["location"]))).status, 200);
    assert.equal((await ask("POST", SESSIONS, account, {})).status, 401);
  });

  it("has slots for accounts where its vendor has, the first reserved", async () => {
    bmc = await startBmcWeb(idrac9(), { pki });
    const slots = await members(ACCOUNTS);
    assert.equal(slots.length, 16);
    assert.equal((await ask("POST", ACCOUNTS, { UserName: "one" })).status, 405);
    assert.equal((await ask("DELETE", slots[4] ?? "")).status, 405);
    assert.equal((await ask("PATCH", slots[0] ?? "", { UserName: "one" })).status, 400);
    const account = { UserName: "one", Password: "Secret-1", RoleId: "Operator", Enabled: true };
    assert.equal((await ask("PATCH", slots[4] ?? "", account)).status, 200);
    assert.equal((await ask("POST", SESSIONS, account, {})).status, 201);
    assert.equal(
      (await ask("PATCH", slots[4] ?? "", { Enabled: false, UserName: "" })).status,
      200,
    );
    assert.equal((await ask("POST", SESSIONS, account, {})).status, 401);
  });

  it("gives iDRAC's one-time keys, and takes their console along with their session", async () => {
    bmc = await startBmcWeb(idrac9(), { pki });
    const session = await ask("POST", SESSIONS, { UserName: BMC_USER, Password: BMC_PASSWORD }, {});
    const headers = { "x-auth-token": String(session.headers["x-auth-token"]) };
    const action = `/redfish/v1/Managers/iDRAC.Embedded.1/Oem/Dell/DelliDRACCardService/Actions/DelliDRACCardService.GetKVMSession`;
    const keys = await ask("POST", action, { SessionTypeName: "console" }, headers);
    assert.match(String(keys.body["TempUsername"]), /^\d{24}$/);
    const [owner] = bmc.bmc.sessions.list();
    bmc.bmc.sessions.open("console", "kvm", owner);
    assert.equal(bmc.bmc.counts.consoles, 1);
    assert.equal(
      (await ask("DELETE", String(session.headers["location"]), undefined, headers)).status,
      200,
    );
    assert.equal(bmc.bmc.counts.consoles, 0);
  });

  it("serves iDRAC's pages only to who takes gzip", async () => {
    bmc = await startBmcWeb(idrac9(), { pki });
    assert.equal((await ask("GET", "/restgui/start.html", undefined, {})).status, 404);
    const gzip = { "accept-encoding": "gzip" };
    assert.equal((await ask("GET", "/restgui/start.html", undefined, gzip)).status, 200);
  });

  it("speaks nothing newer than the TLS of an old board", async () => {
    bmc = await startBmcWeb(ilo(5), { pki, tls: { minimum: "TLSv1", maximum: "TLSv1.1" } });
    await assert.rejects(ask("GET", "/redfish/v1/"), /alert|protocol/i);
  });
});
