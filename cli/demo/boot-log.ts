/** What the demo machine says while it boots: made up, in the manner of firmware and a kernel. */
import { COLOUR } from "./screen.ts";

export interface BootLine {
  readonly text: string;
  readonly ink?: number;
}

const START: readonly BootLine[] = [
  { text: "Demo System BIOS 1.0", ink: COLOUR.white },
  { text: "Memory test: 65536 MB ........................ ok", ink: COLOUR.sky },
  { text: "CPU 0: 16 cores, CPU 1: 16 cores" },
  { text: "BMC found, console redirected" },
  { text: "PXE: 52:54:00:12:34:56, no offer, next device" },
  { text: "Booting from disk 0 ..." },
  { text: "" },
  { text: "[    0.000000] command line: root=/dev/sda1 quiet=no" },
  { text: "[    0.412094] pci 0000:00:02.0: display controller" },
  { text: "[    0.820211] scsi 0:0:0:0: direct access, demo disk" },
  { text: "[    1.093312] sda: sda1 sda2" },
  { text: "[    1.371840] eno1: link is up, 25 Gbit/s" },
  { text: "[    1.702255] mounted root read-write" },
  { text: "[    2.001377] clock set from the BMC" },
  { text: "[ ok ] started network", ink: COLOUR.mint },
  { text: "[ ok ] started time", ink: COLOUR.mint },
  { text: "[ ok ] started log", ink: COLOUR.mint },
  { text: "[warn] no work found, this is a demo", ink: COLOUR.amber },
  { text: "" },
];

const HINT: readonly BootLine[] = [
  { text: "Type help for commands.", ink: COLOUR.white },
  { text: "" },
];

export const BOOT_LOG: readonly BootLine[] = [
  ...START,
  { text: "Welcome. What you type comes here through novncproxy" },
  { text: "and a VNC password that you never see." },
  ...HINT,
];

export const SERIAL_BOOT_LOG: readonly BootLine[] = [
  ...START,
  { text: "Welcome. This is a serial line; novncproxy holds it for" },
  { text: "everybody who watches, and remembers what it said." },
  ...HINT,
];
