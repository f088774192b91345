/**
 * Chromium in kiosk mode, held by us over the DevTools protocol: the lock on the page (windows, dialogs,
 * downloads, file choosers, navigation) and the frame around the picture. One per session.
 */
import type { Picture } from "../../../common/console-recipe/recipe.ts";
import type { Logger } from "../../base.ts";
import type { SessionProcess, SessionSize } from "../providers/provider.ts";
import type { KioskPage } from "./page.ts";

export interface KioskOptions {
  readonly process: SessionProcess;
  readonly size: SessionSize;
  readonly log: Logger;
}

/** What a session is locked to, once its BMC is known. */
export interface KioskBounds {
  /** `https://host[:port]`: pages, frames and requests of any other origin are refused. */
  readonly origin: string;
  readonly dialogs: "accept" | "dismiss";
  /** File chooser of the page: gives it this, or nothing. Path inside the sandbox. */
  readonly file: string | null;
}

export interface ShownPicture {
  /** Size of the picture, which is the size of the display from now on; changes with it. */
  readonly size: SessionSize;
}

export interface Kiosk {
  readonly page: KioskPage;
  /**
   * Told false when another document of the shown viewer is there, which is covered but takes what is pressed,
   * and true when its picture is framed.
   */
  onFramed: (framed: boolean) => void;
  /** Before the first page of a BMC is opened. */
  bind(bounds: KioskBounds): Promise<void>;
  /**
   * Waits for the picture, then shows it and nothing else of the page, and keeps it so: follows its size,
   * and tells `onStray` once, at once, when the viewer went somewhere else or its picture vanished; everything
   * is being covered then, see {@link cover}. The display takes the picture's size, at least 500x200 and at most 4096x4096.
   * @param allowedPaths regular expressions, of which one must match the whole of path and query of the
   *   main frame; where it is now is always allowed
   * @throws {PageError} with failure `no_picture` or one of the picture's own
   */
  showOnly(
    picture: Picture,
    allowedPaths: readonly string[],
    onStray: (why: string) => void,
    signal: AbortSignal,
  ): Promise<ShownPicture>;
  /**
   * Covers everything at once: what is behind it is no tenant's business. So is everything that comes
   * later, until {@link showOnly}; a recipe can go on behind the cover, and screenshots are black.
   */
  cover(): Promise<void>;
  /** Lets the pages say goodbye (unload handlers log out of many BMCs), then closes the browser. */
  close(limitMs: number): Promise<void>;
  /** Resolves when the browser is gone or does not answer any more. Never rejects. */
  readonly lost: Promise<string>;
}

export { openKiosk } from "./open.ts";
