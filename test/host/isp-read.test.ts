// Reading memory out, comparing it, and starting what is in it.
import { describe, expect, test } from 'vitest';
import { flashRange, goTo, type Rom, ramRange, read, readBack } from '../../host/isp/index.js';
import { FLASH, failure, image, open, RAM, READ, segment, told } from '../support/rom-bench.js';

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
