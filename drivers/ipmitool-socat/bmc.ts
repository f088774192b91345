/** What this driver asks of a BMC with one ipmitool command each; the console itself is socat's. */
import { BmcFeatureMissing, messageOf, type Task } from "../base.ts";
import { peerOf, type IpmiAccess } from "../lib/ipmi/access.ts";
import type { Ipmitool } from "../lib/ipmi/ipmitool.ts";

/** How long a stop waits for a BMC that may be dead. */
const DEACTIVATE_SECONDS = 8;
const STATUS_SECONDS = 15;

/** FACT(IPMI 2.0 table 24-2): Get Payload Activation Status of payload type 1, SOL. */
const PAYLOAD_STATUS = ["raw", "0x06", "0x4a", "0x01"];

/**
 * Proves address, cipher suite, user and password, and that the BMC has SOL and has it switched on.
 * @returns the cipher suite that it takes; null where ipmitool chose
 * @throws {BmcFeatureMissing} when SOL is off; and what {@link Ipmitool.run} throws
 */
export async function proveSol(
  ipmitool: Ipmitool,
  task: Task,
  access: IpmiAccess,
): Promise<number | null> {
  const { stdout, cipherSuite } = await ipmitool.run(task, access, ["sol", "info"]);
  if (/^\s*Enabled\s*:\s*false\b/im.test(stdout))
    throw new BmcFeatureMissing(
      `${peerOf(access)} has Serial over LAN switched off: switch it on in the BMC's settings, or with ipmitool sol set enabled true`,
    );
  return cipherSuite;
}

/** Frees the line, so that the next one who wants it need not wait. Best effort. */
export async function deactivateSol(
  ipmitool: Ipmitool,
  task: Task,
  access: IpmiAccess,
): Promise<void> {
  try {
    await ipmitool.run(task, access, ["sol", "deactivate"], { limitSeconds: DEACTIVATE_SECONDS });
  } catch (error) {
    task.log.info("could not tell the BMC that the console is over; it finds out by itself", {
      node: task.node.uuid,
      reason: messageOf(error),
    });
  }
}

/**
 * Whether the BMC has a SOL session, whoever's.
 * FACT(measured, ipmi_sim 2.0.33; IPMI 2.0 table 24-2): ` 01 01 00` when it has one, ` 01 00 00` when not:
 * instances it could have, then a bit for each instance that is active, 1 to 8 and 9 to 16.
 * @returns undefined for an answer that cannot be understood
 */
export async function isSolActive(
  ipmitool: Ipmitool,
  task: Task,
  access: IpmiAccess,
): Promise<boolean | undefined> {
  const options = { limitSeconds: STATUS_SECONDS, verbose: false };
  const { stdout } = await ipmitool.run(task, access, PAYLOAD_STATUS, options);
  const bytes = /^\s*([0-9a-f]{2}) ([0-9a-f]{2})(?: ([0-9a-f]{2}))?\s*$/i.exec(stdout);
  return bytes ? /[1-9a-f]/i.test(`${bytes[2]}${bytes[3] ?? ""}`) : undefined;
}
