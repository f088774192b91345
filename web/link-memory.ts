/**
 * Keeps the console link of this tab across a reload.
 *
 * The token is taken out of the address bar as soon as the page runs, so that it does not end up in
 * the history, a bookmark, a screenshot or a shared screen. A reload would then have nothing to connect
 * with; so the link is put into the tab's session storage, which no other tab and no other origin reads
 * and which ends with the tab. It is forgotten when the service says that the link is of no use any more,
 * when the user disconnects, and when the link's own time is over.
 */
import { isConsolePath } from "./launch-parameters.ts";

const KEY = "baremetal-console.link";

export interface RememberedLink {
  readonly path: string;
}

/** The part of the browser's Storage that is used. */
export type LinkStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export class LinkMemory {
  readonly #storage: LinkStorage | undefined;

  /** @param storage undefined where the browser denies it, as in some third-party frames */
  constructor(storage: LinkStorage | undefined) {
    this.#storage = storage;
  }

  remember(link: RememberedLink): void {
    try {
      this.#storage?.setItem(KEY, JSON.stringify(link));
    } catch {
      // Full or denied: a reload then needs a new link, nothing else is lost.
    }
  }

  forget(): void {
    this.#storage?.removeItem(KEY);
  }

  /** @returns undefined when there is none */
  recall(): RememberedLink | undefined {
    return parseLink(this.#storage?.getItem(KEY) ?? "");
  }
}

function parseLink(text: string): RememberedLink | undefined {
  try {
    const link = JSON.parse(text) as Partial<RememberedLink> | null;
    return typeof link?.path === "string" && isConsolePath(link.path)
      ? { path: link.path }
      : undefined;
  } catch {
    return undefined;
  }
}
