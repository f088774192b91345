/** A conductor's part that a test kills: starts one session, says so, and waits for its end. */
import type { AuxHostNet } from "./aux-host.ts";
import { openSession, sshProvider } from "./aux-session.ts";

const net = JSON.parse(process.argv[2] ?? "{}") as Pick<
  AuxHostNet,
  "auxHost" | "bmcHost" | "bmcPort" | "fingerprint" | "folder" | "keyFile" | "sessionFolder"
> & { readonly user: string };

const host = { ...net, login: () => net.user } as unknown as AuxHostNet;
const { session } = await openSession(
  host,
  sshProvider(host, { conductor: `killed-${process.pid}` }),
);
console.log("started");
await session.ended;
