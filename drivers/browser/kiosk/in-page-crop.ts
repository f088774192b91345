/**
 * Inside a BMC's page: what hides all of it but the picture, and what covers it whole. The rules lie in a
 * cascade layer, so that even `!important` of the page's own sheets loses.
 *
 * Each function must stand alone: the browser gets its source text.
 */
import type { PageDocument, PageElement, PageWindow } from "./dom.ts";
import type { PageTools } from "./in-page.ts";

export interface Measure {
  /** Of the picture itself: a canvas' own pixels, whatever the page's styles make of them. */
  readonly width: number;
  readonly height: number;
  /** Where it is in the window, in pixels. */
  readonly box: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
  readonly windowWidth: number;
  readonly windowHeight: number;
  /** Whether it is framed, and everything about the frame is as we left it. */
  readonly framed: boolean;
}

export interface PageCrop {
  /** Null without such an element, or while it is not laid out. */
  measure(selector: string): Measure | null;
  /** Shows it and nothing else. @param force its size, where the page gives it another */
  frame(selector: string, force: { width: number; height: number } | null): boolean;
  /** Resolves when the measure is another than this one, or after the time. */
  changed(selector: string, known: Measure, limitMs: number): Promise<boolean>;
}

/** Runs with the tools of {@link pageTools} as `this`. */
export function pageCrop(this: PageTools): PageCrop {
  const MARK = "data-console-crop";
  const LOOK_MS = 150;
  const page = globalThis as unknown as PageWindow & { document: PageDocument };
  const FLAT =
    "transform:none!important;translate:none!important;rotate:none!important;scale:none!important;" +
    "filter:none!important;perspective:none!important;contain:none!important;zoom:1!important;" +
    "will-change:auto!important;clip-path:none!important;mask:none!important;opacity:1!important;" +
    "content-visibility:visible!important;animation:none!important;transition:none!important;";
  const BARE =
    "margin:0!important;border:0!important;padding:0!important;outline:0!important;" +
    "box-shadow:none!important;border-radius:0!important;min-width:0!important;min-height:0!important;" +
    "max-width:none!important;max-height:none!important;z-index:2147483647!important;";
  const FILL =
    "position:fixed!important;inset:0!important;width:100vw!important;height:100vh!important;" +
    "overflow:hidden!important;";
  const RULES =
    `*:not([${MARK}=picture] *),*::before,*::after{visibility:hidden!important}` +
    `[${MARK}=picture],[${MARK}=frame],frameset[${MARK}=around]{visibility:visible!important}` +
    `:root,body{${BARE}${FLAT}overflow:hidden!important;width:100%!important;height:100%!important;` +
    `background:#000!important;position:static!important}` +
    `[${MARK}=around]:not(:root,body,frameset){${BARE}${FLAT}${FILL}}` +
    `iframe[${MARK}=frame]{${BARE}${FLAT}${FILL}}` +
    `[${MARK}=picture]{${BARE}${FLAT}position:fixed!important;inset:0 auto auto 0!important;`;

  let framed: PageElement | null = null;
  let sheets: { document: PageDocument; sheet: unknown }[] = [];
  let marked: PageElement[] = [];

  const chain = (element: PageElement): PageElement[] => {
    const elements: PageElement[] = [];
    let one: PageElement | null = element;
    while (one) {
      elements.push(one);
      one = one.ownerDocument.defaultView?.frameElement ?? null;
    }
    return elements;
  };

  const measureOf = (element: PageElement): Measure | null => {
    if (!element.isConnected || !element.checkVisibility()) return null;
    const { x, y, width, height } = element.getBoundingClientRect();
    const box = { x, y, width, height };
    for (const frame of chain(element).slice(1)) {
      const outer = frame.getBoundingClientRect();
      box.x += outer.x + frame.clientLeft;
      box.y += outer.y + frame.clientTop;
    }
    const kind = element.tagName.toLowerCase();
    const own =
      kind === "canvas"
        ? [element.width, element.height]
        : kind === "video"
          ? [element.videoWidth, element.videoHeight]
          : kind === "img"
            ? [element.naturalWidth, element.naturalHeight]
            : [Math.round(width), Math.round(height)];
    return {
      width: own[0] ?? 0,
      height: own[1] ?? 0,
      box,
      windowWidth: page.innerWidth,
      windowHeight: page.innerHeight,
      framed: isFramed(element),
    };
  };

  const isFramed = (element: PageElement): boolean =>
    framed === element &&
    marked.every((one) => one.isConnected && one.hasAttribute(MARK)) &&
    sheets.every(({ document, sheet }) => document.adoptedStyleSheets.includes(sheet));

  const mark = (element: PageElement, as: string): void => {
    element.setAttribute(MARK, as);
    marked.push(element);
  };

  /** A frame of a frameset has no place but the one that the frameset's attributes give it. */
  const widen = (set: PageElement, child: PageElement): void => {
    const children = Array.from((set as unknown as { children: ArrayLike<unknown> }).children);
    const at = children
      .filter((one) => /^frame/i.test((one as PageElement).tagName))
      .indexOf(child);
    const columns = (set.getAttribute("cols") ?? "*").split(",").length;
    const rows = (set.getAttribute("rows") ?? "*").split(",").length;
    const only = (count: number, wanted: number): string =>
      Array.from({ length: count }, (_none, index) => (index === wanted ? "*" : "0")).join(",");
    const wanted = {
      cols: only(columns, at % columns),
      rows: only(rows, Math.floor(at / columns)),
      border: "0",
      frameborder: "0",
      framespacing: "0",
    };
    for (const [name, value] of Object.entries(wanted))
      if (set.getAttribute(name) !== value) set.setAttribute(name, value);
  };

  const isOurs = (sheet: unknown): boolean =>
    Array.from((sheet as { cssRules: ArrayLike<{ name?: string }> }).cssRules).some(
      ({ name }) => name === "console-cover" || name === "console-crop",
    );

  const adopt = (document: PageDocument, size: string): void => {
    const view = document.defaultView;
    if (!view) return;
    const sheet = new view.CSSStyleSheet();
    // Of important rules those of the first layer win: the cover's.
    sheet.replaceSync(`@layer console-cover,console-crop;@layer console-crop{${RULES}${size}}}`);
    document.adoptedStyleSheets = [
      ...document.adoptedStyleSheets.filter((one) => !isOurs(one)),
      sheet,
    ];
    sheets.push({ document, sheet });
  };

  return {
    measure: (selector) => {
      const element = this.find(selector);
      return element && measureOf(element);
    },
    frame: (selector, force) => {
      const picture = this.find(selector);
      if (!picture) return false;
      for (const element of marked) element.removeAttribute(MARK);
      marked = [];
      sheets = [];
      const size = force
        ? `width:${force.width}px!important;height:${force.height}px!important;`
        : "";
      for (const [index, element] of chain(picture).entries()) {
        mark(element, index === 0 ? "picture" : "frame");
        let child = element;
        for (let one = element.parentElement; one; one = one.parentElement) {
          mark(one, "around");
          if (/^frameset$/i.test(one.tagName)) widen(one, child);
          child = one;
        }
        adopt(element.ownerDocument, index === 0 ? size : "");
      }
      framed = picture;
      return true;
    },
    changed: (selector, known, limitMs) =>
      new Promise((resolve) => {
        const wanted = JSON.stringify(known);
        const end = performance.now() + limitMs;
        const timer = setInterval(() => {
          const element = this.find(selector);
          const now = element && measureOf(element);
          const changed = !now || JSON.stringify(now) !== wanted;
          if (!changed && performance.now() < end) return;
          clearInterval(timer);
          resolve(changed);
        }, LOOK_MS);
      }),
  };
}

/**
 * Blackens a document from its very beginning, in whatever frame. What is under it keeps its place, its
 * text and takes clicks, so a recipe can go on behind it.
 */
export function pageCover(): void {
  const { document, CSSStyleSheet } = globalThis as unknown as PageWindow & {
    document: PageDocument;
  };
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(
    "@layer console-cover{:root{background:#000!important;opacity:1!important;filter:none!important}" +
      "*:not(:root),::backdrop{opacity:0!important;transition:none!important;animation:none!important}" +
      ":root::before,:root::after{display:none!important}:root{scrollbar-width:none!important}}",
  );
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
