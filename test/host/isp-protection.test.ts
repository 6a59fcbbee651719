// Read-out and write protection: what is refused for it, and how it is set, taken off and confirmed.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import {
  eraseAll,
  erasePages,
  protectReadout,
  protectWrite,
  type Rom,
  type RomEvent,
  unprotectReadout,
  unprotectWrite,
  type Work,
  write,
} from '../../host/isp/index.js';
import type { FakeRom, FakeRomOptions, FakeStep } from '../support/fake-rom.js';
import {
  always,
  at,
  FLASH,
  failure,
  image,
  NACK,
  open,
  segment,
  stopped,
  told,
  unreadableOptions,
} from '../support/rom-bench.js';

const ACK = 0x79;

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
