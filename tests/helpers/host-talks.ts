/** Pieces of conversations with a host, for the tests of the host handshake. */
import type { SecurityTypeName } from "../../common/console-endpoint.ts";
import { Secret } from "../../common/secret.ts";
import type { HostLogin } from "../../common/rfb/host-handshake.ts";
import { peer, proxy, u32, type Line } from "./transcript.ts";

export const V33 = "RFB 003.003\n";
export const V37 = "RFB 003.007\n";
export const V38 = "RFB 003.008\n";
/** Known answer: the counting challenge, password "password". */
export const CHALLENGE = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
export const RESPONSE = Buffer.from("b866924125c8eebb9debc1db61c538e2", "hex");
export const FAILED = "Authentication failure";

export function login(...allowed: SecurityTypeName[]): HostLogin {
  return { allowedSecurityTypes: allowed, username: "admin", password: new Secret("password") };
}

/** VeNCrypt up to the choice of a subtype. */
export function veNCrypt(subtype: number, ...offered: number[]): Line[] {
  return [
    peer(V38),
    proxy(V38),
    peer([1, 19]),
    proxy([19]),
    peer([0, 2]),
    proxy([0, 2]),
    peer([0]),
    peer([offered.length], u32(...offered)),
    proxy(u32(subtype)),
  ];
}
