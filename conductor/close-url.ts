/** Which close_url a link may name: an address below one that the operator allows, and no other. */
import { InvalidParameterValue } from "../common/errors.ts";

const LONGEST = 2048;

/**
 * @returns it as it will be asked for
 * @throws {InvalidParameterValue}
 */
export function checkCloseUrl(given: string, allowed: readonly string[]): string {
  const url = URL.canParse(given) && given.length <= LONGEST ? new URL(given) : undefined;
  if (!url || !["http:", "https:"].includes(url.protocol) || url.username || url.password)
    throw new InvalidParameterValue(
      "close_url must be an http or https URL without a user name, of at most 2048 characters",
    );
  if (!allowed.some((beginning) => isBelow(url, beginning)))
    throw new InvalidParameterValue(
      "close_url is not below any of [close_hook]allowed_urls; ask the operator to allow it",
    );
  url.hash = "";
  return url.href;
}

/** Compared part by part: a prefix of the text would take https://panel.example.evil for the panel. */
function isBelow(url: URL, beginning: string): boolean {
  if (!URL.canParse(beginning)) return false;
  const { origin, pathname } = new URL(beginning);
  const folder = pathname.endsWith("/") ? pathname : `${pathname}/`;
  return url.origin === origin && (url.pathname === pathname || url.pathname.startsWith(folder));
}
