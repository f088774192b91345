/**
 * A stream of bytes as the handshakes see it: named, exact reads and ordered writes. Everything in
 * rfb/, here and in the proxy, works on one of these and does no I/O of its own, so that every handshake can be tested one
 * byte at a time.
 */
export interface ByteChannel {
  /**
   * Waits for exactly `length` bytes.
   * @param name of the message being read, for the error: "ProtocolVersion", "SecurityResult"
   * @returns a view that is valid until the next read
   * @throws {HostError} or {@link TenantProtocolError} family: peer left, deadline passed, stream error
   */
  read(name: string, length: number): Promise<Buffer>;
  /** Queues bytes; failures surface at the next read. */
  write(bytes: Uint8Array): void;
}

/** The host side's channel: the only one that can change to TLS in the middle (VeNCrypt). */
export interface HostChannel extends ByteChannel {
  /**
   * Does a TLS client handshake on the same connection; resolves when it is done, after which reads
   * and writes are encrypted.
   * @param kind "certificate": judged as the endpoint's HostTls says; "anonymous": VeNCrypt's TLS*
   * subtypes, anonymous Diffie-Hellman without any certificate
   * @throws {HostCertificateInvalid} {@link HostError}
   */
  startTls(kind: "certificate" | "anonymous"): Promise<void>;
}
