/**
 * Applies a machine's quirks to a new session: what the machine is told at once, what the tenant is
 * told of it, and who translates between the two.
 */
import type { ConsoleQuirks } from "../../common/console-endpoint.ts";
import { RFBProtocolError } from "../../common/errors.ts";
import {
  ENCODING_COPY_RECT,
  ENCODING_CURSOR,
  ENCODING_DESKTOP_NAME,
  ENCODING_DESKTOP_SIZE,
  ENCODING_EXTENDED_DESKTOP_SIZE,
  ENCODING_EXTENDED_MOUSE_BUTTONS,
  ENCODING_LAST_RECT,
  ENCODING_QEMU_EXTENDED_KEY,
  ENCODING_QEMU_LED_STATE,
  ENCODING_RAW,
} from "../../common/rfb/constants.ts";
import { pixelFormatProblem } from "../../common/rfb/pixel-format.ts";
import { encodeSetPixelFormat, heldPixelFormat } from "./held-pixel-format.ts";
import { encodeServerInit, type ServerInit } from "./server-init.ts";
import { ServerMessageTranslator } from "./server-message-translator.ts";

/** What the translator can read; a held machine may be offered nothing else. */
const TRANSLATABLE: ReadonlySet<number> = new Set([
  ENCODING_RAW,
  ENCODING_COPY_RECT,
  ENCODING_DESKTOP_SIZE,
  ENCODING_LAST_RECT,
  ENCODING_CURSOR,
  ENCODING_DESKTOP_NAME,
  ENCODING_EXTENDED_DESKTOP_SIZE,
  ENCODING_EXTENDED_MOUSE_BUTTONS,
  ENCODING_QEMU_EXTENDED_KEY,
  ENCODING_QEMU_LED_STATE,
]);

/**
 * FACT(kvm-switcher's notes on iDRAC8, novnc/noVNC#712): its VNC server dies of encodings it does not
 * know; Raw, CopyRect and DesktopSize are what it copes with.
 */
const SAFE_ENCODINGS: readonly number[] = [ENCODING_RAW, ENCODING_COPY_RECT, ENCODING_DESKTOP_SIZE];

/**
 * The encodings that the machine may be offered, of which each SetEncodings gets those that the tenant
 * offers too. Raw is among them always, since RFC 6143 section 7.7 lets any server send it.
 * @returns undefined when the tenant's list goes to the machine as it is
 */
export function encodingsToOffer(quirks: ConsoleQuirks): readonly number[] | undefined {
  if (quirks.pixelFormat === undefined) return quirks.encodings;
  return (quirks.encodings ?? SAFE_ENCODINGS).filter((encoding) => TRANSLATABLE.has(encoding));
}

export interface QuirkedSession {
  /** To be written to the machine right after ServerInit was read; may be empty. */
  readonly toHost: Buffer;
  /** ServerInit for the tenant. */
  readonly serverInit: Buffer;
  /** Everything that the machine sends after ServerInit goes through it, where there is one. */
  readonly translator: ServerMessageTranslator | undefined;
}

/**
 * Begins a session on a machine with quirks, or without any.
 * @param init what the machine sent
 * @throws {RFBProtocolError} when it is to be held to a native format that makes no sense
 */
export function applyQuirks(quirks: ConsoleQuirks | undefined, init: ServerInit): QuirkedSession {
  const wanted = quirks?.pixelFormat;
  if (wanted === undefined)
    return { toHost: Buffer.alloc(0), serverInit: init.bytes, translator: undefined };
  const held = heldPixelFormat(wanted, init.pixelFormat);
  const problem = pixelFormatProblem(held);
  if (problem !== undefined)
    throw new RFBProtocolError(`ServerInit: impossible pixel format, ${problem}`);
  // A tenant that never asks for a format reads the one in ServerInit, which must be one that the
  // translator can write: no colour map.
  const writable = init.pixelFormat.trueColour && !pixelFormatProblem(init.pixelFormat);
  const announced = writable ? init.pixelFormat : heldPixelFormat("rgb888", init.pixelFormat);
  return {
    toHost: wanted === "native" ? Buffer.alloc(0) : encodeSetPixelFormat(held),
    serverInit: encodeServerInit(init, announced),
    translator: new ServerMessageTranslator(held, announced),
  };
}
