/**
 * Our tools inside a BMC's page. {@link pageTools} runs in an isolated world of the main frame, whose
 * built-ins the page cannot touch; operators' texts reach it as arguments only. Everything it answers is
 * cut to a bound here, so that no page makes a message long.
 *
 * It must stand alone: the browser gets its source text.
 */
import type { PageDocument, PageElement, PageWindow } from "./dom.ts";

/** What is asked of a {@link PageCondition}'s visible part, and the answer. */
export interface Sought {
  readonly selector?: string;
  readonly ready?: boolean;
  readonly text?: boolean;
  readonly localStorage?: string;
}
export interface Seen {
  readonly holds: boolean;
  readonly text?: string;
}

/** Where to click, or why one cannot. */
export interface Spot {
  readonly x?: number;
  readonly y?: number;
  readonly why?: string;
}

export interface PageTools {
  look(sought: readonly Sought[]): Seen[];
  spot(selector: string): Spot;
  /** Puts the focus there and selects what is in it. */
  focus(selector: string): string;
  /** Length of what the field holds; -1 without it. */
  heldLength(selector: string): number;
  choose(selector: string, value: string): string;
  text(selector: string, limit: number): string | null;
  attribute(selector: string, name: string, limit: number): string | null;
  stored(key: string): string | null;
  storedForSession(key: string): string | null;
  store(key: string, value: string): void;
  open(url: string): boolean;
  title(): string;
  readyState(): string;
  find(selector: string): PageElement | null;
}

export function pageTools(): PageTools {
  const TEXT_LIMIT = 65_536;
  const FRAMES_LIMIT = 64;
  const page = globalThis as unknown as PageWindow & { document: PageDocument };

  /** All documents of this origin, outermost first. */
  const documents = (): PageDocument[] => {
    const found = [page.document];
    for (let at = 0; at < found.length && found.length < FRAMES_LIMIT; at++)
      for (const frame of Array.from(found[at]!.querySelectorAll("iframe, frame"))) {
        const inner = frame.contentDocument;
        if (inner && found.length < FRAMES_LIMIT) found.push(inner);
      }
    return found;
  };

  const find = (selector: string): PageElement | null => {
    for (const document of documents()) {
      const element = document.querySelector(selector);
      if (element) return element;
    }
    return null;
  };

  const frameOf = (element: PageElement): PageElement | null =>
    element.ownerDocument.defaultView?.frameElement ?? null;

  const centre = (element: PageElement): { x: number; y: number } => {
    const box = element.getBoundingClientRect();
    const point = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    for (let frame = frameOf(element); frame; frame = frameOf(frame)) {
      const outer = frame.getBoundingClientRect();
      point.x += outer.x + frame.clientLeft;
      point.y += outer.y + frame.clientTop;
    }
    return point;
  };

  /** What is on top there, through the frames. */
  const topmost = (x: number, y: number): PageElement | null => {
    let element = page.document.elementFromPoint(x, y);
    for (let depth = 0; element?.contentDocument && depth < 16; depth++) {
      const box = element.getBoundingClientRect();
      x -= box.x + element.clientLeft;
      y -= box.y + element.clientTop;
      const inner: PageElement | null = element.contentDocument.elementFromPoint(x, y);
      if (!inner) break;
      element = inner;
    }
    return element;
  };

  const takes = (element: PageElement, point: { x: number; y: number }): boolean => {
    const top = topmost(point.x, point.y);
    if (!top) return false;
    if (top === element || element.contains(top)) return true;
    return Array.from(element.labels ?? []).some((label) => label.contains(top));
  };

  const isShown = (element: PageElement): boolean => {
    for (let one: PageElement | null = element; one; one = frameOf(one))
      if (!one.checkVisibility({ visibilityProperty: true })) return false;
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0;
  };

  const spotOf = (element: PageElement): Spot => {
    if (element.matches(":disabled")) return { why: "is disabled" };
    if (!isShown(element)) return { why: "is not shown" };
    let point = centre(element);
    if (!takes(element, point)) {
      element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
      point = centre(element);
    }
    return takes(element, point) ? point : { why: "is covered by something" };
  };

  const innerText = (element: PageElement): string =>
    (element.innerText ?? element.textContent ?? "").slice(0, TEXT_LIMIT);

  const wholeText = (): string => {
    let text = "";
    for (const document of documents()) {
      if (text.length >= TEXT_LIMIT) break;
      if (document.body) text += `${innerText(document.body)}\n`;
    }
    return text.slice(0, TEXT_LIMIT);
  };

  const look = ({ selector, ready, text, localStorage: key }: Sought): Seen => {
    if (key !== undefined && page.localStorage.getItem(key) === null) return { holds: false };
    if (selector === undefined) return text ? { holds: true, text: wholeText() } : { holds: true };
    const element = find(selector);
    if (!element || (ready && spotOf(element).why !== undefined)) return { holds: false };
    return text ? { holds: true, text: innerText(element) } : { holds: true };
  };

  return {
    find,
    look: (sought) => sought.map(look),
    spot: (selector) => {
      const element = find(selector);
      return element ? spotOf(element) : { why: "is not there" };
    },
    focus: (selector) => {
      const element = find(selector);
      if (!element) return "is not there";
      if (element.matches(":disabled") || element.readOnly) return "takes no text";
      if (element.ownerDocument.activeElement !== element) element.focus({ preventScroll: true });
      if (element.select) element.select();
      else element.ownerDocument.getSelection()?.selectAllChildren(element);
      return element.ownerDocument.activeElement === element ? "" : "does not take the focus";
    },
    heldLength: (selector) => {
      const element = find(selector);
      if (!element) return -1;
      return (element.value ?? element.textContent ?? "").length;
    },
    choose: (selector, value) => {
      const element = find(selector);
      if (!element?.options) return element ? "is no list to choose from" : "is not there";
      if (element.matches(":disabled")) return "is disabled";
      const options = Array.from(element.options);
      const wanted =
        options.find((one) => one.value === value) ?? options.find((one) => one.text === value);
      if (!wanted) return "has no such choice";
      element.focus({ preventScroll: true });
      wanted.selected = true;
      const { Event } = element.ownerDocument.defaultView ?? page;
      for (const type of ["input", "change"])
        element.dispatchEvent(new Event(type, { bubbles: true, composed: true }));
      return "";
    },
    text: (selector, limit) => {
      const element = find(selector);
      return element ? innerText(element).slice(0, limit) : null;
    },
    attribute: (selector, name, limit) => {
      const element = find(selector);
      const value = name === "value" ? element?.value : undefined;
      return (value ?? element?.getAttribute(name))?.slice(0, limit) ?? null;
    },
    stored: (key) => page.localStorage.getItem(key)?.slice(0, TEXT_LIMIT) ?? null,
    storedForSession: (key) => page.sessionStorage.getItem(key)?.slice(0, TEXT_LIMIT) ?? null,
    store: (key, value) => page.localStorage.setItem(key, value),
    open: (url) => page.open(url, "_blank") !== null,
    title: () => page.document.title.slice(0, 200),
    readyState: () => page.document.readyState,
  };
}
