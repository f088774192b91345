/**
 * Entry of the console page: takes the link out of the address bar, loads noVNC and connects.
 * Everything with a decision in it is in a module of its own.
 */
import { ConsolePage } from "./console-page.ts";
import { consoleAddress, readLaunchParameters } from "./launch-parameters.ts";
import { LinkMemory, type RememberedLink } from "./link-memory.ts";
import type { Ending } from "./reasons.ts";
import { Shell } from "./shell.ts";

function takeLink(memory: LinkMemory): RememberedLink | Ending {
  const { path, refused } = readLaunchParameters(location.search);
  // The token must not stay in the address bar; link-memory.ts says why and where it goes instead.
  history.replaceState(null, "", location.pathname);
  if (refused) return { kind: "bad_link" };
  if (path === undefined) return memory.recall() ?? { kind: "no_link" };
  memory.remember({ path });
  return { path };
}

/** The tab's session storage; undefined where asking for it throws. */
function tabStorage(): Storage | undefined {
  try {
    return window.sessionStorage;
  } catch {
    return undefined;
  }
}

async function run(): Promise<void> {
  const memory = new LinkMemory(tabStorage());
  const link = takeLink(memory);
  if ("kind" in link) {
    new Shell(memory).render({ phase: "closed", ending: link, triesUsed: 0 }, "");
    return;
  }
  const shell = new Shell(memory);
  try {
    // Loaded now and not with the page: it waits for the browser's video decoder (top-level await).
    const { default: rfbClass } = await import("@novnc/novnc");
    shell.page = new ConsolePage(shell, consoleAddress(link.path, location.href), rfbClass);
    shell.page.start();
  } catch {
    shell.render({ phase: "closed", ending: { kind: "viewer_failed" }, triesUsed: 0 }, "");
  }
}

await run();
