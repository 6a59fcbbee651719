// Option bytes of an image: they come last, reset the part, and are read back.
import { describe, expect, test } from 'vitest';
import { write } from '../../host/isp/index.js';
import type { FakeRomOptions } from '../support/fake-rom.js';
import {
  at,
  FLASH,
  failure,
  image,
  NACK,
  OPTIONS,
  open,
  segment,
  stopped,
  told,
  unreadableOptions,
  WRITE,
} from '../support/rom-bench.js';

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
