/**
 * Entry of the serial page: takes the link out of the address bar and connects. Everything with a
 * decision in it is in a module of its own.
 */
import { consoleAddress } from "../launch-parameters.ts";
import { LinkMemory } from "../link-memory.ts";
import { tabStorage, takeLink } from "../take-link.ts";
import type { SenderClock } from "./paced-sender.ts";
import { TerminalPage } from "./terminal-page.ts";
import { TerminalShell } from "./terminal-shell.ts";

const CLOCK: SenderClock = {
  nowMs: () => performance.now(),
  every: (milliseconds, tick) => {
    const timer = setInterval(tick, milliseconds);
    return () => clearInterval(timer);
  },
};

function run(): void {
  const memory = new LinkMemory(tabStorage());
  const link = takeLink(memory);
  const shell = new TerminalShell(memory);
  if ("kind" in link) {
    shell.render({ phase: "closed", ending: link, triesUsed: 0 }, "");
    return;
  }
  shell.page = new TerminalPage(shell, consoleAddress(link.path, location.href), CLOCK);
  shell.page.connection.start();
}

run();
