/**
 * Where an image's file is, and how an image's URL may be shown: what api and conductor must see alike.
 * A file's path is made of a UUID only, never of a name that somebody gave.
 */
import { join } from "node:path";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @throws {TypeError} for anything but a UUID in lower case */
export function imageFile(storeFolder: string, uuid: string): string {
  if (!UUID.test(uuid)) throw new TypeError("an image file's name is a UUID");
  return join(storeFolder, uuid);
}

/** A URL without user, password, query and fragment, which may hold secrets. */
export function shownUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed ? `${parsed.protocol}//${parsed.host}${parsed.pathname}` : "";
}
