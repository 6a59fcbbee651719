// The document of a page, by happy-dom, in place of a browser's; to be imported before the page's own code. And how tests read it.
import { Window } from 'happy-dom';
import { PAGE } from './fake-browser.js';

export const window = new Window({ url: PAGE });

const GLOBALS = [
  'document',
  'HTMLElement',
  'customElements',
  'CustomEvent',
  'CSSStyleSheet',
] as const;
for (const name of GLOBALS) {
  Object.defineProperty(globalThis, name, { value: window[name], configurable: true });
}

/**
 * A line for each element: tag, classes, attributes, text; deeper ones are indented.
 * @param folded what has a heading, and details, by that alone; notes in one line
 */
export function outline(node: Node, folded = false): string[] {
  if (!isElement(node)) return [`"${node.textContent}"`];
  const { localName, classList, attributes, children, textContent } = node;
  const named = [...attributes].filter(({ name }) => name !== 'class');
  const head = [
    [localName, ...classList].join('.'),
    ...named.map(({ name, value }) => (value === '' ? `[${name}]` : `[${name}=${value}]`)),
  ].join('');
  const [first] = children;
  if (folded && (localName === 'details' || first?.localName === 'h3')) {
    return [`${head} ${first?.textContent} …`];
  }
  if (folded && classList.contains('note')) {
    return [[head, ...[...children].map((child) => child.textContent)].join(' | ')];
  }
  if (!first) return [textContent === '' ? head : `${head} ${textContent}`];
  const inner = [...node.childNodes].flatMap((child) => outline(child, folded));
  return [head, ...inner.map((line) => `  ${line}`)];
}

function isElement(node: Node): node is Element {
  return node.nodeType === 1;
}
