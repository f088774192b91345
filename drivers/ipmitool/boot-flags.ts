/** Boot flags, parameter 5 of IPMI 2.0 section 28.13, between Ironic's names and bytes. */
import type { BootDevice, Json } from "../base.ts";

/** Ironic's names to ipmitool's; they are the same words. */
export const BOOT_DEVICES = ["pxe", "disk", "cdrom", "bios", "safe"] as const;
export type IpmiBootDevice = (typeof BOOT_DEVICES)[number];

/** Data 2, bits 5 to 2. */
const SELECTORS: Readonly<Record<IpmiBootDevice, number>> = {
  pxe: 1,
  disk: 2,
  safe: 3,
  cdrom: 5,
  bios: 6,
};
const REMOTE_DISK = 11;
/** FACT(Ironic, drivers/modules/ipmitool.py): Supermicro boots UEFI disks as "primary remote media". */
const SUPERMICRO_UEFI_DISK = 9;

const VALID = 0x80;
const PERSISTENT = 0x40;
const EFI = 0x20;

export type BootMode = "uefi" | "bios";

/** What of a node's properties says how it boots. */
export interface BootHabits {
  readonly mode: BootMode;
  readonly isSupermicro: boolean;
}

/**
 * As Ironic: `capabilities` of the node's properties, as `boot_mode:bios,…` or an object; UEFI where they
 * do not say.
 */
export function bootHabits(properties: { readonly [key: string]: Json } = {}): BootHabits {
  const { vendor, capabilities } = properties;
  return {
    mode: capability(capabilities, "boot_mode") === "bios" ? "bios" : "uefi",
    isSupermicro: typeof vendor === "string" && vendor.toLowerCase() === "supermicro",
  };
}

function capability(capabilities: Json | undefined, name: string): Json | undefined {
  if (typeof capabilities === "string")
    return capabilities
      .split(",")
      .map((pair) => pair.split(":"))
      .find(([key]) => key?.trim() === name)?.[1]
      ?.trim();
  if (capabilities === null || typeof capabilities !== "object" || Array.isArray(capabilities))
    return undefined;
  return capabilities[name];
}

/** ipmitool's command that sets a boot device. */
export function bootDeviceCommand(
  device: IpmiBootDevice,
  persistent: boolean,
  { mode, isSupermicro }: BootHabits,
): string[] {
  if (mode === "bios")
    return ["chassis", "bootdev", device, ...(persistent ? ["options=persistent"] : [])];
  const selector = isSupermicro && device === "disk" ? SUPERMICRO_UEFI_DISK : SELECTORS[device];
  const flags = VALID | EFI | (persistent ? PERSISTENT : 0);
  return ["raw", "0x00", "0x08", "0x05", hex(flags), hex(selector << 2), "0x00", "0x00", "0x00"];
}

/** "BMC boot flag valid bit clearing" for none but the expiry of 60 seconds (parameter 3, bit 3). */
export const KEEP_BOOT_DEVICE = ["raw", "0x00", "0x08", "0x03", "0x08"] as const;
export const ASK_BOOT_DEVICE = ["chassis", "bootparam", "get", "5"] as const;

/**
 * @param output of {@link ASK_BOOT_DEVICE}. As in Ironic its bit "valid" is not asked: BMCs differ in what
 *   they mean by it.
 * @returns null where nothing is set, or something that Ironic has no name for
 */
export function bootDeviceIn(output: string, habits: BootHabits): BootDevice {
  const data = /^Boot parameter data: ([0-9a-fA-F]{4,32})\s*$/m.exec(output)?.[1];
  if (data === undefined) return { bootDevice: null, persistent: null };
  const bytes = Buffer.from(data, "hex");
  const selector = ((bytes[1] ?? 0) >> 2) & 0x0f;
  const bootDevice = deviceOf(selector, habits);
  const persistent = bootDevice === null ? null : ((bytes[0] ?? 0) & PERSISTENT) !== 0;
  return { bootDevice, persistent };
}

function deviceOf(selector: number, { isSupermicro }: BootHabits): string | null {
  if (selector === REMOTE_DISK) return "disk";
  if (isSupermicro && selector === SUPERMICRO_UEFI_DISK) return "disk";
  return BOOT_DEVICES.find((device) => SELECTORS[device] === selector) ?? null;
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
