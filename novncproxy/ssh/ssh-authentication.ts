/**
 * Judges who comes, for one connection: public keys, the API's passwords, few tries. Answers to wrong
 * logins are the same and take the same time whatever was wrong: key, user, password or node.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { AuthContext, Connection, KeyboardAuthContext, PublicKeyAuthContext } from "ssh2";
import { messageOf } from "../../common/errors.ts";
import { Secret } from "../../common/secret.ts";
import type { ApiLogins } from "./login/api-logins.ts";
import type { FailureLimit } from "./login/failure-limit.ts";
import type { KeyLogins } from "./login/key-logins.ts";
import type { Login } from "./login/login.ts";
import { isUserName, parseLoginName, type LoginName } from "./login/login-name.ts";

export interface AuthenticationDeps {
  readonly keys: KeyLogins;
  /** False when there is no file of keys: they are not offered. */
  readonly takesKeys: boolean;
  readonly api: ApiLogins;
  readonly failures: FailureLimit;
  /** A wrong password is answered no sooner. */
  readonly failureMilliseconds: number;
}

export interface AuthenticationListener {
  onLogin(login: Login, name: LoginName | undefined): void;
  /** @param user as he calls himself, when he does; @param why for the log */
  onRefused(method: string, user: string | null, why: string): void;
  /** He had his tries. */
  onTooManyTries(): void;
}

type Method = "publickey" | "keyboard-interactive" | "password";

/** As sshd's MaxAuthTries. */
const MOST_TRIES = 6;
/** Questions whether a known key is worth signing with, which cost nothing. */
const MOST_QUESTIONS = 20;
const LONGEST_PASSWORD = 1024;

export class SshAuthentication {
  readonly #deps: AuthenticationDeps;
  /** Whom to count failures against. */
  readonly #source: string;
  readonly #listener: AuthenticationListener;
  readonly #ended = new AbortController();
  #tries = 0;
  #questions = 0;
  #accepted: { readonly login: Login; readonly name: LoginName | undefined } | undefined;

  constructor(deps: AuthenticationDeps, source: string, listener: AuthenticationListener) {
    this.#deps = deps;
    this.#source = source;
    this.#listener = listener;
  }

  /** Answers this client's logins from now on. */
  listen(client: Connection): void {
    client.on("authentication", (context) => this.#onAttempt(context));
    client.on("ready", () => {
      const accepted = this.#accepted;
      if (accepted) this.#listener.onLogin(accepted.login, accepted.name);
    });
    client.on("close", () => this.#ended.abort());
  }

  #methods(): Method[] {
    const { takesKeys, api } = this.#deps;
    return [
      ...(takesKeys ? (["publickey"] as const) : []),
      ...(api.available ? (["keyboard-interactive", "password"] as const) : []),
    ];
  }

  #onAttempt(context: AuthContext): void {
    const name = parseLoginName(context.username);
    if (this.#tries >= MOST_TRIES || (this.#questions += 1) > MOST_QUESTIONS) {
      this.#listener.onTooManyTries();
      return;
    }
    const methods: readonly string[] = this.#methods();
    if (!methods.includes(context.method)) context.reject(this.#methods());
    else if (context.method === "publickey") this.#judgeKey(context, name);
    else if (context.method === "keyboard-interactive") this.#ask(context, name);
    else if (context.method === "password") {
      const [user, password] =
        name?.user === null || name === undefined
          ? splitPair(context.password)
          : [name.user, context.password];
      this.#judge(context, user, password, name);
    }
  }

  #judgeKey(context: PublicKeyAuthContext, name: LoginName | undefined): void {
    const found = this.#deps.keys.find(context);
    if (found && !context.signature) {
      context.accept();
      return;
    }
    const login = found && this.#deps.keys.check(found, context, name);
    if (login) this.#accept(context, login, name);
    else {
      this.#tries += 1;
      const why = found ? "wrong signature" : "unknown key";
      this.#reject(context, found?.user ?? null, why);
    }
  }

  #ask(context: KeyboardAuthContext, name: LoginName | undefined): void {
    const user = name?.user ?? null;
    const prompts = [
      ...(user === null ? [{ prompt: "User: ", echo: true }] : []),
      { prompt: "Password: ", echo: false },
    ];
    context.prompt(prompts, (answers) => {
      /* an Error when the client began another login meanwhile */
      if (!Array.isArray(answers) || this.#ended.signal.aborted) return;
      const given = [...(user === null ? [] : [user]), ...answers];
      const [who = "", password = ""] = given.length === 2 ? given : [];
      this.#judge(context, who, password, name);
    });
  }

  #judge(context: AuthContext, user: string, password: string, name: LoginName | undefined): void {
    this.#judgePassword(context, user, password, name).catch((error: unknown) => {
      this.#listener.onRefused(context.method, null, messageOf(error));
      this.#listener.onTooManyTries();
    });
  }

  async #judgePassword(
    context: AuthContext,
    user: string,
    password: string,
    name: LoginName | undefined,
  ): Promise<void> {
    const { failures, failureMilliseconds, api } = this.#deps;
    this.#tries += 1;
    const answerAt = performance.now() + failureMilliseconds;
    const well = name !== undefined && isUserName(user) && password.length <= LONGEST_PASSWORD;
    const allowed = failures.allows(this.#source);
    failures.count(this.#source);
    const login =
      well && allowed ? await api.check(user, new Secret(password), name, this.#source) : undefined;
    if (login) {
      failures.forgive(this.#source);
      this.#accept(context, login, name);
      return;
    }
    const left = Math.max(0, answerAt - performance.now());
    await sleep(left, undefined, { signal: this.#ended.signal }).catch(() => undefined);
    const why = !allowed ? "too many failures" : well ? "refused by the api" : "malformed";
    this.#reject(context, isUserName(user) ? user : null, why);
  }

  #accept(context: AuthContext, login: Login, name: LoginName | undefined): void {
    if (this.#ended.signal.aborted) return;
    this.#accepted = { login, name };
    /* FACT(ssh2 1.17): "ready" comes within this call, or not for this attempt */
    context.accept();
    this.#accepted = undefined;
  }

  #reject(context: AuthContext, user: string | null, why: string): void {
    this.#listener.onRefused(context.method, user, why);
    if (this.#ended.signal.aborted) return;
    context.reject(this.#methods());
    if (this.#tries >= MOST_TRIES) this.#listener.onTooManyTries();
  }
}

/** `USER:PASSWORD`, for clients that can only send one password. */
function splitPair(text: string): [user: string, password: string] {
  const colon = text.indexOf(":");
  return colon === -1 ? ["", ""] : [text.slice(0, colon), text.slice(colon + 1)];
}
