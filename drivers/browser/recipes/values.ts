/**
 * What a recipe's `{names}` stand for during one session: the login, the BMC's address and what its pages
 * gave us, all of it kept as secrets, since what a login gives is as good as the password. What is filled
 * in is naked only on its way into the page.
 */
import { randomBytes } from "node:crypto";
import { fillIn, mapTexts, namesIn } from "../../../common/console-recipe/template.ts";
import { PageError, Secret } from "../../base.ts";
import type { WebAddress } from "../web-address.ts";

/** Longest value that a BMC's page may give us. */
const VALUE_LIMIT = 16_384;

export interface Login {
  readonly username: string;
  readonly password: Secret;
}

export class RecipeValues {
  readonly #values: Map<string, Secret>;
  readonly #origin: string;

  constructor(login: Login, bmc: WebAddress) {
    const both = `${login.username}:${login.password.reveal()}`;
    this.#origin = bmc.origin;
    this.#values = new Map([
      ["username", new Secret(login.username)],
      ["password", login.password],
      ["basic", new Secret(Buffer.from(both).toString("base64"))],
      ["host", new Secret(bmc.host)],
      ["port", new Secret(String(bmc.port))],
      ["origin", new Secret(bmc.origin)],
      ["random", new Secret(randomBytes(32).toString("hex"))],
    ]);
  }

  /** Whether every name in these texts has a value. */
  knows(texts: readonly string[]): boolean {
    return texts.flatMap(namesIn).every((name) => this.#values.has(name));
  }

  /** @throws {PageError} when there is nothing, or too much of it */
  save(name: string, value: string | undefined): void {
    if (value === undefined || value === "")
      throw new PageError("unexpected_page", `found no value for {${name}}`);
    if (value.length > VALUE_LIMIT)
      throw new PageError("unexpected_page", `the value for {${name}} is too long`);
    this.#values.set(name, new Secret(value));
  }

  /** For a field of the page. */
  secret(text: string): Secret {
    return new Secret(this.text(text));
  }

  /** In the clear: for what the page is about to get. */
  text(text: string): string {
    return fillIn(text, (name) => this.#clear(name));
  }

  texts(map: Readonly<Record<string, string>>): Record<string, string> {
    return mapTexts(map, (text) => this.text(text)) as Record<string, string>;
  }

  json(value: unknown): unknown {
    return mapTexts(value, (text) => this.text(text));
  }

  /**
   * A path of the BMC, names percent-encoded. One at the very beginning holds a path, or an address of the
   * same BMC, and stays as it is.
   * @throws {PageError} when it leads elsewhere
   */
  path(text: string): string {
    const filled = fillIn(text, (name, at) =>
      at === 0 ? this.#clear(name) : encodeURIComponent(this.#clear(name)),
    );
    const url = URL.canParse(filled, this.#origin) ? new URL(filled, this.#origin) : undefined;
    if (url?.origin !== this.#origin)
      throw new PageError("unexpected_page", `${text} leads to another machine than the BMC`);
    return `${url.pathname}${url.search}${url.hash}`;
  }

  /** The text with whatever is secret in it as asterisks. */
  scrub(text: string): string {
    const kept = ["username", "host", "port", "origin"];
    const secrets = [...this.#values].filter(([name]) => !kept.includes(name));
    return secrets
      .map(([, value]) => value.reveal())
      .filter((value) => value.length > 2)
      .reduce((scrubbed, value) => scrubbed.replaceAll(value, String(new Secret(""))), text);
  }

  #clear(name: string): string {
    const value = this.#values.get(name);
    if (!value) throw new PageError("unexpected_page", `{${name}} was never saved`);
    return value.reveal();
  }
}
