/**
 * Lets xterm.js work under a policy without inline styles.
 *
 * FACT(xterm.js 6.0, DomRenderer.ts, DomRendererRowFactory.ts, Viewport.ts): it puts `<style>` elements
 * into the page and sets `style` attributes by setAttribute; both need `style-src 'unsafe-inline'`. Its
 * option documentOverride does not reach Viewport.ts. The same rules through the CSS object model need no
 * permission (CSP 3, section 6.2.5: constructed sheets and `element.style` are not inline). So, on this
 * page, a created `style` element is a placeholder that feeds an adopted sheet, and a `span` sets its
 * style through `element.style`.
 */

/** @param page the document; changed for as long as it lives */
export function avoidInlineStyles(page: Document): void {
  const create = page.createElement.bind(page);
  const replacement = (name: string, options?: ElementCreationOptions): HTMLElement => {
    if (name === "style") return placeholder(page, create("template"));
    const element = create(name, options);
    if (name === "span") element.setAttribute = setAttribute;
    return element;
  };
  page.createElement = replacement;
}

function placeholder(page: Document, element: HTMLTemplateElement): HTMLTemplateElement {
  const sheet = new CSSStyleSheet();
  page.adoptedStyleSheets = [...page.adoptedStyleSheets, sheet];
  Object.defineProperty(element, "textContent", {
    set: (rules: string) => {
      sheet.replaceSync(rules);
    },
  });
  element.remove = () => {
    page.adoptedStyleSheets = page.adoptedStyleSheets.filter((one) => one !== sheet);
    Element.prototype.remove.call(element);
  };
  return element;
}

function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === "style") this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}
