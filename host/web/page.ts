// What the page has besides the element: it works without a network once it was open, and its title is in the element's language.
import './element.js';
import { keep } from './keep.js';

const element = document.querySelector<HTMLElement>('iap-update');
const named = (): void => {
  if (!element) return;
  document.documentElement.lang = element.lang;
  const title = element.shadowRoot?.querySelector('h1')?.textContent;
  if (title) document.title = title;
};
element?.addEventListener('iap-language', named);
named();

element?.addEventListener('iap-loaded', (event) => {
  const { urls } = (event as CustomEvent<{ readonly urls: readonly string[] }>).detail;
  void keep(urls, document.baseURI).catch(() => {}); // without room for it, it needs a network
});

if ('serviceWorker' in navigator) {
  navigator.serviceWorker.register('./sw.js').catch(() => {}); // a page that is not secure has none
}
