/**
 * A real session of the `local` provider with a gate of its own, driven over the DevTools pipe by a caller
 * that has nothing in common with the product's: for tests of sandbox, gate and lock-down.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { silentLogger } from "../../common/log.ts";
import { loadConfig } from "../../common/config/load.ts";
import { createGate } from "../../drivers/browser/gate/create-gate.ts";
import { createGateIdentity } from "../../drivers/browser/gate/identity.ts";
import type { Gate, GateDestination } from "../../drivers/browser/gate/gate.ts";
import { createLocalProvider } from "../../drivers/browser/providers/local/local.ts";
import { KEY_GUARD } from "../../drivers/browser/sandbox/key-guard.ts";
import type {
  Place,
  SessionProcess,
  SessionProvider,
  SessionRequest,
} from "../../drivers/browser/providers/provider.ts";

export const SESSION_ID = "session012345678";

export interface BrowserWorld {
  readonly folder: string;
  readonly provider: SessionProvider;
  readonly place: Place;
  readonly gate: Gate;
  readonly session: SessionProcess;
  readonly cdp: CdpCaller;
  /** A path inside the sandbox as this process sees it. */
  inside(path: string): string;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly request?: Partial<SessionRequest>;
  readonly destinations?: readonly GateDestination[];
  readonly overrides?: Readonly<Record<string, string>>;
}

export function localProvider(
  folder: string,
  overrides: Readonly<Record<string, string>> = {},
): SessionProvider {
  const config = loadConfig({ overrides });
  return createLocalProvider({ log: silentLogger(), conductor: "test", folder, config });
}

export function sessionId(): string {
  return randomBytes(8).toString("hex");
}

export function aRequest(given: Partial<SessionRequest> = {}): SessionRequest {
  return {
    id: SESSION_ID,
    size: { width: 800, height: 600 },
    trustedKeys: [],
    origins: [],
    egress: (stream) => stream.destroy(),
    destinations: [],
    java: false,
    files: [],
    ...given,
  };
}

export async function startBrowserWorld(options: WorldOptions = {}): Promise<BrowserWorld> {
  const folder = mkdtempSync(join(tmpdir(), "browser-session-"));
  const provider = localProvider(folder, options.overrides);
  const signal = AbortSignal.timeout(60_000);
  try {
    const place = await provider.place(signal);
    if (!place) throw new Error("no place");
    const dial: Place["dial"] = (destination, one) => place.dial(destination, one);
    const gate = createGate({ identity: await createGateIdentity(), dial, log: silentLogger() });
    gate.allow(options.destinations ?? []);
    const request = aRequest({
      trustedKeys: [gate.trustedKey],
      egress: (stream) => gate.accept(stream),
      ...options.request,
    });
    const session = await place.start(request, signal);
    const inner = innerPid(join(folder, request.id));
    return {
      folder,
      provider,
      place,
      gate,
      session,
      cdp: new CdpCaller(session.cdp),
      inside: (path) => `/proc/${inner}/root${path}`,
      async close() {
        await provider.stop();
        gate.end();
        rmSync(folder, {
          recursive: true,
          force: true,
        });
      },
    };
  } catch (error) {
    await provider.stop();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The first process of a session's sandbox, from the note in its folder. */
export function innerPid(sessionFolder: string): number {
  const note = JSON.parse(readFileSync(join(sessionFolder, "note.json"), "utf8")) as {
    readonly inner: { readonly pid: number };
  };
  return note.inner.pid;
}

interface Answer {
  readonly id?: number;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

export interface TargetInfo {
  readonly targetId: string;
  readonly type: string;
  readonly url: string;
}

/** Sends DevTools commands and waits for their answers. */
export class CdpCaller {
  readonly #stream: Duplex;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #count = 0;
  #rest = "";

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on("close", () => {
      for (const answer of this.#waiting.values()) answer({ error: { message: "it has ended" } });
    });
    stream.on("data", (bytes: Buffer) => {
      const messages = (this.#rest + bytes.toString("utf8")).split("\0");
      this.#rest = messages.pop() ?? "";
      for (const message of messages) {
        const answer = JSON.parse(message) as Answer;
        if (answer.id === undefined) continue;
        this.#waiting.get(answer.id)?.(answer);
        this.#waiting.delete(answer.id);
      }
    });
  }

  async send(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
    session?: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    const id = (this.#count += 1);
    const answer = await new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${method}`)), 15_000);
      this.#waiting.set(id, (one) => {
        clearTimeout(timer);
        resolve(one);
      });
      const message = { id, method, params, ...(session !== undefined && { sessionId: session }) };
      this.#stream.write(`${JSON.stringify(message)}\0`);
    });
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result ?? {};
  }

  async pages(): Promise<TargetInfo[]> {
    const { targetInfos } = await this.send("Target.getTargets");
    return (targetInfos as TargetInfo[]).filter(
      ({ type, url }) => type === "page" && !url.startsWith("chrome://omnibox"),
    );
  }

  /** Attaches to the one page there is, and guards its keys as the kiosk does. */
  async page(): Promise<PageCaller> {
    const [only] = await this.pages();
    const attached = await this.send("Target.attachToTarget", {
      targetId: only?.targetId,
      flatten: true,
    });
    const page = new PageCaller(this, String(attached["sessionId"]));
    await page.send("Page.enable");
    await page.send("Page.addScriptToEvaluateOnNewDocument", {
      source: KEY_GUARD,
      worldName: "guard",
    });
    return page;
  }
}

export class PageCaller {
  readonly #cdp: CdpCaller;
  readonly #sessionId: string;

  constructor(cdp: CdpCaller, session: string) {
    this.#cdp = cdp;
    this.#sessionId = session;
  }

  send(method: string, params: Readonly<Record<string, unknown>> = {}) {
    return this.#cdp.send(method, params, this.#sessionId);
  }

  /** @returns Chromium's error, "" when the page came */
  async goto(url: string): Promise<string> {
    const { errorText } = await this.send("Page.navigate", { url });
    return typeof errorText === "string" ? errorText : "";
  }

  /** The value of an expression, promises awaited, as if a user had just clicked. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { readonly value?: unknown }).value;
  }
}
