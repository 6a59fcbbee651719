// Elements made in one expression. Text is always text: nothing that comes from a file or a device is ever read as HTML.

type Child = Node | string | undefined | false;

/** Attributes; a function is a listener, true an attribute without a value, false none. */
type Attributes = Readonly<Record<string, string | number | boolean | Listener>>;
type Listener = (event: Event) => void;

export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== false) {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}
