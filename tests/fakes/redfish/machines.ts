/** BMCs of several vendors for {@link startFakeRedfish}. */
export { idrac9 } from "./idrac9.ts";
export { ilo4, ilo5 } from "./ilo.ts";
export { openbmc } from "./openbmc.ts";
export { withDrives, type DriveStyle, type FakeDrives } from "./virtual-drives.ts";
export { rackmount } from "./rackmount.ts";
