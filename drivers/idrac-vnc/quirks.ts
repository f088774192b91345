/**
 * What the VNC servers of old iDRACs cannot do, as data for the proxy.
 *
 * FACT(zackpollard/kvm-switcher docs; novnc/noVNC issues 385 and 712): an iDRAC8 dies of a 32-bit
 * SetPixelFormat, reports 16 bits per pixel of depth 15, and goes silent when it is offered anything
 * but Raw, CopyRect and DesktopSize.
 * FACT(users of iDRAC8): it takes 6 to 11 s to accept a VNC session.
 */
import type { ConsoleQuirks } from "../base.ts";
import type { IdracOptions } from "./options.ts";

const RAW = 0;
const COPY_RECT = 1;
const DESKTOP_SIZE = -223;
export const BANNER_TIMEOUT_SECONDS = 20;

export function quirksOf(
  wanted: IdracOptions["idrac_vnc_pixel_format"],
  oldGeneration: boolean,
): ConsoleQuirks {
  const patience = { bannerTimeoutSeconds: BANNER_TIMEOUT_SECONDS };
  const encodings = oldGeneration ? { encodings: [RAW, COPY_RECT, DESKTOP_SIZE] } : {};
  if (wanted !== "auto") return { ...patience, ...encodings, pixelFormat: wanted };
  return { ...patience, ...encodings, pixelFormat: oldGeneration ? "rgb555" : "native" };
}
