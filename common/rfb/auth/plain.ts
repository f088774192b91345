/**
 * VeNCrypt's Plain authentication (rfbproto, "VeNCrypt"): user name and password as they are. On its
 * own (subtype 256) it sends them in clear text, so it is used only by endpoints that list "Plain".
 */
import type { RFBAuthScheme } from "./scheme.ts";

export const plainScheme: RFBAuthScheme = {
  name: "Plain",
  needs: ["username", "password"],
  async authenticate(channel, { username, password }) {
    channel.write(encodePlain(username ?? "", password?.reveal() ?? ""));
  },
};

/** username-length, password-length, username, password. */
export function encodePlain(username: string, password: string): Buffer {
  const user = Buffer.from(username, "utf8");
  const secret = Buffer.from(password, "utf8");
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(user.length, 0);
  lengths.writeUInt32BE(secret.length, 4);
  return Buffer.concat([lengths, user, secret]);
}
