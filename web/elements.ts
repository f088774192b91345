/** Finds the elements that a page's HTML file promises, with their types checked once. */

/**
 * @param kind the element's class, for example HTMLButtonElement
 * @throws {TypeError} when the HTML file and the code have drifted apart
 */
export function element<T extends Element>(
  id: string,
  kind: abstract new (...args: never) => T,
): T {
  const found = document.querySelector(`#${id}`);
  if (!(found instanceof kind)) throw new TypeError(`the page has no ${kind.name} #${id}`);
  return found;
}

export const button = (id: string): HTMLButtonElement => element(id, HTMLButtonElement);
export const box = (id: string): HTMLElement => element(id, HTMLElement);
