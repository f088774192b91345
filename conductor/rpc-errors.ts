/**
 * Errors over the wire, in the form of Ironic's json-rpc: `{code, message, data: {class}}` with an
 * HTTP-like code and, in place of a Python path, the stable code of our class. Only our classes are
 * rebuilt at the caller; anything else stays at the conductor, in its log.
 */
import * as errors from "../common/errors.ts";

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: { readonly class: string };
}

type ErrorClass = new (...given: string[]) => errors.ConsoleServiceError;

/** @param host of the conductor, for the sentence about an error that is not ours */
export function toRpcError(error: unknown, host: string): RpcError {
  if (error instanceof errors.ConsoleServiceError)
    return { code: error.status, message: error.message, data: { class: error.code } };
  return {
    code: 500,
    message: `an unexpected error occurred, the log of conductor ${host} says more`,
    data: { class: "INTERNAL" },
  };
}

/** An instance of the class with this code, with the conductor's message. */
export function fromRpcError(sent: RpcError): errors.ConsoleServiceError {
  const Class = classes().get(sent.data?.class ?? "") ?? errors.ConsoleServiceError;
  const error = new Class("", "");
  error.message = sent.message;
  return error;
}

/** Our classes by code. Errors of a process's start never travel; some take other arguments than texts. */
function classes(): ReadonlyMap<string, ErrorClass> {
  const found = (Object.values(errors) as unknown[]).filter(isErrorClass);
  return new Map(found.map((Class) => [new Class("", "").code, Class]));
}

function isErrorClass(exported: unknown): exported is ErrorClass {
  if (exported === errors.ConsoleServiceError) return true;
  if (typeof exported !== "function" || exported === errors.StartupError) return false;
  const { prototype } = exported as { prototype: unknown };
  return (
    prototype instanceof errors.ConsoleServiceError && !(prototype instanceof errors.StartupError)
  );
}
