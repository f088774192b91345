/**
 * Security type 2, VNC authentication (RFC 6143 section 7.2.2): the host sends 16 random bytes and gets
 * them back encrypted by DES with the password as key.
 *
 * It protects the password poorly (56 bits, no server authentication), which is why endpoints should
 * prefer it inside TLS.
 */
import forge from "node-forge";
import { Secret } from "../../secret.ts";
import type { RFBAuthScheme } from "./scheme.ts";

export const CHALLENGE_BYTES = 16;
const KEY_BYTES = 8;
const NO_PASSWORD = new Secret("");

export const vncScheme: RFBAuthScheme = {
  name: "VncAuth",
  needs: ["password"],
  async authenticate(channel, { password }) {
    const challenge = await channel.read("VNC authentication challenge", CHALLENGE_BYTES);
    channel.write(vncResponse(password ?? NO_PASSWORD, challenge));
  },
};

/**
 * The answer to a challenge.
 * @param password only the first 8 bytes of its UTF-8 count; shorter ones are padded with NULs, the empty
 * one is valid
 * @param challenge 16 bytes
 */
export function vncResponse(password: Secret, challenge: Uint8Array): Buffer {
  // node-forge, since OpenSSL 3 has single DES only in its legacy provider.
  const cipher = forge.cipher.createCipher("DES-ECB", vncKey(password).toString("binary"));
  cipher.start();
  cipher.update(forge.util.createBuffer(Buffer.from(challenge).toString("binary")));
  cipher.finish();
  // node-forge appends a block of padding, which RFB does not want.
  return Buffer.from(cipher.output.getBytes(challenge.length), "binary");
}

/** FACT(every VNC server; RFC 6143 does not say it): the bits of each key byte are in reverse order. */
function vncKey(password: Secret): Buffer {
  const key = Buffer.alloc(KEY_BYTES);
  Buffer.from(password.reveal(), "utf8").copy(key, 0, 0, KEY_BYTES);
  return key.map(reverseBits) as Buffer;
}

function reverseBits(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit += 1) reversed = (reversed << 1) | ((byte >> bit) & 1);
  return reversed;
}
