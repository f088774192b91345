/** Search in the scrollback: next, previous, how many. */
import type { ISearchOptions, SearchAddon } from "@xterm/addon-search";
import { box, button, element } from "../elements.ts";

const MOST_HIGHLIGHTS = 1000;
/** Grounds on which both themes' letters can be read. */
const COLOURS = {
  dark: { match: "#4d3d00", active: "#9e6a03" },
  light: { match: "#ffe9a8", active: "#ffc247" },
};
const RULER = { matchOverviewRuler: "#d9a12c", activeMatchColorOverviewRuler: "#2f81f7" };

export class SearchBar {
  readonly #search: SearchAddon;
  readonly #bar = box("search");
  readonly #opener = button("search-button");
  readonly #field = element("search-text", HTMLInputElement);
  readonly #case = button("search-case");
  readonly #count = box("search-count");
  readonly #onClose: () => void;

  /** @param onClose the keyboard belongs to the terminal again */
  constructor(search: SearchAddon, onClose: () => void) {
    this.#search = search;
    this.#onClose = onClose;
    this.#opener.addEventListener("click", () => (this.#bar.hidden ? this.open() : this.close()));
    button("search-close").addEventListener("click", () => this.close());
    button("search-next").addEventListener("click", () => this.#find("next"));
    button("search-previous").addEventListener("click", () => this.#find("previous"));
    this.#case.addEventListener("click", () => {
      this.#case.setAttribute("aria-pressed", String(!this.#matchesCase));
      this.#find("typed");
    });
    this.#field.addEventListener("input", () => this.#find("typed"));
    this.#bar.addEventListener("keydown", (event) => this.#key(event));
    search.onDidChangeResults(({ resultIndex, resultCount }) =>
      this.#showCount(resultIndex, resultCount),
    );
  }

  open(): void {
    this.#bar.hidden = false;
    this.#opener.setAttribute("aria-expanded", "true");
    this.#field.focus();
    this.#field.select();
    if (this.#field.value !== "") this.#find("typed");
  }

  close(): void {
    if (this.#bar.hidden) return;
    this.#bar.hidden = true;
    this.#opener.setAttribute("aria-expanded", "false");
    this.#search.clearDecorations();
    this.#onClose();
  }

  get #matchesCase(): boolean {
    return this.#case.getAttribute("aria-pressed") === "true";
  }

  #key(event: KeyboardEvent): void {
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && event.target === this.#field)
      this.#find(event.shiftKey ? "next" : "previous");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** What is sought last on a console is mostly what happened last: Enter goes upwards. */
  #find(how: "typed" | "next" | "previous"): void {
    const text = this.#field.value;
    if (text === "") {
      this.#search.clearDecorations();
      this.#count.textContent = "";
      return;
    }
    const light = matchMedia("(prefers-color-scheme: light)").matches;
    const { match, active } = COLOURS[light ? "light" : "dark"];
    const options: ISearchOptions = {
      caseSensitive: this.#matchesCase,
      decorations: { ...RULER, matchBackground: match, activeMatchBackground: active },
    };
    if (how === "next") this.#search.findNext(text, options);
    else if (how === "previous") this.#search.findPrevious(text, options);
    else if (!this.#search.findPrevious(text, options)) this.#showCount(-1, 0);
  }

  #showCount(index: number, count: number): void {
    if (this.#field.value === "") this.#count.textContent = "";
    else if (count === 0) this.#count.textContent = "Not found";
    else {
      const all = count >= MOST_HIGHLIGHTS ? `${MOST_HIGHLIGHTS}+` : String(count);
      this.#count.textContent = index < 0 ? all : `${index + 1} of ${all}`;
    }
  }
}
