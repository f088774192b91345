/**
 * How ipmitool is called: its arguments before the command, and its whole environment. The password is
 * never among the arguments; the Kg key only where ipmitool has no other way.
 */
import type { Secret } from "../../base.ts";
import type { IpmiAccess } from "./access.ts";

export interface CommandLineOptions {
  /** Undefined leaves the choice to ipmitool. */
  readonly cipherSuite?: number | undefined;
  /** Where the password is; without it ipmitool takes it from its environment. */
  readonly passwordFile?: string | undefined;
  /** Times ipmitool sends a request before it gives up. */
  readonly retries?: number | undefined;
  /** Seconds ipmitool waits for the first answer; later waits are longer. */
  readonly timeoutSeconds?: number | undefined;
}

/** Everything before the command. */
export function ipmitoolArguments(access: IpmiAccess, options: CommandLineOptions): string[] {
  const { cipherSuite, passwordFile, retries, timeoutSeconds } = options;
  return [
    "-I",
    access.protocol,
    "-H",
    access.address,
    "-L",
    access.privLevel,
    "-p",
    String(access.port),
    ...(access.username === null ? [] : ["-U", access.username]),
    ...kgArguments(access.kgKey),
    ...(cipherSuite === undefined ? [] : ["-C", String(cipherSuite)]),
    ...access.bridging,
    ...(passwordFile === undefined ? ["-E"] : ["-f", passwordFile]),
    ...(retries === undefined ? [] : ["-R", String(retries)]),
    ...(timeoutSeconds === undefined ? [] : ["-N", String(timeoutSeconds)]),
    // Times in UTC, whatever this machine's zone.
    "-Z",
  ];
}

/**
 * The whole environment of an ipmitool: nothing of ours is inherited, so no option or secret of this
 * service can be read there.
 * @param passwordInEnvironment as `[ipmi]store_cred_in_env`; then leave passwordFile out of the arguments
 */
export function ipmitoolEnvironment(
  access: IpmiAccess,
  passwordInEnvironment = false,
): Record<string, string> {
  const kg = access.kgKey === null ? undefined : printableKey(access.kgKey);
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    // FACT(ipmitool 1.8.19): it obeys the locale, and then writes 12,3 for 12.3.
    LC_ALL: "C",
    TZ: "UTC",
    ...(passwordInEnvironment ? { IPMI_PASSWORD: access.password?.reveal() ?? "" } : {}),
    ...(kg === undefined ? {} : { IPMI_KGKEY: kg }),
  };
}

/** True when the key has to stand in ipmitool's arguments. */
export function isKgKeyVisible({ kgKey }: IpmiAccess): boolean {
  return kgKey !== null && printableKey(kgKey) === undefined;
}

/**
 * FACT(ipmitool 1.8.19, lib/ipmi_main.c): a Kg key comes by -k or -y in the arguments, by -Y from a
 * terminal, or by -K from IPMI_KGKEY, whose text is the key. A key shorter than 20 bytes is filled up
 * with NULs, so NULs at the end may be left out. There is no file for it.
 */
function kgArguments(kgKey: Secret | null): string[] {
  if (kgKey === null) return [];
  return printableKey(kgKey) === undefined ? ["-y", kgKey.reveal()] : ["-K"];
}

/** The key as text, when an environment variable can hold it byte for byte. */
function printableKey(kgKey: Secret): string | undefined {
  const bytes = Buffer.from(kgKey.reveal().replace(/(?:00)+$/, ""), "hex");
  return bytes.every((byte) => byte > 0 && byte < 0x80) && bytes.length > 0
    ? bytes.toString("latin1")
    : undefined;
}
