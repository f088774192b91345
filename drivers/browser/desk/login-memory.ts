/**
 * What is remembered of failed starts, so that a viewer who tries again and again does not lock the BMC's
 * account: within the pause the answer is the last one, and the BMC hears nothing.
 *
 * FACT(Dell iDRAC 9 user's guide, IP blocking): three failed logins within 60 seconds block the address
 * for minutes. A start with a wrong password may fail twice, by Redfish and in the page; so no 60 seconds
 * must see two starts.
 */
import type { StartFailure, StartStep } from "../../../common/console-prelude.ts";
import type { Scheduler } from "./scheduler.ts";

const FIRST_PAUSE_MS: Partial<Record<StartFailure, number>> = {
  wrong_password: 60_000,
  sessions_taken: 10_000,
};
const OTHER_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 600_000;

export interface RememberedFailure {
  readonly step: StartStep;
  readonly failure: StartFailure;
  readonly message: string;
}

export class LoginMemory {
  readonly #scheduler: Scheduler;
  #last: (RememberedFailure & { readonly until: number }) | undefined;
  /** Failures of the same kind, one after another. */
  #repeated = 0;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** The answer to give instead of another try; undefined when one may be made. */
  answer(): RememberedFailure | undefined {
    return this.#last && this.#scheduler.now() < this.#last.until ? this.#last : undefined;
  }

  failed(given: RememberedFailure): void {
    this.#repeated = this.#last?.failure === given.failure ? this.#repeated + 1 : 0;
    const first = FIRST_PAUSE_MS[given.failure];
    const pauseMs =
      first === undefined
        ? OTHER_PAUSE_MS
        : Math.min(first * 2 ** Math.min(this.#repeated, 10), LONGEST_PAUSE_MS);
    this.#last = { ...given, until: this.#scheduler.now() + pauseMs };
  }

  succeeded(): void {
    this.#last = undefined;
    this.#repeated = 0;
  }
}
