/** What counts as "this machine only". */
import { BlockList, isIP } from "node:net";

/** True for localhost, 127.0.0.0/8 and ::1 (RFC 6761 section 6.3, RFC 1122 3.2.1.3, RFC 4291 2.5.3). */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (name === "localhost") return true;
  const family = isIP(name);
  if (family === 0) return false;
  const loopback = new BlockList();
  loopback.addSubnet("127.0.0.0", 8, "ipv4");
  loopback.addAddress("::1", "ipv6");
  return loopback.check(name, family === 6 ? "ipv6" : "ipv4");
}
