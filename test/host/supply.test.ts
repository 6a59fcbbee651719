// A device whose supply is too low to change its flash, for a while or for good.
import { describe, expect, test } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import { Command, Status } from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { bench, expectInstalled, start } from '../support/one-bench.js';

const COMMANDS = ['BEGIN', 'DATA', 'END'] as const;

/** BEGIN, DATA and END are refused from the first time `command` comes, for so long [ms]. */
function sinks(command: (typeof COMMANDS)[number], ms: number, nth = 1): void {
  const types: readonly number[] = COMMANDS.map((name) => Command[name]);
  let since: number | undefined;
  bench.device.hook = ({ type }, count) => {
    if (type === Command[command] && count === nth) since ??= bench.clock.now();
    const low = since !== undefined && bench.clock.now() - since < ms;
    return low && types.includes(type) ? Status.SUPPLY_LOW : undefined;
  };
}

describe('a supply that sinks', () => {
  test.each([
    ['BEGIN', 1],
    ['DATA', 5],
    ['END', 1],
  ] as const)('at %s %i: waited for, and gone on', async (command, nth) => {
    start();
    sinks(command, 8000, nth);
    const image = appImage(30_000);
    const outcome = await bench.update(image);
    expectInstalled(outcome, image);
    const told = outcome.events.filter((event) => 'code' in event && event.code === 'SUPPLY_LOW');
    expect(told).toHaveLength(1);
    expect(bench.line.checker.count(Command.BEGIN)).toBeLessThan(12);
    expect(bench.device.flash.pagesWritten).toBe(15);
  });

  test.each(COMMANDS)(
    'at %s, and does not rise: given up, and told what to do',
    async (command) => {
      start();
      sinks(command, Number.POSITIVE_INFINITY);
      const begun = bench.clock.now();
      const { error } = await bench.update(appImage(30_000));
      expect(error).toMatchObject({ code: 'REFUSED', details: { status: 'SUPPLY_LOW' } });
      expect((error as IapError).hint).toContain('run the same command again');
      expect(bench.clock.now() - begun).toBeLessThan(40_000);
      expect(bench.device.log).not.toContain('BOOT');
    },
  );

  test('again and again, but for a page each time: gone on', async () => {
    start();
    let frames = 0;
    let since = 0;
    bench.device.hook = ({ type }) => {
      if (type === Command.DATA && ++frames % 4 === 0) since = bench.clock.now();
      const low = since > 0 && bench.clock.now() - since < 6000;
      return low && type !== Command.HELLO && type !== Command.PAGES && type !== Command.BOOT
        ? Status.SUPPLY_LOW
        : undefined;
    };
    const image = appImage(60_000);
    expectInstalled(await bench.update(image), image);
  });

  test('below an application that was asked to enter: it starts again', async () => {
    start({ appKit: true });
    bench.device.startApp();
    sinks('BEGIN', Number.POSITIVE_INFINITY);
    const { error } = await bench.update(appImage(30_000));
    expect(error).toMatchObject({ code: 'REFUSED', details: { status: 'SUPPLY_LOW' } });
    expect(bench.device.log).toContain('ENTER');
    expect(bench.device.log.at(-1)).toBe('BOOT');
  });
});
