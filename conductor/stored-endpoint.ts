/** A ConsoleEndpoint as drivers return it, and as the database keeps it: with its password sealed. */
import {
  endpointPasswordPlace,
  type ConsoleEndpoint,
  type StoredConsoleEndpoint,
} from "../common/console-endpoint.ts";
import type { SecretBox } from "../common/secret-box.ts";

export function sealEndpoint(
  box: SecretBox,
  nodeUuid: string,
  endpoint: ConsoleEndpoint,
): StoredConsoleEndpoint {
  const { credentials, ...rest } = endpoint;
  if (!credentials) return rest;
  const { password, ...user } = credentials;
  if (!password) return { ...rest, credentials: user };
  const sealed = box.seal(password, endpointPasswordPlace(nodeUuid));
  return { ...rest, credentials: { ...user, password: sealed } };
}

/** @throws {ConsoleServiceError} when the password does not open */
export function openEndpoint(
  box: SecretBox,
  nodeUuid: string,
  stored: StoredConsoleEndpoint,
): ConsoleEndpoint {
  const { credentials, ...rest } = stored;
  if (!credentials) return rest;
  const { password, ...user } = credentials;
  if (!password) return { ...rest, credentials: user };
  const opened = box.open(password, endpointPasswordPlace(nodeUuid));
  return { ...rest, credentials: { ...user, password: opened } };
}
