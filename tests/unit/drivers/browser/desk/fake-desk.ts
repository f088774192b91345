/** The desk's pieces as fakes that note what is done with them: no process, no network, a manual clock. */
import { Duplex } from "node:stream";
import { CaFiles } from "../../../../../common/ca-files.ts";
import { loadConfig } from "../../../../../common/config/load.ts";
import type { Recipe } from "../../../../../common/console-recipe/recipe.ts";
import { Secret } from "../../../../../drivers/base.ts";
import { prepareAccess } from "../../../../../drivers/browser/account/prepare-access.ts";
import type { DeskParts } from "../../../../../drivers/browser/desk/parts.ts";
import type { Gate } from "../../../../../drivers/browser/gate/gate.ts";
import type { Kiosk } from "../../../../../drivers/browser/kiosk/kiosk.ts";
import { browserSettingsParser } from "../../../../../drivers/browser/options.ts";
import type {
  Place,
  SessionProcess,
  SessionProvider,
} from "../../../../../drivers/browser/providers/provider.ts";
import { fakeTask } from "../../../../../drivers/testing/contract.ts";
import { ManualScheduler } from "./manual-scheduler.ts";

export const SETTINGS = browserSettingsParser()({
  web_address: "http://192.0.2.1",
  web_username: "admin",
  web_password: new Secret("secret"),
});

export const RECIPE = {
  name: "fake",
  type: "viewer",
  family: "ilo",
  picture: {
    selector: "canvas",
    minimumWidth: 1,
    minimumHeight: 1,
    withinSeconds: 1,
    failures: [],
  },
  quirks: {
    width: 1280,
    height: 960,
    minimumTls: "1.2",
    ports: [],
    dialogs: "dismiss",
    allowedPaths: [],
    keepAliveSeconds: 0,
    keepAlivePath: "",
    listsSessions: false,
  },
} as unknown as Recipe;

export class FakeDesk {
  readonly scheduler = new ManualScheduler();
  /** What was done, in order. */
  readonly did: string[] = [];
  /** Steps that fail with this. */
  readonly fails = new Map<string, Error>();
  /** Steps that wait for ever, or until they are aborted. */
  readonly hangs = new Set<string>();
  seats = 1;
  bmcAnswers = true;
  stray: (why: string) => void = () => undefined;
  /** Ends the wait of the step that hangs. */
  goOn: () => void = () => undefined;
  /** What viewers said to the VNC server. */
  said = Buffer.alloc(0);
  /** Ends the browser. */
  lose: (why: string) => void = () => undefined;
  readonly #overrides: Record<string, string>;

  constructor(statePath: string, overrides: Record<string, string> = {}) {
    this.#overrides = { "DEFAULT.state_path": statePath, ...overrides };
  }

  parts(): DeskParts {
    return {
      config: loadConfig({ overrides: this.#overrides }),
      log: fakeTask().log,
      scheduler: this.scheduler,
      caFiles: new CaFiles(),
      provider: this.#provider(),
      recipes: {
        find: () => RECIPE,
        read: () => RECIPE,
        recognise: async () => await this.#do("recognise").then(() => RECIPE),
      },
      makeGate: () =>
        ({ trustedKey: "", allow() {}, accept() {}, refused: [], end() {} }) as unknown as Gate,
      openKiosk: () => this.#kiosk(),
      runRecipe: () => ({
        login: (signal) => this.#do("login", signal),
        viewer: (signal) => this.#do("viewer", signal),
        logout: () => this.#do("logout"),
        keepAlive: () => this.#do("keep alive"),
      }),
      prepareAccess,
    };
  }

  async #do(what: string, signal?: AbortSignal): Promise<void> {
    this.did.push(what);
    const failure = this.fails.get(what);
    if (failure) throw failure;
    if (!this.hangs.has(what)) return;
    await new Promise<void>((resolve, reject) => {
      this.goOn = resolve;
      signal?.addEventListener("abort", () => reject(signal.reason as Error));
    });
  }

  #provider(): SessionProvider {
    return {
      name: "local",
      egress: "gate",
      capacity: this.seats,
      check: () => Promise.resolve(),
      place: async () => {
        if (this.seats === 0) return undefined;
        this.seats -= 1;
        return await Promise.resolve(this.#place());
      },
      sweep: () => Promise.resolve(0),
      stop: () => Promise.resolve(),
    };
  }

  #place(): Place {
    let held = true;
    return {
      host: "here",
      dial: async () => await Promise.resolve(this.#bmc()),
      start: async () => {
        await this.#do("start");
        return this.#process();
      },
      release: () => {
        if (held) this.seats += 1;
        held = false;
        return Promise.resolve();
      },
    };
  }

  #bmc(): Duplex {
    const answer = this.bmcAnswers ? "HTTP/1.1 200 OK\r\n\r\n" : "SSH-2.0-hello\r\n";
    return new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        this.push(answer);
        done();
      },
    });
  }

  #process(): SessionProcess {
    return {
      cdp: new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }),
      dialRfb: () => {
        const server = new Duplex({
          read() {},
          write: (chunk: Buffer, _encoding, done) => {
            this.said = Buffer.concat([this.said, chunk]);
            done();
          },
        });
        server.push("RFB 003.008\n");
        return Promise.resolve(server);
      },
      runJnlp: () => Promise.resolve(),
      filePaths: new Map(),
      memoryBytes: () => Promise.resolve(null),
      ended: new Promise(() => undefined),
      end: () => this.#do("end process"),
    };
  }

  /** Of the last browser. */
  kiosk: Kiosk | undefined;

  async #kiosk(): Promise<Kiosk> {
    const page = {
      url: () => "https://192.0.2.1/page",
      screenshot: () => Promise.resolve(new Uint8Array([1])),
    };
    this.kiosk = await Promise.resolve({
      page,
      onFramed: () => undefined,
      bind: () => Promise.resolve(),
      showOnly: async (_picture: unknown, _paths: unknown, onStray: (why: string) => void) => {
        this.stray = onStray;
        await this.#do("show");
        return { size: { width: 1, height: 1 } };
      },
      cover: () => this.#do("cover"),
      close: () => this.#do("close"),
      lost: new Promise<string>((resolve) => (this.lose = resolve)),
    } as unknown as Kiosk);
    return this.kiosk;
  }
}

/** A proxy's end of a connection: what it heard, and whether it was ended. */
export class FakeProxy extends Duplex {
  heard = "";

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.heard += chunk.toString("latin1");
    done();
  }

  get messages(): Record<string, unknown>[] {
    return this.heard
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  get hasPicture(): boolean {
    return this.heard.includes("RFB 003.008");
  }
}
