/**
 * A real VNC server held to 16 bits, behind the walker and the translator, beside the same server read
 * directly at 32 bits: the tenant must see the same picture, but for what 16 bits cannot say.
 */
import assert from "node:assert/strict";
import type { ConsoleQuirks } from "../../common/console-endpoint.ts";
import { Secret } from "../../common/secret.ts";
import { ClientMessageWalker } from "../../novncproxy/rfb/client-message-walker.ts";
import { hostHandshake } from "../../common/rfb/host-handshake.ts";
import { applyQuirks } from "../../novncproxy/rfb/quirks.ts";
import { readServerInit } from "../../novncproxy/rfb/server-init.ts";
import {
  BGR888,
  colourOf,
  RGB332,
  RGB565,
  RGB888,
  setEncodings,
  setPixelFormat,
  updateRequest,
  type Format,
} from "../helpers/rfb-messages.ts";
import { SocketChannel } from "../helpers/socket-channel.ts";
import { missingForVncServer, startVncServer, type VncServer } from "../helpers/vnc-servers.ts";

/** A picture as shares of one: red, green, blue for each pixel. */
interface Picture {
  readonly width: number;
  readonly height: number;
  readonly colours: Float64Array;
}

/** What a viewer of one pixel format sees, with or without a proxy that applies quirks in between. */
async function seenBy(
  server: VncServer,
  format: Format,
  quirks?: ConsoleQuirks,
  encodings: readonly number[] = [0],
): Promise<{ picture: Picture; toHost: Buffer }> {
  const channel = await SocketChannel.open({ host: server.host, port: server.port });
  const sent: Buffer[] = [];
  const write = (bytes: Buffer): void => {
    sent.push(Buffer.from(bytes));
    channel.write(bytes);
  };
  try {
    await hostHandshake(channel, {
      allowedSecurityTypes: ["VncAuth", "None"],
      password: new Secret(server.password),
    });
    channel.write(Buffer.from([1]));
    const init = await readServerInit(channel);
    const session = applyQuirks(quirks, init);
    const walker = new ClientMessageWalker({
      viewOnly: false,
      quirks,
      onPixelFormat: (wanted) => session.translator?.setTenantFormat(wanted),
    });
    if (session.toHost.length > 0) write(session.toHost);
    write(walker.walk(setPixelFormat(format)));
    write(walker.walk(setEncodings(encodings)));
    write(walker.walk(updateRequest(false, init.width, init.height)));
    const reader = new PictureReader(format, init.width, init.height);
    while (!reader.complete) {
      const chunk = await channel.readSome("FramebufferUpdate");
      reader.take(session.translator ? session.translator.translate(chunk) : chunk);
    }
    return { picture: reader.picture, toHost: Buffer.concat(sent) };
  } finally {
    channel.close();
  }
}

/** Reads FramebufferUpdates of Raw rectangles (RFC 6143 section 7.6.1). */
class PictureReader {
  readonly picture: Picture;
  readonly #format: Format;
  #bytes: Buffer = Buffer.alloc(0);
  #rectanglesLeft = 0;
  #pixelsLeft: number;

  constructor(format: Format, width: number, height: number) {
    this.#format = format;
    this.#pixelsLeft = width * height;
    this.picture = { width, height, colours: new Float64Array(width * height * 3).fill(-1) };
  }

  get complete(): boolean {
    return this.#pixelsLeft <= 0;
  }

  take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (!this.complete && this.#takeOne()) {
      // as long as something whole is there
    }
  }

  #takeOne(): boolean {
    if (this.#rectanglesLeft === 0) {
      if (this.#bytes.length < 4) return false;
      assert.equal(this.#bytes[0], 0, "a FramebufferUpdate");
      this.#rectanglesLeft = this.#bytes.readUInt16BE(2);
      this.#bytes = this.#bytes.subarray(4);
      return true;
    }
    if (this.#bytes.length < 12) return false;
    const [x, y, width, height] = [0, 2, 4, 6].map((at) => this.#bytes.readUInt16BE(at));
    assert.equal(this.#bytes.readInt32BE(8), 0, "a Raw rectangle");
    const size = 12 + width! * height! * (this.#format.bits / 8);
    if (this.#bytes.length < size) return false;
    this.#paint(x!, y!, width!, height!, this.#bytes.subarray(12, size));
    this.#bytes = this.#bytes.subarray(size);
    this.#rectanglesLeft -= 1;
    return true;
  }

  #paint(x: number, y: number, width: number, height: number, pixels: Buffer): void {
    for (let row = 0; row < height; row += 1)
      for (let column = 0; column < width; column += 1) {
        const at = (row * width + column) * (this.#format.bits / 8);
        const to = ((y + row) * this.picture.width + x + column) * 3;
        this.picture.colours.set(colourOf(this.#format, pixels, at), to);
      }
    this.#pixelsLeft -= width * height;
  }
}

/** The largest difference of a component, as a share of one. */
function difference(one: Picture, other: Picture): number {
  assert.equal(one.colours.length, other.colours.length);
  let largest = 0;
  for (let at = 0; at < one.colours.length; at += 1) {
    assert.ok(one.colours[at]! >= 0 && other.colours[at]! >= 0, "every pixel was painted");
    largest = Math.max(largest, Math.abs(one.colours[at]! - other.colours[at]!));
  }
  return largest;
}

function countColours(picture: Picture): number {
  const seen = new Set<string>();
  for (let at = 0; at < picture.colours.length; at += 3)
    seen.add(picture.colours.subarray(at, at + 3).join());
  return seen.size;
}

const HELD: ConsoleQuirks = { pixelFormat: "rgb565", encodings: [0, 1, -223] };
/** Five bits say a component to 1/31 at worst, whichever way a server rounds. */
const FIVE_BITS = 1 / 31 + 0.0001;

for (const kind of ["xvnc-vncauth", "libvnc-none"] as const)
  describe(`a machine held to 16 bits (${kind})`, function () {
    this.timeout(30_000);
    let server: VncServer;
    let direct: Picture;
    before(async function () {
      if (missingForVncServer(kind).length > 0) this.skip();
      // a still picture of some colours: X logos in a row; libvncserver's is a gradient of its own
      const colours = ["#cc3311", "#11cc33", "#3311cc", "#ffffff", "#808080", "#f0c010"];
      const programs = colours.map((colour, index) => {
        const place = `100x100+${100 * index}+${50 * index}`;
        return ["xlogo", "-bg", colour, "-fg", colours.at(-1 - index)!, "-geometry", place];
      });
      server = await startVncServer({ kind, programs: kind === "xvnc-vncauth" ? programs : [] });
      direct = await settled();
    });
    after(() => server?.stop());

    /** Reads until the programs have painted: all their colours, and the same twice. */
    async function settled(): Promise<Picture> {
      const end = Date.now() + 15_000;
      let last: Picture | undefined;
      for (;;) {
        const { picture } = await seenBy(server, RGB888);
        if (last && countColours(last) >= 7 && difference(last, picture) === 0) return picture;
        assert.ok(Date.now() < end, "the programs have painted");
        last = picture;
      }
    }

    for (const [what, format] of [
      ["noVNC's 32 bits", BGR888],
      ["32 bits big-endian", { ...RGB888, big: true }],
      ["16 bits big-endian", { ...RGB565, big: true }],
    ] as const)
      it(`shows a tenant of ${what} the picture that a viewer of 32 bits sees`, async () => {
        const { picture } = await seenBy(server, format, HELD);
        assert.ok(difference(picture, direct) <= FIVE_BITS, `${difference(picture, direct)}`);
      });

    it("shows a tenant of 8 bits the same picture as far as 8 bits go", async () => {
      const { picture } = await seenBy(server, RGB332, HELD);
      assert.ok(difference(picture, direct) <= 1 / 6 + FIVE_BITS, `${difference(picture, direct)}`);
    });

    it("shows a machine held to its own format as it is", async () => {
      const { picture } = await seenBy(server, BGR888, { pixelFormat: "native" });
      assert.equal(difference(picture, direct), 0);
    });

    it("never hears of another pixel format or encoding", async () => {
      const { toHost } = await seenBy(server, BGR888, HELD, [7, 16, 5, 0, -26, -258, -313, -316]);
      const wanted = Buffer.concat([
        setPixelFormat(RGB565),
        setEncodings([0]),
        updateRequest(false, direct.width, direct.height),
      ]);
      assert.deepEqual(toHost, wanted);
    });
  });
