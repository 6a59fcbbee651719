// What each button does, and files that are chosen, dropped and saved.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { LANGUAGES } from '../../host/web/texts/language.js';
import { settled } from './fake-browser.js';
import { closePages, eventOf, fileOf, OpenPage } from './open-page.js';
import { device, fault, result } from './samples.js';

const { en } = LANGUAGES;

afterEach(() => {
  closePages();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('firmware', () => {
  test('a file is chosen, the same once more too', async () => {
    const page = await OpenPage.open();
    const input = page.part('input[type=file]') as HTMLInputElement;
    expect([input.hidden, input.accept.split(',').includes('.iap')]).toEqual([true, true]);
    const asked = vi.fn(() => input.value);
    input.addEventListener('click', asked);
    page.press('choose-file');
    expect(asked.mock.results).toEqual([{ type: 'return', value: '' }]);
    await page.load();
    expect([page.at, page.jobs()]).toEqual(['port', ['check']]);
  });

  test('no file was chosen after all', async () => {
    const page = await OpenPage.open();
    page.part('input[type=file]').dispatchEvent(eventOf('change'));
    await settled();
    expect(page.jobs()).toEqual([]);
  });

  test('made-up firmware', async () => {
    const page = await OpenPage.open();
    page.press('demo-firmware');
    expect(page.jobs()).toEqual(['demo-firmware']);
  });

  test('another file, or that of the server again', async () => {
    const server = vi.fn(() => new Promise<Response>(() => {}));
    const page = await OpenPage.open({ manifest: 'firmware.json' }, server);
    await page.load();
    page.press('other-firmware');
    expect([page.at, server.mock.calls.length]).toEqual(['firmware', 1]);
    page.press('reload');
    expect([page.at, server.mock.calls.length]).toEqual(['loading', 2]);
  });
});

describe('a port', () => {
  test.each([
    ['choose-port', { filters: expect.any(Array) }],
    ['all-ports', {}],
  ])('%s', async (deed, asked) => {
    const page = await OpenPage.loaded();
    page.serial.choice = page.port;
    page.press(deed);
    await settled();
    expect(page.serial.asked).toEqual([asked]);
    expect(page.jobs()).toEqual(['check', 'find']);
  });

  test('another one', async () => {
    const page = await OpenPage.found();
    page.press('other-port');
    expect(page.at).toBe('port');
  });

  test('the search is given up', async () => {
    const page = await OpenPage.loaded();
    page.press('demo-device');
    page.press('stop');
    expect(page.jobs()).toEqual(['check', 'find', 'stop']);
  });
});

describe('an update', () => {
  test('is begun, and stopped', async () => {
    const page = await OpenPage.updating();
    page.press('stop');
    expect(page.worker.sent.slice(-2)).toMatchObject([
      { job: 'update', wait: false },
      { job: 'stop' },
    ]);
  });

  test('is begun again, or with a reset', async () => {
    const page = await OpenPage.updating();
    page.answer({ answer: 'failed', fault });
    page.press('again');
    page.answer({ answer: 'failed', fault });
    page.press('wait');
    expect(page.worker.sent.slice(-2)).toMatchObject([
      { job: 'update', wait: false },
      { job: 'update', wait: true },
    ]);
  });
});

describe('the report', () => {
  const done = async (): Promise<OpenPage> => {
    const page = await OpenPage.updating();
    page.answer({ answer: 'done', result, device });
    return page;
  };

  test('is copied, and that is said', async () => {
    const page = await done();
    page.press('copy');
    await settled();
    expect(page.written).toEqual([expect.stringContaining(`${en.report}: 20`)]);
    expect(page.written[0]).toContain('Browser 1');
    expect(page.said).toBe(en.copied);
    expect(page.part('[data-do=copy]').textContent).toBe(en.copied);
  });

  test('is copied while something else is shown', async () => {
    const page = await done();
    page.press('copy');
    page.press('other-port');
    await settled();
    expect(page.said).toBe(en.copied);
  });

  test('may not be copied', async () => {
    const page = await done();
    const refuse = (): Promise<void> => Promise.reject(new DOMException('', 'NotAllowedError'));
    vi.stubGlobal('navigator', { userAgent: 'B', clipboard: { writeText: refuse } });
    page.press('copy');
    await settled();
    expect(page.said).toBe(en.doneTitle);
    expect(page.part('[data-do=copy]').textContent).toBe(en.copy);
  });

  test.each([
    ['save-text', 'iap-update-2026-01-02T030405.txt', 'text/plain', /^Report: 2026-01-02/],
    ['save-json', 'iap-update-2026-01-02T030405.json', 'application/json', /^\{\n {2}"report"/],
  ])('%s: %s', async (deed, name, type, content) => {
    const page = await done();
    vi.useFakeTimers({ now: new Date('2026-01-02T03:04:05.678Z'), toFake: ['Date'] });
    const urls: string[] = [];
    let saved: Blob | undefined;
    vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
      saved = blob as Blob;
      return 'blob:1';
    });
    vi.spyOn(URL, 'revokeObjectURL').mockImplementation((url) => {
      urls.push(`${url} revoked`);
    });
    const links: HTMLAnchorElement[] = [];
    const create = document.createElement.bind(document);
    vi.spyOn(document, 'createElement').mockImplementation((tag: string) => {
      const element = create(tag);
      if (tag === 'a') {
        links.push(element as HTMLAnchorElement);
        element.click = () => urls.push(`${element.getAttribute('href')} clicked`);
      }
      return element;
    });
    page.press(deed);
    expect(urls).toEqual(['blob:1 clicked', 'blob:1 revoked']);
    expect(links.map((link) => link.getAttribute('download'))).toEqual([name]);
    expect(saved?.type).toBe(type);
    expect(await saved?.text()).toMatch(content);
  });
});

describe('a file that is dragged', () => {
  const drag = (
    page: OpenPage,
    type: string,
    files: readonly File[] = [fileOf('pump.iap')],
  ): { readonly taken: boolean; readonly effect: string; readonly marked: boolean } => {
    const dataTransfer = { files, dropEffect: 'move' };
    const taken = !page.element.dispatchEvent(eventOf(type, { dataTransfer }));
    const marked = page.part('.card').classList.contains('over');
    return { taken, effect: dataTransfer.dropEffect, marked };
  };

  test('over the page is expected, and dropped there taken', async () => {
    const page = await OpenPage.open();
    expect(drag(page, 'dragover')).toEqual({ taken: true, effect: 'copy', marked: true });
    expect(drag(page, 'dragleave')).toEqual({ taken: true, effect: 'copy', marked: false });
    drag(page, 'dragover');
    expect(page.jobs()).toEqual([]);
    expect(page.at).toBe('firmware');
    expect(drag(page, 'drop')).toEqual({ taken: true, effect: 'copy', marked: false });
    await page.checked();
    expect(page.at).toBe('port');
  });

  test('is not taken in an update', async () => {
    const page = await OpenPage.updating();
    const jobs = page.jobs();
    expect(drag(page, 'dragover')).toEqual({ taken: true, effect: 'none', marked: false });
    drag(page, 'drop');
    await settled();
    expect(page.jobs()).toEqual(jobs);
  });

  test('is not taken by a page that has firmware of its own alone', async () => {
    const page = await OpenPage.open({ 'no-files': '' });
    for (const type of ['dragover', 'drop']) {
      expect(drag(page, type)).toEqual({ taken: false, effect: 'move', marked: false });
    }
    expect(page.at).toBe('firmware');
  });

  test('text is no file', async () => {
    const page = await OpenPage.open();
    drag(page, 'drop', []);
    expect(page.element.dispatchEvent(eventOf('drop'))).toBe(true);
    expect(page.at).toBe('firmware');
  });

  test('is not taken by an element that is not in the page', async () => {
    const page = await OpenPage.open();
    page.element.remove();
    expect(drag(page, 'drop')).toMatchObject({ taken: false });
  });
});
