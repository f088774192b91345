/**
 * A third party's driver may have been loaded with another copy of this package, whose error classes
 * are not ours although they have the same names. Their stable codes tell; here they become ours.
 */
import { ConsoleServiceError } from "../common/errors.ts";
import { fromRpcError } from "./rpc-errors.ts";

/** @returns the error itself unless it is of a foreign copy of our classes */
export function ourError(error: unknown): unknown {
  if (error instanceof ConsoleServiceError || !(error instanceof Error)) return error;
  const { code, status, closeCode } = error as {
    code?: unknown;
    status?: unknown;
    closeCode?: unknown;
  };
  if (typeof code !== "string" || typeof status !== "number" || typeof closeCode !== "number")
    return error;
  const ours = fromRpcError({ code: status, message: error.message, data: { class: code } });
  ours.cause = error;
  return ours;
}
