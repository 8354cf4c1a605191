const SVG = "http://www.w3.org/2000/svg";

type Attributes = Record<string, string | number>;

/** An SVG element. Text is set as text, never as markup, so that no name can become any. */
export function svg<Name extends keyof SVGElementTagNameMap>(
    name: Name,
    attributes: Attributes = {},
    ...children: (Element | string)[]
): SVGElementTagNameMap[Name] {
    const element = document.createElementNS(SVG, name);
    setAttributes(element, attributes);
    element.append(...children);
    return element;
}

/** An HTML element, likewise. */
export function html<Name extends keyof HTMLElementTagNameMap>(
    name: Name,
    attributes: Attributes = {},
    ...children: (Element | string)[]
): HTMLElementTagNameMap[Name] {
    const element = document.createElement(name);
    setAttributes(element, attributes);
    element.append(...children);
    return element;
}

export function setAttributes(element: Element, attributes: Attributes): void {
    for (const [name, value] of Object.entries(attributes)) {
        element.setAttribute(name, String(value));
    }
}

/** The element of the page with this id. */
export function byId(id: string): HTMLElement {
    const element = document.getElementById(id);
    if (!element) {
        throw new Error(`the page has no element "${id}"`);
    }
    return element;
}
