/** Who may do what at the simulated OpenBMC, and its sessions. */
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

export interface Login {
  readonly id: string;
  readonly token: string;
  readonly csrf: string;
  readonly role: "Administrator" | "Operator";
  readonly byCookie?: boolean;
}

const ROLES: Readonly<Record<string, Login["role"]>> = {
  root: "Administrator",
  operator: "Operator",
};

export class OpenBmcAccounts {
  password: string;
  /** Basic authentication can be switched off at an OpenBMC. */
  takesBasic = true;
  readonly #sessions = new Map<string, Login>();
  /** How many there were ever. */
  opened = 0;

  constructor(password: string) {
    this.password = password;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  /** @param body of POST SessionService/Sessions */
  logIn(body: string): Login | undefined {
    const { UserName: user, Password: password } = fieldsOf(body);
    const role = ROLES[String(user)];
    if (!role || password !== this.password) return undefined;
    const login = { id: randomWord(), token: randomWord(), csrf: randomWord(), role };
    this.#sessions.set(login.token, login);
    this.opened += 1;
    return login;
  }

  logOut(id: string): void {
    for (const [token, login] of this.#sessions) if (login.id === id) this.#sessions.delete(token);
  }

  /** In bmcweb's order. */
  of({ headers }: IncomingMessage): Login | undefined {
    const token = headers["x-auth-token"];
    if (typeof token === "string") return this.#sessions.get(token);
    const cookie = /(?:^|; ?)BMCWEB-SESSION=([^;]+)/.exec(headers.cookie ?? "")?.[1];
    if (cookie !== undefined) {
      const login = this.#sessions.get(cookie);
      return login && { ...login, byCookie: true };
    }
    const [scheme, value = ""] = (headers.authorization ?? "").split(" ");
    return scheme === "Basic" && this.takesBasic ? this.#basic(value) : undefined;
  }

  #basic(value: string): Login | undefined {
    const [user = "", ...rest] = Buffer.from(value, "base64").toString().split(":");
    const role = ROLES[user];
    if (!role || rest.join(":") !== this.password) return undefined;
    return { id: "", token: "", csrf: "", role };
  }
}

function fieldsOf(body: string): { UserName?: unknown; Password?: unknown } {
  try {
    return JSON.parse(body) as object;
  } catch {
    return {};
  }
}

function randomWord(): string {
  return randomBytes(15).toString("base64url");
}
