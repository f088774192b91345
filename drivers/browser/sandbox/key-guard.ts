/**
 * Keeps the browser from acting on keys that are meant for the machine: a script for every document and
 * frame of a session, in a world of its own that pages cannot reach. The viewer sees all keys as before.
 *
 * FACT(Chromium 156, tried): without it F5 and Ctrl+R reload the page, and Ctrl+Shift+I, J and C bring up a
 * dialog that takes all keys; the mouse's wheel with Ctrl shows a bubble with buttons for the page's size. A
 * page that calls preventDefault keeps them from the browser.
 * FACT(HTML, document.open): whoever writes a document anew takes every listener off it and its window, in all
 * worlds, as viewers do in windows that they opened; whoever observes the document still hears of it.
 */
export const KEY_GUARD = `{
const onKey = (event) => {
  const shortcut = event.ctrlKey || event.altKey || event.metaKey || /^(F\\d+|Browser|Launch|Help|Zoom)/.test(event.key);
  if (shortcut && !event.getModifierState("AltGraph")) event.preventDefault();
};
const onWheel = (event) => {
  if (event.ctrlKey) event.preventDefault();
};
const guard = () => {
  addEventListener("keydown", onKey, { capture: true });
  addEventListener("wheel", onWheel, { capture: true, passive: false });
};
guard();
new MutationObserver(guard).observe(document, { childList: true });
}`;
