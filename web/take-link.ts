/** Takes the console link out of the address bar, or out of the tab's memory after a reload. */
import { readLaunchParameters } from "./launch-parameters.ts";
import type { LinkMemory, RememberedLink } from "./link-memory.ts";
import type { Ending } from "./reasons.ts";

/** @returns the link, or why there is none */
export function takeLink(memory: LinkMemory): RememberedLink | Ending {
  const { path, refused } = readLaunchParameters(location.search);
  // The token must not stay in the address bar; link-memory.ts says why and where it goes instead.
  history.replaceState(null, "", location.pathname);
  if (refused) return { kind: "bad_link" };
  if (path === undefined) return memory.recall() ?? { kind: "no_link" };
  memory.remember({ path });
  return { path };
}

/** The tab's session storage; undefined where asking for it throws. */
export function tabStorage(): Storage | undefined {
  try {
    return window.sessionStorage;
  } catch {
    return undefined;
  }
}
