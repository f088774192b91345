/**
 * Entry of the screen page: takes the link out of the address bar, loads noVNC and connects.
 * Everything with a decision in it is in a module of its own.
 */
import { ConsolePage } from "./console-page.ts";
import { consoleAddress } from "./launch-parameters.ts";
import { LinkMemory } from "./link-memory.ts";
import { Shell } from "./shell.ts";
import { tabStorage, takeLink } from "./take-link.ts";

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
    shell.page.connection.start();
  } catch {
    shell.render({ phase: "closed", ending: { kind: "viewer_failed" }, triesUsed: 0 }, "");
  }
}

await run();
