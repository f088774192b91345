/**
 * What the front door agrees to: what every client of the last ten years has, of that the modern part.
 * No SHA-1, CBC, DSA, finite-field Diffie-Hellman (its cost is on the server) nor compression.
 */
import type { Algorithms } from "ssh2";

export const ALGORITHMS: Algorithms = {
  kex: [
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
  ],
  serverHostKey: ["ssh-ed25519"],
  cipher: [
    "chacha20-poly1305@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-ctr",
    "aes128-ctr",
  ],
  hmac: [
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
  ],
  compress: ["none"],
};

/** Who we are, without a version: RFC 4253 section 4.2 wants a name, and nobody needs more. */
export const SOFTWARE_NAME = "baremetal_console";
