/**
 * Samples of everything a viewer sends, with what each kind of session must make of it, and a way to walk
 * a conversation in pieces. For the tests of the client message walker.
 */
import type { ConsoleQuirks } from "../../common/console-endpoint.ts";
import {
  ClientMessageWalker,
  type WalkerOptions,
} from "../../novncproxy/rfb/client-message-walker.ts";
import * as rfb from "./rfb-messages.ts";

export const IDRAC8: ConsoleQuirks = { pixelFormat: "rgb565", encodings: [0, 1, -223] };
/** What noVNC 1.7 offers, in its order. */
export const NOVNC_ENCODINGS = [
  1, 7, -260, 16, 21, 5, 2, 6, 0, -26, -254, -223, -224, -258, -261, -308, -309, -312, -313, -307,
  -1063131698, -316, 1464686180, -239,
];

export function walkAll(options: WalkerOptions, pieces: readonly Uint8Array[]): Buffer {
  const walker = new ClientMessageWalker(options);
  return Buffer.concat(pieces.map((piece) => Buffer.from(walker.walk(Buffer.from(piece)))));
}

export function eachByte(whole: Buffer): Buffer[] {
  return [...whole].map((byte) => Buffer.from([byte]));
}

/** One message, and whether a session passes it on: in control, in view-only, with the iDRAC8's quirks. */
export interface Sample {
  readonly what: string;
  readonly bytes: Buffer;
  readonly view: boolean;
  readonly quirked: boolean | Buffer;
}

export const text = Buffer.from("clipboard");
export const SAMPLES: Sample[] = [
  { what: "SetPixelFormat", bytes: rfb.setPixelFormat(rfb.BGR888), view: true, quirked: false },
  {
    what: "SetEncodings",
    bytes: rfb.setEncodings(NOVNC_ENCODINGS),
    view: true,
    quirked: rfb.setEncodings([0, 1, -223]),
  },
  {
    what: "FramebufferUpdateRequest",
    bytes: rfb.updateRequest(true, 800, 600),
    view: true,
    quirked: true,
  },
  { what: "KeyEvent", bytes: rfb.keyEvent(true, 0xff0d), view: false, quirked: true },
  { what: "PointerEvent", bytes: rfb.pointerEvent(1, 20, 30), view: false, quirked: true },
  { what: "ClientCutText", bytes: rfb.clientCutText(text), view: false, quirked: true },
  {
    what: "EnableContinuousUpdates",
    bytes: rfb.enableContinuousUpdates(),
    view: true,
    quirked: false,
  },
  { what: "ClientFence", bytes: rfb.clientFence(text), view: true, quirked: false },
  { what: "xvp", bytes: rfb.xvp(2), view: false, quirked: false },
  { what: "SetDesktopSize", bytes: rfb.setDesktopSize(2), view: false, quirked: false },
  { what: "a QEMU key", bytes: rfb.qemuKeyEvent(true, 0x61, 0x1e), view: false, quirked: false },
  { what: "QEMU audio on", bytes: rfb.qemuAudio(0), view: false, quirked: false },
  { what: "QEMU audio format", bytes: rfb.qemuAudio(2), view: false, quirked: false },
];
