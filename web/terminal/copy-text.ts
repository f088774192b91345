/** Puts marked text on this computer's clipboard. */

/**
 * @param fallback for pages without the clipboard interface (plain http): makes the browser copy its own
 * selection
 * @returns false when neither worked
 */
export async function copyText(text: string, fallback: () => boolean): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return fallback();
  }
}
