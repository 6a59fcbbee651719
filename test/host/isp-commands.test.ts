// What the commands under "iap isp" do and say, run in this process against a fake ROM bootloader.
import { describe, expect, test } from 'vitest';
import { type IspEraseArguments, ispErase } from '../../host/cli/commands/isp/erase.js';
import type { Context } from '../../host/cli/link.js';
import { jsonLines, session } from '../support/cli.js';
import { FakeRom, type FakeRomOptions } from '../support/fake-rom.js';
import { VirtualClock } from '../support/virtual-clock.js';

const FLASH = '0x08000000';
const ISP = {
  port: 'fake',
  baud: 115200,
  wait: false,
  verbose: false,
  json: true,
  lines: 'none',
  invertReset: false,
  invertBoot0: false,
  ahead: false,
} as const;

interface Bench {
  readonly fake: FakeRom;
  readonly context: Context;
  /** What was told so far, the result last */
  events(): Record<string, unknown>[];
}

function bench(options: FakeRomOptions = {}): Bench {
  const clock = new VirtualClock();
  const fake = new FakeRom(clock, options);
  const { context, out } = session({ clock, line: fake }, { json: true });
  return { fake, context, events: () => jsonLines(out.text) };
}

describe('erase', () => {
  const erase = ({ context }: Bench, args: Partial<IspEraseArguments>): Promise<void> =>
    ispErase({ ...ISP, all: false, yes: false, ...args }, context);

  test.each([
    ['no length', { start: FLASH }],
    ['no length, confirmed', { start: FLASH, yes: true }],
    ['no start', { length: 2048 }],
    ['nothing', {}],
    ['all and a range', { all: true, yes: true, start: FLASH, length: 2048 }],
    ['all, not confirmed', { all: true }],
    ['all by its range, not confirmed', { start: FLASH, length: 64 * 1024 }],
    ['all but a part of the last page', { start: FLASH, length: 64 * 1024 - 1 }],
  ])('%s: refused, and nothing is erased', async (_name, args) => {
    const at = bench();
    await expect(erase(at, args)).rejects.toMatchObject({ code: 'USAGE' });
    expect(at.fake.commands).not.toContain(0x43);
  });

  test('all by its range, confirmed', async () => {
    const at = bench();
    at.fake.flash.fill(0);
    await erase(at, { start: FLASH, length: 64 * 1024, yes: true });
    expect(at.fake.flash.every((byte) => byte === 0xff)).toBe(true);
  });
});
