/**
 * driver_info options of the console interfaces that show a BMC's own web page, and what they mean. They
 * fall back on the node's Redfish or IPMI options: most BMCs have one address and one account for all.
 */
import {
  MissingParameterValue,
  type Secret,
  type DriverInfo,
  type DriverInfoSchema,
  type HostTls,
} from "../base.ts";
import { driverInfoParser } from "../driver-info.ts";
import { IPMI_PROPERTIES } from "../lib/ipmi/options.ts";
import {
  redfishAccess,
  REDFISH_PROPERTIES,
  type RedfishAccess,
  type RedfishOptions,
} from "../lib/redfish-options.ts";
import { trustOf, type Trust } from "../lib/trust.ts";
import { parseWebAddress, type WebAddress } from "./web-address.ts";

const TLS_VERSIONS = {
  "1.0": "TLSv1",
  "1.1": "TLSv1.1",
  "1.2": "TLSv1.2",
  "1.3": "TLSv1.3",
} as const;
type TlsVersion = keyof typeof TLS_VERSIONS;

interface BrowserOptions extends Partial<Omit<RedfishOptions, "redfish_auth_type">> {
  readonly web_address?: string;
  readonly web_username?: string;
  readonly web_password?: Secret;
  readonly web_verify_ca?: boolean | string;
  readonly web_tls_fingerprint?: string;
  readonly web_tls_min_version?: TlsVersion;
  readonly console_recipe?: string;
  readonly console_temporary_account: boolean;
  readonly console_temporary_account_role: string;
  readonly console_width?: number;
  readonly console_height?: number;
  readonly ipmi_address?: string;
  readonly ipmi_username?: string;
  readonly ipmi_password?: Secret;
}

/** What the desk has to know of one node. */
export interface BrowserSettings {
  readonly bmc: WebAddress;
  readonly trust: Trust;
  /** Of the node's own option; the recipe's counts where there is none. */
  readonly minimumTls: NonNullable<HostTls["minVersion"]> | undefined;
  readonly username: string;
  readonly password: Secret;
  /** Name of the recipe to use; undefined asks the BMC what it is. */
  readonly recipe: string | undefined;
  readonly temporaryAccount: boolean;
  /** RoleId of such an account. */
  readonly accountRole: string;
  readonly width: number | undefined;
  readonly height: number | undefined;
  /** How to ask the same BMC by Redfish; undefined where its page is not even encrypted. */
  readonly redfish: RedfishAccess | undefined;
}

/** Defaults of another option's table would decide what was not given. */
function withoutDefault(
  rules: DriverInfoSchema["properties"][string],
): DriverInfoSchema["properties"][string] {
  const { default: _without, ...rest } = rules;
  return rest;
}

function picked(
  from: DriverInfoSchema["properties"],
  names: readonly string[],
): DriverInfoSchema["properties"] {
  return Object.fromEntries(
    names.flatMap((name) => {
      const rules = from[name];
      return rules ? [[name, withoutDefault(rules)]] : [];
    }),
  );
}

export const browserSchema: DriverInfoSchema = {
  type: "object",
  properties: {
    web_address: {
      type: "string",
      maxLength: 300,
      description:
        "Address of the BMC's web page: a host name or IP address, optionally with a port. https unless http:// stands in front of it. By default redfish_address, else ipmi_address.",
    },
    web_username: {
      type: "string",
      maxLength: 255,
      description:
        "User account for the BMC's web page. By default redfish_username, else ipmi_username.",
    },
    web_password: {
      type: "string",
      secret: true,
      maxLength: 255,
      description: "Its password. By default redfish_password, else ipmi_password.",
    },
    web_verify_ca: {
      type: ["boolean", "string"],
      format: "absolute-path",
      errorHint: "true, false or the absolute path of a PEM file",
      description:
        "How the certificate of the BMC's page is judged: true by the system's authorities, a path by the PEM file there, false not at all. By default true, or as redfish_verify_ca says where the address is redfish_address.",
    },
    web_tls_fingerprint: {
      type: "string",
      format: "sha256-fingerprint",
      description:
        "SHA-256 fingerprint of the only certificate to accept; replaces web_verify_ca. Colons are allowed. By default redfish_tls_fingerprint where the address is redfish_address.",
    },
    web_tls_min_version: {
      type: "string",
      enum: Object.keys(TLS_VERSIONS),
      description:
        "Lowest TLS version to accept; some old BMCs need 1.0. By default what the recipe says, which is 1.2 for most.",
    },
    console_recipe: {
      type: "string",
      maxLength: 64,
      pattern: "^[a-z0-9][a-z0-9-]*$",
      errorHint: "the name of a recipe: lower case letters, digits and hyphens",
      description:
        "Recipe to use. By default the one that recognises the BMC. See the list of recipes.",
    },
    console_temporary_account: {
      type: "boolean",
      default: false,
      description:
        "Whether each session gets a BMC account of its own, made by Redfish before it and deleted after it.",
    },
    console_temporary_account_role: {
      type: "string",
      default: "Operator",
      pattern: "^[A-Za-z][A-Za-z0-9_-]{0,63}$",
      errorHint: "the name of a Redfish role, for example Operator",
      description:
        "Role of such an account: the least that this BMC lets see the remote screen. OpenBMC wants Administrator.",
    },
    console_width: {
      type: "integer",
      minimum: 320,
      maximum: 4096,
      description:
        "Width of the browser's window in pixels, where the recipe's does not suit this machine.",
    },
    console_height: {
      type: "integer",
      minimum: 240,
      maximum: 4096,
      description: "Height of the same.",
    },
    ...picked(REDFISH_PROPERTIES, [
      "redfish_address",
      "redfish_username",
      "redfish_password",
      "redfish_verify_ca",
      "redfish_tls_fingerprint",
    ]),
    ...picked(IPMI_PROPERTIES, ["ipmi_address", "ipmi_username", "ipmi_password"]),
  },
};

/**
 * @returns a function that judges driver_info
 * @throws {MissingParameterValue} {@link InvalidParameterValue} that function, naming the option
 */
export function browserSettingsParser(): (driverInfo: DriverInfo) => BrowserSettings {
  const parse = driverInfoParser<BrowserOptions>(browserSchema);
  return (driverInfo) => settingsOf(parse(driverInfo));
}

function settingsOf(options: BrowserOptions): BrowserSettings {
  const bmc = addressOf(options);
  const account = accountOf(options);
  const { web_tls_min_version: version, console_width: width, console_height: height } = options;
  const trust = webTrust(options);
  return {
    bmc,
    trust,
    minimumTls: version && TLS_VERSIONS[version],
    ...account,
    recipe: options.console_recipe,
    temporaryAccount: options.console_temporary_account,
    accountRole: options.console_temporary_account_role,
    width,
    height,
    redfish: redfishOf(options, bmc, trust, account),
  };
}

function addressOf(options: BrowserOptions): WebAddress {
  const { web_address: web, redfish_address: redfish, ipmi_address: ipmi } = options;
  if (web !== undefined) return parseWebAddress(web, "web_address");
  if (redfish !== undefined) return parseWebAddress(redfish, "redfish_address");
  if (ipmi !== undefined) return parseWebAddress(ipmi, "ipmi_address");
  throw new MissingParameterValue(
    "Missing the following properties in node's driver_info: web_address",
  );
}

/** User and password of one kind, never one of each. */
function accountOf(options: BrowserOptions): { username: string; password: Secret } {
  for (const kind of ["web", "redfish", "ipmi"] as const) {
    const username = options[`${kind}_username`];
    const password = options[`${kind}_password`];
    if (username !== undefined && password !== undefined) return { username, password };
    if (kind === "web" && (username !== undefined || password !== undefined))
      throw new MissingParameterValue(
        `Missing the following properties in node's driver_info: ${username === undefined ? "web_username" : "web_password"}`,
      );
  }
  throw new MissingParameterValue(
    "Missing the following properties in node's driver_info: web_username, web_password",
  );
}

function webTrust(options: BrowserOptions): Trust {
  const { web_verify_ca: verify, web_tls_fingerprint: pin } = options;
  if (verify !== undefined || pin !== undefined) return trustOf(verify ?? true, pin);
  if (options.web_address !== undefined || options.redfish_address === undefined)
    return trustOf(true, undefined);
  return trustOf(options.redfish_verify_ca ?? true, options.redfish_tls_fingerprint);
}

/** The Redfish service that was named, else the one that most BMCs have beside their page. */
function redfishOf(
  options: BrowserOptions,
  bmc: WebAddress,
  trust: Trust,
  account: { username: string; password: Secret },
): RedfishAccess | undefined {
  const { redfish_address: address, redfish_username: user, redfish_password: password } = options;
  if (address !== undefined)
    return redfishAccess({
      redfish_address: address,
      redfish_username: user ?? account.username,
      redfish_password: user === undefined ? account.password : (password ?? account.password),
      redfish_verify_ca: options.redfish_verify_ca ?? true,
      ...(options.redfish_tls_fingerprint !== undefined && {
        redfish_tls_fingerprint: options.redfish_tls_fingerprint,
      }),
      redfish_auth_type: "basic",
    });
  if (!bmc.encrypted) return undefined;
  return { origin: bmc.origin, host: bmc.host, ...account, authType: "basic", trust };
}
