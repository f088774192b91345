/** What the proxy shows to a machine side that asks who it is. The key is opened here, and only here. */
import { endpointClientKeyPlace, type StoredConsoleEndpoint } from "../common/console-endpoint.ts";
import type { ClientCertificate } from "../common/host-tls.ts";
import type { SecretBox } from "../common/secret-box.ts";

/** @returns undefined when the endpoint wants none */
export function clientCertificateOf(
  endpoint: Pick<StoredConsoleEndpoint, "credentials">,
  nodeUuid: string,
  secretBox: SecretBox,
): ClientCertificate | undefined {
  const { clientCertificate: certificate, clientKey } = endpoint.credentials ?? {};
  if (certificate === undefined || clientKey === undefined) return undefined;
  return { certificate, key: secretBox.open(clientKey, endpointClientKeyPlace(nodeUuid)) };
}
