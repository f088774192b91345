/** Why a session ended, in one line for somebody at ssh, who has to connect again himself. */
import { closingOf } from "../../../common/closing-words.ts";

/** @param reason a ClosedReason or an error code */
export function closingWords(reason: string): string {
  const closing = closingOf(reason);
  if (!closing) return `closed because of an error (${reason}), try again or tell your operator`;
  return closing.again ? `${closing.words}, connect again in a moment` : closing.words;
}
