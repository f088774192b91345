/**
 * Seals secrets for the database: AES-256-GCM with a key id and, as additional data, the place the
 * envelope belongs to (`nodes/UUID/driver_info/vnc_password`), so that an envelope copied elsewhere
 * does not open.
 *
 * Envelope: `bmc1.KEYID.NONCE.CIPHERTEXT` with base64url parts; the ciphertext ends in the 16-byte tag.
 */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from "node:crypto";
import { ConsoleServiceError, StartupError } from "./errors.ts";
import { Secret } from "./secret.ts";

const PREFIX = "bmc1";
const NONCE_BYTES = 12; /* 96 bits, NIST SP 800-38D section 8.2 */
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** The stored form of a secret inside a JSON column: `{"$sealed": envelope}`. */
export interface Sealed {
  readonly $sealed: string;
}

export function isSealed(value: unknown): value is Sealed {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as { $sealed?: unknown }).$sealed === "string"
  );
}

export class SecretBox {
  /** Key objects, not bytes: they do not print, and Node.js 24 opens five times as fast with them. */
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #activeKeyId: string;

  /**
   * @param keyFileText lines `KEYID:BASE64KEY` (32 bytes); the first line's key seals, all open.
   * @throws {StartupError} when there is no key or a line is malformed
   */
  constructor(keyFileText: string) {
    const keys = new Map<string, KeyObject>();
    for (const [index, line] of keyFileText.split("\n").entries()) {
      if (line.trim() === "" || line.startsWith("#")) continue;
      const [id, base64] = line.trim().split(":");
      const key = Buffer.from(base64 ?? "", "base64");
      if (!id || !/^[A-Za-z0-9_-]{1,32}$/.test(id) || key.length !== KEY_BYTES)
        throw new StartupError(`key file line ${index + 1} is not KEYID:BASE64 of 32 bytes`);
      keys.set(id, createSecretKey(key));
    }
    const first = keys.keys().next();
    if (first.done) throw new StartupError("the key file holds no key");
    this.#keys = keys;
    this.#activeKeyId = first.value;
  }

  /** Makes the text of a key file with one new random key. */
  static newKeyFileText(): string {
    return `k${randomBytes(4).toString("hex")}:${randomBytes(KEY_BYTES).toString("base64")}\n`;
  }

  /** @param place where the envelope will be stored, for example `nodes/UUID/driver_info/vnc_password` */
  seal(secret: Secret, place: string): Sealed {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key(this.#activeKeyId), nonce);
    cipher.setAAD(Buffer.from(place));
    const sealed = Buffer.concat([
      cipher.update(secret.reveal(), "utf8"),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    const parts = [
      PREFIX,
      this.#activeKeyId,
      nonce.toString("base64url"),
      sealed.toString("base64url"),
    ];
    return { $sealed: parts.join(".") };
  }

  /** @throws {ConsoleServiceError} when the key is unknown or the envelope does not belong to `place` */
  open(sealed: Sealed, place: string): Secret {
    const [prefix, keyId, nonce, body] = sealed.$sealed.split(".");
    const bytes = Buffer.from(body ?? "", "base64url");
    if (prefix !== PREFIX || !keyId || !nonce || bytes.length < TAG_BYTES)
      throw new ConsoleServiceError(`the sealed secret at ${place} is malformed`);
    const decipher = createDecipheriv(
      "aes-256-gcm",
      this.#key(keyId),
      Buffer.from(nonce, "base64url"),
      {
        authTagLength: TAG_BYTES,
      },
    );
    decipher.setAAD(Buffer.from(place));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const clear = Buffer.concat([
        decipher.update(bytes.subarray(0, -TAG_BYTES)),
        decipher.final(),
      ]);
      return new Secret(clear.toString("utf8"));
    } catch (cause) {
      throw new ConsoleServiceError(
        `the sealed secret at ${place} does not open with key "${keyId}"`,
        {
          cause,
        },
      );
    }
  }

  /**
   * Keys for another purpose than sealing, from which nobody gets back to these (HKDF, RFC 5869); that of
   * the active key first, so that what an older one signed is still known.
   */
  derivedKeys(purpose: string): readonly KeyObject[] {
    const ids = [this.#activeKeyId, ...this.#keys.keys()];
    return [...new Set(ids)].map((id) =>
      createSecretKey(Buffer.from(hkdfSync("sha256", this.#key(id), "", purpose, KEY_BYTES))),
    );
  }

  #key(id: string): KeyObject {
    const key = this.#keys.get(id);
    if (!key) throw new ConsoleServiceError(`key "${id}" is not in the key file`);
    return key;
  }
}
