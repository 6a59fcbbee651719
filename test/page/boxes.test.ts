// What is told of firmware, of a device and of a fault, and which button does what.
import { describe, expect, test, vi } from 'vitest';
import {
  button,
  deviceBox,
  faultNote,
  firmwareBox,
  note,
  reportBox,
  technical,
} from '../../host/web/boxes.js';
import { outline } from './dom.js';
import { NAMES } from './named-texts.js';
import { device, fault, firmware, plain, untold, viewOf } from './samples.js';

describe('firmware', () => {
  const shown = (of: typeof firmware | undefined, change?: boolean): string[] => {
    const box = firmwareBox(viewOf({ firmware: of }), change);
    return box === undefined ? [] : outline(box);
  };

  test('a signed package with notes in two languages', () => {
    expect(shown(firmware)).toEqual([
      'div.box',
      '  h3 steps.firmware',
      '  dl',
      '    dt product',
      '    dd 水泵 (PUMP-2)',
      '    dt version',
      '    dd 1.4.0',
      '    dt hardware',
      '    dd hardwareRange(1, 3)',
      '  details',
      '    summary notes',
      '    p.notes 更安静',
      '  details',
      '    summary warnings',
      '    ul[lang=en]',
      '      li nearly full',
      '  details',
      '    summary technical',
      '    dl',
      '      dt file',
      '      dd pump.iap',
      '      dt size',
      '      dd bytes(5000)',
      '      dt hash',
      '      dd.mono abababababababababababababababababababababababababababababababab',
      '      dt signature',
      '      dd signedBy(2)',
      '  div.actions',
      '    button.link[type=button][data-do=other-firmware] otherFile',
    ]);
  });

  test('an image that says nothing of itself', () => {
    expect(shown(plain)).toEqual([
      'div.box',
      '  h3 steps.firmware',
      '  dl',
      '    dt file',
      '    dd app.bin',
      '  div.box.note.warn',
      '    p',
      '      span.mark[aria-hidden=true] !',
      '      "plainImage"',
      '  details',
      '    summary technical',
      '    dl',
      '      dt file',
      '      dd app.bin',
      '      dt size',
      '      dd bytes(3000)',
      '      dt hash',
      '      dd.mono cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd',
      '  div.actions',
      '    button.link[type=button][data-do=other-firmware] otherFile',
    ]);
  });

  test('none', () => {
    expect(shown(undefined)).toEqual([]);
  });

  test.each([
    ['may not be changed here', viewOf({ firmware }), false],
    ['may not be changed at all', viewOf({ firmware }, { files: false }), true],
  ])('it %s', (_, view, change) => {
    const box = firmwareBox(view, change);
    expect(box?.querySelector('button')).toBeNull();
  });

  const rows = (
    facts: Partial<NonNullable<typeof firmware.facts>>,
    name = firmware.name,
  ): unknown[] => {
    const said = { version: '1.4.0', hardware: [1, 3] as const, ...facts };
    const { name: _, ...rest } = firmware;
    const of = { ...rest, facts: said, ...(name ? { name } : {}) };
    const box = firmwareBox(viewOf({ firmware: of }));
    return [...(box?.querySelectorAll('dd') ?? [])].map(({ textContent }) => textContent);
  };

  test.each([
    [{ product: 'PUMP-2' }, {}, 'PUMP-2'],
    [{ product: 'PUMP-2' }, { en: 'PUMP-2' }, 'PUMP-2'],
    [{ product: 'PUMP-2' }, { en: 'Pump' }, 'Pump (PUMP-2)'],
    [{}, {}, 'anyProduct'],
  ] as const)('product %j called %j: %s', (facts, name, product) => {
    expect(rows(facts, name)[0]).toBe(product);
  });

  test.each([
    [[0, 0xffff], 'anyHardware'],
    [[0, 2], 'hardwareRange(0, 2)'],
    [[1, 0xffff], 'hardwareRange(1, 65535)'],
  ] as const)('hardware %j: %s', (hardware, text) => {
    expect(rows({ hardware })[2]).toBe(text);
  });

  test('a package without a signature says so', () => {
    expect(rows({})).toContain('unsigned');
  });
});

describe('a device', () => {
  test('in its bootloader', () => {
    expect(outline(deviceBox(device, NAMES))).toEqual([
      'div.box',
      '  h3 steps.device',
      '  dl',
      '    dt product',
      '    dd PUMP-2',
      '    dt hardware',
      '    dd 1',
      '    dt serial',
      '    dd SN1',
      '    dt installed',
      '    dd 1.3.0 (bytes(4000))',
      '  details',
      '    summary technical',
      '    dl',
      '      dt part',
      '      dd stm32f103xb',
      '      dt uniqueId',
      '      dd.mono 010101010101010101010101',
      '      dt running',
      '      dd bootloader(0.3.1)',
    ]);
  });

  test('in an application that knows little, with nothing installed', () => {
    expect(outline(deviceBox(untold, NAMES))).toEqual([
      'div.box',
      '  h3 steps.device',
      '  dl',
      '    dt serial',
      '    dd SN1',
      '    dt installed',
      '    dd nothingInstalled',
      '  details',
      '    summary technical',
      '    dl',
      '      dt part',
      '      dd stm32f103xb',
      '      dt uniqueId',
      '      dd.mono 010101010101010101010101',
      '      dt running',
      '      dd application',
    ]);
  });

  test('after an update nothing is told of before', () => {
    const [before, after] = [false, true].map((updated) =>
      outline(deviceBox(device, NAMES, updated)).filter((line) => line.includes('  d')),
    );
    expect(before?.filter((line) => !after?.includes(line))).toEqual([
      '    dt installed',
      '    dd 1.3.0 (bytes(4000))',
      '      dt running',
      '      dd bootloader(0.3.1)',
    ]);
  });

  test('an update that was never finished', () => {
    const installed = { version: '1.3.0', size: 4000, sha256: '', complete: false };
    expect(outline(deviceBox({ ...device, installed }, NAMES))).toContain('    dd incomplete');
  });
});

describe('a fault', () => {
  test('its cause, what to do, and what became of the device', () => {
    expect(outline(faultNote(fault, NAMES, 'after'))).toEqual([
      'div.box.note.bad[data-fault=LINK_LOST]',
      '  p',
      '    span.mark[aria-hidden=true] ✗',
      '    "errors.LINK_LOST.cause"',
      '  p after',
      '  p',
      '    strong whatToDo: ',
      '    "errors.LINK_LOST.remedy"',
    ]);
  });

  test.each([
    ['WRONG_PRODUCT', 'refused.WRONG_PRODUCT'],
    ['RATE_UNAVAILABLE', 'refused.RATE_UNAVAILABLE'],
    ['OF_A_LATER_VERSION', 'errors.REFUSED.cause'],
  ])('the device refuses with %s', (status, cause) => {
    const refused = { code: 'REFUSED', message: '', details: { status } } as const;
    expect(faultNote(refused, NAMES).querySelector('p')?.textContent).toBe(`✗${cause}`);
    const other = { ...refused, code: 'LINK_LOST' } as const;
    expect(faultNote(other, NAMES).querySelector('p')?.textContent).toBe('✗errors.LINK_LOST.cause');
  });

  test('with all that is known of it', () => {
    expect(outline(technical(fault, NAMES))).toEqual([
      'details',
      '  summary technical',
      '  p.mono[lang=en] LINK_LOST: nobody answers',
      '  dl',
      '    dt resumable',
      '    dd true',
      '    dt rate',
      '    dd 9600',
    ]);
  });
});

test('a note: the mark says what the colour says, and is not read out', () => {
  expect(outline(note('good', '✓', 'fits'))).toEqual([
    'div.box.note.good',
    '  p',
    '    span.mark[aria-hidden=true] ✓',
    '    "fits"',
  ]);
});

test('a report is copied, or saved', () => {
  expect(outline(reportBox(viewOf({})))).toEqual([
    'div.report',
    '  h3 report',
    '  div.actions',
    '    button[type=button][data-do=copy] copy',
    '    button[type=button][data-do=save-text] saveText',
    '    button[type=button][data-do=save-json] saveJson',
  ]);
});

test('a button does what it is for', () => {
  const act = vi.fn();
  const element = button(viewOf({}, { act }), 'install', 'Install');
  element.click();
  expect(act.mock.calls).toEqual([['install']]);
  expect(outline(element)).toEqual(['button[type=button][data-do=install] Install']);
});
