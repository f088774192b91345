/**
 * Fetches an image from a URL. Every step of the way is judged anew: each redirection, each address a name
 * resolves to. Takes the bytes as they come; nothing that is packed is unpacked.
 */
import { Agent, request, type Dispatcher } from "undici";
import {
  ConsoleServiceError,
  InvalidParameterValue,
  messageOf,
  TemporaryFailure,
} from "../common/errors.ts";
import { printable } from "../common/printable.ts";
import type { ImagePlaces } from "./image-places.ts";

const MOST_REDIRECTS = 5;
const CONNECT_MS = 15_000;
const ANSWER_MS = 30_000;
const LONGEST_URL = 2048;

export interface Fetched {
  readonly content: AsyncIterable<Buffer>;
  readonly lengthBytes: number | null;
}

/**
 * What a caller may name as a source.
 * @throws {InvalidParameterValue}
 */
export function sourceUrl(text: string): URL {
  const url = text.length <= LONGEST_URL && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw new InvalidParameterValue("an image's URL must begin with http:// or https://");
  credentialsOf(url);
  return url;
}

/**
 * @returns undefined without a user name
 * @throws {InvalidParameterValue}
 */
function credentialsOf({ username, password }: URL): string | undefined {
  if (username === "") return undefined;
  try {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return Buffer.from(pair).toString("base64");
  } catch (cause) {
    const message = "the user name or password in an image's URL is not percent-encoded UTF-8";
    throw new InvalidParameterValue(message, { cause });
  }
}

/**
 * @param use gets the content while the connection lasts
 * @throws {InvalidParameterValue} {@link TemporaryFailure} without the URL's secrets
 */
export async function fetchImage<T>(
  start: URL,
  options: { readonly places: ImagePlaces; readonly signal: AbortSignal },
  use: (fetched: Fetched) => Promise<T>,
): Promise<T> {
  const { places, signal } = options;
  const agent = new Agent({
    connect: { timeout: CONNECT_MS, lookup: places.lookup },
    headersTimeout: ANSWER_MS,
    bodyTimeout: 0,
    maxResponseSize: -1,
  });
  try {
    const answer = await follow(start, places, agent, signal);
    return await use({ content: answer.body, lengthBytes: lengthOf(answer) });
  } finally {
    await agent.destroy();
  }
}

async function follow(
  start: URL,
  places: ImagePlaces,
  dispatcher: Agent,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  let url = start;
  for (let left = MOST_REDIRECTS; ; left -= 1) {
    places.judge(url);
    const answer = await get(url, dispatcher, signal);
    const { statusCode } = answer;
    if (statusCode === 200) return plain(answer, url);
    const location = headerOf(answer, "location");
    answer.body.destroy(); /* which may never end */
    const moved = [301, 302, 303, 307, 308].includes(statusCode) && location !== undefined;
    if (!moved)
      throw new InvalidParameterValue(
        `${printable(url.host)} answered ${statusCode}, not the image`,
      );
    if (left === 0) throw new InvalidParameterValue(`more than ${MOST_REDIRECTS} redirections`);
    url = nextUrl(location, url);
  }
}

function nextUrl(location: string, from: URL): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (!next || next.href.length > LONGEST_URL)
    throw new InvalidParameterValue(
      `${printable(from.host)} redirects to something that is no URL`,
    );
  if (from.protocol === "https:" && next.protocol !== "https:")
    throw new InvalidParameterValue(`${printable(from.host)} redirects from https to http`);
  return next;
}

async function get(
  url: URL,
  dispatcher: Agent,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  const credentials = credentialsOf(url);
  try {
    const answer = await request(url.origin + url.pathname + url.search, {
      dispatcher,
      signal,
      headers: {
        accept: "*/*",
        "accept-encoding": "identity",
        "user-agent": "baremetal-console",
        ...(credentials !== undefined && { authorization: `Basic ${credentials}` }),
      },
    });
    answer.body.on("error", () => {}); /* who reads it is told, and otherwise nobody cares */
    return answer;
  } catch (cause) {
    if (signal.aborted) throw signal.reason as Error;
    if (cause instanceof ConsoleServiceError) throw cause;
    const code = (cause as { code?: string }).code ?? "";
    const why = messageOf(cause) || code;
    throw new TemporaryFailure(`cannot fetch from ${printable(url.host)}: ${printable(why)}`, {
      cause,
    });
  }
}

function plain(answer: Dispatcher.ResponseData, url: URL): Dispatcher.ResponseData {
  const encoding = headerOf(answer, "content-encoding") ?? "identity";
  if (encoding.toLowerCase() === "identity") return answer;
  answer.body.destroy();
  throw new InvalidParameterValue(
    `${printable(url.host)} sends the image packed (${printable(encoding)}); nothing is unpacked here`,
  );
}

function lengthOf(answer: Dispatcher.ResponseData): number | null {
  const text = headerOf(answer, "content-length") ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function headerOf(answer: Dispatcher.ResponseData, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
