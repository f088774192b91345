/**
 * Numbers of the RFB protocol, each with its source, and the limits we put on every length that is
 * read from the wire. RFC 6143 is "The Remote Framebuffer Protocol"; "rfbproto" is the community's
 * registry of what came after it.
 */
import type { SecurityTypeName } from "../console-endpoint.ts";

/** Security types (RFC 6143 section 7.1.2, rfbproto). */
export const SECURITY_NONE = 1;
export const SECURITY_VNC_AUTH = 2;
export const SECURITY_VENCRYPT = 19;

/** Names for messages; what is missing here is written `unknown (113)`. */
export const SECURITY_TYPE_LABELS: ReadonlyMap<number, string> = new Map([
  [0, "Invalid"],
  [SECURITY_NONE, "None"],
  [SECURITY_VNC_AUTH, "VncAuth"],
  [5, "RA2"],
  [6, "RA2ne"],
  [16, "Tight"],
  [17, "Ultra"],
  [18, "TLS"],
  [SECURITY_VENCRYPT, "VeNCrypt"],
  [20, "SASL"],
  [21, "MD5"],
  [22, "xvp"],
  [30, "ARD"],
]);

/** VeNCrypt 0.2 subtypes (rfbproto, "VeNCrypt"). */
export const VENCRYPT_SUBTYPES = {
  Plain: 256,
  TLSNone: 257,
  TLSVnc: 258,
  TLSPlain: 259,
  X509None: 260,
  X509Vnc: 261,
  X509Plain: 262,
} as const satisfies Partial<Record<SecurityTypeName, number>>;
export type VeNCryptName = keyof typeof VENCRYPT_SUBTYPES;

export const VENCRYPT_SUBTYPE_LABELS: ReadonlyMap<number, string> = new Map([
  ...Object.entries(VENCRYPT_SUBTYPES).map(([name, number]): [number, string] => [number, name]),
  [263, "TLSSASL"],
  [264, "X509SASL"],
]);

/** SecurityResult (RFC 6143 section 7.1.3). */
export const SECURITY_RESULT_OK = 0;
export const SECURITY_RESULT_FAILED = 1;

/** Encodings and pseudo-encodings (RFC 6143 section 7.7, rfbproto) that we understand. */
export const ENCODING_RAW = 0;
export const ENCODING_COPY_RECT = 1;
export const ENCODING_DESKTOP_SIZE = -223;
export const ENCODING_LAST_RECT = -224;
export const ENCODING_CURSOR = -239;
export const ENCODING_QEMU_EXTENDED_KEY = -258;
export const ENCODING_QEMU_LED_STATE = -261;
export const ENCODING_DESKTOP_NAME = -307;
export const ENCODING_EXTENDED_DESKTOP_SIZE = -308;
export const ENCODING_XVP = -309;
export const ENCODING_FENCE = -312;
export const ENCODING_CONTINUOUS_UPDATES = -313;
export const ENCODING_EXTENDED_MOUSE_BUTTONS = -316;

/** Messages from the viewer (RFC 6143 section 7.5, rfbproto). */
export const CLIENT_SET_PIXEL_FORMAT = 0;
export const CLIENT_SET_ENCODINGS = 2;
export const CLIENT_FRAMEBUFFER_UPDATE_REQUEST = 3;
export const CLIENT_KEY_EVENT = 4;
export const CLIENT_POINTER_EVENT = 5;
export const CLIENT_CUT_TEXT = 6;
export const CLIENT_ENABLE_CONTINUOUS_UPDATES = 150;
export const CLIENT_FENCE = 248;
export const CLIENT_XVP = 250;
export const CLIENT_SET_DESKTOP_SIZE = 251;
export const CLIENT_QEMU = 255;

/** Messages from the machine (RFC 6143 section 7.6, rfbproto). */
export const SERVER_FRAMEBUFFER_UPDATE = 0;
export const SERVER_SET_COLOUR_MAP_ENTRIES = 1;
export const SERVER_BELL = 2;
export const SERVER_CUT_TEXT = 3;
export const SERVER_END_OF_CONTINUOUS_UPDATES = 150;
export const SERVER_FENCE = 248;
export const SERVER_XVP = 250;

/* ---- limits of ours on lengths that a peer states -------------------------------------------- */

/** A failure reason; Nova and Ironic had to cap theirs at 256 after the fact. */
export const MAX_REASON_BYTES = 4096;
/** The desktop name in ServerInit and DesktopName. */
export const MAX_NAME_BYTES = 65_536;
/** Encodings in one SetEncodings; noVNC sends 25, TigerVNC about 40. */
export const MAX_ENCODINGS = 1024;
/** Clipboard text of either side. */
export const MAX_CUT_TEXT_BYTES = 1_048_576;
/** Payload of a fence (rfbproto: at most 64). */
export const MAX_FENCE_BYTES = 64;

/**
 * The names that the handshakes give to `ByteChannel.read`. A channel may key its deadlines on them:
 * the host side's "ProtocolVersion" is the one that `quirks.bannerTimeoutSeconds` speaks of.
 */
export const READ_PROTOCOL_VERSION = "ProtocolVersion";
export const READ_SECURITY_TYPES = "SecurityTypes";
export const READ_SECURITY_RESULT = "SecurityResult";
export const READ_FAILURE_REASON = "failure reason";
export const READ_SERVER_INIT = "ServerInit";
export const READ_CLIENT_INIT = "ClientInit";
