/**
 * What an authentication scheme is: how one security type proves to the host that we may come in. It
 * ends right before SecurityResult, and knows no tenant.
 */
import type { Secret } from "../../secret.ts";
import type { SecurityTypeName } from "../../console-endpoint.ts";
import type { HostChannel } from "../byte-channel.ts";

/** Our own login on the machine. */
export interface HostCredentials {
  readonly username?: string;
  readonly password?: Secret;
}

export interface RFBAuthScheme {
  readonly name: SecurityTypeName;
  /** What it needs from the credentials beyond nothing. */
  readonly needs: readonly (keyof HostCredentials)[];
  /**
   * Does everything between the choice of the type and SecurityResult.
   * @throws {HostError} family
   */
  authenticate(channel: HostChannel, credentials: HostCredentials): Promise<void>;
}
