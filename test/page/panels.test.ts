// Which buttons there are: elements stand in for those of a browser.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { State } from '../../host/web/flow.js';
import { panelOf } from '../../host/web/panels.js';
import { LANGUAGES } from '../../host/web/texts/language.js';
import type { View } from '../../host/web/view.js';
import { startBrowser } from './fake-browser.js';

class FakeElement {
  readonly children: (FakeElement | string)[] = [];
  readonly attributes = new Map<string, string>();
  readonly dataset: Record<string, string> = {};

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }
  append(...children: (FakeElement | string)[]): void {
    this.children.push(...children);
  }
  addEventListener(): void {}

  deeds(): string[] {
    const own = this.attributes.get('data-do');
    const inner = this.children.flatMap((child) =>
      typeof child === 'string' ? [] : child.deeds(),
    );
    return own === undefined ? inner : [own, ...inner];
  }
}

beforeEach(() => {
  startBrowser();
  vi.stubGlobal('document', { createElement: () => new FakeElement() });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

function deeds(state: Partial<State>, unable?: View['unable']): string[] {
  const { content } = panelOf({
    state: { step: { at: 'port' }, warnings: [], ...state },
    texts: LANGUAGES.en,
    language: 'en',
    act: () => {},
    knownPort: 'FTDI',
    unable,
    manifest: true,
    files: true,
    demo: true,
    settings: () => new FakeElement() as unknown as HTMLElement,
  });
  return content.flatMap((node) => (node ? (node as unknown as FakeElement).deeds() : []));
}

const fault = { code: 'PORT_LOST', message: '', details: {} } as const;
const firmware = {
  file: 'a',
  format: 'binary',
  size: 3,
  sha256: 'ab'.repeat(32),
  warnings: [],
} as const;

test('a port that is lost may come back as any other', () => {
  expect(deeds({ step: { at: 'lost', fault } })).toEqual(['choose-port', 'stop', 'all-ports']);
});

test('for demo firmware the demo device alone is offered, in every browser', () => {
  expect(deeds({ firmware })).toEqual(
    expect.arrayContaining(['last-port', 'choose-port', 'all-ports', 'demo-device']),
  );
  for (const unable of [undefined, { ...fault, code: 'NO_WEB_SERIAL' } as const]) {
    const offered = deeds({ firmware: { ...firmware, demo: true } }, unable);
    expect(offered).toEqual(['other-firmware', 'demo-device']);
  }
});
