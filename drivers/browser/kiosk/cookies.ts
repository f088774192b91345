/** The BMC's cookies, those that its scripts cannot see included. */
import type { Tab } from "./tab.ts";

interface Cookie {
  readonly name: string;
  readonly value: string;
}

export class Cookies {
  readonly #tab: Tab;
  readonly #origin: string;

  constructor(tab: Tab, origin: string) {
    this.#tab = tab;
    this.#origin = origin;
  }

  async get(name: string): Promise<string | undefined> {
    const urls = [this.#tab.url, `${this.#origin}/`].filter((url) => /^https?:/.test(url));
    const { cookies } = await this.#tab.cdp.send<{ cookies: readonly Cookie[] }>(
      "Network.getCookies",
      { urls },
    );
    return cookies.find((cookie) => cookie.name === name)?.value;
  }

  async set(name: string, value: string): Promise<void> {
    const url = `${this.#origin}/`;
    await this.#tab.cdp.send("Network.setCookie", { name, value, url, path: "/" });
  }
}
