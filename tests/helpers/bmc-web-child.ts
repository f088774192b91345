/**
 * A simulated BMC as a process of its own, for a network namespace: `node bmc-web-child.js ADDRESS PORT`.
 * Prints a line of JSON when it listens, and one with its counts for each line that it is sent. Ends with
 * its standard input.
 */
import { createInterface } from "node:readline";
import { startBmcWeb } from "./bmc-web/bmc-web.ts";
import { ilo } from "./bmc-web/vendors/ilo.ts";

const [, , address = "127.0.0.1", port = "0"] = process.argv;
const web = await startBmcWeb(ilo(5), { address, port: Number(port) });
const say = (value: unknown): boolean => process.stdout.write(`${JSON.stringify(value)}\n`);
say({ fingerprint: web.fingerprint, port: web.port });
const lines = createInterface({ input: process.stdin });
lines.on("line", () => say(web.bmc.counts));
lines.once("close", () => void web.stop());
