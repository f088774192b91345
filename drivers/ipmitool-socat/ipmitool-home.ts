/**
 * A home directory for the ipmitool of held lines.
 *
 * FACT(ipmitool 1.8.19): at every start it reads the list of all vendors that IANA knows, 4.7 MB, from its
 * home or else from /usr/share/misc. Measured with a list of one: 1.6 MB of memory instead of 6.9 MB for
 * each line that is held, and 7 ms instead of 22 ms until it does something. It uses the list for names only.
 */
import { join } from "node:path";
import { createFileOnce } from "../../common/create-file.ts";

const VENDORS = join(".local", "usr", "share", "misc", "enterprise-numbers.txt");
/** In IANA's format. */
const ONE_VENDOR = "PRIVATE ENTERPRISE NUMBERS\n\n0\n  Reserved\n    IANA\n      iana&iana.org\n";

/** @param folder `[console]terminal_pid_dir` */
export function ipmitoolHome(folder: string): string {
  return join(folder, "ipmitool-home");
}

/** Makes it where it is missing. */
export function prepareIpmitoolHome(folder: string): void {
  createFileOnce(join(ipmitoolHome(folder), VENDORS), ONE_VENDOR);
}
