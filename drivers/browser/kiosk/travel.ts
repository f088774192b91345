/** Going to a document and waiting until it is there. */
import { PageError } from "../../base.ts";
import { printable } from "../../../common/printable.ts";
import { failureOfNetError, placeOf, unexpected } from "./page-failures.ts";
import type { Tab } from "./tab.ts";

/** A document whose pictures or frames never end to load counts as loaded so long after its text. */
const STRAGGLERS_MS = 5000;
const SUPERSEDED_MS = 5000;

/** @throws {PageError} `unreachable`, `untrusted` or `unexpected_page` */
export async function openDocument(
  tab: Tab,
  url: string,
  limitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { document } = tab;
  const { errorText, loaderId } = await tab.cdp.send<{ errorText?: string; loaderId?: string }>(
    "Page.navigate",
    { url },
    { limitMs, signal },
  );
  // FACT(https://chromedevtools.github.io/devtools-protocol/tot/Page/#method-navigate): no loaderId for a
  // navigation within the document, which loads nothing.
  if (loaderId === undefined && errorText === undefined) return;
  if (errorText !== undefined && errorText !== "net::ERR_ABORTED")
    throw new PageError(
      failureOfNetError(errorText),
      `${placeOf(url)} could not be opened: ${printable(errorText, 80)}`,
    );
  // Another document came in between, or none comes at all: it was a download, which is denied.
  const waitMs = errorText === undefined ? limitMs : Math.min(limitMs, SUPERSEDED_MS);
  await untilLoaded(tab, waitMs, signal, (now) => now !== document);
}

/**
 * Resolves at the load event, or some time after the document itself is there.
 * @param isWanted judges the document; without it any but an empty one is meant
 */
export async function untilLoaded(
  tab: Tab,
  limitMs: number,
  signal: AbortSignal,
  isWanted: (document: string) => boolean = () => tab.url !== "about:blank",
): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  let stragglers: NodeJS.Timeout | undefined;
  let end: () => void = () => undefined;
  try {
    const loaded = await new Promise<boolean>((resolve, reject) => {
      const look = (): void => {
        if (isWanted(tab.document)) {
          if (tab.loaded) resolve(true);
          else if (tab.ready) stragglers ??= setTimeout(() => resolve(true), STRAGGLERS_MS);
        }
        if (tab.gone) reject(new PageError("unexpected_page", "the page closed itself"));
      };
      const stop = tab.onNews(look);
      const abort = (): void => reject(signal.reason as Error);
      signal.addEventListener("abort", abort);
      end = () => {
        stop();
        signal.removeEventListener("abort", abort);
      };
      late = setTimeout(() => resolve(false), limitMs);
      signal.throwIfAborted();
      look();
    });
    if (!loaded) throw await unexpected(tab, `no document within ${limitMs} ms`);
  } finally {
    clearTimeout(late);
    clearTimeout(stragglers);
    end();
  }
}
