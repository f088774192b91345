/**
 * Seals the secrets in what operators write (driver_info, instance_info) and opens them for tasks. A
 * secret is every value whose key an enabled driver's schema marks `secret`, or whose key Ironic's API
 * would mask; at any depth. The clear text exists between the request and the first line of seal.
 */
import { InvalidParameterValue } from "../common/errors.ts";
import type { Json, JsonObject } from "../common/node.ts";
import { Secret, SECRET_MASK } from "../common/secret.ts";
import { isSealed, type SecretBox } from "../common/secret-box.ts";
import { isSensitiveKey } from "../common/sensitive-key.ts";
import type { DriverInfo } from "../drivers/base.ts";

/** Which column of which node: part of the place an envelope belongs to. */
export interface SecretHome {
  readonly nodeUuid: string;
  readonly field: "driver_info" | "instance_info";
}

/** Deeper JSON is refused; Ironic's body limit is 25. */
const MAX_DEPTH = 25;

interface Position {
  readonly home: SecretHome;
  /** Keys and indexes from the field's top. */
  readonly path: readonly string[];
  /** True below a key that names a secret. */
  readonly secret: boolean;
}

export class DriverInfoSecrets {
  readonly #box: SecretBox;
  readonly #isSecretOption: (key: string) => boolean;

  /** @param isSecretOption says whether an enabled driver's schema marks this option */
  constructor(box: SecretBox, isSecretOption: (key: string) => boolean) {
    this.#box = box;
    this.#isSecretOption = isSecretOption;
  }

  /**
   * What to store for what a caller wrote.
   * @param stored what the database holds now; `******` keeps the secret at the same place
   * @throws {InvalidParameterValue} for `******` where no secret is stored, for `$sealed`, for JSON that is too deep
   */
  seal(incoming: JsonObject, stored: JsonObject, home: SecretHome): JsonObject {
    return this.#sealObject(incoming, stored, { home, path: [], secret: false });
  }

  /** Secrets as Secret objects; the rest is a copy. @throws {ConsoleServiceError} when one does not open */
  open(stored: JsonObject, home: SecretHome): DriverInfo {
    const opened = this.#open(stored, { home, path: [], secret: false });
    return opened as DriverInfo;
  }

  #sealObject(incoming: JsonObject, stored: Json | undefined, at: Position): JsonObject {
    if (at.path.length >= MAX_DEPTH)
      throw new InvalidParameterValue(
        `${at.home.field} is nested deeper than ${MAX_DEPTH} levels at "${at.path[0]}"`,
      );
    if (Object.hasOwn(incoming, "$sealed"))
      throw new InvalidParameterValue(`"$sealed" cannot be set in ${at.home.field}`);
    const entries = Object.entries(incoming).map(([key, value]) => [
      key,
      this.#seal(value, child(stored, key), this.#step(at, key)),
    ]);
    return Object.fromEntries(entries) as JsonObject;
  }

  #seal(incoming: Json, stored: Json | undefined, at: Position): Json {
    if (Array.isArray(incoming)) {
      const items = this.#sealObject(Object.fromEntries(incoming.entries()), stored, at);
      return Object.values(items);
    }
    if (typeof incoming === "object" && incoming !== null)
      return this.#sealObject(incoming, stored, at);
    if (incoming === SECRET_MASK) return keepStored(stored, at);
    if (!at.secret || incoming === null || incoming === "") return incoming;
    // The stock client sends an all-digits password as a number.
    if (typeof incoming === "number" && !Number.isSafeInteger(incoming))
      throw new InvalidParameterValue(
        `${describe(at)} is a number that cannot be kept exactly, give it as a string`,
      );
    const { $sealed } = this.#box.seal(new Secret(String(incoming)), placeOf(at));
    return { $sealed };
  }

  #open(stored: Json, at: Position): unknown {
    if (isSealed(stored)) return this.#box.open(stored, placeOf(at));
    if (Array.isArray(stored))
      return stored.map((item, index) => this.#open(item, this.#step(at, String(index))));
    if (typeof stored === "object" && stored !== null)
      return Object.fromEntries(
        Object.entries(stored).map(([key, value]) => [key, this.#open(value, this.#step(at, key))]),
      );
    // Stored before a driver that calls it a secret was enabled.
    if (at.secret && typeof stored === "string" && stored !== "") return new Secret(stored);
    return stored;
  }

  #step(at: Position, key: string): Position {
    const secret = at.secret || isSensitiveKey(key) || this.#isSecretOption(key);
    return { home: at.home, path: [...at.path, key], secret };
  }
}

function keepStored(stored: Json | undefined, at: Position): Json {
  if (isSealed(stored)) return { $sealed: stored.$sealed };
  throw new InvalidParameterValue(
    `${describe(at)} is ${SECRET_MASK}, which stands for a stored secret, but none is stored there`,
  );
}

function child(stored: Json | undefined, key: string): Json | undefined {
  if (typeof stored !== "object" || stored === null || isSealed(stored)) return undefined;
  if (Array.isArray(stored)) return stored[Number(key)];
  return Object.hasOwn(stored, key) ? stored[key] : undefined;
}

function placeOf(at: Position): string {
  return `nodes/${at.home.nodeUuid}/${at.home.field}/${at.path.join("/")}`;
}

function describe(at: Position): string {
  return `${at.home.field}/${at.path.join("/")}`;
}
