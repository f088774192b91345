/**
 * Every error of this project, each stating four facts once: a stable code for programs, the HTTP
 * status, the WebSocket close code, and whether its message may be shown to a tenant.
 *
 * Messages are lower case without a full stop (they get chained), quote the offending name and never
 * contain a secret. Ironic's own sentences are kept where its clients print or match them.
 *
 * A peer that hangs up is not an error but a {@link ClosedReason}.
 */

import type { StartFailure } from "./console-prelude.ts";

/** The four facts of an error class. */
export interface ErrorFacts {
  /** Stable name for programs, unique over all classes. */
  readonly code: string;
  /** HTTP status of a REST answer. */
  readonly status: number;
  /** WebSocket close code (RFC 6455 section 7.4.1) when it ends a session. */
  readonly closeCode: number;
  /** True when the message may be shown to a tenant. */
  readonly safe: boolean;
}

export class ConsoleServiceError extends Error implements ErrorFacts {
  readonly code: string = "INTERNAL";
  readonly status: number = 500;
  readonly closeCode: number = 1011;
  readonly safe: boolean = false;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/* ---- the caller's fault -------------------------------------------------------------------- */

export class Invalid extends ConsoleServiceError {
  override readonly code: string = "INVALID";
  override readonly status: number = 400;
  override readonly closeCode: number = 1008;
  override readonly safe: boolean = true;
}
export class InvalidParameterValue extends Invalid {
  override readonly code: string = "INVALID_PARAMETER_VALUE";
}
export class MissingParameterValue extends InvalidParameterValue {
  override readonly code: string = "MISSING_PARAMETER_VALUE";
}
export class NodeConsoleNotEnabled extends Invalid {
  override readonly code: string = "CONSOLE_NOT_ENABLED";
}
export class UnsupportedDriverExtension extends Invalid {
  override readonly code: string = "UNSUPPORTED_DRIVER_EXTENSION";
  /** @param what the hardware type, as Ironic's sentence names it; @param extension for example "console" */
  constructor(what: string, extension: string) {
    super(`Driver ${what} does not support ${extension} (disabled or not implemented).`);
  }
}
export class NoValidHost extends Invalid {
  override readonly code: string = "NO_VALID_HOST";
  constructor(reason: string) {
    super(`No valid host was found. Reason: ${reason}`);
  }
}
export class InvalidStateRequested extends Invalid {
  override readonly code: string = "INVALID_STATE_REQUESTED";
}
export class RequestTooLarge extends Invalid {
  override readonly code: string = "REQUEST_TOO_LARGE";
  override readonly status: number = 413;
}
export class NotAcceptable extends Invalid {
  override readonly code: string = "NOT_ACCEPTABLE";
  override readonly status: number = 406;
}
/** The version header asks for what this service does not speak. */
export class VersionNotSupported extends NotAcceptable {
  override readonly code: string = "VERSION_NOT_SUPPORTED";
}
/** An Authorization header that cannot be understood, which HTTP answers with 400, not 401. */
export class MalformedCredentials extends Invalid {
  override readonly code: string = "MALFORMED_CREDENTIALS";
}
export class MethodNotAllowed extends Invalid {
  override readonly code: string = "METHOD_NOT_ALLOWED";
  override readonly status: number = 405;
  /** Methods for the Allow header. */
  readonly allowed: readonly string[];
  constructor(allowed: readonly string[]) {
    super("Method Not Allowed");
    this.allowed = allowed;
  }
}

export class NotAuthenticated extends ConsoleServiceError {
  override readonly code: string = "NOT_AUTHENTICATED";
  override readonly status: number = 401;
  override readonly closeCode: number = 1008;
  override readonly safe: boolean = true;
}

export class NotAuthorized extends ConsoleServiceError {
  override readonly code: string = "NOT_AUTHORIZED";
  override readonly status: number = 403;
  override readonly closeCode: number = 1008;
  override readonly safe: boolean = true;
}
/** One answer for unknown, expired and revoked tokens. */
export class InvalidToken extends NotAuthorized {
  override readonly code: string = "INVALID_TOKEN";
  constructor() {
    super("the console link is not valid any more, ask for a new one");
  }
}
export class OriginNotAllowed extends NotAuthorized {
  override readonly code: string = "ORIGIN_NOT_ALLOWED";
}

export class NotFound extends ConsoleServiceError {
  override readonly code: string = "NOT_FOUND";
  override readonly status: number = 404;
  override readonly closeCode: number = 1008;
  override readonly safe: boolean = true;
}
export class NodeNotFound extends NotFound {
  override readonly code: string = "NODE_NOT_FOUND";
  constructor(ident: string) {
    super(`Node ${ident} could not be found.`);
  }
}
/** No route has this path. */
export class RouteNotFound extends NotFound {
  override readonly code: string = "ROUTE_NOT_FOUND";
  constructor() {
    super("Not Found");
  }
}
export class SessionNotFound extends NotFound {
  override readonly code: string = "SESSION_NOT_FOUND";
  constructor(id: string) {
    super(`Console session ${id} could not be found.`);
  }
}
export class DriverNotFound extends NotFound {
  override readonly code: string = "DRIVER_NOT_FOUND";
  constructor(name: string) {
    super(`Could not find the following driver(s) or hardware type(s): ${name}.`);
  }
}
export class ConductorNotFound extends NotFound {
  override readonly code: string = "CONDUCTOR_NOT_FOUND";
  constructor(name: string) {
    super(`Conductor ${name} could not be found.`);
  }
}

export class ImageNotFound extends NotFound {
  override readonly code: string = "IMAGE_NOT_FOUND";
  constructor(ident: string) {
    super(`Image ${ident} could not be found.`);
  }
}

export class Conflict extends ConsoleServiceError {
  override readonly code: string = "CONFLICT";
  override readonly status: number = 409;
  override readonly closeCode: number = 1008;
  override readonly safe: boolean = true;
}
export class NodeLocked extends Conflict {
  override readonly code: string = "NODE_LOCKED";
  constructor(node: string, host: string) {
    super(
      `Node ${node} is locked by host ${host}, please retry after the current operation is completed.`,
    );
  }
}
export class NodeAlreadyExists extends Conflict {
  override readonly code: string = "NODE_ALREADY_EXISTS";
}

/** An image that is in machines' virtual drives stays. */
export class ImageInUse extends Conflict {
  override readonly code: string = "IMAGE_IN_USE";
}

/** The console's type is one that this proxy cannot carry. */
export class ConsoleTypeNotSupported extends ConsoleServiceError {
  override readonly code: string = "CONSOLE_TYPE_NOT_SUPPORTED";
  override readonly status: number = 501;
  override readonly closeCode: number = 1008;
  override readonly safe: boolean = true;
}
/** The address is for WebSockets, and a WebSocket would be let in. */
export class UpgradeRequired extends Invalid {
  override readonly code: string = "UPGRADE_REQUIRED";
  override readonly status: number = 426;
}

/* ---- try again later ----------------------------------------------------------------------- */

export class TemporaryFailure extends ConsoleServiceError {
  override readonly code: string = "TEMPORARY_FAILURE";
  override readonly status: number = 503;
  override readonly closeCode: number = 1013;
  override readonly safe: boolean = true;
}
export class NoFreeConductorWorker extends TemporaryFailure {
  override readonly code: string = "NO_FREE_CONDUCTOR_WORKER";
  constructor() {
    super("Requested action cannot be performed due to lack of free conductor workers.");
  }
}
export class TooManySessions extends TemporaryFailure {
  override readonly code: string = "TOO_MANY_SESSIONS";
}
/** Another proxy carries this machine's serial line, and people watch it there. */
export class LineHeldElsewhere extends TemporaryFailure {
  override readonly code: string = "LINE_HELD_ELSEWHERE";
}
export class ShuttingDown extends TemporaryFailure {
  override readonly code: string = "SHUTTING_DOWN";
}

/* ---- the machine's side -------------------------------------------------------------------- */

/** A driver could not do what it was asked. Goes into last_error, never to a tenant. */
export class ConsoleError extends ConsoleServiceError {
  override readonly code: string = "CONSOLE_ERROR";
}
export class ConsoleSubprocessFailed extends ConsoleError {
  override readonly code: string = "CONSOLE_SUBPROCESS_FAILED";
}
export class BmcUnreachable extends ConsoleError {
  override readonly code: string = "BMC_UNREACHABLE";
  override readonly status: number = 502;
}
export class BmcTimeout extends ConsoleError {
  override readonly code: string = "BMC_TIMEOUT";
  override readonly status: number = 504;
}
export class BmcAuthenticationFailed extends ConsoleError {
  override readonly code: string = "BMC_AUTHENTICATION_FAILED";
  override readonly status: number = 502;
}
export class BmcCertificateInvalid extends ConsoleError {
  override readonly code: string = "BMC_CERTIFICATE_INVALID";
  override readonly status: number = 502;
}
/** The BMC answered, but lacks what the console needs: licence, attribute, firmware. */
export class BmcFeatureMissing extends ConsoleError {
  override readonly code: string = "BMC_FEATURE_MISSING";
  override readonly status: number = 502;
}
/** The BMC's own session table is full; trying again later may help. */
export class BmcBusy extends ConsoleError {
  override readonly code: string = "BMC_BUSY";
  override readonly status: number = 503;
}
/** The BMC answered something that its protocol does not allow. */
export class BmcProtocolError extends ConsoleError {
  override readonly code: string = "BMC_PROTOCOL_ERROR";
  override readonly status: number = 502;
}
/** The BMC understood, but refuses this value; another form of it may be taken. */
export class BmcValueRefused extends BmcProtocolError {
  override readonly code: string = "BMC_VALUE_REFUSED";
}

/** A start that failed at a BMC's web page: which kind of failure, and what was seen. */
export class PageError extends ConsoleError {
  override readonly code: string = "PAGE_ERROR";
  override readonly status: number = 502;
  readonly failure: StartFailure;
  /** @param message for the operator: what was expected and what was seen, without secrets */
  constructor(failure: StartFailure, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.failure = failure;
  }
}
/** A browser's sandbox asked our gate for something that is not offered. */
export class SandboxProtocolError extends ConsoleError {
  override readonly code: string = "SANDBOX_PROTOCOL_ERROR";
}

/** Proxy side: the saved console endpoint does not do its part. */
export class HostError extends ConsoleServiceError {
  override readonly code: string = "HOST_ERROR";
  override readonly status: number = 502;
  override readonly closeCode: number = 1014;
}
export class HostUnreachable extends HostError {
  override readonly code: string = "HOST_UNREACHABLE";
}
export class HostTimeout extends HostError {
  override readonly code: string = "HOST_TIMEOUT";
  override readonly status: number = 504;
}
export class HostCertificateInvalid extends HostError {
  override readonly code: string = "HOST_CERTIFICATE_INVALID";
}
/** Bytes that RFC 6143 does not allow; carries the message name, and bytes wanted and got. */
export class RFBProtocolError extends HostError {
  override readonly code: string = "RFB_PROTOCOL_ERROR";
}
export class RFBAuthHandshakeFailed extends HostError {
  override readonly code: string = "RFB_AUTH_HANDSHAKE_FAILED";
}
export class RFBAuthNoAvailableScheme extends HostError {
  override readonly code: string = "RFB_AUTH_NO_AVAILABLE_SCHEME";
}
/** The console had to be started first, and that failed. What the tenant is told is `reason`. */
export class ConsoleStartFailed extends HostError {
  override readonly code: string = "CONSOLE_START_FAILED";
  override readonly closeCode: number = 1013;
  override readonly safe: boolean = true;
  /** One of START_FAILURES in console-prelude.ts: names the hurdle in the close frame. */
  readonly reason: string;
  constructor(message: string, reason: string) {
    super(message);
    this.reason = reason;
  }
}
/** The browser's side broke the protocol: RFB or WebSocket framing. */
export class TenantProtocolError extends ConsoleServiceError {
  override readonly code: string = "TENANT_PROTOCOL_ERROR";
  override readonly status: number = 400;
  override readonly closeCode: number = 1002;
  override readonly safe: boolean = true;
}

/* ---- the command line client ---------------------------------------------------------------- */

/** Our own client got no answer from the REST API, or none that it understands. */
export class ApiUnreachable extends ConsoleServiceError {
  override readonly code: string = "API_UNREACHABLE";
  override readonly status: number = 502;
}

/* ---- at start ------------------------------------------------------------------------------ */

/** The process cannot start; printed plainly, without a stack. */
export class StartupError extends ConsoleServiceError {
  override readonly code: string = "STARTUP_ERROR";
  /** Process exit status, sysexits.h: 78 EX_CONFIG, 70 EX_SOFTWARE, 69 EX_UNAVAILABLE. */
  readonly exitStatus: number = 70;
}
export class ConfigInvalid extends StartupError {
  override readonly code: string = "CONFIG_INVALID";
  override readonly exitStatus: number = 78;
  /** @param mistakes every mistake found, one sentence each */
  readonly mistakes: readonly string[];
  constructor(mistakes: readonly string[]) {
    super(`the configuration is not valid:\n${mistakes.map((m) => `  - ${m}`).join("\n")}`);
    this.mistakes = mistakes;
  }
}
/** A port or a data folder that another process has. */
export class AlreadyInUse extends StartupError {
  override readonly code: string = "ALREADY_IN_USE";
  override readonly exitStatus: number = 69;
}
export class DriverLoadError extends StartupError {
  override readonly code: string = "DRIVER_LOAD_ERROR";
}
export class ConductorAlreadyRegistered extends StartupError {
  override readonly code: string = "CONDUCTOR_ALREADY_REGISTERED";
  override readonly exitStatus: number = 69;
}

/** The sentence a tenant may read: the message of a safe error, else one that gives nothing away. */
export function tenantSentence(error: unknown): string {
  if (error instanceof ConsoleServiceError && error.safe) return error.message;
  if (error instanceof HostError) return "unable to connect to the console of this machine";
  return "an internal error occurred";
}

/** The message of anything thrown, for log lines and last_error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
