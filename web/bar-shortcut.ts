/**
 * Ctrl+Alt+Shift together bring the keyboard focus from the screen into the bar: while the screen has
 * the focus, every key including Tab goes to the machine, and there must be a way out without a mouse.
 */
const MODIFIER_KEYS = new Set(["Control", "Alt", "Shift", "AltGraph", "Meta"]);

/** @param screen where the keys would otherwise go to the machine; @param focusBar moves the focus */
export function listenForBarShortcut(screen: HTMLElement, focusBar: () => void): void {
  const onKey = (event: KeyboardEvent): void => {
    const all = event.ctrlKey && event.altKey && event.shiftKey;
    if (!all || !MODIFIER_KEYS.has(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    focusBar();
  };
  screen.addEventListener("keydown", onKey, { capture: true });
}
