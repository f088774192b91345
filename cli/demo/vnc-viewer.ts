/**
 * One viewer of the simulated VNC server: RFB 3.8 (also 3.3 and 3.7) with VNC Authentication, RFC
 * 6143. It owns its socket and its deadline. Every length is bounded; whatever the protocol does not
 * allow ends the connection.
 */
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { CHALLENGE_BYTES } from "../../common/rfb/auth/vnc.ts";
import { SECURITY_VNC_AUTH } from "../../common/rfb/constants.ts";
import { encodeFailureReason } from "../../common/rfb/failure-reason.ts";
import {
  encodePixelFormat,
  parsePixelFormat,
  PIXEL_FORMAT_BYTES,
  RGB888,
  type PixelFormat,
} from "../../common/rfb/pixel-format.ts";
import type { Secret } from "../../common/secret.ts";
import type { Glyph } from "./font.ts";
import type { DemoMachine } from "./machine.ts";
import { colourMapMessage, isWritable } from "./palette.ts";
import { SCREEN_HEIGHT, SCREEN_WIDTH } from "./screen.ts";
import { SeenScreen, cellsTouched, encodeUpdate, unite, type CellRegion } from "./screen-update.ts";
import { isRightResponse } from "./vnc-auth.ts";

const HANDSHAKE_MS = 10_000;
const LONGEST_CUT_TEXT = 65_536;
/** With more than this waiting to be sent, a slow viewer gets no further update yet. */
const SEND_LIMIT_BYTES = 262_144;

/** What a viewer needs from the server around it. */
export interface ViewerContext {
  readonly machine: DemoMachine;
  readonly password: Secret;
  readonly font: (character: string) => Glyph;
  /** Called once, after the handshake. */
  readonly onReady: (viewer: VncViewer) => void;
  /** Called after every message that may change the screen. */
  readonly onInput: () => void;
}

/** Waits for `bytes` bytes, then handles them and says what comes next. */
interface Step {
  readonly bytes: number;
  readonly handle: (bytes: Buffer) => Step | undefined;
}

export class VncViewer {
  readonly #socket: Socket;
  readonly #context: ViewerContext;
  readonly #deadline: NodeJS.Timeout;
  readonly #seen = new SeenScreen();
  #received: Buffer = Buffer.alloc(0);
  #step: Step | undefined;
  #minorVersion = 8;
  #format: PixelFormat = RGB888;
  #wanted: CellRegion | undefined;

  constructor(socket: Socket, context: ViewerContext) {
    this.#socket = socket;
    this.#context = context;
    this.#deadline = setTimeout(() => socket.destroy(), HANDSHAKE_MS);
  }

  /** Begins the handshake. */
  start(): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("drain", () => this.sendChanges());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => clearTimeout(this.#deadline));
    this.#step = { bytes: 12, handle: (bytes) => this.#version(bytes) };
    socket.write("RFB 003.008\n");
  }

  /** Sends what the viewer asked for and has not seen, if it is ready for more. */
  sendChanges(): void {
    if (!this.#wanted || this.#socket.writableLength > SEND_LIMIT_BYTES) return;
    const { cells } = this.#context.machine.screen;
    const runs = this.#seen.takeChanges(cells, this.#wanted);
    if (runs.length === 0) return;
    this.#wanted = undefined;
    this.#socket.write(encodeUpdate(runs, cells, this.#format, this.#context.font));
  }

  bell(): void {
    this.#socket.write(Buffer.from([2]));
  }

  /** ServerCutText. */
  copy(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    const head = Buffer.alloc(8);
    head.writeUInt8(3, 0);
    head.writeUInt32BE(bytes.length, 4);
    this.#socket.write(Buffer.concat([head, bytes]));
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length > 0 ? Buffer.concat([this.#received, chunk]) : chunk;
    while (this.#step && this.#received.length >= this.#step.bytes) {
      const bytes = this.#received.subarray(0, this.#step.bytes);
      this.#received = this.#received.subarray(this.#step.bytes);
      this.#step = this.#step.handle(bytes);
    }
    if (!this.#step) this.#socket.destroySoon();
  }

  /* ---- handshake, RFC 6143 section 7.1 to 7.3 ---- */

  #version(bytes: Buffer): Step | undefined {
    const match = /^RFB 003\.00([378])\n$/.exec(bytes.toString("latin1"));
    if (!bytes.subarray(0, 4).equals(Buffer.from("RFB "))) return undefined;
    /* Section 7.1.1: any other version counts as 3.3. */
    this.#minorVersion = match ? Number(match[1]) : 3;
    if (this.#minorVersion > 3) {
      this.#socket.write(Buffer.from([1, SECURITY_VNC_AUTH]));
      return {
        bytes: 1,
        handle: (choice) => (choice[0] === SECURITY_VNC_AUTH ? this.#challenge() : undefined),
      };
    }
    this.#socket.write(Buffer.from([0, 0, 0, SECURITY_VNC_AUTH]));
    return this.#challenge();
  }

  #challenge(): Step {
    const challenge = randomBytes(CHALLENGE_BYTES);
    this.#socket.write(challenge);
    return {
      bytes: CHALLENGE_BYTES,
      handle: (response) => this.#securityResult(challenge, response),
    };
  }

  #securityResult(challenge: Buffer, response: Buffer): Step | undefined {
    if (isRightResponse(this.#context.password, challenge, response)) {
      this.#socket.write(Buffer.from([0, 0, 0, 0]));
      return { bytes: 1, handle: () => this.#serverInit() };
    }
    this.#socket.write(Buffer.from([0, 0, 0, 1]));
    /* Only 3.8 gives a reason. */
    if (this.#minorVersion === 8) this.#socket.write(encodeFailureReason("Authentication failed"));
    return undefined;
  }

  #serverInit(): Step {
    const name = Buffer.from("demo-server");
    const size = Buffer.alloc(4);
    size.writeUInt16BE(SCREEN_WIDTH, 0);
    size.writeUInt16BE(SCREEN_HEIGHT, 2);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(name.length, 0);
    this.#socket.write(Buffer.concat([size, encodePixelFormat(RGB888), length, name]));
    clearTimeout(this.#deadline);
    this.#context.onReady(this);
    return this.#nextMessage();
  }

  /* ---- messages, RFC 6143 section 7.5 ---- */

  #nextMessage(): Step {
    return { bytes: 1, handle: (type) => this.#message(type[0] ?? -1) };
  }

  #message(type: number): Step | undefined {
    const then = (handle: (bytes: Buffer) => void) => (bytes: Buffer) => {
      handle(bytes);
      return this.#nextMessage();
    };
    switch (type) {
      case 0:
        return { bytes: 3 + PIXEL_FORMAT_BYTES, handle: (bytes) => this.#setPixelFormat(bytes) };
      case 2:
        return {
          bytes: 3,
          /* Every viewer must understand Raw, so the list is of no interest. */
          handle: (bytes) => ({ bytes: 4 * bytes.readUInt16BE(1), handle: then(() => undefined) }),
        };
      case 3:
        return { bytes: 9, handle: then((bytes) => this.#updateRequest(bytes)) };
      case 4:
        return { bytes: 7, handle: then((bytes) => this.#keyEvent(bytes)) };
      case 5:
        return { bytes: 5, handle: then((bytes) => this.#pointerEvent(bytes)) };
      case 6:
        return { bytes: 7, handle: (bytes) => this.#cutText(bytes.readUInt32BE(3)) };
      default:
        return undefined;
    }
  }

  #setPixelFormat(bytes: Buffer): Step | undefined {
    const format = parsePixelFormat(bytes.subarray(3));
    if (!isWritable(format)) return undefined;
    this.#format = format;
    if (!format.trueColour) this.#socket.write(colourMapMessage());
    return this.#nextMessage();
  }

  #updateRequest(bytes: Buffer): void {
    const region = cellsTouched(
      bytes.readUInt16BE(1),
      bytes.readUInt16BE(3),
      bytes.readUInt16BE(5),
      bytes.readUInt16BE(7),
    );
    if (bytes.readUInt8(0) === 0) this.#seen.forget(region);
    this.#wanted = unite(this.#wanted, region);
    this.#context.onInput();
  }

  #keyEvent(bytes: Buffer): void {
    this.#context.machine.key(bytes.readUInt32BE(3), bytes.readUInt8(0) !== 0);
    this.#context.onInput();
  }

  #pointerEvent(bytes: Buffer): void {
    const x = bytes.readUInt16BE(1);
    this.#context.machine.pointer(x, bytes.readUInt16BE(3), bytes.readUInt8(0));
    this.#context.onInput();
  }

  #cutText(length: number): Step | undefined {
    if (length > LONGEST_CUT_TEXT) return undefined;
    return {
      bytes: length,
      handle: (bytes) => {
        this.#context.machine.clipboard = bytes.toString("latin1");
        return this.#nextMessage();
      },
    };
  }
}
