/** BMCs of several vendors for {@link startFakeRedfish}. */
export { idrac9 } from "./idrac9.ts";
export { ilo4, ilo5 } from "./ilo.ts";
export { openbmc } from "./openbmc.ts";
export { rackmount } from "./rackmount.ts";
