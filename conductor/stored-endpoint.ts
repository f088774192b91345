/** A ConsoleEndpoint as drivers return it, and as the database keeps it: with its secrets sealed. */
import {
  endpointClientKeyPlace,
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
  const { password, clientKey, ...open } = credentials;
  return {
    ...rest,
    credentials: {
      ...open,
      ...(password && { password: box.seal(password, endpointPasswordPlace(nodeUuid)) }),
      ...(clientKey && { clientKey: box.seal(clientKey, endpointClientKeyPlace(nodeUuid)) }),
    },
  };
}

/** @throws {ConsoleServiceError} when a secret does not open */
export function openEndpoint(
  box: SecretBox,
  nodeUuid: string,
  stored: StoredConsoleEndpoint,
): ConsoleEndpoint {
  const { credentials, ...rest } = stored;
  if (!credentials) return rest;
  const { password, clientKey, ...open } = credentials;
  return {
    ...rest,
    credentials: {
      ...open,
      ...(password && { password: box.open(password, endpointPasswordPlace(nodeUuid)) }),
      ...(clientKey && { clientKey: box.open(clientKey, endpointClientKeyPlace(nodeUuid)) }),
    },
  };
}
