// Work on a part in its ROM bootloader: all that is told, all that is sent, and what the part is afterwards.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import {
  erase,
  eraseAll,
  erasePages,
  flashRange,
  goTo,
  protectReadout,
  protectWrite,
  Rom,
  type RomEvent,
  type RomOptions,
  ramRange,
  read,
  readBack,
  unprotectReadout,
  unprotectWrite,
  type Work,
  write,
} from '../../host/isp/index.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { FakeRom, type FakeRomOptions, type FakeStep } from '../support/fake-rom.js';
import { randomBytes } from '../support/random.js';

const ACK = 0x79;
const NACK = 0x1f;
const FLASH = 0x0800_0000;
const RAM = 0x2000_0000;
const OPTIONS = 0x1fff_f800;
const PAGE = 2048;
const READ = 0x11;
const WRITE = 0x31;
const ERASE = 0x43;
const FLASH_SIZE_REGISTER = 0x1fff_f7e0;

interface Bench {
  readonly fake: FakeRom;
  readonly rom: Rom;
  readonly clock: VirtualClock;
}

async function open(options: FakeRomOptions = {}, more: Partial<RomOptions> = {}): Promise<Bench> {
  const clock = new VirtualClock();
  const fake = new FakeRom(clock, options);
  const rom = await Rom.open(fake, { clock, ...more });
  fake.commands.length = 0;
  fake.writes.length = 0;
  return { fake, rom, clock };
}

/** What was told: of progress only how far it is; and the result last, if there is one */
async function told<T>(work: Work<RomEvent, T>): Promise<unknown[]> {
  const all: unknown[] = [];
  for (;;) {
    const { done, value } = await work.next();
    if (done) return value === undefined ? all : [...all, value];
    if (value.event === 'progress') {
      const { phase, bytesDone, bytesTotal } = value;
      all.push(`${phase}: ${bytesDone} of ${bytesTotal}`);
    } else all.push(value);
  }
}

async function failure(work: Promise<unknown>): Promise<IapError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof IapError) return error;
  throw error ?? new Error('no error');
}

const at =
  (code: number, step: FakeStep['step'], address?: number) =>
  (place: FakeStep): boolean =>
    place.code === code && place.step === step && (address ?? place.address) === place.address;

const always =
  (where: (place: FakeStep) => boolean, answer: number | 'dead' = NACK) =>
  (place: FakeStep): number | 'dead' | undefined =>
    where(place) ? answer : undefined;

/** Stops the work so long after it began [ms] */
async function stopped(
  { clock }: Bench,
  work: Work<RomEvent, unknown>,
  afterMs: number,
): Promise<IapError> {
  clock.after(afterMs, () => void work.return().catch(() => {}));
  return failure(work.result);
}

const unreadableOptions = at(READ, 'address', OPTIONS);
const image = randomBytes(1, 3000);
const segment = (address: number, bytes: Uint8Array) => ({ address, bytes });

describe('write', () => {
  test('pages are erased, what is not blank is written, everything is read back', async () => {
    const { fake, rom } = await open();
    const flash = image.slice();
    flash.fill(0xff, 512, 1024);
    const ram = randomBytes(2, 10);
    fake.flash.fill(0);
    const all = await told(
      write(rom, [segment(FLASH + 0x1000, flash), segment(RAM + 0x1001, ram)]),
    );
    expect(all).toEqual([
      { event: 'erasing', pages: 2, pagesDone: 0 },
      { event: 'erased', pages: 2 },
      { event: 'writing', bytes: 3010 },
      ...[256, 512, 1280, 1536, 1792, 2048, 2304, 2560, 2816, 3000, 3010].map(
        (bytes) => `write: ${bytes} of 3010`,
      ),
      { event: 'verifying', bytes: 3010 },
      ...[256, 512, 768, 1024, 1280, 1536, 1792, 2048, 2304, 2560, 2816, 3000, 3010].map(
        (bytes) => `verify: ${bytes} of 3010`,
      ),
      { bytes: 3010, pagesErased: 2, verified: true },
    ]);
    expect(fake.pagesErased).toEqual([2, 3]);
    expect(fake.flash.subarray(0x1000, 0x1000 + 3000)).toEqual(flash);
    expect(fake.commands).toEqual([ERASE, ...Array(11).fill(WRITE), ...Array(13).fill(READ)]);
  });

  test('everything erased, nothing read back', async () => {
    const { fake, rom } = await open();
    fake.flash.fill(0);
    const options = { massErase: true, verify: false };
    expect(await told(write(rom, [segment(FLASH, image.subarray(0, 100))], options))).toEqual([
      { event: 'erasing', pages: undefined, pagesDone: 0 },
      { event: 'erased', pages: undefined },
      { event: 'writing', bytes: 100 },
      'write: 100 of 100',
      { bytes: 100, pagesErased: undefined, verified: false },
    ]);
    expect(fake.flash.subarray(100).every((byte) => byte === 0xff)).toBe(true);
  });

  test('blank at its end: told as written', async () => {
    const { rom } = await open();
    const flash = new Uint8Array(1000).fill(0xff);
    flash.set(image.subarray(0, 200));
    expect(await told(write(rom, [segment(FLASH, flash)], { verify: false }))).toEqual([
      { event: 'erasing', pages: 1, pagesDone: 0 },
      { event: 'erased', pages: 1 },
      { event: 'writing', bytes: 1000 },
      'write: 256 of 1000',
      'write: 1000 of 1000',
      { bytes: 1000, pagesErased: 1, verified: false },
    ]);
  });

  test('pages that are erased besides, for somebody else', async () => {
    const { fake, rom } = await open();
    const spans = [{ address: FLASH + 5 * PAGE - 1, length: 2 }];
    await write(rom, [segment(FLASH, image.subarray(0, 8))], { erase: spans }).result;
    expect(fake.pagesErased).toEqual([0, 4, 5]);
    const beyond = [{ address: FLASH + 0xffff, length: 2 }];
    const error = await failure(write(rom, [], { erase: beyond }).result);
    expect(error).toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      details: { flashSize: 0x10000, over: 1 },
    });
  });

  test('RAM alone: nothing is erased, and a part needs no Erase for it', async () => {
    const { fake, rom } = await open({ without: [ERASE] });
    expect(await told(write(rom, [segment(RAM + 0x1000, image.subarray(0, 8))]))).toEqual([
      { event: 'writing', bytes: 8 },
      'write: 8 of 8',
      { event: 'verifying', bytes: 8 },
      'verify: 8 of 8',
      { bytes: 8, pagesErased: 0, verified: true },
    ]);
    expect(fake.commands).toEqual([WRITE, READ]);
    const all = write(rom, [segment(RAM + 0x1000, image)], { massErase: true });
    expect((await failure(all.result)).message).toBe('this ROM bootloader has no Erase');
  });

  test('a part without Read Memory is written if nothing is read back', async () => {
    const { fake, rom } = await open({ without: [READ] });
    await write(rom, [segment(FLASH, image)], { verify: false }).result;
    expect(fake.flash.subarray(0, 3000)).toEqual(image);
    const error = await failure(write(rom, [segment(FLASH, image)]).result);
    expect(error).toMatchObject({
      code: 'REFUSED',
      details: { command: 'Read Memory', pid: 0x414 },
    });
  });

  test('a part without Write Memory: nothing is erased', async () => {
    const { fake, rom } = await open({ without: [WRITE] });
    const error = await failure(write(rom, [segment(FLASH, image)]).result);
    expect(error).toMatchObject({
      code: 'REFUSED',
      message: 'this ROM bootloader has no Write Memory',
      hint: expect.stringContaining('"iap isp info"'),
      details: { command: 'Write Memory', pid: 0x414 },
    });
    expect(fake.commands).toEqual([]);
  });

  test('read-out protection: nothing is sent', async () => {
    const { fake, rom } = await open({ readProtected: true });
    const error = await failure(write(rom, [segment(FLASH, image)]).result);
    expect(error).toMatchObject({
      code: 'READ_PROTECTED',
      message: expect.stringMatching(/does not write$/),
      hint: expect.stringContaining('unprotect --read'),
    });
    expect(fake.commands).toEqual([]);
  });

  test('a part of unknown pages: nothing is sent', async () => {
    const { fake, rom } = await open({ pid: 0x999 });
    const error = await failure(write(rom, [segment(FLASH, image)]).result);
    expect(error).toMatchObject({
      code: 'REFUSED',
      hint: expect.stringContaining('F0, F1 and F3'),
      details: { pid: 0x999 },
    });
    expect(fake.commands).toEqual([]);
  });

  test('what is no error of ours stays what it is', async () => {
    const broken = new TypeError('broken');
    const { rom } = await open();
    rom.write = () => Promise.reject(broken);
    await expect(write(rom, [segment(FLASH, image)]).result).rejects.toBe(broken);
  });
});

describe('write protection', () => {
  const protectedAt = async (sectors: readonly number[], options: FakeRomOptions = {}) => {
    const bench = await open(options);
    await protectWrite(bench.rom, sectors).result;
    bench.fake.commands.length = 0;
    return bench;
  };

  test('of what is written: refused, with the sectors', async () => {
    const { fake, rom } = await protectedAt([3, 9]);
    const error = await failure(write(rom, [segment(FLASH + 0x3fff, image)]).result);
    expect(error).toMatchObject({
      code: 'WRITE_PROTECTED',
      message: 'flash from 0x08003000 on is write-protected; nothing was changed',
      hint: expect.stringContaining('unprotect --write'),
      details: { sectors: '3 9' },
    });
    expect(fake.commands).toEqual([]);
  });

  test('of anything, with mass erase', async () => {
    const { fake, rom } = await protectedAt([9]);
    const error = await failure(write(rom, [segment(FLASH, image)], { massErase: true }).result);
    expect(error.message).toBe('flash from 0x08009000 on is write-protected; nothing was changed');
    expect((await failure(eraseAll(rom).result)).message).toBe(error.message);
    expect(fake.commands).toEqual([]);
  });

  test('of something else does not matter', async () => {
    const { fake, rom } = await protectedAt([9]);
    await write(rom, [segment(FLASH, image)]).result;
    await erasePages(rom, [8 * 2, 8 * 2 + 1]).result;
    expect(fake.pagesErased).toEqual([0, 1, 16, 17]);
    const error = await failure(erasePages(rom, [17, 18]).result);
    expect(error.code).toBe('WRITE_PROTECTED');
    expect(fake.pagesErased).toHaveLength(4);
  });

  test('of sectors that the part does not have', async () => {
    const { rom } = await protectedAt([31]);
    await eraseAll(rom).result;
    const unknown = await protectedAt([20], { sizeRegister: 0xffff });
    expect((await failure(eraseAll(unknown.rom).result)).code).toBe('WRITE_PROTECTED');
  });

  test('that can not be read does not hinder', async () => {
    const { rom } = await open({ odd: always(unreadableOptions) });
    expect(rom.info.optionBytes).toBeUndefined();
    await eraseAll(rom).result;
    await erasePages(rom, [1]).result;
  });
});

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

describe('a write that fails: what state the part is in', () => {
  const segments = [segment(FLASH + 0x1000, image)];

  test.each<[string, (place: FakeStep) => boolean, object | undefined, string]>([
    [
      'at the erase',
      at(ERASE, 'pages'),
      undefined,
      'flash from 0x08001000 on may be partly erased, and nothing is written',
    ],
    [
      'at the mass erase',
      at(ERASE, 'all'),
      { massErase: true },
      'all of flash may be partly erased, and nothing is written',
    ],
    [
      'at the first block',
      at(WRITE, 'data'),
      undefined,
      'flash from 0x08001000 on was erased, 0 of 3000 bytes are written: do not start this part',
    ],
    [
      'at the third block',
      at(WRITE, 'data', FLASH + 0x1200),
      undefined,
      'flash from 0x08001000 on was erased, 512 of 3000 bytes are written: do not start this part; the last one written is at 0x080011FF',
    ],
    [
      'when it is read back',
      at(READ, 'address', FLASH + 0x1000),
      undefined,
      'flash from 0x08001000 on was erased, 3000 of 3000 bytes are written: do not start this part; the last one written is at 0x08001BB7',
    ],
  ])('silence %s', async (_name, where, options, state) => {
    const { rom } = await open({ odd: always(where, 'dead') });
    const error = await failure(write(rom, segments, options).result);
    expect(error.code).toBe('LINK_LOST');
    expect(error.message.split('; ').slice(1).join('; ')).toBe(state);
    expect(error.hint).toMatch(/run the same command again/);
    expect(error.hint).not.toContain('worn');
    expect(error.details).toEqual({
      command: expect.any(String),
      step: expect.any(String),
      bytesWritten: Number(/(\d+) of 3000/.exec(state)?.[1] ?? 0),
      bytesTotal: 3000,
      ...(where === undefined || /address/.test(JSON.stringify(error.details))
        ? { address: expect.any(String) }
        : {}),
    });
  });

  test('stopped while it erases', async () => {
    const bench = await open();
    const error = await stopped(bench, write(bench.rom, segments), 1.5);
    expect(error.message).toBe(
      'interrupted; flash from 0x08001000 on may be partly erased, and nothing is written',
    );
    expect(error.hint).toBe('run the same command again, with BOOT0 high and after a reset');
    expect(error.details).toEqual({ resumable: false, bytesWritten: 0, bytesTotal: 3000 });
  });

  test('stopped while it writes to RAM', async () => {
    const bench = await open();
    const error = await stopped(bench, write(bench.rom, [segment(RAM + 0x1000, image)]), 4.5);
    expect(error.message).toBe(
      'interrupted; flash was not changed, 256 of 3000 bytes are written to RAM; the last one written is at 0x200010FF',
    );
    expect(error.details).toEqual({ resumable: false, bytesWritten: 256, bytesTotal: 3000 });
  });

  test('a cell of flash that does not take its value is worn, one of RAM is not', async () => {
    const worn = (address: number): boolean => address === FLASH + 0x1001;
    const { rom } = await open({ worn });
    const error = await failure(write(rom, segments).result);
    expect(error.code).toBe('VERIFY_FAILED');
    expect(error.hint).toMatch(/^run the same command again: the same address again means/);
    expect(error.details).toEqual({
      address: '0x08001001',
      expected: image[1],
      found: 0xff,
      bytesWritten: 3000,
      bytesTotal: 3000,
    });
    const other = await open();
    other.rom.read = (_address, count) => Promise.resolve(new Uint8Array(count));
    const inRam = await failure(write(other.rom, [segment(RAM + 0x1000, image)]).result);
    expect(inRam).toMatchObject({ code: 'VERIFY_FAILED', details: { address: '0x20001000' } });
    expect(inRam.hint).toBe('run the same command again, with BOOT0 high and after a reset');
  });
});

describe('option bytes', () => {
  const option = (...values: number[]): Uint8Array =>
    Uint8Array.from(values.flatMap((value) => [value, ~value & 0xff]));
  const ALL = option(0xa5, 0xfe, 1, 2, 0xff, 0xff, 0xff, 0xff);

  test('come last, and are read back', async () => {
    const { fake, rom } = await open();
    const segments = [segment(OPTIONS, ALL), segment(FLASH, image.subarray(0, 8))];
    expect(await told(write(rom, segments))).toEqual([
      { event: 'erasing', pages: 1, pagesDone: 0 },
      { event: 'erased', pages: 1 },
      { event: 'writing', bytes: 8 },
      'write: 8 of 8',
      { event: 'verifying', bytes: 8 },
      'verify: 8 of 8',
      { event: 'resetting', why: 'option bytes' },
      { bytes: 24, pagesErased: 1, verified: true },
    ]);
    expect(fake.options).toEqual(ALL);
    expect(rom.info.optionBytes?.values).toEqual(
      Uint8Array.of(0xa5, 0xfe, 1, 2, 0xff, 0xff, 0xff, 0xff),
    );
  });

  test('some of them: the others are as they were', async () => {
    const { fake, rom } = await open();
    fake.options.set(ALL);
    fake.options.set(option(0xf0), 8);
    await write(rom, [segment(OPTIONS, option(0xa5, 0xfe, 3, 4))]).result;
    expect(rom.info.optionBytes?.values).toEqual(
      Uint8Array.of(0xa5, 0xfe, 3, 4, 0xf0, 0xff, 0xff, 0xff),
    );
  });

  test.each([
    ['first', option(0x00, 0xff), 'option byte 0 at 0x1FFFF800', '0x1FFFF800'],
    ['fourth', option(0xa5, 0xff, 0xff, 7), 'option byte 3 at 0x1FFFF806', '0x1FFFF806'],
  ])('the %s is not what was written', async (_name, bytes, text, address) => {
    const { fake, rom } = await open();
    fake.options.set = () => {};
    const error = await failure(write(rom, [segment(OPTIONS, bytes)]).result);
    expect(error).toMatchObject({ code: 'VERIFY_FAILED', message: expect.stringContaining(text) });
    expect(error.message).toMatch(
      /; 0 of 0 bytes are written, only the option bytes may be not, or not in effect$/,
    );
    expect(error.details).toEqual({ address, bytesWritten: 0, bytesTotal: 0 });
    expect(error.hint).toBe('run the same command again, with BOOT0 high and after a reset');
  });

  const closes = (): NonNullable<FakeRomOptions['odd']> => {
    let written = false;
    return (place) => {
      const forbidden = written && place.step === 'command' && place.code > 0x02;
      if (at(WRITE, 'data', OPTIONS)(place)) written = true;
      return forbidden ? NACK : undefined;
    };
  };

  test('that protect from reading: the part can not be read, as it should be', async () => {
    const { rom } = await open({ odd: closes() });
    await write(rom, [segment(OPTIONS, option(0x00, 0xff))]).result;
    expect(rom.info.readProtected).toBe(true);
  });

  test('that do not, and yet it can not be read', async () => {
    const { rom } = await open({ odd: closes() });
    const error = await failure(write(rom, [segment(OPTIONS, ALL)]).result);
    expect(error).toMatchObject({
      code: 'VERIFY_FAILED',
      hint: expect.stringContaining('unprotect --read'),
    });
  });

  test('that can not be read back', async () => {
    let written = false;
    const odd: FakeRomOptions['odd'] = (place) => {
      if (at(WRITE, 'data', OPTIONS)(place)) written = true;
      return written && unreadableOptions(place) ? NACK : undefined;
    };
    const { rom } = await open({ odd });
    expect(await failure(write(rom, [segment(OPTIONS, ALL)]).result)).toMatchObject({
      code: 'VERIFY_FAILED',
      hint: expect.stringContaining('"iap isp info"'),
    });
  });

  test.each([
    ['no whole words', 0x414, option(0xa5), 'IMAGE_FORMAT', /all 16 bytes/],
    ['protection for ever', 0x440, option(0xcc, 0xff), 'REFUSED', /use level 1/],
  ])('%s: nothing is sent', async (_name, pid, bytes, code, hint) => {
    const { fake, rom } = await open({ pid });
    const error = await failure(
      write(rom, [segment(OPTIONS, bytes), segment(FLASH, image)]).result,
    );
    expect(error).toMatchObject({ code, hint: expect.stringMatching(hint) });
    expect(fake.commands).toEqual([]);
  });

  test('what is for ever on an F0 is not on an F1', async () => {
    const { fake, rom } = await open();
    await write(rom, [segment(OPTIONS, option(0xcc, 0xff))]).result;
    expect(fake.options[0]).toBe(0xcc);
  });

  test('stopped while the part resets: the next operation asks it again', async () => {
    const bench = await open();
    const { rom } = bench;
    const error = await stopped(bench, write(rom, [segment(OPTIONS, ALL)]), 100);
    expect(error.message).toMatch(/only the option bytes may be not, or not in effect$/);
    expect(rom.info.optionBytes?.values[2]).toBe(0xff);
    await rom.work(async () => {}).result;
    expect(rom.info.optionBytes?.values[2]).toBe(1);
  });
});

describe('protection', () => {
  const why = (text: string) => [{ event: 'resetting', why: text }];
  /** The part acknowledges, and is as it was. */
  const ignored = (step: FakeStep['step']): FakeRomOptions => ({
    odd: always((place) => place.step === step, ACK),
  });

  test('from reading: on, once, and off', async () => {
    const { fake, rom } = await open();
    expect(await told(protectReadout(rom))).toEqual(why('read-out protection on'));
    expect(rom.info).toMatchObject({ readProtected: true, flashSize: undefined });
    fake.commands.length = 0;
    expect(await told(protectReadout(rom))).toEqual([]);
    expect(fake.commands).toEqual([]);
    fake.flash.fill(0);
    expect(await told(unprotectReadout(rom))).toEqual(
      why('read-out protection off, all of flash erased'),
    );
    expect(rom.info).toMatchObject({ readProtected: false, flashSize: 64 * 1024 });
    expect(fake.flash.every((byte) => byte === 0xff)).toBe(true);
  });

  test('from writing: in addition to what is protected, in order, once, and off', async () => {
    const { fake, rom } = await open();
    await protectWrite(rom, [9]).result;
    expect(await told(protectWrite(rom, [10, 3, 9]))).toEqual(
      why('write protection of sectors 3, 9, 10'),
    );
    expect(fake.protectedSectors).toEqual([3, 9, 10]);
    // As numbers, not as text
    expect([...(fake.writes.find((bytes) => bytes.length === 5 && bytes[0] === 2) ?? [])]).toEqual([
      2, 3, 9, 10, 2,
    ]);
    expect(rom.info.optionBytes?.protectedSectors).toEqual([3, 9, 10]);
    fake.commands.length = 0;
    expect(await told(protectWrite(rom, [10, 3]))).toEqual([]);
    expect(fake.commands).toEqual([]);
    expect(await told(unprotectWrite(rom))).toEqual(why('write protection off'));
    expect(rom.info.optionBytes?.protectedSectors).toEqual([]);
  });

  test.each<[string, (rom: Rom) => Work<RomEvent, void>]>([
    ['on', (rom) => protectWrite(rom, [1])],
    ['off', (rom) => unprotectWrite(rom)],
  ])('from writing, %s, of a part that can not be read: nothing is sent', async (_name, begin) => {
    const { fake, rom } = await open({ readProtected: true });
    const error = await failure(begin(rom).result);
    expect(error).toMatchObject({
      code: 'READ_PROTECTED',
      message: expect.stringMatching(/does not change write protection$/),
    });
    expect(fake.commands).toEqual([]);
  });

  test.each<[string, number, (rom: Rom) => Work<RomEvent, void>]>([
    ['Write Protect', 0x63, (rom) => protectWrite(rom, [1])],
    ['Write Unprotect', 0x73, (rom) => unprotectWrite(rom)],
    ['Readout Protect', 0x82, (rom) => protectReadout(rom)],
    ['Readout Unprotect', 0x92, (rom) => unprotectReadout(rom)],
  ])('a part without %s: nothing is sent', async (name, code, begin) => {
    const { fake, rom } = await open({ without: [code] });
    expect((await failure(begin(rom).result)).message).toBe(`this ROM bootloader has no ${name}`);
    expect(fake.commands).toEqual([]);
  });

  test.each<[string, FakeRomOptions, (rom: Rom) => Work<RomEvent, void>, string]>([
    [
      'reading, on',
      ignored('done'),
      (rom) => protectReadout(rom),
      'read-out protection is still off',
    ],
    [
      'reading, off',
      { ...ignored('done'), readProtected: true },
      (rom) => unprotectReadout(rom),
      'read-out protection is still on',
    ],
    [
      'writing, on',
      ignored('sectors'),
      (rom) => protectWrite(rom, [1]),
      'not all of these sectors are write-protected',
    ],
  ])('from %s: acknowledged, and not in effect', async (_name, options, begin, found) => {
    const { rom } = await open(options);
    expect(await failure(begin(rom).result)).toMatchObject({
      code: 'VERIFY_FAILED',
      message: `the part has reset, but ${found}`,
      hint: expect.stringContaining('power cycle'),
    });
  });

  test('from writing: only in part in effect, on and off', async () => {
    const bench: { fake?: FakeRom } = {};
    const { fake, rom } = await open({
      odd: ({ step }) => {
        if (step !== 'sectors' && step !== 'done') return undefined;
        if (bench.fake) bench.fake.protectedSectors = [1];
        return ACK;
      },
    });
    bench.fake = fake;
    expect((await failure(protectWrite(rom, [1, 2]).result)).message).toMatch(/not all of these/);
    expect((await failure(unprotectWrite(rom).result)).message).toBe(
      'the part has reset, but sectors are still write-protected',
    );
  });

  test('from writing, of option bytes that can not be read: not confirmed', async () => {
    const { fake, rom } = await open({ odd: always(unreadableOptions) });
    const all: unknown[] = [];
    const work = protectWrite(rom, [1]);
    const error = await failure(
      (async () => {
        for await (const event of work) all.push(event);
      })(),
    );
    expect(all).toEqual(why('write protection of sectors 1'));
    expect(fake.protectedSectors).toEqual([1]);
    expect(error).toMatchObject({
      code: 'VERIFY_FAILED',
      message: expect.stringContaining('option bytes can not be read: nothing is confirmed'),
    });
    expect((await failure(unprotectWrite(rom).result)).message).toBe(error.message);
  });

  test.each<
    [
      string,
      (place: FakeStep) => boolean,
      number | 'dead',
      (rom: Rom) => Work<RomEvent, void>,
      string,
    ]
  >([
    [
      'refused',
      at(0x82, 'command'),
      NACK,
      (rom) => protectReadout(rom),
      'Readout Protect changed nothing',
    ],
    [
      'refused at its end',
      at(0x82, 'done'),
      NACK,
      (rom) => protectReadout(rom),
      'whether it took effect is not known: look with "iap isp info"',
    ],
    [
      'not answered',
      at(0x63, 'sectors'),
      'dead',
      (rom) => protectWrite(rom, [1]),
      'whether it took effect is not known: look with "iap isp info"',
    ],
    [
      'not answered, and it erases',
      at(0x92, 'done'),
      'dead',
      (rom) => unprotectReadout(rom),
      'whether it took effect, and whether flash is erased, is not known: look with "iap isp info"',
    ],
  ])('an order that is %s', async (_name, where, answer, begin, state) => {
    const { rom } = await open({ odd: always(where, answer) });
    const error = await failure(begin(rom).result);
    expect(error.message.split('; ').at(-1)).toBe(state);
    const { cause } = error;
    expect(cause).toBeInstanceOf(IapError);
    const { hint, details } = cause as IapError;
    expect(hint).toMatch(/./);
    expect(error).toMatchObject({ hint, details });
  });

  test('stopped before the part has answered: not known', async () => {
    const bench = await open();
    const error = await stopped(bench, protectReadout(bench.rom), 0.5);
    expect(error.message).toBe(
      'interrupted; whether it took effect is not known: look with "iap isp info"',
    );
  });

  test('stopped while the part resets: the next operation asks it again', async () => {
    const bench = await open();
    const error = await stopped(bench, protectReadout(bench.rom), 100);
    expect(error.message).toMatch(/Readout Protect and reset, but this was interrupted/);
    expect(bench.rom.info.readProtected).toBe(false);
    await bench.rom.work(async () => {}).result;
    expect(bench.rom.info.readProtected).toBe(true);
  });

  test('what is no error of ours stays what it is', async () => {
    const broken = new TypeError('broken');
    const { rom } = await open();
    rom.client.protection = () => Promise.reject(broken);
    await expect(protectReadout(rom).result).rejects.toBe(broken);
  });
});

describe('read', () => {
  test('what is there, in blocks', async () => {
    const { fake, rom } = await open();
    fake.flash.set(image, 100);
    expect(await told(read(rom, { address: FLASH + 100, length: 600 }))).toEqual([
      'read: 256 of 600',
      'read: 512 of 600',
      'read: 600 of 600',
      { address: FLASH + 100, bytes: image.slice(0, 600) },
    ]);
  });

  test('all of flash, and RAM without what the ROM bootloader uses', async () => {
    const { rom } = await open();
    expect(flashRange(rom)).toEqual({ address: FLASH, length: 64 * 1024 });
    expect(ramRange(rom)).toEqual({ address: RAM + 0x200, length: 0x1_0000 - 0x200 });
    const small = await open({ pid: 0x440 });
    expect(ramRange(small.rom)).toEqual({ address: RAM + 0x800, length: 0x2000 - 0x800 });
  });

  test.each([
    ['RAM of an unknown part', { pid: 0x999 }, ramRange],
    ['RAM of a part that has an id but no size here', { pid: 0x444 }, ramRange],
    ['a flash that does not say how large it is', { sizeRegister: 0xffff }, flashRange],
    ['flash of an unknown part', { pid: 0x999 }, flashRange],
  ])('%s: how much is not known', async (_name, options, range) => {
    const { rom } = await open(options);
    const error = await failure(Promise.resolve().then(() => range(rom)));
    expect(error).toMatchObject({ code: 'USAGE', hint: expect.stringContaining('--length') });
  });

  test('read-out protection: nothing is sent', async () => {
    const { fake, rom } = await open({ readProtected: true });
    const span = { address: FLASH, length: 4 };
    const works: readonly (() => Promise<unknown>)[] = [
      () => read(rom, span).result,
      () => readBack(rom, [segment(FLASH, image)]).result,
      () => Promise.resolve(flashRange(rom)),
      () => Promise.resolve(ramRange(rom)),
    ];
    for (const work of works) {
      const error = await failure(Promise.resolve().then(work));
      expect(error).toMatchObject({
        code: 'READ_PROTECTED',
        message: expect.stringMatching(/does not read$/),
      });
    }
    expect(fake.commands).toEqual([]);
  });
});

describe('read back', () => {
  /** What is read each time */
  const reads = async (
    ...found: number[]
  ): Promise<{ readonly rom: Rom; readonly left: number[] }> => {
    const { rom } = await open();
    const left = [...found];
    rom.read = () => Promise.resolve(Uint8Array.of(left.shift() ?? 0, 2));
    return { rom, left };
  };
  const two = [segment(FLASH, Uint8Array.of(1, 2))];

  test('the same', async () => {
    const { rom } = await reads(1);
    expect(await told(readBack(rom, two))).toEqual([
      { event: 'verifying', bytes: 2 },
      'verify: 2 of 2',
    ]);
  });

  test('a difference that is not there again was none', async () => {
    const { rom, left } = await reads(7, 1, 1);
    await readBack(rom, two).result;
    expect(left).toEqual([]);
  });

  test.each([
    ['at once', [7, 9, 1]],
    ['the third time', [7, 1, 9]],
  ])('a difference that is there again, %s', async (_name, found) => {
    const { rom } = await reads(...found);
    const error = await failure(readBack(rom, two).result);
    expect(error).toMatchObject({
      code: 'VERIFY_FAILED',
      message: 'the part differs from the image at 0x08000000: expected 0x01, found 0x09',
    });
    expect(error.details).toEqual({ address: '0x08000000', expected: 1, found: 9 });
  });
});

describe('go', () => {
  const words = (...values: number[]): Uint8Array =>
    new Uint8Array(Uint32Array.from(values).buffer);
  const VALID = [0x2000_1000, FLASH + 0x101] as const;

  test.each([
    ['an application', ...VALID],
    ['a stack at the bottom of core-coupled RAM', 0x1000_0000, VALID[1]],
    ['a stack at the top of any RAM', 0x2010_0000, VALID[1]],
  ])('%s is started', async (_name, stack, reset) => {
    const { fake, rom } = await open();
    fake.flash.set(words(stack, reset), 0x400);
    await goTo(rom, FLASH + 0x400);
    expect(fake.commands).toEqual([READ, 0x21]);
    expect([...(fake.writes.at(-1) ?? [])]).toEqual([8, 0, 4, 0, 0x0c]);
  });

  test.each([
    ['a stack in flash', FLASH, VALID[1]],
    ['a stack that is no whole word', 0x2000_1002, VALID[1]],
    ['a stack above all RAM', 0x2010_0004, VALID[1]],
    ['a reset vector that is even', VALID[0], FLASH + 0x100],
    ['an erased reset vector', VALID[0], 0xffff_ffff],
    ['erased flash', 0xffff_ffff, 0xffff_ffff],
  ])('%s: no program, and Go is not sent', async (_name, stack, reset) => {
    const { fake, rom } = await open();
    fake.flash.set(words(stack, reset), 0x400);
    const error = await failure(goTo(rom, FLASH + 0x400, 'write one'));
    expect(error).toMatchObject({ code: 'IMAGE_VECTORS', hint: 'write one' });
    expect(error.details).toEqual({ address: '0x08000400' });
    expect(fake.commands).toEqual([READ]);
  });

  test('read-out protection, or no Go: nothing is sent', async () => {
    const closed = await open({ readProtected: true });
    expect(await failure(goTo(closed.rom, FLASH))).toMatchObject({
      code: 'READ_PROTECTED',
      message: expect.stringMatching(/does not start programs$/),
    });
    expect(closed.fake.commands).toEqual([]);
    const { fake, rom } = await open({ without: [0x21] });
    expect((await failure(goTo(rom, FLASH))).message).toBe('this ROM bootloader has no Go');
    expect(fake.commands).toEqual([]);
  });
});

describe('who it is', () => {
  test.each([
    [1024, 1024 * 1024],
    [1025, undefined],
    [0, undefined],
    [0x0140, 320 * 1024],
  ])('a size register of %i KB', async (sizeRegister, flashSize) => {
    const { rom } = await open({ sizeRegister });
    expect(rom.info.flashSize).toBe(flashSize);
  });

  const asked = async (options: FakeRomOptions): Promise<number[]> => {
    const clock = new VirtualClock();
    const fake = new FakeRom(clock, options);
    await Rom.open(fake, { clock });
    return fake.commands;
  };

  test.each<[string, FakeRomOptions, number[]]>([
    ['a part that is known', {}, [0, 2, READ, READ, READ]],
    ['one that is not: only whether it can be read', { pid: 0x999 }, [0, 2, READ]],
    ['one that can not read', { without: [READ] }, [0, 2]],
  ])('what is asked of %s', async (_name, options, commands) => {
    expect(await asked(options)).toEqual(commands);
  });

  test('read-out protection: what it forbids is not asked for', async () => {
    expect(await asked({ readProtected: true })).toEqual([0, 2, READ, READ, READ]);
  });

  test('silence meanwhile is an error', async () => {
    const work = open({ odd: always(at(READ, 'address', FLASH_SIZE_REGISTER), 'dead') });
    expect((await failure(work)).code).toBe('LINK_LOST');
  });

  test('all of it', async () => {
    const { rom } = await open();
    expect(rom.info).toMatchObject({
      version: 0x22,
      pid: 0x414,
      chip: { name: 'STM32F10x high density', pageSize: PAGE },
      readProtected: false,
      flashSize: 64 * 1024,
      uniqueId: new Uint8Array(12),
      optionBytes: { whole: true, protectedSectors: [] },
    });
    expect(rom.client.facts.part).toBe(rom.info);
    const unknown = await open({ pid: 0x999 });
    expect(unknown.rom.info).toMatchObject({
      chip: undefined,
      flashSize: undefined,
      uniqueId: undefined,
      optionBytes: undefined,
    });
  });

  test('what passes is traced, if somebody asks for it', async () => {
    const directions = new Set<string>();
    await open({}, { trace: ({ direction }) => directions.add(direction) });
    expect(directions).toEqual(new Set(['sent', 'received']));
  });
});
