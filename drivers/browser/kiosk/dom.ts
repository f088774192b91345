/** The little of the DOM that our code inside a page uses (in-page*.ts). Types only. */

export interface PageElement {
  readonly tagName: string;
  readonly isConnected: boolean;
  readonly ownerDocument: PageDocument;
  readonly innerText?: string;
  readonly textContent: string | null;
  readonly parentElement: PageElement | null;
  readonly clientLeft: number;
  readonly clientTop: number;
  readonly isContentEditable?: boolean;
  readonly labels?: ArrayLike<PageElement> | null;
  readonly options?: ArrayLike<{ value: string; text: string; selected: boolean }>;
  readonly contentDocument?: PageDocument | null;
  /** Of canvas, img, video, as they are without styles. */
  readonly width?: number;
  readonly height?: number;
  readonly naturalWidth?: number;
  readonly naturalHeight?: number;
  readonly videoWidth?: number;
  readonly videoHeight?: number;
  value?: string;
  disabled?: boolean;
  readonly readOnly?: boolean;
  contains(other: unknown): boolean;
  matches(selector: string): boolean;
  closest(selector: string): PageElement | null;
  focus(options?: { preventScroll: boolean }): void;
  select?(): void;
  scrollIntoView(options: object): void;
  getBoundingClientRect(): Box;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  hasAttribute(name: string): boolean;
  checkVisibility(options?: object): boolean;
  dispatchEvent(event: unknown): boolean;
  readonly shadowRoot?: unknown;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PageDocument {
  readonly readyState: string;
  readonly title: string;
  readonly body: PageElement | null;
  readonly documentElement: PageElement | null;
  readonly activeElement: PageElement | null;
  readonly defaultView: PageWindow | null;
  adoptedStyleSheets: unknown[];
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): ArrayLike<PageElement>;
  elementFromPoint(x: number, y: number): PageElement | null;
  getSelection(): { selectAllChildren(node: unknown): void } | null;
}

export interface PageWindow {
  readonly frameElement: PageElement | null;
  readonly innerWidth: number;
  readonly innerHeight: number;
  readonly localStorage: {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
  };
  readonly sessionStorage: { getItem(key: string): string | null };
  readonly Event: new (type: string, init: object) => unknown;
  readonly CSSStyleSheet: new () => { replaceSync(text: string): void };
  readonly ResizeObserver: new (callback: () => void) => Observer;
  readonly MutationObserver: new (callback: () => void) => Observer;
  open(url: string, name: string): unknown;
}

export interface Observer {
  observe(target: unknown, options?: object): void;
  disconnect(): void;
}
