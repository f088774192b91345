/**
 * Chromium's managed policies of a session: a file of JSON below /etc/chromium/policies/managed. They stop
 * navigation, downloads, files, printing, devices and all that Chromium has beside pages; they do not stop
 * what a page fetches, which is the gate's part.
 */

/** Of Chromium as Debian and Fedora build it. */
export const POLICY_FOLDER = "/etc/chromium/policies/managed";

/** FACT(Chromium): "*" alone leaves chrome://version and chrome://policy open. */
const BLOCKED_URLS = [
  "*",
  "chrome://*",
  "chrome-untrusted://*",
  "devtools://*",
  "file://*",
  "filesystem://*",
  "javascript://*",
  "data://*",
  "view-source://*",
];

const BLOCKED = 2;

const FIXED = {
  /* FACT(Chromium): 2 (never) makes the DevTools pipe hang. */
  DeveloperToolsAvailability: 1,
  RemoteDebuggingAllowed: true,
  DownloadRestrictions: 3,
  AllowFileSelectionDialogs: false,
  PrintingEnabled: false,
  /* FACT(Chromium 156, tried): an answer 401 brings up "Sign in" over the picture, with the BMC's address, and
     takes all keys until somebody fills it in. No recipe logs in that way. */
  AuthSchemes: "",
  ScreenCaptureAllowed: false,
  AudioCaptureAllowed: false,
  VideoCaptureAllowed: false,
  DefaultClipboardSetting: BLOCKED,
  DefaultFileSystemReadGuardSetting: BLOCKED,
  DefaultFileSystemWriteGuardSetting: BLOCKED,
  DefaultGeolocationSetting: BLOCKED,
  DefaultLocalFontsSetting: BLOCKED,
  DefaultNotificationsSetting: BLOCKED,
  DefaultSensorsSetting: BLOCKED,
  DefaultSerialGuardSetting: BLOCKED,
  DefaultWebBluetoothGuardSetting: BLOCKED,
  DefaultWebHidGuardSetting: BLOCKED,
  DefaultWebUsbGuardSetting: BLOCKED,
  DefaultWindowManagementSetting: BLOCKED,
  ExtensionInstallBlocklist: ["*"],
  ExternalProtocolDialogShowAlwaysOpenCheckbox: false,
  AutofillAddressEnabled: false,
  AutofillCreditCardEnabled: false,
  BackgroundModeEnabled: false,
  BookmarkBarEnabled: false,
  BrowserAddPersonEnabled: false,
  BrowserGuestModeEnabled: false,
  BrowserSignin: 0,
  CommandLineFlagSecurityWarningsEnabled: false,
  ComponentUpdatesEnabled: false,
  DefaultSearchProviderEnabled: false,
  DnsOverHttpsMode: "off",
  EditBookmarksEnabled: false,
  EnableMediaRouter: false,
  HttpsOnlyMode: "disallowed",
  HttpsUpgradesEnabled: false,
  IncognitoModeAvailability: 1,
  MetricsReportingEnabled: false,
  NetworkPredictionOptions: 2,
  PasswordLeakDetectionEnabled: false,
  PasswordManagerEnabled: false,
  PromotionalTabsEnabled: false,
  QuicAllowed: false,
  SafeBrowsingProtectionLevel: 0,
  SavingBrowserHistoryDisabled: true,
  SearchSuggestEnabled: false,
  SpellcheckEnabled: false,
  SyncDisabled: true,
  TaskManagerEndProcessEnabled: false,
  TranslateEnabled: false,
  UserFeedbackAllowed: false,
  WebRtcIPHandling: "disable_non_proxied_udp",
} as const;

/**
 * @param origins `https://host[:port]` that pages may come from; none for a session whose BMC is not known
 *   yet: any page of the web then, as far as the gate lets it
 * @returns JSON text
 */
export function chromiumPolicies(origins: readonly string[]): string {
  const allowed = origins.length > 0 ? origins : ["http://*", "https://*"];
  return JSON.stringify({ URLBlocklist: BLOCKED_URLS, URLAllowlist: allowed, ...FIXED });
}
