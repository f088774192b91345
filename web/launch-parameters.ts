/**
 * What the console link asks for. The link comes from outside, so one parameter is read: `path`, where
 * the console's WebSocket is (always on the server that served this page). Never honours host, port,
 * password or autoconnect parameters: a link with those could make a trusted page talk to somebody
 * else's server. Nor `title`, which OpenStack's dashboard appends: it would put anybody's words on the
 * service's own page, and the service itself says how the machine is called.
 */

export interface LaunchParameters {
  /** `websockify?…`, relative to the page; absent when the link has none. */
  readonly path?: string;
  /** True when the link has a `path` that this page refuses. */
  readonly refused: boolean;
}

/**
 * A list of what may be there instead of what may not: no scheme, no `//`, no backslash, no dot
 * segment, no fragment and no control character fits it.
 */
const PATH_PATTERN = /^websockify\?[A-Za-z0-9_~%=&-]{1,1024}$/;

/** @param search `location.search` */
export function readLaunchParameters(search: string): LaunchParameters {
  const path = new URLSearchParams(search).get("path");
  if (path === null) return { refused: false };
  return isConsolePath(path) ? { path, refused: false } : { refused: true };
}

export function isConsolePath(text: string): boolean {
  return PATH_PATTERN.test(text);
}

export interface ConsoleAddress {
  /** ws: or wss:, for the WebSocket. */
  readonly socketUrl: string;
  /** The same over http: or https:, to ask why a WebSocket was refused. */
  readonly questionUrl: string;
}

/**
 * @param path as `readLaunchParameters` returns it
 * @param pageUrl `location.href`
 * @throws {TypeError} when the path leads to another origin, which PATH_PATTERN rules out already
 */
export function consoleAddress(path: string, pageUrl: string): ConsoleAddress {
  const page = new URL(pageUrl);
  const question = new URL(path, page);
  if (question.origin !== page.origin) throw new TypeError("the console is on another origin");
  const socket = new URL(question);
  socket.protocol = question.protocol === "https:" ? "wss:" : "ws:";
  return { socketUrl: socket.href, questionUrl: question.href };
}
