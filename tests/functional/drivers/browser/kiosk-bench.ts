/** A kiosk on a real Chromium, and a small site of the test's own in place of a BMC. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import {
  openKiosk,
  type Kiosk,
  type KioskBounds,
} from "../../../../drivers/browser/kiosk/kiosk.ts";
import { silentLogger } from "../../../../common/log.ts";
import {
  missingForChromium,
  startChromium,
  type StartedChromium,
} from "../../../helpers/chromium-pipe.ts";

export interface SiteRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Path → page; what is not there is 404. A function answers by itself. */
export type Pages = Readonly<Record<string, string | ((request: SiteRequest) => Answer)>>;
interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export class KioskBench {
  readonly requests: SiteRequest[] = [];
  readonly #pages: Pages;
  readonly #bounds: Partial<KioskBounds>;
  #site: Server | undefined;
  #chromium: StartedChromium | undefined;
  #kiosk: Kiosk | undefined;

  constructor(pages: Pages, bounds: Partial<KioskBounds> = {}) {
    this.#pages = pages;
    this.#bounds = bounds;
  }

  /** @param each a browser for every test, not one for all */
  declareHooks(each = false): void {
    const start = (): Promise<void> => this.start();
    (each ? beforeEach : before)(async function begin(this: Mocha.Context) {
      this.timeout(40_000);
      if (missingForChromium().length > 0) this.skip();
      await start();
    });
    (each ? afterEach : after)(() => this.stop());
  }

  get kiosk(): Kiosk {
    return this.#kiosk!;
  }
  get page(): Kiosk["page"] {
    return this.kiosk.page;
  }
  get chromium(): StartedChromium {
    return this.#chromium!;
  }
  get origin(): string {
    return `http://127.0.0.1:${(this.#site!.address() as AddressInfo).port}`;
  }
  get signal(): AbortSignal {
    return AbortSignal.timeout(30_000);
  }

  /** Paths that were asked for, with their queries. */
  get paths(): string[] {
    return this.requests.map(({ url }) => url).filter((url) => url !== "/favicon.ico");
  }

  async start(): Promise<void> {
    this.requests.length = 0;
    this.#site = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
      request.on("end", () => {
        const { method = "", url = "", headers } = request;
        const seen = { method, url, headers, body };
        this.requests.push(seen);
        const page = this.#pages[url.split("?")[0]!];
        const answer: Answer =
          page === undefined
            ? { status: 404, body: "not here" }
            : typeof page === "string"
              ? { body: page }
              : page(seen);
        response.writeHead(answer.status ?? 200, {
          "Content-Type": "text/html",
          ...answer.headers,
        });
        response.end(answer.body ?? "");
      });
    });
    this.#site.listen(0, "127.0.0.1");
    await once(this.#site, "listening");
    this.#chromium = await startChromium({ size: { width: 1000, height: 800 } });
    const { size } = this.#chromium;
    this.#kiosk = await openKiosk({ process: this.#chromium, size, log: silentLogger() });
    const bounds: KioskBounds = { origin: this.origin, dialogs: "accept", file: null };
    await this.#kiosk.bind({ ...bounds, ...this.#bounds });
  }

  async stop(): Promise<void> {
    await this.#kiosk?.close(2000);
    await this.#chromium?.stop();
    this.#site?.closeAllConnections();
    this.#site?.close();
    this.#kiosk = this.#chromium = this.#site = undefined;
  }

  /** What a viewer sees now. */
  async look(): Promise<Sight> {
    const viewer = await Viewer.connect(await this.chromium.dialRfb());
    const sight = await viewer.look();
    viewer.end();
    return sight;
  }

  async clickOnDisplay(x: number, y: number): Promise<void> {
    const viewer = await Viewer.connect(await this.chromium.dialRfb());
    for (const buttons of [0, 1, 0]) viewer.point(buttons, x, y);
    await viewer.look();
    viewer.end();
  }

  /** @param keysym of X11 */
  async typeOnDisplay(keysym: number): Promise<void> {
    const viewer = await Viewer.connect(await this.chromium.dialRfb());
    viewer.key(keysym);
    await viewer.look();
    viewer.end();
  }
}

export interface Sight {
  readonly width: number;
  readonly height: number;
  /** `rrggbb` */
  at(x: number, y: number): string;
  /** All colours that there are. */
  colours(): Set<string>;
}

/** As little of an RFB client as it takes (RFC 6143), raw and true-colour. */
class Viewer {
  readonly #stream: Duplex;
  readonly #width: number;
  readonly #height: number;

  private constructor(stream: Duplex, width: number, height: number) {
    this.#stream = stream;
    this.#width = width;
    this.#height = height;
  }

  static async connect(stream: Duplex): Promise<Viewer> {
    await read(stream, 12);
    stream.write("RFB 003.008\n");
    await read(stream, (await read(stream, 1))[0]!);
    stream.write(Buffer.from([1]));
    await read(stream, 4);
    stream.write(Buffer.from([1]));
    const init = await read(stream, 24);
    await read(stream, init.readUInt32BE(20));
    stream.write(Buffer.from([2, 0, 0, 1, 0, 0, 0, 0]));
    return new Viewer(stream, init.readUInt16BE(0), init.readUInt16BE(2));
  }

  point(buttons: number, x: number, y: number): void {
    this.#stream.write(Buffer.from([5, buttons, x >> 8, x & 255, y >> 8, y & 255]));
  }

  key(keysym: number): void {
    for (const down of [1, 0]) {
      const message = Buffer.from([4, down, 0, 0, 0, 0, 0, 0]);
      message.writeUInt32BE(keysym, 4);
      this.#stream.write(message);
    }
  }

  async look(): Promise<Sight> {
    const [width, height] = [this.#width, this.#height];
    const size = [width >> 8, width & 255, height >> 8, height & 255];
    this.#stream.write(Buffer.from([3, 0, 0, 0, 0, 0, ...size]));
    const picture = new Uint32Array(width * height);
    const count = (await read(this.#stream, 4)).readUInt16BE(2);
    for (let index = 0; index < count; index++) {
      const head = await read(this.#stream, 12);
      const [x, y, w, h] = [0, 2, 4, 6].map((at) => head.readUInt16BE(at)) as [
        number,
        number,
        number,
        number,
      ];
      const pixels = await read(this.#stream, w * h * 4);
      for (let row = 0; row < h; row++)
        for (let column = 0; column < w; column++)
          picture[(y + row) * width + x + column] =
            pixels.readUInt32LE((row * w + column) * 4) & 0xff_ff_ff;
    }
    const hex = (colour: number): string => colour.toString(16).padStart(6, "0");
    return {
      width,
      height,
      at: (x, y) => hex(picture[y * width + x]!),
      colours: () => new Set([...new Set(picture)].map(hex)),
    };
  }

  end(): void {
    this.#stream.destroy();
  }
}

async function read(stream: Duplex, length: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let missing = length; missing > 0;) {
    const ready = Math.min(missing, stream.readableLength);
    const part = ready > 0 ? (stream.read(ready) as Buffer | null) : null;
    if (!part) {
      await once(stream, "readable");
      continue;
    }
    parts.push(part);
    missing -= part.length;
  }
  return Buffer.concat(parts);
}
