/** Who the gate is toward browsers: one key for the life of a conductor, that only its own browsers believe. */
import { X509Certificate, createHash } from "node:crypto";
import tls from "node:tls";
import { makeCertificate } from "../../lib/certificate.ts";

export interface GateIdentity {
  /** base64 of SHA-256 over the key's SPKI, as Chromium wants it. */
  readonly trustedKey: string;
  /** For TLS toward a browser. */
  readonly context: tls.SecureContext;
}

export async function createGateIdentity(): Promise<GateIdentity> {
  const { certificate, key } = await makeCertificate("browser console");
  const spki = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
  return {
    trustedKey: createHash("sha256").update(spki).digest("base64"),
    context: tls.createSecureContext({
      cert: certificate,
      key: key.reveal(),
      minVersion: "TLSv1.2",
    }),
  };
}
