/** What a pasted text becomes on a serial line, and how long it takes. */

/** Above this many characters the page asks first. */
export const ASK_ABOVE_CHARACTERS = 2000;
export const DEFAULT_CHARACTERS_PER_SECOND = 200;
export const FASTEST_CHARACTERS_PER_SECOND = 10_000;
export const BRACKET_BEGIN = "\u001B[200~";
export const BRACKET_END = "\u001B[201~";

/**
 * Every end of line becomes the Return key. Control characters other than that and Tab are left out: what
 * lies on a clipboard must not press Escape or Ctrl+C on a machine, nor end a bracketed paste.
 */
export function pasteText(text: string): string {
  return text.replaceAll(/\r\n?|\n/g, "\r").replaceAll(/[^\P{Cc}\t\r]/gu, "");
}

/** @returns a rate between 1 and {@link FASTEST_CHARACTERS_PER_SECOND}; the default for no number */
export function rateOf(value: number): number {
  if (!Number.isFinite(value) || value <= 0) return DEFAULT_CHARACTERS_PER_SECOND;
  return Math.min(FASTEST_CHARACTERS_PER_SECOND, Math.max(1, Math.round(value)));
}

/** @returns for example `40 s` or `8 min 20 s` */
export function durationInWords(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
}

/** @returns for example `100 000`, with a space that does not break */
export function countInWords(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, "\u00A0");
}
