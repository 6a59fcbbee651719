// An application that does not want to be left at this moment: left alone, said, and with wait asked again until it does.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import { ExitCode, exitCodeOf } from '../../host/base/errors.js';
import { FLASH } from '../../host/cli/commands/flash.js';
import { VERIFY } from '../../host/cli/commands/verify.js';
import { verify } from '../../host/update/verify.js';
import { Command, Mode } from '../../protocol/index.js';
import type { BenchOptions } from '../support/bench.js';
import { DEFAULTS_OF_PORTS, jsonLines, session } from '../support/cli.js';
import { appImage } from '../support/images.js';
import { bench, expectInstalled, start } from '../support/one-bench.js';

const image = appImage(30_000);
const folder = mkdtempSync(join(tmpdir(), 'iap-not-now-'));
const file = join(folder, 'app.bin');
writeFileSync(file, image);
afterAll(() => rmSync(folder, { recursive: true }));

/** Refuses to be left so many times from now on */
function refuses(detail: number, times = Number.POSITIVE_INFINITY): void {
  bench.device.notNow = detail;
  let left = times;
  bench.device.hook = ({ type }) => {
    if (type === Command.ENTER && left-- === 0) bench.device.notNow = undefined;
    return undefined;
  };
}

/** A running application that does */
function refusing(detail: number, times?: number, options: BenchOptions = {}): void {
  start({ appKit: true, ...options });
  bench.device.startApp();
  refuses(detail, times);
}

const asked = (): number => bench.device.log.filter((name) => name === 'ENTER').length;

function expectLeftAlone(): void {
  expect(bench.device.mode).toBe(Mode.APP);
  expect(bench.device.flash.pagesWritten).toBe(0);
  expect(bench.device.log.filter((name) => name !== 'HELLO' && name !== 'ENTER')).toEqual([]);
}

test('NOT_NOW in answer to ENTER: left alone, with its reason and what to do', async () => {
  refusing(7);
  const { error, ms } = await bench.update(image);
  expect(error).toMatchObject({
    code: 'REFUSED',
    details: { command: 'ENTER', status: 'NOT_NOW', detail: 7 },
  });
  expect(exitCodeOf(error)).toBe(ExitCode.REFUSED);
  expect(String(error)).toMatch(/does not want to be left at this moment \(its reason 7\)$/);
  expect((error as IapError).hint).toContain('--wait');
  expect(asked()).toBe(1);
  expect(ms).toBeLessThan(500);
  expectLeftAlone();
});

test('a reason of 0 is none', async () => {
  refusing(0);
  expect(String((await bench.update(image)).error)).toMatch(/at this moment$/);
});

describe('with wait', () => {
  test('asked again until it lets itself be left', async () => {
    refusing(7, 60);
    const outcome = await bench.update(image, { wait: true });
    expectInstalled(outcome, image);
    expect(outcome.events.filter(({ event }) => event === 'not-now')).toEqual([
      { event: 'not-now', detail: 7 },
    ]);
    // It has better things to do than to answer.
    expect(asked()).toBe(61);
    expect(outcome.ms).toBeGreaterThan(60_000);
    const calls = bench.device.log.slice(0, bench.device.log.lastIndexOf('ENTER'));
    expect(calls.filter((name) => name === 'HELLO').length).toBeLessThan(5);
  });

  test('another reason is told as well', async () => {
    refusing(7, 20);
    bench.clock.after(10_000, () => {
      bench.device.notNow = 8;
    });
    const { events } = await bench.update(image, { wait: true });
    expect(events.filter(({ event }) => event === 'not-now')).toEqual([
      { event: 'not-now', detail: 7 },
      { event: 'not-now', detail: 8 },
    ]);
  });

  test('not longer than the time there is', async () => {
    refusing(7);
    const { error, ms } = await bench.update(image, { wait: true, timeoutMs: 10_000 });
    expect(error).toMatchObject({
      code: 'REFUSED',
      details: { status: 'NOT_NOW', detail: 7 },
    });
    expect(String(error)).toMatch(/did not within (9\.[789]|10\.0) s/);
    expect((error as IapError).hint).toContain('--timeout');
    expect(ms).toBeGreaterThanOrEqual(10_000);
    expect(ms).toBeLessThan(10_100);
    expectLeftAlone();
  });

  test('at another rate than its bootloader: asked at its own', async () => {
    refusing(7, 10, { appRate: 9600 });
    bench.line.rate = 9600;
    const outcome = await bench.update(image, { wait: true });
    expectInstalled(outcome, image);
  });

  test('the answer that lets the bootloader be entered is lost', async () => {
    refusing(7, 10);
    bench.device.hook = ({ type }, count) => {
      if (type !== Command.ENTER || count < 10) return undefined;
      bench.device.notNow = undefined;
      return 'deaf';
    };
    expectInstalled(await bench.update(image, { wait: true }), image);
  });

  test('switched off meanwhile, for longer than a reset takes: called again', async () => {
    refusing(7);
    bench.clock.after(5000, () => {
      bench.device.alive = false;
    });
    bench.clock.after(25_000, () => {
      bench.device.notNow = undefined;
      bench.device.alive = true;
    });
    expectInstalled(await bench.update(image, { wait: true }), image);
  });

  test('switched off for good: nobody answers', async () => {
    refusing(7);
    bench.clock.after(5000, () => {
      bench.device.alive = false;
    });
    const { error } = await bench.update(image, { wait: true, timeoutMs: 10_000 });
    expect(error).toMatchObject({ code: 'NO_ANSWER' });
  });

  test('interrupted while it is asked: nothing was changed', async () => {
    refusing(7);
    const stop = new AbortController();
    bench.clock.after(30_500, () => stop.abort());
    const { error, ms } = await bench.update(image, { wait: true, signal: stop.signal });
    expect(error).toMatchObject({ code: 'INTERRUPTED' });
    expect(String(error)).toContain('nothing was changed on the device');
    expect(ms).toBe(30_500);
    expectLeftAlone();
  });

  test('verify asks again as well', async () => {
    refusing(7, 10);
    await bench.update(image, { wait: true });
    refuses(9, 10);
    bench.line.checker.newHost();
    const told: number[] = [];
    const result = await verify(
      bench.line,
      { base: undefined, bytes: image },
      { clock: bench.clock, wait: true, onNotNow: (detail) => told.push(detail) },
    );
    expect(result.same).toBe(true);
    expect(told).toEqual([9]);
  });
});

test('in mid-update, after a reset: asked for as long as a lost device is looked for', async () => {
  start({ appKit: true });
  bench.device.hook = ({ type }, count) => {
    if (type !== Command.DATA || count !== 5) return undefined;
    bench.device.startApp();
    bench.device.notNow = 7;
    bench.clock.after(5000, () => {
      bench.device.notNow = undefined;
    });
    return 'drop';
  };
  const outcome = await bench.update(image);
  expectInstalled(outcome, image);
  expect(outcome.events.map(({ event }) => event)).toContain('not-now');
});

describe('what the commands say', () => {
  test('flash --wait, to people', async () => {
    refusing(7, 3);
    const { context, out } = session(bench);
    await FLASH.handler({ ...DEFAULTS_OF_PORTS, image: file, wait: true }, context);
    expect(out.text).toMatch(
      /\nthe application does not want to be left .* \(its reason 7\); asking again until it does\n/,
    );
  });

  test('flash --wait --json', async () => {
    refusing(0xffff_ffff, 3);
    const { context, out } = session(bench, { json: true });
    await FLASH.handler({ ...DEFAULTS_OF_PORTS, image: file, wait: true }, context);
    expect(jsonLines(out.text)).toContainEqual({ event: 'not-now', detail: 0xffff_ffff });
  });

  test('verify --wait --json', async () => {
    refusing(7, 3);
    await bench.update(image, { wait: true });
    refuses(9, 3);
    bench.line.checker.newHost();
    const { context, out } = session(bench, { json: true });
    await VERIFY.handler({ ...DEFAULTS_OF_PORTS, image: file, wait: true }, context);
    expect(jsonLines(out.text)).toContainEqual({ event: 'not-now', detail: 9 });
  });
});
