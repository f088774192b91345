/** What every provider of sessions does, whatever carries them: a real Chromium, its picture, its page, its end. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { silentLogger } from "../../../../common/log.ts";
import { createGate } from "../../../../drivers/browser/gate/create-gate.ts";
import { createGateIdentity } from "../../../../drivers/browser/gate/identity.ts";
import type { Gate } from "../../../../drivers/browser/gate/gate.ts";
import type {
  Place,
  SessionProcess,
  SessionProvider,
  SessionRequest,
} from "../../../../drivers/browser/providers/provider.ts";
import { aRequest, CdpCaller, sessionId } from "../../../helpers/browser-session.ts";
import { startHostilePage, type HostilePage } from "../../../helpers/browser-session-page.ts";
import { until } from "../../../helpers/until.ts";

export interface ProviderBench {
  /** A new provider, as a conductor that starts makes it. */
  provider(setup?: ProviderSetup): SessionProvider;
  /** All that sessions left where they ran: containers, Pods, processes, folders. */
  traces(): Promise<readonly string[]>;
}

export interface ProviderSetup {
  readonly overrides?: Readonly<Record<string, string>>;
  /** Name of the conductor. */
  readonly conductor?: string;
}

export interface OpenSession {
  readonly place: Place;
  readonly session: SessionProcess;
  readonly cdp: CdpCaller;
  readonly gate: Gate;
  close(): Promise<void>;
}

/** The key of what listens there, as base64 of SHA-256 over its SPKI. */
export async function keyOf(bmc: HostilePage): Promise<string> {
  const socket = connectTls({ host: bmc.host, port: bmc.port, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const spki = socket.getPeerX509Certificate()?.publicKey.export({ type: "spki", format: "der" });
  socket.destroy();
  return createHash("sha256")
    .update(spki ?? "")
    .digest("base64");
}

export async function openSession(
  provider: SessionProvider,
  bmc: HostilePage,
  given: Partial<SessionRequest> = {},
): Promise<OpenSession> {
  const signal = AbortSignal.timeout(60_000);
  const place = await provider.place(signal);
  if (!place) throw new Error("no place");
  const dial: Place["dial"] = (destination, inner) => place.dial(destination, inner);
  const gate = createGate({ identity: await createGateIdentity(), dial, log: silentLogger() });
  const { host, port, origin } = bmc;
  gate.allow([{ host, port, tls: { verify: "none" } }]);
  const close = async (): Promise<void> => {
    gate.end();
    await place.release();
  };
  try {
    const request = aRequest({
      id: sessionId(),
      origins: [origin],
      destinations: [{ host, port }],
      egress: (stream) => gate.accept(stream),
      trustedKeys: [provider.egress === "gate" ? gate.trustedKey : await keyOf(bmc)],
      ...given,
    });
    const session = await place.start(request, signal);
    return { place, session, cdp: new CdpCaller(session.cdp), gate, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @param bench asked again for each test, when it exists */
export function describeSessions(what: string, bench: () => ProviderBench): void {
  describe(`a browser session ${what}`, function () {
    this.timeout(120_000);
    let bmc: HostilePage;
    const providers: SessionProvider[] = [];
    const provide = (setup?: ProviderSetup): SessionProvider => {
      const provider = bench().provider(setup);
      providers.push(provider);
      return provider;
    };

    before(async () => {
      bmc = await startHostilePage();
    });
    afterEach(async () => {
      for (const provider of providers.splice(0)) await provider.stop();
      assert.deepEqual(await bench().traces(), []);
    });
    after(async () => {
      await bmc?.close();
    });

    it("is found possible by the check", async () => {
      await provide().check(AbortSignal.timeout(60_000));
    });

    it("shows the BMC's page, has a picture, reaches nothing else, and leaves nothing", async () => {
      const { session, cdp, gate } = await openSession(provide(), bmc);
      assert.notDeepEqual(await bench().traces(), []);
      const page = await cdp.page();
      assert.equal(await page.goto(`${bmc.origin}/`), "");
      await until(
        async () => (await page.evaluate("document.title")) === "BMC",
        "title of the page",
      );

      const rfb = await session.dialRfb();
      const [banner] = (await once(rfb, "data")) as [Buffer];
      assert.equal(banner.toString(), "RFB 003.008\n");
      const second = await session.dialRfb();
      assert.equal(String((await once(second, "data"))[0]), "RFB 003.008\n");
      rfb.destroy();
      second.destroy();

      const other = await page.evaluate(
        `fetch("https://other.example.test/", { mode: "no-cors" }).then(() => "open", () => "closed")`,
      );
      assert.equal(other, "closed");
      assert.equal(
        await page.goto(`https://${bmc.neighbour}/`),
        "net::ERR_BLOCKED_BY_ADMINISTRATOR",
      );
      assert.equal(bmc.neighbourCalls(), 0);
      assert.equal(gate.lastFailure, undefined);

      const bytes = await session.memoryBytes();
      assert.ok(bytes === null || bytes > 30_000_000, `${bytes} bytes`);
      await session.end();
      await session.end();
      assert.deepEqual(await session.ended, { reason: "ended" });
      assert.deepEqual(await bench().traces(), []);
    });

    it("ends when its browser does, and says so", async () => {
      const { session, cdp } = await openSession(provide(), bmc);
      await Promise.all([session.ended, cdp.send("Browser.close")]);
      await until(async () => (await bench().traces()).length === 0, "end without traces");
    });

    it("carries much through its DevTools pipe, in both directions", async () => {
      const { cdp } = await openSession(provide(), bmc);
      const page = await cdp.page();
      const text = "0123456789abcdef".repeat(65_536);
      assert.equal(await page.evaluate(`"${text}".length`), 1_048_576);
      assert.equal(await page.evaluate(`"0123456789abcdef".repeat(65536)`), text);
    });

    it("is not begun when nobody waits for it any more", async () => {
      const provider = provide();
      const place = await provider.place(AbortSignal.timeout(10_000));
      const abort = new AbortController();
      const starting = place?.start(
        aRequest({ id: sessionId(), origins: [bmc.origin], destinations: [bmc] }),
        abort.signal,
      );
      abort.abort(new Error("left"));
      await assert.rejects(starting ?? Promise.resolve());
      assert.deepEqual(await bench().traces(), []);
    });

    it("takes one of as many seats as there are", async () => {
      const provider = provide({ overrides: { "browser.max_sessions": "1" } });
      assert.equal(provider.capacity, 1);
      const signal = AbortSignal.timeout(10_000);
      const place = await provider.place(signal);
      assert.equal(await provider.place(signal), undefined);
      await place?.release();
      await place?.release();
      assert.ok(await provider.place(signal));
    });

    it("is swept when an earlier run of its conductor left it, and not one of another", async () => {
      const first = await openSession(provide({ conductor: "one" }), bmc);
      const other = await openSession(provide({ conductor: "two" }), bmc);
      const later = provide({ conductor: "one" });
      const kept = await openSession(later, bmc);
      assert.equal(await later.sweep(), 1);
      await first.session.ended;
      for (const { cdp } of [other, kept]) await cdp.send("Browser.getVersion");
      assert.equal(await later.sweep(), 0);
    });

    it("is ended by its provider's stop, after which none begins", async () => {
      const provider = provide();
      const { session } = await openSession(provider, bmc);
      await provider.stop();
      await session.ended;
      await assert.rejects(provider.place(AbortSignal.timeout(10_000)), { code: "CONSOLE_ERROR" });
    });
  });
}
