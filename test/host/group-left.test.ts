// A group that is stopped, or whose port goes away: how it is left, what is said of each, and what goes on.
import { afterEach, describe, expect, test } from 'vitest';
import { Command, Mode } from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { told } from '../support/in-words.js';
import { type GroupOutcome, Pair, type PairOptions } from '../support/pair.js';

let pair: Pair;

function start(options: Partial<PairOptions> = {}): void {
  pair = new Pair({ addresses: [1, 2], ...options });
}

afterEach(() => {
  expect(pair.line.checker.violations).toEqual([]);
});

const image = appImage(10_000);
const AGAIN = 'run the same command again: it goes on where it stopped';

/** Stopped when `when` is told */
async function stopped(
  when: string,
  options: Parameters<Pair['update']>[1] = {},
): Promise<GroupOutcome> {
  const stop = new AbortController();
  return pair.update(image, { ...options, signal: stop.signal }, (event) => {
    const address = 'address' in event && event.address !== undefined ? ` @${event.address}` : '';
    if (`${event.event}${address}` === when) stop.abort();
  });
}

/** The port goes away at that frame. */
async function lost(
  address: number,
  command: number,
  options: Parameters<Pair['update']>[1] = {},
): Promise<GroupOutcome> {
  pair.at(address).hook = ({ type }) => {
    if (type !== command) return undefined;
    pair.line.vanish();
    return 'drop';
  };
  return pair.update(image, options);
}

/** What is said of each: code and text, or nothing */
function membersOf({ events }: GroupOutcome): unknown[] {
  return events.flatMap((event) =>
    event.event === 'member' ? [[event.address, event.error?.message]] : [],
  );
}

describe('stopped', () => {
  test('before anything was begun: nothing was written', async () => {
    start();
    const outcome = await stopped('found @2');
    expect(outcome.error).toMatchObject({
      code: 'INTERRUPTED',
      message: 'interrupted; the image is on 0 of 2 devices, nothing was written to the others',
      hint: AGAIN,
      details: { resumable: false, installed: '' },
    });
    expect(membersOf(outcome)).toEqual([
      [1, 'interrupted; nothing was written to it'],
      [2, 'interrupted; nothing was written to it'],
    ]);
  });

  test('once the applications were asked to leave: that is said', async () => {
    start({ appKit: true });
    for (const device of pair.devices) device.startApp();
    const outcome = await stopped('entering @2');
    expect(membersOf(outcome)).toEqual([
      [1, 'interrupted; nothing was written to it, but its application was asked to leave'],
      [2, 'interrupted; nothing was written to it, but its application was asked to leave'],
    ]);
  });

  test('while pages are sent: all of them go on where they are', async () => {
    start();
    const outcome = await stopped('progress', { rate: 460_800 });
    expect(outcome.error).toMatchObject({
      code: 'INTERRUPTED',
      message: 'interrupted; the image is on 0 of 2 devices, the others can be updated',
      details: { resumable: true, installed: '' },
    });
    expect(membersOf(outcome)).toEqual([
      [1, 'interrupted; its update is begun, and goes on where it stopped'],
      [2, 'interrupted; its update is begun, and goes on where it stopped'],
    ]);
    // Whoever comes next looks for them at their own.
    expect(pair.line.rate).toBe(115_200);
  });

  test('when one has the image: it is done', async () => {
    start();
    const outcome = await stopped('installed @1');
    expect(outcome.error).toMatchObject({
      message: 'interrupted; the image is on 1 of 2 devices, the others can be updated',
      details: { resumable: true, installed: '1' },
    });
    expect(membersOf(outcome)).toEqual([
      [1, undefined],
      [2, 'interrupted; its update is begun, and goes on where it stopped'],
    ]);
  });

  test('when all have the image: nothing is left to do', async () => {
    start();
    const outcome = await stopped('booting @1');
    expect(outcome.error).toMatchObject({
      message: 'interrupted; the image is on 2 of 2 devices',
      details: { resumable: false, installed: '1 2' },
    });
    expect(membersOf(outcome)).toEqual([
      [1, undefined],
      [2, undefined],
    ]);
  });

  test('while one is updated by itself: what became of the others was told before, and once', async () => {
    start({ addresses: [1, 2, 3] });
    pair.at(1).hook = ({ type }, count) =>
      type === Command.BEGIN && count <= 3 ? 'drop' : undefined;
    const outcome = await stopped('plan @1', { boot: false });
    expect(outcome.error).toMatchObject({
      code: 'INTERRUPTED',
      message: 'interrupted; the image is on 2 of 3 devices, the others can be updated',
      details: { resumable: true, installed: '2 3' },
    });
    expect(membersOf(outcome)).toEqual([
      [2, undefined],
      [3, undefined],
      [1, 'interrupted; its update is begun, and goes on where it stopped'],
    ]);
  });

  test('while one is updated by itself, and another waits for that: each is told', async () => {
    start({ addresses: [1, 2] });
    for (const device of pair.devices) {
      device.hook = ({ type }, count) =>
        type === Command.BEGIN && count <= 3 ? 'drop' : undefined;
    }
    const outcome = await stopped('plan @1', { boot: false });
    expect(outcome.error).toMatchObject({ details: { resumable: true, installed: '' } });
    expect(membersOf(outcome)).toEqual([
      [1, 'interrupted; its update is begun, and goes on where it stopped'],
      [2, 'interrupted; its update is begun, and goes on where it stopped'],
    ]);
  });
});

describe('the port goes away', () => {
  test('at the start of the first: those that have the image are done, the silent one was not there', async () => {
    start();
    pair.at(2).alive = false;
    const outcome = await lost(1, Command.BOOT);
    expect(outcome.error).toMatchObject({
      code: 'PORT_LOST',
      message:
        'the port went away; the image is on 1 of 2 devices, nothing was written to the others',
      details: { resumable: false, installed: '1' },
    });
    expect(membersOf(outcome)).toEqual([
      [1, undefined],
      [2, 'no device answers at address 2'],
    ]);
  });

  test('at BEGIN of the second: the first one goes on', async () => {
    start();
    const outcome = await lost(2, Command.BEGIN);
    expect(outcome.error).toMatchObject({ details: { resumable: true, installed: '' } });
    expect(membersOf(outcome)).toEqual([
      [1, 'the port went away; its update is begun, and goes on where it stopped'],
      [2, 'the port went away; its update is begun, and goes on where it stopped'],
    ]);
  });

  test('and what was begun goes on the next time', async () => {
    start();
    await lost(2, Command.END);
    pair.at(2).hook = () => undefined;
    pair.line.closed = false;
    const outcome = await pair.update(image, { boot: false });
    expect(told(outcome).filter((event) => /plan|progress/.test(event))).toEqual([
      'plan pagesTotal 5 pagesToSend 0 bytesToSend 0 resumed true',
    ]);
    expect(outcome.result).toMatchObject({ pagesTotal: 5, pagesSent: 0, bytesSent: 0 });
  });
});

test('what is no error of this program ends it, and is told as it is', async () => {
  start();
  const fault = new TypeError('a fault');
  const rates = { recall: () => Promise.reject(fault), keep: () => Promise.resolve() };
  const outcome = await pair.update(appImage(100_000), { rate: 'auto', rates });
  expect(outcome.error).toBe(fault);
  expect(outcome.events.filter(({ event }) => event === 'member')).toEqual([]);
});

test('devices that differ: each is told so, with the error that ended it', async () => {
  start({ each: (address) => (address === 2 ? { pageSize: 1024 } : {}) });
  const outcome = await pair.update(image);
  expect(outcome.error).toMatchObject({ code: 'DEVICES_DIFFER' });
  expect(told(outcome).slice(-2)).toEqual([
    'member @1 bootloader changed false boot no together true DEVICES_DIFFER',
    'member @2 bootloader changed false boot no together true DEVICES_DIFFER',
  ]);
});

describe('one whose start is not confirmed', () => {
  test('is done all the same', async () => {
    start();
    pair.at(2).hook = ({ type }) => {
      if (type !== Command.BOOT) return undefined;
      pair.at(2).alive = false;
      return 'drop';
    };
    const outcome = await pair.update(image);
    expect(outcome.result?.members).toMatchObject([{ boot: 'started' }, { boot: 'unconfirmed' }]);
    expect(
      told(outcome).filter((event) => event.startsWith('warning @2 code BOOT_UNCONFIRMED')),
    ).toHaveLength(1);
  });

  test('and whose application is waited for: that is an error, of it alone', async () => {
    start({ appKit: true });
    for (const device of pair.devices) device.startApp();
    const outcome = await pair.update(image, { waitApp: true, timeoutMs: 2000 }, (event) => {
      if (event.event === 'booted' && event.address === 1) pair.at(1).alive = false;
    });
    expect(outcome.result?.members).toMatchObject([
      { boot: 'started', changed: true, error: { code: 'APP_SILENT' } },
      { boot: 'started', changed: true },
    ]);
    expect(outcome.result?.members[1]?.error).toBeUndefined();
    expect(pair.at(2).mode).toBe(Mode.APP);
  });
});
