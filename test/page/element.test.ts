// The element as people see and hear it, and what the page around it hears of it.
import { afterEach, describe, expect, test } from 'vitest';
import { LANGUAGES } from '../../host/web/texts/language.js';
import { settled } from './fake-browser.js';
import { closePages, eventOf, OpenPage } from './open-page.js';
import { device, fault, result } from './samples.js';

const { en, zh } = LANGUAGES;

afterEach(closePages);

describe('what is there from the beginning', () => {
  test('a heading, languages, steps, what is to do, help, and a place for what is read out', async () => {
    const page = await OpenPage.open();
    expect(page.shown('.card')).toEqual([
      'div.card[part=card]',
      '  div.head',
      '    header',
      '      slot[name=logo]',
      '      h1.title Firmware update',
      '      label.language',
      '        span[lang=en] Language',
      '        select[data-do=language]',
      '          option[value=en][lang=en][selected] English',
      '          option[value=zh][lang=zh-CN] 中文',
      '    ol.steps',
      '      li[data-state=now][aria-current=step]',
      '        span',
      '          span[aria-hidden=true] 1. ',
      '          "Firmware"',
      '          span.sr  (current step)',
      '      li[data-state=later]',
      '        span',
      '          span[aria-hidden=true] 2. ',
      '          "Device"',
      '          span.sr  (to come)',
      '      li[data-state=later]',
      '        span',
      '          span[aria-hidden=true] 3. ',
      '          "Update"',
      '          span.sr  (to come)',
      '  section.panel[aria-labelledby=title]',
      '    h2[id=title][tabindex=-1] Choose the firmware',
      '    div.drop',
      '      p Drop the firmware file here',
      '      div.actions',
      '        button.main[type=button][data-do=choose-file] Choose a file…',
      '      p.muted.small .iap package, .hex, .srec, .bin or .elf',
      '    div.actions',
      '      button.link[type=button][data-do=demo-firmware] Only have a look, with made-up firmware and a demo device',
      '    details Settings …',
      '  div',
      '    details Help for devices that do not answer …',
      '    slot[name=footer]',
      '  p.sr[role=status][aria-live=polite] Choose the firmware',
      '  input[type=file][accept=.iap,.hex,.ihex,.srec,.s19,.s28,.s37,.mot,.bin,.elf,.axf][hidden]',
    ]);
    expect(page.root.mode).toBe('open');
    expect(page.root.adoptedStyleSheets).toHaveLength(1);
    expect(page.root.adoptedStyleSheets[0]?.cssRules.length).toBeGreaterThan(10);
    expect(page.element.lang).toBe('en');
  });

  test('help for a device that does not answer', async () => {
    const page = await OpenPage.open();
    const steps = page.part('.help ol').querySelectorAll('li');
    expect([...steps].map(({ textContent }) => textContent)).toEqual(en.byHandSteps);
    expect(page.part('.help h3').textContent).toBe(en.byHand);
    const picture = page.part('.help img');
    expect(picture.getAttribute('src')).toMatch(/\/boot0\.svg$/);
    expect(picture.getAttribute('alt')).toBe(en.bootPicture);
  });

  test('firmware is loaded', async () => {
    const page = await OpenPage.open({ manifest: 'firmware.json' }, () => new Promise(() => {}));
    expect([page.at, page.title]).toEqual(['loading', en.loading]);
  });
});

describe('attributes', () => {
  test('another heading', async () => {
    const page = await OpenPage.open({ heading: 'Pump' });
    expect(page.part('h1').textContent).toBe('Pump');
  });

  test('a language', async () => {
    const page = await OpenPage.open({ language: 'zh-TW' });
    expect([page.element.lang, page.part('h1').textContent]).toEqual([zh.lang, zh.title]);
  });

  test.each([
    [{}, { initialRate: 115200, rate: undefined }],
    [{ 'initial-rate': '9600' }, { initialRate: 9600, rate: undefined }],
    [{ 'initial-rate': 'fast' }, { initialRate: 115200, rate: undefined }],
    [{ rate: 'auto' }, { initialRate: 115200, rate: 'auto' }],
    [{ rate: '921600' }, { initialRate: 115200, rate: 921600 }],
  ])('rates: %j', async (attributes, rates) => {
    const page = await OpenPage.updating(attributes);
    expect(page.worker.sent.find(({ job }) => job === 'update')).toMatchObject(rates);
  });

  test('no demonstration, and no files', async () => {
    const page = await OpenPage.open({ 'no-demo': '', 'no-files': '', manifest: 'firmware.json' });
    const offered = page.root.querySelectorAll('[data-do]');
    expect([...offered].map((one) => one.getAttribute('data-do'))).toEqual(['language', 'reload']);
  });

  test('without them both are offered', async () => {
    const page = await OpenPage.open();
    const offered = page.root.querySelectorAll('[data-do]');
    expect([...offered].map((one) => one.getAttribute('data-do'))).toEqual([
      ...['language', 'choose-file', 'demo-firmware'],
    ]);
  });
});

describe('another language', () => {
  test('is spoken, and told to the page around; the keyboard stays where it was', async () => {
    const page = await OpenPage.open();
    page.choose('language', 'zh');
    expect(page.element.lang).toBe(zh.lang);
    expect(page.title).toBe(zh.chooseFirmware);
    expect(page.root.activeElement).toBe(page.part('[data-do=language]'));
    expect(page.events.at(-1)).toEqual(['iap-language', { language: 'zh' }]);
    const chosen = page.part('option[selected]');
    expect(chosen.textContent).toBe(zh.ownName);
  });
});

describe('the page around it hears', () => {
  test('of each step, once', async () => {
    const page = await OpenPage.updating();
    page.progress(1000);
    page.answer({ answer: 'done', result, device });
    const steps = ['firmware', 'loading', 'port', 'finding', 'found', 'updating', 'done'];
    expect(page.events).toEqual(steps.map((at) => ['iap-state', { at }]));
  });

  test('what to keep', async () => {
    const manifest = {
      ...{ format: 1, version: '1.4.0', hardware: [0, 1], file: 'a.iap', size: 3 },
      sha256: 'ab'.repeat(32),
    };
    const page = await OpenPage.open({ manifest: 'firmware.json' }, async ({ href }) =>
      href.endsWith('.json') ? new Response(JSON.stringify(manifest)) : new Response('abc'),
    );
    await page.checked();
    const urls = ['https://pumps.test/two/firmware.json', 'https://pumps.test/two/a.iap'];
    expect(page.events).toContainEqual(['iap-loaded', { urls }]);
  });
});

describe('the steps', () => {
  const states = (page: OpenPage): string[] =>
    [...page.root.querySelectorAll('.steps li')].map(
      (step) => `${step.getAttribute('data-state')} ${step.getAttribute('aria-current')}`,
    );

  test('firmware', async () => {
    const page = await OpenPage.open();
    expect(states(page)).toEqual(['now step', 'later null', 'later null']);
  });

  test('device', async () => {
    const page = await OpenPage.found();
    expect(states(page)).toEqual(['done null', 'now step', 'later null']);
    expect(page.shown('.steps')).toEqual([
      'ol.steps',
      '  li[data-state=done]',
      '    span',
      '      span[aria-hidden=true] ✓ ',
      '      "Firmware"',
      '      span.sr  (done)',
      '  li[data-state=now][aria-current=step]',
      '    span',
      '      span[aria-hidden=true] 2. ',
      '      "Device"',
      '      span.sr  (current step)',
      '  li[data-state=later]',
      '    span',
      '      span[aria-hidden=true] 3. ',
      '      "Update"',
      '      span.sr  (to come)',
    ]);
  });

  test('no device', async () => {
    const page = await OpenPage.loaded();
    page.press('last-port');
    await settled();
    page.answer({ answer: 'failed', fault });
    expect(states(page)).toEqual(['done null', 'now step', 'later null']);
  });

  test('update, and one that failed', async () => {
    const page = await OpenPage.updating();
    expect(states(page)).toEqual(['done null', 'done null', 'now step']);
    page.answer({ answer: 'failed', fault });
    expect(page.at).toBe('failed');
    expect(states(page)).toEqual(['done null', 'done null', 'now step']);
  });

  test('done', async () => {
    const page = await OpenPage.updating();
    page.answer({ answer: 'done', result, device });
    expect(states(page)).toEqual(['done null', 'done null', 'done null']);
  });
});

describe('who does not see it hears', () => {
  test('where it is', async () => {
    const page = await OpenPage.found();
    expect(page.said).toBe(en.foundTitle);
  });

  test('each phase, and each quarter once', async () => {
    const page = await OpenPage.updating();
    const heard: string[] = [];
    const hear = (): void => {
      if (page.said !== heard.at(-1)) heard.push(page.said);
    };
    hear();
    page.answer({ answer: 'event', event: { event: 'comparing', pages: 2 } });
    hear();
    const plan = { pagesTotal: 2, pagesToSend: 2, bytesToSend: 4000, resumed: false } as const;
    page.answer({ answer: 'event', event: { event: 'plan', ...plan } });
    for (const done of [0, 999, 1000, 1500, 2000, 2001, 3999, 4000]) {
      hear();
      page.progress(done);
    }
    hear();
    page.answer({ answer: 'event', event: { event: 'verifying' } });
    hear();
    expect(heard).toEqual([
      en.updating,
      en.phases.comparing,
      en.phases.sending,
      ...['25 %', '50 %', '75 %', '100 %'],
      en.phases.verifying,
    ]);
  });
});

describe('who works with the keyboard', () => {
  test('is taken along', async () => {
    const page = await OpenPage.loaded();
    page.part('[data-do=last-port]').focus();
    page.press('last-port');
    await settled();
    expect(page.root.activeElement).toBe(page.part('h2'));
  });

  test('and is elsewhere stays there', async () => {
    const page = await OpenPage.loaded();
    const elsewhere = document.createElement('input');
    document.body.append(elsewhere);
    elsewhere.focus();
    page.press('last-port');
    await settled();
    expect(page.at).toBe('finding');
    expect(document.activeElement).toBe(elsewhere);
  });

  test('stays at the button while the bar moves, and where only ports come and go', async () => {
    const page = await OpenPage.updating();
    const stop = page.part('[data-do=stop]');
    stop.focus();
    page.progress(1000);
    expect(page.root.activeElement).toBe(stop);
    expect(page.part('progress').getAttribute('value')).toBe('0.25');
    const events = page.events.length;
    page.serial.plug(page.port);
    await settled();
    expect(page.events).toHaveLength(events);
    expect(page.root.activeElement).not.toBe(page.part('h2'));
  });
});

test('a device that tells more of itself in an update is shown anew, with the bar as it was', async () => {
  const page = await OpenPage.updating();
  page.progress(1000);
  page.answer({ answer: 'device', device: { ...device, serial: 'SN2' } });
  expect(page.part('section').textContent).toContain('SN2');
  expect(page.part('progress').getAttribute('value')).toBe('0.25');
});

describe('help', () => {
  const help = (page: OpenPage): HTMLDetailsElement =>
    [...page.root.querySelectorAll('details')].at(-1) as HTMLDetailsElement;

  test('is open where something failed', async () => {
    const page = await OpenPage.updating();
    expect(help(page).open).toBe(false);
    page.answer({ answer: 'failed', fault });
    expect(help(page).open).toBe(true);
  });

  test('is as somebody left it, until something else is shown', async () => {
    const page = await OpenPage.loaded();
    help(page).open = true;
    page.choose('language', 'zh');
    expect(help(page).open).toBe(true);
    page.press('last-port');
    await settled();
    expect(help(page).open).toBe(false);
  });

  test('that was closed stays closed', async () => {
    const page = await OpenPage.updating();
    page.answer({ answer: 'failed', fault });
    help(page).open = false;
    page.choose('language', 'zh');
    expect(help(page).open).toBe(false);
  });
});

describe('a demonstration', () => {
  const notice = (page: OpenPage): string | undefined =>
    page.root.querySelector('[role=note]')?.textContent;

  test('says that it is one, until it is over', async () => {
    const page = await OpenPage.loaded();
    expect(notice(page)).toBeUndefined();
    page.press('demo-device');
    expect(notice(page)).toBe(en.demoNotice);
    page.answer({ answer: 'found', device });
    expect(notice(page)).toBe(en.demoNotice);
    page.press('other-port');
    expect(notice(page)).toBeUndefined();
  });

  test('a real device is none', async () => {
    const page = await OpenPage.found();
    expect(notice(page)).toBeUndefined();
  });
});

test.each([
  ['FTDI FT232R (0403:6001)', { usbVendorId: 0x0403, usbProductId: 0x6001 }],
  [en.unnamedPort, {}],
])('the port of last time is called %s', async (name, info) => {
  const page = await OpenPage.open();
  page.serial.ports = [{ getInfo: () => info }];
  await page.load();
  page.serial.plug({ getInfo: () => info });
  await settled();
  expect(page.part('[data-do=last-port]').textContent).toBe(en.lastPort(name));
});

test('settings are those of the page, with an address where a file is chosen', async () => {
  const page = await OpenPage.open();
  expect(page.root.querySelectorAll('.settings label')).toHaveLength(3);
  await page.load();
  expect(page.root.querySelectorAll('.settings label')).toHaveLength(2);
  const [rate] = page.root.querySelectorAll<HTMLSelectElement>('.settings select');
  if (!rate) throw new Error('no rate');
  rate.value = '9600';
  rate.dispatchEvent(eventOf('change'));
  page.press('last-port');
  await settled();
  expect(page.worker.sent.at(-1)).toMatchObject({ job: 'find', initialRate: 9600 });
});

test('an element that is taken out of the page does nothing any more', async () => {
  const page = await OpenPage.updating();
  page.element.remove();
  expect(page.worker.terminated).toBe(true);
  page.answer({ answer: 'done', result, device });
  page.press('stop');
  page.choose('language', 'zh');
  expect(page.at).toBe('updating');
  expect(page.element.lang).toBe('en');
});

test('one that is put back begins anew', async () => {
  const page = await OpenPage.found();
  page.element.remove();
  document.body.append(page.element);
  await settled();
  expect(page.at).toBe('firmware');
});
