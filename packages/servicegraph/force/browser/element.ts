const NAMESPACES = { html: "http://www.w3.org/1999/xhtml", svg: "http://www.w3.org/2000/svg" };

type Attributes = Record<string, string | number>;
type Children = (Element | string)[];

/** An SVG element. Strings become text and never markup, so that names cannot inject any. */
export function svg<Name extends keyof SVGElementTagNameMap>(
    name: Name,
    attributes: Attributes = {},
    ...children: Children
): SVGElementTagNameMap[Name] {
    return create("svg", name, attributes, children) as SVGElementTagNameMap[Name];
}

/** An HTML element; strings become text. */
export function html<Name extends keyof HTMLElementTagNameMap>(
    name: Name,
    attributes: Attributes = {},
    ...children: Children
): HTMLElementTagNameMap[Name] {
    return create("html", name, attributes, children) as HTMLElementTagNameMap[Name];
}

function create(kind: keyof typeof NAMESPACES, name: string, attributes: Attributes, children: Children): Element {
    const element = document.createElementNS(NAMESPACES[kind], name);
    for (const [name, value] of Object.entries(attributes)) {
        element.setAttribute(name, String(value));
    }
    element.append(...children);
    return element;
}

/** @throws Error if the page has no element with this id */
export function byId(id: string): HTMLElement {
    const element = document.getElementById(id);
    if (!element) {
        throw new Error(`the page has no element "${id}"`);
    }
    return element;
}
