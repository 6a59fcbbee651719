// Erasing through a ROM bootloader: what is told and sent, and what is said of flash when it fails.
import { describe, expect, test } from 'vitest';
import {
  erase,
  eraseAll,
  erasePages,
  type Rom,
  type RomEvent,
  type Work,
  write,
} from '../../host/isp/index.js';
import type { FakeRomOptions } from '../support/fake-rom.js';
import {
  always,
  at,
  type Bench,
  ERASE,
  FLASH,
  failure,
  image,
  NACK,
  open,
  PAGE,
  READ,
  segment,
  stopped,
  told,
  unreadableOptions,
} from '../support/rom-bench.js';

describe('erase', () => {
  const pages = (count: number): number[] => Array.from({ length: count }, (_, page) => page);

  test('pages: 64 at once, and each is looked at', async () => {
    const { fake, rom } = await open({ flashKb: 256 });
    fake.flash.fill(0);
    expect(await told(erase(rom, pages(70), false))).toEqual([
      { event: 'erasing', pages: 70, pagesDone: 0 },
      { event: 'erasing', pages: 70, pagesDone: 64 },
      { event: 'erased', pages: 70 },
    ]);
    expect(fake.pagesErased).toEqual(pages(70));
    expect(fake.commands).toEqual([ERASE, ERASE, ...Array(70).fill(READ)]);
  });

  test('with Extended Erase', async () => {
    const { fake, rom } = await open({ extended: true });
    await erasePages(rom, [3, 4]).result;
    await eraseAll(rom).result;
    expect(fake.pagesErased).toEqual([3, 4]);
    expect(fake.commands).toEqual([0x44, 0x44]);
  });

  test('only: not looked at', async () => {
    const { fake, rom } = await open();
    fake.flash.fill(0);
    expect(await told(erasePages(rom, [1, 2]))).toEqual([
      { event: 'erasing', pages: 2, pagesDone: 0 },
      { event: 'erased', pages: 2 },
    ]);
    expect(await told(eraseAll(rom))).toEqual([
      { event: 'erasing', pages: undefined, pagesDone: 0 },
      { event: 'erased', pages: undefined },
    ]);
    expect(fake.flash.every((byte) => byte === 0xff)).toBe(true);
    expect(await told(erasePages(rom, []))).toEqual([]);
    expect(fake.commands).toEqual([ERASE, ERASE]);
  });

  test('read-out protection, or no Erase: nothing is sent', async () => {
    const closed = await open({ readProtected: true });
    for (const begin of [eraseAll, (rom: Rom) => erase(rom, [1], false)]) {
      expect(await failure(begin(closed.rom).result)).toMatchObject({
        code: 'READ_PROTECTED',
        message: expect.stringMatching(/does not erase$/),
      });
    }
    expect(closed.fake.commands).toEqual([]);
    const { fake, rom } = await open({ without: [ERASE] });
    expect(await failure(eraseAll(rom).result)).toMatchObject({
      message: 'this ROM bootloader has no Erase',
    });
    expect(fake.commands).toEqual([]);
  });

  test.each<[string, (rom: Rom) => Work<RomEvent, void>, string]>([
    [
      'pages',
      (rom) => erasePages(rom, [2, 3, 5]),
      'flash from 0x08001000 to 0x08002FFF may be partly erased',
    ],
    [
      'pages, to be looked at',
      (rom) => erase(rom, [2, 3, 5], false),
      'flash from 0x08001000 to 0x08002FFF may be partly erased',
    ],
    ['everything', (rom) => eraseAll(rom), 'all of flash may be erased'],
    ['everything, to be looked at', (rom) => erase(rom, [2], true), 'all of flash may be erased'],
  ])('%s, stopped: what may be erased, and what to do', async (_name, begin, state) => {
    const bench = await open();
    const error = await stopped(bench, begin(bench.rom), 1.5);
    expect(error.message).toBe(`interrupted; ${state}: do not start this part`);
    expect(error.hint).toBe('run the same command again, with BOOT0 high and after a reset');
    expect(error.details).toEqual({ resumable: false });
  });

  test.each<[string, (rom: Rom) => Work<RomEvent, void>]>([
    ['to be looked at', (rom) => erase(rom, [2, 3, 4], false)],
    ['only', (rom) => erasePages(rom, [2, 3, 4])],
  ])('the same error once, of pages %s, when the part is silent', async (_name, begin) => {
    const { rom } = await open({ odd: always(at(ERASE, 'pages'), 'dead') });
    const error = await failure(begin(rom).result);
    expect(error.code).toBe('LINK_LOST');
    expect(error.details).toEqual({ command: 'Erase', step: 'pages' });
    expect(error.hint).toMatch(/^the part was reset or has lost power.*run the same command again/);
  });

  test('what is no error of ours stays what it is', async () => {
    const broken = new TypeError('broken');
    const { rom } = await open();
    rom.client.erasePages = () => Promise.reject(broken);
    await expect(erase(rom, [1], false).result).rejects.toBe(broken);
    await expect(erasePages(rom, [1]).result).rejects.toBe(broken);
  });

  describe('refused: what is left is looked at', () => {
    const refused = { odd: always(at(ERASE, 'pages')) };

    test.each([
      ['a byte of each page is used', [0x1000, 0x1801, 0x2000], 'nothing was erased'],
      ['all are blank', [], 'nothing was erased: the pages read blank'],
      [
        'two are blank',
        [0x1805],
        '2 of 3 pages read blank, the first that does not is at 0x08001800: do not start this part',
      ],
    ])('%s', async (_name, used, state) => {
      const { fake, rom } = await open(refused);
      for (const offset of used) fake.flash[offset] = 0;
      const error = await failure(erase(rom, [2, 3, 4], false).result);
      expect(error.message).toBe(`the part refuses to erase these pages; ${state}`);
      expect(error.hint).toMatch(/; then run the same command again/);
      const again = await failure(
        write(rom, [segment(FLASH + 0x1000, new Uint8Array(3 * PAGE))]).result,
      );
      expect(again.message).toBe(`the part refuses to erase these pages; ${state}`);
    });

    test('it can not be looked at: what went wrong first is told', async () => {
      const odd: FakeRomOptions['odd'] = (place) =>
        at(ERASE, 'pages')(place) || at(READ, 'address', FLASH)(place) ? NACK : undefined;
      const { rom } = await open({ odd });
      const error = await failure(erase(rom, [0], false).result);
      expect(error.message).toBe(
        'the part refuses to erase these pages; flash from 0x08000000 to 0x080007FF may be partly erased: do not start this part',
      );
    });

    test.each([
      ['all of flash is looked at', 64, undefined, [1, 9000], 'nothing was erased'],
      ['a flash of unknown size: what is to be written is', 64, 0xffff, [1], 'nothing was erased'],
      ['the same, blank', 64, 0xffff, [9000], 'nothing was erased: the pages read blank'],
      ['blank', 64, undefined, [], 'nothing was erased: the pages read blank'],
    ])('mass erase before a write, %s', async (_name, flashKb, sizeRegister, used, state) => {
      const { fake, rom } = await open({
        flashKb,
        ...(sizeRegister === undefined ? {} : { sizeRegister }),
        odd: always(at(ERASE, 'all')),
      });
      for (const offset of used) fake.flash[offset] = 0;
      const work = write(rom, [segment(FLASH, image.subarray(0, 100))], { massErase: true });
      const error = await failure(work.result);
      expect(error.message).toBe(`the part refuses to erase everything at once; ${state}`);
      // What a part refuses as a whole, it refuses again.
      expect(error.hint).not.toContain('run the same command again');
    });
  });

  describe('acknowledged, and not done', () => {
    const undone = async (offset: number, options: FakeRomOptions = {}): Promise<Bench> => {
      const bench = await open(options);
      bench.fake.flash.fill = () => bench.fake.flash;
      bench.fake.flash[offset] = 0x04;
      return bench;
    };

    test.each([
      [0x1800, '0x08001800'],
      [0x1805, '0x08001805'],
    ])('where, and what was found: %i', async (offset, address) => {
      const { rom } = await undone(offset);
      const error = await failure(erase(rom, [2, 3, 4], false).result);
      expect(error).toMatchObject({
        code: 'VERIFY_FAILED',
        message: expect.stringContaining(`not erased at ${address}: expected 0xff, found 0x04; `),
        hint: expect.stringMatching(/^run the same command again: the same address again means/),
      });
      expect(error.details).toEqual({ address, page: 3 });
    });

    test('protection that can not be read comes into question', async () => {
      const { rom } = await undone(0x1800, { odd: always(unreadableOptions) });
      const { hint } = await failure(erase(rom, [3], false).result);
      expect(hint).toMatch(/^it may be write-protected.*; otherwise run the same command again/);
    });
  });
});
