/**
 * Logins with public keys. The key is judged alone; whether there is such a node, and whether the key may
 * open it, has one answer after the login.
 */
import {
  ConsoleTypeNotSupported,
  NodeConsoleNotEnabled,
  NodeNotFound,
} from "../../../common/errors.ts";
import type { Node } from "../../../common/node.ts";
import type { Database, SessionMode } from "../../../db/database.ts";
import type { AuthorizedKey } from "./authorized-keys.ts";
import type { AuthorizedKeysFile } from "./authorized-keys-file.ts";
import type { ConsoleGrant, Login } from "./login.ts";
import type { LoginName } from "./login-name.ts";

/** Used at once. */
const TOKEN_SECONDS = 30;

/** What a client shows with a key; without `signature` it asks whether the key is worth signing with. */
export interface KeyProof {
  readonly key: { readonly algo: string; readonly data: Buffer };
  readonly signature?: Buffer;
  readonly blob?: Buffer;
  readonly hashAlgo?: string;
}

export interface KeyLoginsDeps {
  readonly file: AuthorizedKeysFile;
  readonly database: Pick<Database, "nodes" | "tokens">;
  /** [vnc]read_only. */
  readonly readOnly: boolean;
}

export class KeyLogins {
  readonly #deps: KeyLoginsDeps;

  constructor(deps: KeyLoginsDeps) {
    this.#deps = deps;
  }

  /** @returns the key when it is one of ours, in a form that may sign */
  find({ key, hashAlgo }: KeyProof): AuthorizedKey | undefined {
    const found = this.#deps.file.find(key.data);
    if (!found || found.key.type !== key.algo) return undefined;
    // FACT(ssh2 1.17): hashAlgo is set for rsa-sha2-256 and -512 only; without it RSA signs with SHA-1.
    if (key.algo === "ssh-rsa" && hashAlgo === undefined) return undefined;
    return found;
  }

  /** @returns undefined when the signature is not the key's over this very login */
  check(found: AuthorizedKey, proof: KeyProof, name: LoginName | undefined): Login | undefined {
    const { signature, blob, hashAlgo } = proof;
    if (!signature || !blob || !isSigned(found, blob, signature, hashAlgo)) return undefined;
    const { user, fingerprint } = found;
    return { user, fingerprint, method: "publickey", grant: () => this.#grant(found, name) };
  }

  async #grant(found: AuthorizedKey, name: LoginName | undefined): Promise<ConsoleGrant> {
    if (!name) throw new NodeNotFound("of this name");
    const { database, readOnly } = this.#deps;
    const node = await database.nodes.get(name.node);
    if (found.nodes && !found.nodes.matches(node)) throw new NodeNotFound(name.node);
    checkConsole(node);
    const modes: readonly SessionMode[] = [found.mode, name.mode, readOnly ? "view" : "control"];
    const { token } = await database.tokens.authorize({
      nodeUuid: node.uuid,
      consoleType: "serial",
      mode: modes.includes("view") ? "view" : "control",
      userId: found.user,
      projectId: null,
      ttlSeconds: TOKEN_SECONDS,
    });
    return { token, nodeUuid: node.uuid };
  }
}

function checkConsole({ consoleEnabled, consoleEndpoint }: Node): void {
  if (!consoleEnabled || !consoleEndpoint)
    throw new NodeConsoleNotEnabled("the console of this machine is switched off");
  if (consoleEndpoint.consoleType !== "serial")
    throw new ConsoleTypeNotSupported("this machine has a screen, not a serial console");
}

/** FACT(ssh2 1.17): verify returns an Error, which is no `true`, for bytes it cannot take. */
function isSigned(
  { key }: AuthorizedKey,
  blob: Buffer,
  signature: Buffer,
  hashAlgo: string | undefined,
): boolean {
  try {
    const verdict: unknown = key.verify(blob, signature, hashAlgo);
    return verdict === true;
  } catch {
    return false;
  }
}
