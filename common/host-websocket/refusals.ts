/** What a BMC's web service said instead of what was asked. They have the facts of their parents. */
import { HostError, HostUnreachable, RFBAuthHandshakeFailed } from "../errors.ts";
import { printable } from "../printable.ts";

/** It answered with another status than the one hoped for. */
export class HostHttpRefused extends HostError {
  readonly httpStatus: number;
  constructor(httpStatus: number, message: string) {
    super(message);
    this.httpStatus = httpStatus;
  }
}

/** The same for 401 and 403: people at the machine read what they read of a VNC server that lets nobody in. */
export class HostLoginRefused extends RFBAuthHandshakeFailed {
  readonly httpStatus: number;
  constructor(httpStatus: number, message: string) {
    super(message);
    this.httpStatus = httpStatus;
  }
}

/** @param what was asked, for example "POST /redfish/v1/SessionService/Sessions" */
export function httpRefusal(httpStatus: number, what: string): HostHttpRefused | HostLoginRefused {
  const Kind = httpStatus === 401 || httpStatus === 403 ? HostLoginRefused : HostHttpRefused;
  return new Kind(httpStatus, `the host answers ${what} with status ${httpStatus}`);
}

/** It took the WebSocket and closed it before a byte came. */
export class HostWebSocketClosed extends HostUnreachable {
  /** The host's words. */
  readonly closeReason: string;
  constructor(closeCode: number, closeReason: string) {
    super(`the host closed the WebSocket (${closeCode}): ${printable(closeReason) || "no reason"}`);
    this.closeReason = closeReason;
  }
}
