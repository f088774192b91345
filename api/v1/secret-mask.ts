/**
 * Asterisks in place of secrets, on the way out and on the way back in. What leaves the API never
 * holds a sealed envelope or a value under a key that names a secret; asterisks that come back mean
 * "as it was" and overwrite nothing.
 */
import { InvalidParameterValue } from "../../common/errors.ts";
import type { Json, JsonObject } from "../../common/node.ts";
import { isSealed } from "../../common/secret-box.ts";
import { SECRET_MASK } from "../../common/secret.ts";
import { isSensitiveKey } from "../../common/sensitive-key.ts";

/** For answers: sealed values and values under sensitive keys become `******`, at any depth. */
export function maskSecrets(value: JsonObject): JsonObject {
  return mapMembers(value, (key, member) =>
    isSensitiveKey(key) ? SECRET_MASK : maskMember(member, maskSecrets),
  );
}

/** For writing back: only sealed values become `******`; the conductor puts the stored ones there. */
export function maskSealed(value: JsonObject): JsonObject {
  return mapMembers(value, (_key, member) => maskMember(member, maskSealed));
}

function maskMember(member: Json, mask: (inner: JsonObject) => JsonObject): Json {
  if (isSealed(member)) return SECRET_MASK;
  if (Array.isArray(member)) return member.map((item) => maskMember(item, mask));
  return typeof member === "object" && member !== null ? mask(member) : member;
}

function mapMembers(value: JsonObject, map: (key: string, member: Json) => Json): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, map(key, member)]));
}

/**
 * Undoes the mask in what a caller sends: a stored value that is not sealed is put back here, a sealed
 * one stays `******` for the conductor.
 * @param place for the error, for example `driver_info`
 * @throws {InvalidParameterValue} when there is nothing that the asterisks could stand for
 */
export function keepMasked(sent: Json, stored: Json | undefined, place: string): Json {
  if (sent === SECRET_MASK) {
    if (stored === undefined)
      throw new InvalidParameterValue(
        `Invalid ${place}: '${SECRET_MASK}' stands for a stored secret, and none is stored there`,
      );
    return maskMember(stored, maskSealed);
  }
  if (typeof sent !== "object" || sent === null) return sent;
  if (Array.isArray(sent))
    return sent.map((item, index) =>
      keepMasked(item, Array.isArray(stored) ? stored[index] : undefined, `${place}/${index}`),
    );
  const storedObject = isPlainObject(stored) ? stored : {};
  return mapMembers(sent, (key, member) =>
    keepMasked(
      member,
      Object.hasOwn(storedObject, key) ? storedObject[key] : undefined,
      `${place}/${key}`,
    ),
  );
}

/** A caller must not hand us an envelope: it could be another node's. */
export function refuseSealed(value: Json, place: string): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value) && Object.hasOwn(value, "$sealed"))
    throw new InvalidParameterValue(`Invalid ${place}: the key "$sealed" is reserved`);
  for (const [key, member] of Object.entries(value)) refuseSealed(member, `${place}/${key}`);
}

function isPlainObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isSealed(value);
}
