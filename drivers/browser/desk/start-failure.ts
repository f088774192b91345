/** What kind of failure an error is, by where it came from and at which step. */
import type { StartFailure, StartStep } from "../../../common/console-prelude.ts";
import {
  BmcAuthenticationFailed,
  BmcBusy,
  BmcCertificateInvalid,
  BmcTimeout,
  BmcUnreachable,
  PageError,
  messageOf,
} from "../../base.ts";

const OF_STEP: Readonly<Record<StartStep, StartFailure>> = {
  queue: "browser",
  launch: "browser",
  reach: "unreachable",
  login: "unexpected_page",
  viewer: "unexpected_page",
  picture: "no_picture",
};

/** @param gateFailure the last thing that went wrong between the page and the BMC */
export function startFailureOf(
  error: unknown,
  step: StartStep,
  gateFailure?: Error,
): { readonly failure: StartFailure; readonly message: string } {
  const own = kindOf(error);
  const failure = own ?? OF_STEP[step];
  const behind =
    failure === "unexpected_page" || failure === "no_picture" ? gateFailure : undefined;
  const kind = behind && kindOf(behind);
  if (behind && kind) return { failure: kind, message: messageOf(behind) };
  return { failure, message: messageOf(error) };
}

function kindOf(error: unknown): StartFailure | undefined {
  if (error instanceof PageError) return error.failure;
  if (error instanceof BmcCertificateInvalid) return "untrusted";
  if (error instanceof BmcUnreachable || error instanceof BmcTimeout) return "unreachable";
  if (error instanceof BmcAuthenticationFailed) return "wrong_password";
  if (error instanceof BmcBusy) return "sessions_taken";
  return undefined;
}
