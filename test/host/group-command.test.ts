// iap scan and iap flash --addresses: what they say, what they refuse, and what decides the exit code.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ExitCode, exitCodeOf, IapError } from '../../host/base/errors.js';
import { addressesText, parseAddresses } from '../../host/cli/addresses.js';
import { FLASH } from '../../host/cli/commands/flash.js';
import { INFO } from '../../host/cli/commands/info.js';
import { SCAN } from '../../host/cli/commands/scan.js';
import { makePackage } from '../../host/pack/pack.js';
import { APP_BASE, Command } from '../../protocol/index.js';
import { DEFAULTS, DEFAULTS_OF_PORTS, jsonLines, session } from '../support/cli.js';
import { appImage } from '../support/images.js';
import { Pair } from '../support/pair.js';

const folder = mkdtempSync(join(tmpdir(), 'iap-'));
afterAll(() => rmSync(folder, { recursive: true }));

const image = join(folder, 'app.bin');
writeFileSync(image, appImage(20_000));

const large = join(folder, 'large.bin');
writeFileSync(large, appImage(60_000));

async function failure(run: Promise<void>): Promise<IapError> {
  const error = await run.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(IapError);
  return error as IapError;
}

describe('--addresses', () => {
  test.each([
    ['1-4', [1, 2, 3, 4]],
    ['7', [7]],
    ['1-3,9, 254', [1, 2, 3, 9, 254]],
    ['5,1-5', [5, 1, 2, 3, 4]],
    ['0x10-0x11', [16, 17]],
  ])('%s', (text, expected) => {
    expect(parseAddresses(text)).toEqual(expected);
  });

  test.each(['', '0', '255', '4-1', '1-', '1-2-3', 'all', '1,,2', '1.5'])('not %j', (text) => {
    expect(() => parseAddresses(text)).toThrow(/--addresses/);
    try {
      parseAddresses(text);
    } catch (error) {
      expect(exitCodeOf(error)).toBe(2);
    }
  });

  test('are told as ranges', () => {
    expect(addressesText([9, 1, 2, 3])).toBe('1-3, 9');
  });

  test('beside --address: which one is meant is not guessed', async () => {
    const { context } = session(new Pair({ addresses: [1] }));
    const args = { ...DEFAULTS_OF_PORTS, image, addresses: '1-2' };
    expect(await failure(FLASH.handler({ ...args, address: 3 }, context))).toMatchObject({
      code: 'USAGE',
    });
  });
});

describe('flash', () => {
  test('a table says what became of each', async () => {
    const { context, out, error } = session(new Pair({ addresses: [1, 2, 12] }));
    await FLASH.handler({ ...DEFAULTS_OF_PORTS, image, addresses: '1-2,12' }, context);
    const lines = out.text.trim().split('\n');
    expect(lines.at(-5)).toMatch(/^address {2}part {2}serial {2}unique id +outcome$/);
    expect(lines.at(-2)).toMatch(/^12 +fake +(0c){12} +updated, started$/);
    expect(lines.at(-1)).toMatch(
      /^3 of 3 devices done in \d+\.\d s: 20000 bytes, 10 pages sent once for all$/,
    );
    expect(error.text).toBe('');
  });

  test('--baud auto finds the rate for all of them', async () => {
    const { context, out } = session(new Pair({ addresses: [1, 2] }), { json: true });
    const args = { ...DEFAULTS_OF_PORTS, image: large, baud: 'auto', addresses: '1-2' };
    await FLASH.handler(args, context);
    const lines = jsonLines(out.text);
    expect(lines.at(-1)).toMatchObject({ ok: true, devices: 2, rate: 921_600 });
  });

  test('with --json: events have the address that they are of, and the last ones say what became of each', async () => {
    const { context, out } = session(new Pair({ addresses: [1, 2] }), { json: true });
    await FLASH.handler({ ...DEFAULTS_OF_PORTS, image, addresses: '1,2' }, context);
    const lines = jsonLines(out.text);
    expect(lines.filter(({ event }) => event === 'found').map(({ address }) => address)).toEqual([
      1, 2,
    ]);
    expect(lines.find(({ event }) => event === 'plan')).not.toHaveProperty('address');
    expect(lines.filter(({ event }) => event === 'member')).toMatchObject([
      { address: 1, ok: true, changed: true, boot: 'started', together: true },
      { address: 2, ok: true, changed: true, boot: 'started', together: true },
    ]);
    expect(lines.at(-1)).toMatchObject({ event: 'result', ok: true, devices: 2, pagesSent: 10 });
  });

  test('the same hint is told once, and to run it again only where that helps', async () => {
    const { context, out } = session(new Pair({ addresses: [1, 2, 3, 4] }));
    const bad = join(folder, 'bad.bin');
    writeFileSync(bad, new Uint8Array(3000).fill(1));
    const args = { ...DEFAULTS_OF_PORTS, image: bad, addresses: '1-4' };
    const { hint } = await failure(FLASH.handler(args, context));
    expect(out.text.match(/^address .*: the vector table must/gm)).toEqual([
      'address 1-4: the vector table must',
    ]);
    expect(hint).toBeUndefined();
  });

  test('the worst decides the exit code, and the others are done', async () => {
    const pair = new Pair({ addresses: [1, 2] });
    pair.at(2).failing.set(3, 100);
    const { context, out } = session(pair, { json: true });
    const error = await failure(
      FLASH.handler({ ...DEFAULTS_OF_PORTS, image, addresses: '1-3' }, context),
    );
    expect(error).toMatchObject({
      code: 'PAGE_FAILED',
      details: { devices: 3, failed: 2, addresses: '2-3' },
    });
    expect(error.message).toBe('2 of 3 devices failed: address 2-3');
    const members = jsonLines(out.text).filter(({ event }) => event === 'member');
    expect(members.map(({ address, code }) => [address, code])).toEqual([
      [1, undefined],
      [3, 'NO_ANSWER'],
      [2, 'PAGE_FAILED'],
    ]);
  });

  test('each has its line in the log', async () => {
    const log = join(folder, 'units.jsonl');
    const { context } = session(new Pair({ addresses: [1, 2] }));
    await failure(FLASH.handler({ ...DEFAULTS_OF_PORTS, image, addresses: '1-3', log }, context));
    const entries = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(entries.map(({ address, result, uniqueId }) => [address, result, uniqueId])).toEqual([
      [1, 'installed', '01'.repeat(12)],
      [2, 'installed', '02'.repeat(12)],
      [3, 'failed', null],
    ]);
  });
});

describe('flash --log', () => {
  type Entry = readonly [unknown, unknown, unknown];

  function entries(log: string): Entry[] {
    const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => {
      const { address, result, code } = JSON.parse(line) as Record<string, unknown>;
      return [address, result, code];
    });
  }

  test('stopped by a signal: what became of each all the same', async () => {
    const log = join(folder, 'stopped.jsonl');
    const pair = new Pair({ addresses: [1, 2] });
    const { context, out } = session(pair, { json: true });
    const args = { ...DEFAULTS_OF_PORTS, image };
    await FLASH.handler({ ...args, boot: false, addresses: '1' }, context);
    pair.line.closed = false;
    pair.line.checker.newHost();
    const stop = new AbortController();
    pair.at(2).hook = ({ type }) => {
      if (type === Command.DATA) stop.abort(ExitCode.TERMINATED);
      return undefined;
    };
    const stopped = { ...context, signal: stop.signal };
    const error = await failure(FLASH.handler({ ...args, addresses: '1-2', log }, stopped));
    expect(error.code).toBe('INTERRUPTED');
    expect(entries(log)).toEqual([
      [1, 'unchanged', undefined],
      [2, 'failed', 'INTERRUPTED'],
    ]);
    expect(jsonLines(out.text).at(-1)).toMatchObject({ event: 'member', exitCode: 143 });
  });

  test.each<[string, number[], readonly Entry[]]>([
    [
      'one of them is silent: that is a failure',
      [1, 3],
      [
        [1, 'installed', undefined],
        [2, 'failed', 'NO_ANSWER'],
        [3, 'installed', undefined],
      ],
    ],
    ['nobody is there: the port is left out, and nothing became of anybody', [7], []],
    [
      'two of one address are there',
      [3, 3],
      [
        [1, 'failed', 'NO_ANSWER'],
        [2, 'failed', 'NO_ANSWER'],
        [3, 'failed', 'SEVERAL_DEVICES'],
      ],
    ],
  ])('--all, and %s', async (name, addresses, expected) => {
    const log = join(folder, `${name}.jsonl`);
    let made = 0;
    const each = (): object => ({
      helloMs: made === 1 ? 40 : 1,
      info: { uniqueId: new Uint8Array(12).fill(++made) },
    });
    const { context } = session(new Pair({ addresses, each }));
    const args = { ...DEFAULTS_OF_PORTS, image, port: [], all: true, addresses: '1-3', log };
    const { message } = await failure(FLASH.handler(args, context));
    const left = /^no device that this is for/.test(message);
    expect(left ? 'left out' : message).toBe(
      expected.length === 0 ? 'left out' : '1 of 1 ports failed',
    );
    expect(entries(log)).toEqual(expected);
  });
});

test('--all, and all of them are of another product: that is a failure', async () => {
  const version = { major: 1, minor: 0, patch: 0, build: 0 };
  const product = new Uint8Array(16).fill(1);
  const made = makePackage({ base: APP_BASE, bytes: appImage(20_000) }, { version, product });
  const packed = join(folder, 'app.iap');
  writeFileSync(packed, made);
  const other = { info: { product: new Uint8Array(16).fill(2) } };
  const { context } = session(new Pair({ addresses: [1, 2], ...other }));
  const args = { ...DEFAULTS_OF_PORTS, port: [], all: true, addresses: '1-2', image: packed };
  expect(await failure(FLASH.handler(args, context))).toMatchObject({
    code: 'IMAGE_WRONG_PRODUCT',
    message: '1 of 1 ports failed',
  });
});

describe('scan', () => {
  test('a table of who is there', async () => {
    const { context, out } = session(new Pair({ addresses: [2, 5] }));
    await SCAN.handler({ ...DEFAULTS, addresses: '1-6' }, context);
    const lines = out.text.trim().split('\n');
    expect(lines[0]).toBe('asking 6 addresses, about 1 s');
    expect(lines.at(-4)).toMatch(/^address +part +serial +unique id +mode +installed$/);
    expect(lines.at(-2)).toMatch(/^5 +fake +(05){12} +bootloader +nothing$/);
    expect(lines.at(-1)).toBe('2 devices at 2, 5');
  });

  test('on a terminal: a bar of addresses', async () => {
    const { context, out } = session(new Pair({ addresses: [2] }), { tty: true });
    await SCAN.handler({ ...DEFAULTS, addresses: '1-6' }, context);
    expect(out.text).toMatch(/\[#+\.*\] +\d+ % +6 of 6 addresses +0 s left/);
  });

  test('what is not understood is no device', async () => {
    const pair = new Pair({ addresses: [2, 2, 4] });
    const { context, out } = session(pair);
    await SCAN.handler({ ...DEFAULTS, addresses: '1-6' }, context);
    expect(out.text.trim().split('\n').at(-1)).toBe('1 device at 4, something at 2');
  });

  test('nobody there is no error', async () => {
    const { context, out } = session(new Pair({ addresses: [200] }), { json: true });
    await SCAN.handler({ ...DEFAULTS, addresses: '1-6' }, context);
    expect(jsonLines(out.text).at(-1)).toMatchObject({ ok: true, devices: 0, heard: [] });
  });
});

test('info tells of a second one, instead of showing one of them', async () => {
  const pair = new Pair({ addresses: [1, 2], each: (address) => ({ helloMs: 40 * address }) });
  pair.line.checker.shared = false;
  const { context } = session(pair);
  const error = await failure(INFO.handler({ ...DEFAULTS_OF_PORTS }, context));
  expect(error.code).toBe('SEVERAL_DEVICES');
});
