// Who a part in its ROM bootloader is: what is asked, and what is not known.
import { describe, expect, test } from 'vitest';
import { Rom } from '../../host/isp/index.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { FakeRom, type FakeRomOptions } from '../support/fake-rom.js';
import { always, at, failure, open, PAGE, READ } from '../support/rom-bench.js';

const FLASH_SIZE_REGISTER = 0x1fff_f7e0;

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
