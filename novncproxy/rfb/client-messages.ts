/**
 * What the messages mean that a viewer may send (RFC 6143 section 7.5; rfbproto for the rest): which of them
 * are input, and which a machine must have been offered to know. Tables, no state.
 */
import {
  CLIENT_CUT_TEXT,
  CLIENT_ENABLE_CONTINUOUS_UPDATES,
  CLIENT_FENCE,
  CLIENT_KEY_EVENT,
  CLIENT_POINTER_EVENT,
  CLIENT_QEMU,
  CLIENT_SET_DESKTOP_SIZE,
  CLIENT_XVP,
  ENCODING_CONTINUOUS_UPDATES,
  ENCODING_EXTENDED_DESKTOP_SIZE,
  ENCODING_FENCE,
  ENCODING_QEMU_EXTENDED_KEY,
  ENCODING_XVP,
} from "../../common/rfb/constants.ts";

const ENABLING_ENCODINGS: ReadonlyMap<number, number> = new Map([
  [CLIENT_ENABLE_CONTINUOUS_UPDATES, ENCODING_CONTINUOUS_UPDATES],
  [CLIENT_FENCE, ENCODING_FENCE],
  [CLIENT_XVP, ENCODING_XVP],
  [CLIENT_SET_DESKTOP_SIZE, ENCODING_EXTENDED_DESKTOP_SIZE],
  [CLIENT_QEMU, ENCODING_QEMU_EXTENDED_KEY],
]);

/** The pseudo-encoding that a machine must have been offered to know a message; none for RFC 6143's own. */
export function enablingEncoding(type: number): number | undefined {
  return ENABLING_ENCODINGS.get(type);
}

/** Messages by which somebody at the browser acts on the machine, for the idle limit. */
export function isInput(type: number): boolean {
  return (
    type === CLIENT_KEY_EVENT ||
    type === CLIENT_POINTER_EVENT ||
    type === CLIENT_CUT_TEXT ||
    type === CLIENT_QEMU
  );
}

/** Messages that change something on the machine beyond what is shown. */
export function isViewOnlyDropped(type: number): boolean {
  return isInput(type) || type === CLIENT_XVP || type === CLIENT_SET_DESKTOP_SIZE;
}
