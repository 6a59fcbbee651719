// What seldom needs setting: rates, and where a raw binary belongs.
import type { Controller } from './controller.js';
import { h } from './dom.js';
import type { Texts } from './texts/texts.js';

const INITIAL_RATES = [9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600];
const RATES = ['auto', 230400, 460800, 921600] as const;

export function settingsForm(controller: Controller, texts: Texts, withBase: boolean): HTMLElement {
  const { settings } = controller;
  const set = (changed: Partial<typeof settings>): void => {
    controller.settings = { ...controller.settings, ...changed };
  };
  const initial = select(
    INITIAL_RATES.map((rate) => [String(rate), String(rate)]),
    String(settings.initialRate),
    (value) => set({ initialRate: Number(value) }),
  );
  const transfer = select(
    [
      ['', texts.sameRate],
      ...RATES.map((rate): [string, string] => [
        String(rate),
        rate === 'auto' ? texts.fastestRate : String(rate),
      ]),
    ],
    String(settings.rate ?? ''),
    (value) => set({ rate: value === '' ? undefined : value === 'auto' ? value : Number(value) }),
  );
  const base = h('input', {
    value: settings.base === undefined ? '' : `0x${settings.base.toString(16)}`,
    placeholder: '0x08008000',
    pattern: '0x[0-9A-Fa-f]{1,8}',
    spellcheck: 'false',
    change: () =>
      set({ base: /^0x[0-9a-f]{1,8}$/i.test(base.value) ? Number(base.value) : undefined }),
  });
  return h(
    'details',
    {},
    h('summary', {}, texts.settings),
    h(
      'div',
      { class: 'settings' },
      h('label', {}, texts.initialRate, initial),
      h('label', {}, texts.transferRate, transfer),
      withBase && h('label', {}, texts.rawBase, base),
    ),
  );
}

function select(
  options: readonly (readonly [value: string, text: string])[],
  chosen: string,
  change: (value: string) => void,
): HTMLSelectElement {
  const all = options.some(([value]) => value === chosen)
    ? options
    : [...options, [chosen, chosen] as const];
  const element = h(
    'select',
    { change: () => change(element.value) },
    ...all.map(([value, text]) => h('option', { value, selected: value === chosen }, text)),
  );
  return element;
}
