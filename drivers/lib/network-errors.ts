/** Turns what sockets throw into this project's words, naming the peer. */
import {
  BmcCertificateInvalid,
  BmcProtocolError,
  BmcTimeout,
  BmcUnreachable,
  ConsoleServiceError,
} from "../base.ts";

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the port is closed (connection refused)",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was closed",
  EHOSTUNREACH: "there is no route to it",
  ENETUNREACH: "its network is unreachable",
  EHOSTDOWN: "it is down",
  ENOTFOUND: "its name does not resolve",
  EAI_AGAIN: "its name cannot be resolved now",
  UND_ERR_SOCKET: "the connection was closed",
};
const TIMEOUTS = new Set([
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);
/** OpenSSL's verification results, as node puts them into `code`. */
const CERTIFICATE =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_(?:CA|PURPOSE)|HOSTNAME_MISMATCH|ERR_TLS_CERT)/;

/** @param peer `host:port` or a URL without secrets */
export function networkError(cause: unknown, peer: string): ConsoleServiceError {
  if (cause instanceof ConsoleServiceError) return cause;
  const code = codeOf(cause);
  const words = WORDS[code];
  if (words !== undefined) return new BmcUnreachable(`cannot reach ${peer}: ${words}`, { cause });
  if (TIMEOUTS.has(code)) return new BmcTimeout(`${peer} does not answer`, { cause });
  if (CERTIFICATE.test(code))
    return new BmcCertificateInvalid(`the certificate of ${peer} is not trusted (${code})`, {
      cause,
    });
  if (/^(?:ERR_SSL|EPROTO)/.test(code))
    return new BmcProtocolError(`${peer} does not speak TLS as asked (${code})`, { cause });
  return new BmcUnreachable(`cannot reach ${peer}${code ? ` (${code})` : ""}`, { cause });
}

function codeOf(cause: unknown): string {
  for (let error = cause, depth = 0; error instanceof Error && depth < 4; depth += 1) {
    if (error instanceof AggregateError && error.errors.length > 0) {
      error = error.errors[0];
      continue;
    }
    const code = (error as { code?: unknown }).code;
    if (typeof code === "string" && code !== "UND_ERR_SOCKET") return code;
    if (error.cause === undefined) return typeof code === "string" ? code : "";
    error = error.cause;
  }
  return "";
}
