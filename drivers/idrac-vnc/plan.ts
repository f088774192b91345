/** Which attributes to set, from what is wanted and what was found. Pure: no network, no clock. */
import { BmcFeatureMissing, type Secret } from "../base.ts";
import type { IdracOptions } from "./options.ts";
import {
  formsOf,
  hasTls,
  isOn,
  portOf,
  RESTORED,
  sameValue,
  type AttributeChange,
  type FoundAttributes,
  type RawValue,
  type RestoredName,
} from "./values.ts";

/** FACT(attribute dump of an iDRAC9): the default of VNCServer.1.Port. */
const DEFAULT_PORT = 5901;
const TLS_ON = "Auto Negotiate";

export interface StartPlan {
  readonly port: number;
  readonly changes: readonly AttributeChange[];
}

/**
 * What start sets: the password always, the rest where it differs, Enable last so that the server
 * never runs with an old password.
 * @throws {BmcFeatureMissing} when TLS is wanted and the firmware has no attribute for it
 */
export function planStart(
  options: IdracOptions,
  found: FoundAttributes,
  password: Secret,
  preferNumbers: boolean,
): StartPlan {
  const port = options.idrac_vnc_port ?? portOf(found) ?? DEFAULT_PORT;
  const wanted = wantedTls(options, found);
  const settings: [RestoredName, RawValue][] = [
    ...(wanted === undefined
      ? []
      : [["SSLEncryptionBitLength", wanted] as [RestoredName, RawValue]]),
    ["Port", port],
    ...(found["Timeout"] === undefined
      ? []
      : [["Timeout", options.idrac_vnc_timeout] as [RestoredName, RawValue]]),
  ];
  return {
    port,
    changes: [
      ...changesTo(settings, found, preferNumbers),
      { name: "Password", forms: [password] },
      ...changesTo([["Enable", "Enabled"]], found, preferNumbers),
    ],
  };
}

/** What stop sets: everything back to what was found, switching off first and on last. */
export function planRestore(
  before: FoundAttributes,
  now: FoundAttributes,
  preferNumbers: boolean,
): readonly AttributeChange[] {
  const settings = RESTORED.flatMap((name): [RestoredName, RawValue][] => {
    const value = before[name];
    return value === undefined ? [] : [[name, value]];
  });
  if (isOn(before["Enable"])) settings.push(...settings.splice(0, 1));
  return changesTo(settings, now, preferNumbers);
}

/** Switches the server on or off, whatever it is now. */
export function planSwitch(
  on: boolean,
  found: FoundAttributes,
  preferNumbers: boolean,
): readonly AttributeChange[] {
  const value = on ? "Enabled" : "Disabled";
  return [{ name: "Enable", forms: formsOf("Enable", value, found["Enable"], preferNumbers) }];
}

function changesTo(
  settings: readonly (readonly [RestoredName, RawValue])[],
  found: FoundAttributes,
  preferNumbers: boolean,
): AttributeChange[] {
  return settings
    .filter(([name, value]) => !sameValue(name, found[name], value))
    .map(([name, value]) => ({ name, forms: formsOf(name, value, found[name], preferNumbers) }));
}

function wantedTls(options: IdracOptions, found: FoundAttributes): RawValue | undefined {
  const current = found["SSLEncryptionBitLength"];
  if (options.idrac_vnc_tls === "none") return current === undefined ? undefined : "Disabled";
  if (current === undefined)
    throw new BmcFeatureMissing("this iDRAC cannot encrypt VNC, use idrac_vnc_tls none");
  return hasTls(current) ? undefined : TLS_ON;
}
