/** The two ways to an iDRAC's attributes behind one face. */
import { BmcProtocolError, BmcValueRefused, type Secret } from "../base.ts";
import type { AttributeChange, FoundAttributes, RawValue } from "./values.ts";

export interface IdracTransport {
  readonly kind: "redfish" | "racadm";
  /** `host:port` for messages. */
  readonly peer: string;
  /**
   * The VNC server's attributes as they are, by their name after `VNCServer.1.`.
   * @throws {BmcFeatureMissing} when the firmware or its licence has no VNC server
   */
  read(): Promise<FoundAttributes>;
  /**
   * Sets attributes in the given order, each in the first form that is taken.
   * @throws {BmcProtocolError} naming the attribute, never its value
   */
  write(changes: readonly AttributeChange[]): Promise<void>;
  /** True for iDRAC 7 and 8. */
  isOldGeneration(): Promise<boolean>;
  /** What else may keep the VNC port closed, for the error message. */
  closedPortHint(): string;
}

export const LICENCE_HINT =
  "VNC needs an iDRAC Enterprise or Datacenter licence, see iDRAC Settings, Licenses";

/**
 * Sets the first form that is taken.
 * @param what to say when none is, for example "the iDRAC at X refuses to set Y"
 * @param set throws BmcValueRefused when another form may be taken
 * @throws {BmcProtocolError} with the last refusal; and what `set` throws else
 */
export async function setFirstTaken(
  what: string,
  forms: readonly (RawValue | Secret)[],
  set: (form: RawValue | Secret) => Promise<void>,
): Promise<void> {
  let refusal = "no form to try";
  for (const form of forms) {
    try {
      return await set(form);
    } catch (error) {
      if (!(error instanceof BmcValueRefused)) throw error;
      refusal = error.message;
    }
  }
  throw new BmcProtocolError(`${what}: ${refusal}`);
}
