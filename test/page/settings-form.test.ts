// Rates, and where a raw binary belongs: what is shown, and what is set.
import { expect, test } from 'vitest';
import type { Controller, Settings } from '../../host/web/controller.js';
import { settingsForm } from '../../host/web/settings-form.js';
import { outline, window } from './dom.js';
import { NAMES } from './named-texts.js';

interface Form {
  readonly element: HTMLElement;
  readonly controller: { readonly settings: Settings };
  /** As somebody does, in the n-th of them */
  readonly set: (nth: number, value: string) => void;
}

function formOf(settings: Settings, withBase = true): Form {
  const controller = { settings };
  const element = settingsForm(controller as Controller, NAMES, withBase);
  const set = (nth: number, value: string): void => {
    const field = element.querySelectorAll('select, input')[nth] as HTMLInputElement;
    field.value = value;
    field.dispatchEvent(new window.Event('change') as unknown as Event);
  };
  return { element, controller, set };
}

test('what can be set, and what is', () => {
  expect(outline(formOf({ initialRate: 115200 }).element)).toEqual([
    'details',
    '  summary settings',
    '  div.settings',
    '    label',
    '      "initialRate"',
    '      select',
    '        option[value=9600] 9600',
    '        option[value=19200] 19200',
    '        option[value=38400] 38400',
    '        option[value=57600] 57600',
    '        option[value=115200][selected] 115200',
    '        option[value=230400] 230400',
    '        option[value=460800] 460800',
    '        option[value=921600] 921600',
    '    label',
    '      "transferRate"',
    '      select',
    '        option[value][selected] sameRate',
    '        option[value=auto] fastestRate',
    '        option[value=230400] 230400',
    '        option[value=460800] 460800',
    '        option[value=921600] 921600',
    '    label',
    '      "rawBase"',
    '      input[value][placeholder=0x08008000][pattern=0x[0-9A-Fa-f]{1,8}][spellcheck=false]',
  ]);
});

const chosen = (settings: Settings): string[] =>
  [...formOf(settings).element.querySelectorAll('option')]
    .filter((option) => option.hasAttribute('selected'))
    .map(({ value }) => value);

test.each([
  [{ initialRate: 9600 }, ['9600', '']],
  [{ initialRate: 115200, rate: 'auto' }, ['115200', 'auto']],
  [{ initialRate: 115200, rate: 921600 }, ['115200', '921600']],
] as const)('%j is chosen', (settings, values) => {
  expect(chosen(settings)).toEqual(values);
});

test('a rate of the page that is not among the usual ones is offered too, last', () => {
  const { element } = formOf({ initialRate: 250000, rate: 1000000 });
  const last = [...element.querySelectorAll('option:last-child')];
  expect(last.flatMap((option) => outline(option))).toEqual([
    'option[value=250000][selected] 250000',
    'option[value=1000000][selected] 1000000',
  ]);
});

test('a rate to find the device at', () => {
  const { controller, set } = formOf({ initialRate: 115200, rate: 'auto' });
  set(0, '9600');
  expect(controller.settings).toEqual({ initialRate: 9600, rate: 'auto' });
});

test.each([
  ['', undefined],
  ['auto', 'auto'],
  ['921600', 921600],
])('a rate of the transfer: %j', (value, rate) => {
  const { controller, set } = formOf({ initialRate: 9600, rate: 460800 });
  set(1, value);
  expect(controller.settings).toEqual({ initialRate: 9600, rate });
});

test.each([
  ['0x08008000', 0x0800_8000],
  ['0XFFFFFFFF', 0xffff_ffff],
  ['0x8', 8],
  ['', undefined],
  ['8008000', undefined],
  ['0x', undefined],
  ['0x100000000', undefined],
  ['0x8 ', undefined],
  [' 0x8', undefined],
  ['0xg', undefined],
])('the address of a raw binary: %j', (text, base) => {
  const { controller, set } = formOf({ initialRate: 9600, base: 1 });
  set(2, text);
  expect(controller.settings).toEqual({ initialRate: 9600, base });
});

test('an address that is set is shown in hex', () => {
  const { element } = formOf({ initialRate: 9600, base: 0x0800_8000 });
  expect(element.querySelector('input')?.getAttribute('value')).toBe('0x8008000');
});

test('without a raw binary there is no address', () => {
  expect(formOf({ initialRate: 9600 }, false).element.querySelector('input')).toBeNull();
});
