/**
 * Why a WebSocket was refused. A browser hides the answer to a failed upgrade from the page, so the page
 * asks the same address with a plain GET and reads `{"code","message"}`.
 */
import type { Ending } from "./reasons.ts";

export type Ask = (url: string, options: RequestInit) => Promise<Response>;

const ANSWER_WITHIN_MS = 10_000;
/** The service's answer when the same request as a WebSocket would have been accepted. */
const UPGRADE_REQUIRED = 426;

/** @param questionUrl the WebSocket's address over http(s); never put into a log, it holds the token */
export async function askWhyRefused(questionUrl: string, ask: Ask): Promise<Ending> {
  let answer: Response;
  try {
    answer = await ask(questionUrl, {
      cache: "no-store",
      credentials: "same-origin",
      redirect: "error",
      referrerPolicy: "no-referrer",
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
  } catch {
    return { kind: "unreachable" };
  }
  if (answer.status === UPGRADE_REQUIRED) return { kind: "blocked" };
  return { kind: "refused", status: answer.status, code: await codeOf(answer) };
}

async function codeOf(answer: Response): Promise<string> {
  try {
    const body: unknown = await answer.json();
    const code = (body as { code?: unknown } | null)?.code;
    return typeof code === "string" ? code : "";
  } catch {
    return "";
  }
}
