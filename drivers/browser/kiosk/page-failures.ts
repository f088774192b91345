/** What goes wrong at a page, in the words of an operator: what was expected and what was seen. */
import { CdpClosed, CdpError, CdpTimeout } from "../cdp/errors.ts";
import { PageError } from "../../base.ts";
import { printable } from "../../../common/printable.ts";
import type { PageCondition } from "../../../common/console-recipe/recipe.ts";
import type { StartFailure } from "../../../common/console-prelude.ts";
import type { Tab } from "./tab.ts";

const TITLE_LIMIT_MS = 1000;

/** @param expected for example `no #login` */
export async function unexpected(tab: Tab, expected: string): Promise<PageError> {
  return new PageError("unexpected_page", `${expected}; seen: ${await seen(tab)}`);
}

/** Where a page is, without what its query may hold. */
export async function seen(tab: Tab): Promise<string> {
  const title = await tab.world
    .call<string>("title", [], { limitMs: TITLE_LIMIT_MS })
    .catch(() => undefined);
  const titled = title ? ` titled "${printable(title, 80)}"` : "";
  return `${placeOf(tab.url)}${titled}`;
}

/** Path of a BMC's page; of any other address only its origin or scheme. */
export function placeOf(url: string): string {
  if (!URL.canParse(url)) return "an empty page";
  const { protocol, pathname, host } = new URL(url);
  if (protocol === "chrome-error:") return "an error page of the browser";
  if (protocol !== "https:" && protocol !== "http:") return printable(`${protocol}${pathname}`, 40);
  return printable(`${host}${pathname}`, 120);
}

/** @throws the signal's reason, a {@link PageError} instead of what the DevTools say */
export function rethrow(error: unknown, what: string): never {
  if (error instanceof CdpClosed) throw new PageError("browser", error.message, { cause: error });
  if (error instanceof CdpTimeout)
    throw new PageError("unexpected_page", `${what}: the page does not answer`, { cause: error });
  if (error instanceof CdpError)
    throw new PageError("unexpected_page", `${what}: ${error.message}`, { cause: error });
  throw error;
}

/** `#a`, `text /x/`, `url /y/`: for messages. */
export function describeCondition(condition: PageCondition): string {
  const { selector, ready, text, url, cookie, localStorage } = condition;
  const parts = [
    selector === undefined ? "" : `${selector}${ready ? " (ready)" : ""}`,
    text === undefined ? "" : `text /${text}/`,
    url === undefined ? "" : `url /${url}/`,
    cookie === undefined ? "" : `cookie ${cookie}`,
    localStorage === undefined ? "" : `local storage ${localStorage}`,
  ];
  return printable(parts.filter((part) => part !== "").join(" and ") || "anything");
}

/** What Chromium's network errors mean for a start. Source: net/base/net_error_list.h */
export function failureOfNetError(text: string): StartFailure {
  if (/CERT|SSL|_TLS_/.test(text)) return "untrusted";
  if (/CONNECTION|TIMED_OUT|ADDRESS|NAME_|NETWORK|SOCKS|PROXY|TUNNEL|EMPTY_RESPONSE/.test(text))
    return "unreachable";
  return "unexpected_page";
}

/** A failure rule that holds. */
export function describeFailure(when: PageCondition): string {
  return `the page shows ${describeCondition(when)}`;
}
