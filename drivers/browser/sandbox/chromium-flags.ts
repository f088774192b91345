/** The flags that make Chromium a kiosk without a way out. The policies (policies.ts) are the second lock. */
import type { SessionRequest } from "../providers/provider.ts";
import { SOCKS_PORT } from "./session-script.ts";

/**
 * FACT(Chromium): --kiosk alone lets Ctrl+N, Ctrl+T, Ctrl+H, Ctrl+J and Shift+Esc open windows of
 * their own; with --force-app-mode these keys go to the page.
 */
const LOCKED = ["--kiosk", "--force-app-mode", "--start-fullscreen", "--window-position=0,0"];

/** Nothing that Chromium does by itself; there is nobody out there whom it could reach. */
const QUIET = [
  "--no-first-run",
  "--no-default-browser-check",
  "--noerrdialogs",
  "--disable-background-networking",
  "--disable-breakpad",
  "--disable-client-side-phishing-detection",
  "--disable-component-extensions-with-background-pages",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-domain-reliability",
  "--disable-extensions",
  "--disable-field-trial-config",
  "--disable-notifications",
  // FACT(Dell iDRAC 8): opens its viewer without a click. Which windows may live is the kiosk's to say.
  "--disable-popup-blocking",
  "--disable-print-preview",
  "--disable-search-engine-choice-screen",
  "--disable-speech-api",
  "--disable-sync",
  "--metrics-recording-only",
  "--mute-audio",
  "--no-pings",
  "--no-service-autorun",
  "--password-store=basic",
  "--disable-features=AutofillServerCommunication,CertificateTransparencyComponentUpdater,DialMediaRouteProvider,GlobalMediaControls,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,InterestFeedContentSuggestions,MediaRouter,OptimizationHints,Translate",
];

/** A picture that nobody looks at locally must go on moving. */
const AWAKE = [
  "--disable-backgrounding-occluded-windows",
  "--disable-background-timer-throttling",
  "--disable-renderer-backgrounding",
  "--disable-hang-monitor",
];

/** All that leaves goes to the gate: names too, and no UDP. */
const WAY_OUT = [
  `--proxy-server=socks5://127.0.0.1:${SOCKS_PORT}`,
  "--proxy-bypass-list=<-loopback>",
  "--disable-quic",
  "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
  "--webrtc-ip-handling-policy=disable_non_proxied_udp",
];

export type FlagRequest = Pick<SessionRequest, "size" | "trustedKeys" | "userAgent">;

/**
 * All flags but those that say where: `--user-data-dir` is the script's.
 * @param wayOut false where the sandbox has a network of its own, confined by a network policy
 */
export function chromiumFlags(request: FlagRequest, wayOut = true): string[] {
  const { size, trustedKeys, userAgent } = request;
  return [
    "--remote-debugging-pipe",
    ...LOCKED,
    `--window-size=${size.width},${size.height}`,
    "--disable-gpu",
    "--lang=en-US",
    ...QUIET,
    ...AWAKE,
    ...(wayOut ? WAY_OUT : ["--no-proxy-server"]),
    // FACT(Chromium): accepts certificates of exactly these keys, whatever their name, age or issuer.
    ...(trustedKeys.length > 0
      ? [`--ignore-certificate-errors-spki-list=${trustedKeys.join(",")}`]
      : []),
    ...(userAgent === undefined ? [] : [`--user-agent=${userAgent}`]),
  ];
}
