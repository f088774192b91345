/**
 * Questions to a BMC's Redfish service, over the seat's own way to it. Never a reason for a start to fail:
 * many BMCs with a web page have none. A service that has once refused the login is not asked again, since
 * each refusal counts against the account.
 */
import { BmcAuthenticationFailed, BmcFeatureMissing, messageOf, type Logger } from "../../base.ts";
import type { RedfishDial } from "../../lib/redfish-agent.ts";
import { RedfishClient } from "../../lib/redfish-client.ts";
import type { RedfishAccess } from "../../lib/redfish-options.ts";

const REQUEST_LIMIT_MS = 8000;
const QUESTION_LIMIT_MS = 15_000;

export class BmcRedfish {
  readonly #access: RedfishAccess | undefined;
  readonly #dial: RedfishDial;
  readonly #log: Logger;
  #refused = false;

  constructor(access: RedfishAccess | undefined, dial: RedfishDial, log: Logger) {
    this.#access = access;
    this.#dial = dial;
    this.#log = log;
  }

  /** With the account. @returns undefined when there is no answer */
  async ask<T>(
    what: string,
    signal: AbortSignal,
    use: (client: RedfishClient) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    if (this.#refused || !this.#access) return undefined;
    // Basic authentication: asking must not open a session itself.
    return await this.#ask({ ...this.#access, authType: "basic" }, what, signal, use);
  }

  /** What it says to everybody. @returns undefined when there is no answer */
  async askOpenly<T>(
    what: string,
    signal: AbortSignal,
    use: (client: RedfishClient) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    if (!this.#access) return undefined;
    const nobody = { ...this.#access, username: undefined, password: undefined };
    return await this.#ask(nobody, what, signal, use);
  }

  async #ask<T>(
    access: RedfishAccess,
    what: string,
    signal: AbortSignal,
    use: (client: RedfishClient) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), QUESTION_LIMIT_MS);
    try {
      return await RedfishClient.with(
        access,
        {
          signal: AbortSignal.any([signal, limit.signal]),
          requestLimitMs: REQUEST_LIMIT_MS,
          dial: this.#dial,
        },
        use,
      );
    } catch (error) {
      if (error instanceof BmcAuthenticationFailed && access.username !== undefined)
        this.#refused = true;
      const level = error instanceof BmcFeatureMissing ? "debug" : "info";
      this.#log.log(level, `no answer by Redfish: ${what}`, { reason: messageOf(error) });
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}
