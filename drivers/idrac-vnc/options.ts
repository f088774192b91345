/** driver_info options of console interface `idrac-vnc`. */
import {
  InvalidParameterValue,
  type DriverInfo,
  type DriverInfoSchema,
  type Secret,
} from "../base.ts";
import { driverInfoParser } from "../driver-info.ts";
import {
  REDFISH_PROPERTIES,
  redfishAccess,
  type RedfishAccess,
  type RedfishOptions,
} from "../lib/redfish-options.ts";

export interface IdracOptions extends RedfishOptions {
  readonly redfish_username: string;
  readonly redfish_password: Secret;
  readonly idrac_transport: "auto" | "redfish" | "racadm";
  readonly idrac_ssh_port: number;
  readonly idrac_ssh_host_key_fingerprint?: string;
  readonly idrac_ssh_host_key_policy: "pinned" | "first-use";
  readonly idrac_vnc_port?: number;
  readonly vnc_password?: Secret;
  readonly idrac_vnc_timeout: number;
  readonly idrac_vnc_tls: "none" | "wrap";
  readonly idrac_vnc_tls_fingerprint?: string;
  readonly idrac_vnc_pixel_format: "auto" | "native" | "rgb565" | "rgb555";
}

export const idracSchema: DriverInfoSchema = {
  type: "object",
  required: ["redfish_address", "redfish_username", "redfish_password"],
  properties: {
    ...REDFISH_PROPERTIES,
    vnc_password: {
      type: "string",
      secret: true,
      minLength: 1,
      maxLength: 8,
      pattern: "^[!-~]*$",
      errorHint: "1 to 8 printable ASCII characters without spaces",
      description:
        "VNC password to set on the iDRAC, 8 characters at most. By default every enable makes a new random one.",
    },
    idrac_vnc_port: {
      type: "integer",
      minimum: 1024,
      maximum: 65535,
      description:
        "Port to set for the iDRAC's VNC server. By default the one it has, usually 5901.",
    },
    idrac_vnc_timeout: {
      type: "integer",
      minimum: 60,
      maximum: 10_800,
      default: 10_800,
      description: "Seconds without input after which the iDRAC closes a VNC session.",
    },
    idrac_vnc_tls: {
      type: "string",
      enum: ["none", "wrap"],
      default: "none",
      description:
        "wrap switches the iDRAC's VNC encryption on: TLS before the first RFB byte, or VeNCrypt where the firmware does that. none switches it off, which works with every firmware and needs a trusted management network.",
    },
    idrac_vnc_tls_fingerprint: {
      type: "string",
      format: "sha256-fingerprint",
      description:
        "SHA-256 fingerprint of the VNC server's certificate. By default judged like the one of Redfish.",
    },
    idrac_vnc_pixel_format: {
      type: "string",
      enum: ["auto", "native", "rgb565", "rgb555"],
      default: "auto",
      description:
        "Pixel format the VNC server is held to. auto holds iDRAC 7 and 8 to 16 bits, they fail with more, and leaves later ones alone.",
    },
    idrac_transport: {
      type: "string",
      enum: ["auto", "redfish", "racadm"],
      default: "auto",
      description:
        "How the iDRAC is set up: by Redfish attributes (iDRAC 9 and later) or by racadm over SSH (iDRAC 7 and 8). auto tries Redfish first.",
    },
    idrac_ssh_port: {
      type: "integer",
      minimum: 1,
      maximum: 65535,
      default: 22,
      description: "Port of the iDRAC's SSH server, for racadm.",
    },
    idrac_ssh_host_key_fingerprint: {
      type: "string",
      pattern: "^SHA256:[A-Za-z0-9+/]{43}=?$",
      errorHint: "as ssh-keygen -l prints it, SHA256: and 43 characters",
      description:
        "Fingerprint of the iDRAC's SSH host key as ssh-keygen -l prints it. racadm is not used without it, unless idrac_ssh_host_key_policy allows.",
    },
    idrac_ssh_host_key_policy: {
      type: "string",
      enum: ["pinned", "first-use"],
      default: "pinned",
      description:
        "first-use trusts the SSH host key seen first and remembers it for this node; pinned wants idrac_ssh_host_key_fingerprint.",
    },
  },
};

export interface IdracSettings {
  readonly options: IdracOptions;
  readonly access: RedfishAccess;
}

/** @returns a function that judges driver_info as far as that is possible without the network */
export function idracSettingsParser(): (driverInfo: DriverInfo) => IdracSettings {
  const parse = driverInfoParser<IdracOptions>(idracSchema);
  return (driverInfo) => {
    const options = parse(driverInfo);
    const access = redfishAccess(options);
    if (options.idrac_transport === "racadm") requireHostKey(options);
    return { options, access };
  };
}

/** @throws {InvalidParameterValue} when the operator has not said which SSH host key to trust */
export function requireHostKey(options: IdracOptions): void {
  if (options.idrac_ssh_host_key_fingerprint !== undefined) return;
  if (options.idrac_ssh_host_key_policy === "first-use") return;
  throw new InvalidParameterValue(
    "racadm needs idrac_ssh_host_key_fingerprint, or idrac_ssh_host_key_policy first-use, in node's driver_info",
  );
}
