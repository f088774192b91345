/**
 * Redfish sessions (DSP0266 section 13.3) that are made for one console connection each and ended with it. What
 * is under way is known here, so that a process can wait for its log-outs before it ends; what a killed
 * process leaves behind ends by the BMC's own time limit.
 */
import { setTimeout as pause } from "node:timers/promises";
import { HostError } from "../errors.ts";
import { Secret } from "../secret.ts";
import { httpRefusal } from "./refusals.ts";
import { askWeb, type WebLimits, type WebPlace } from "./web-place.ts";

const SESSIONS = "/redfish/v1/SessionService/Sessions";
const MAX_TOKEN_LENGTH = 4096;
const MAX_PATH_LENGTH = 1024;
/** Before each try to log out: a BMC that restarts keeps its sessions. */
const LOG_OUT_PAUSES_MILLISECONDS = [0, 1000, 4000];
/** How long the end of a process may wait for log-outs. */
const SETTLE_MILLISECONDS = 5000;

export interface BmcSession {
  readonly token: Secret;
  /** Logs out; the second time nothing happens. Never fails. */
  close(): void;
}

export class BmcSessions {
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #cut = new AbortController();

  /**
   * Logs in. When `limits.signal` aborts meanwhile, the session is ended as soon as it is known.
   * @throws {HostHttpRefused} {@link HostLoginRefused} {@link HostUnreachable} {@link HostTimeout} {@link HostCertificateInvalid}
   */
  open(
    place: WebPlace,
    limits: WebLimits,
    credentials: { readonly username: string; readonly password: Secret },
  ): Promise<BmcSession> {
    return this.#track(this.#open(place, limits, credentials));
  }

  async #open(
    place: WebPlace,
    limits: WebLimits,
    { username, password }: { readonly username: string; readonly password: Secret },
  ): Promise<BmcSession> {
    if (!place.tls) throw new HostError("a password is not sent without TLS");
    const body = JSON.stringify({ UserName: username, Password: password.reveal() });
    const headers = {
      accept: "application/json",
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(body)),
      connection: "close",
    };
    const own = { ...limits, signal: this.#cut.signal };
    const what = { method: "POST", path: SESSIONS, headers };
    const answer = await askWeb(place, own, what, body);
    if (answer.status < 200 || answer.status > 299)
      throw httpRefusal(answer.status, `POST ${SESSIONS}`);
    const token = answer.headers["x-auth-token"];
    const path = pathOf(answer.headers.location);
    if (typeof token !== "string" || token.length > MAX_TOKEN_LENGTH || path === undefined)
      throw new HostError("the host opens a Redfish session without a token or location");
    const session = this.#sessionAt(place, own, new Secret(token), path);
    if (limits.signal.aborted) {
      session.close();
      throw new HostError("the session is over");
    }
    return session;
  }

  #sessionAt(place: WebPlace, limits: WebLimits, token: Secret, path: string): BmcSession {
    let open = true;
    return {
      token,
      close: () => {
        if (open) void this.#track(this.#logOut(place, limits, token, path));
        open = false;
      },
    };
  }

  /** Any answer counts: a session that the BMC does not know is ended. */
  async #logOut(place: WebPlace, limits: WebLimits, token: Secret, path: string): Promise<void> {
    const headers = { "x-auth-token": token.reveal(), connection: "close" };
    for (const milliseconds of LOG_OUT_PAUSES_MILLISECONDS)
      try {
        await pause(milliseconds, undefined, { signal: limits.signal });
        await askWeb(place, limits, { method: "DELETE", path, headers });
        return;
      } catch {
        if (limits.signal.aborted) return;
      }
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    const forget = (): void => void this.#underWay.delete(work);
    work.then(forget, forget);
    return work;
  }

  /** Resolves when every session that was to be closed is, or gives up on them. No session may be opened after. */
  async settle(): Promise<void> {
    const timer = setTimeout(() => this.#cut.abort(), SETTLE_MILLISECONDS);
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    clearTimeout(timer);
  }
}

/** FACT(DSP0266 section 13.3.4): Location may be a path or a whole URL, whose host is not asked. */
function pathOf(location: string | undefined): string | undefined {
  if (location === undefined || location.length > MAX_PATH_LENGTH) return undefined;
  const base = "https://bmc.invalid";
  const path = URL.canParse(location, base) ? new URL(location, base).pathname : "";
  return path.startsWith("/redfish/") ? path : undefined;
}
