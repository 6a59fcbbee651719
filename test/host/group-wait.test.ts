// iap flash --addresses --wait in the library: devices that listen for a moment after power-on, and then run what is silent.
import { afterEach, describe, expect, test } from 'vitest';
import { CALL_INTERVAL_MS, Capability, Command, LISTEN_MS } from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { type GroupOutcome, Pair, type PairOptions } from '../support/pair.js';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

let pair: Pair;

/** Each runs an application that answers nothing. */
async function start(options: PairOptions): Promise<void> {
  pair = new Pair(options);
  pair.line.checker.shared = true;
  const { error } = await pair.update(appImage(10_000));
  expect(error).toBeUndefined();
}

afterEach(() => {
  expect(pair.line.checker.violations).toEqual([]);
});

/** Ended after a minute */
async function waiting(options: Parameters<Pair['update']>[1] = {}): Promise<GroupOutcome> {
  const end = new AbortController();
  pair.clock.after(60_000, () => end.abort());
  return pair.update(appImage(10_001), { wait: true, signal: end.signal, ...options });
}

/** Power comes on so much later [ms]. */
function powerOn(addresses: readonly number[], ms: number): void {
  for (const address of addresses) pair.clock.after(ms, () => pair.at(address).reset());
}

function expectAll(outcome: GroupOutcome): void {
  expect(outcome.error).toBeUndefined();
  expect(outcome.result?.members.map(({ error }) => error?.message)).toEqual(
    pair.devices.map(() => undefined),
  );
  expect(outcome.result?.members.every(({ together }) => together)).toBe(true);
}

describe('a device that listens for a moment after power-on is caught', () => {
  test.each([5000, 5031, 5062, 5093, 5124, 5155, 5186])('alone, after %i ms', async (ms) => {
    await start({ addresses: [7] });
    powerOn([7], ms);
    expectAll(await waiting());
  });

  test.each([5000, 5077, 5154])('with all the others at once, after %i ms', async (ms) => {
    await start({ addresses: upTo(12) });
    powerOn(upTo(12), ms);
    expectAll(await waiting());
  });

  test.each([5000, 5077, 5154])('after the others, which are kept, after %i ms', async (ms) => {
    await start({ addresses: upTo(4) });
    powerOn([1, 2, 4], 2000);
    powerOn([3], 20_000 + ms);
    expectAll(await waiting());
  });

  test.each([5000, 5031, 5062, 5093, 5124])('on a half-duplex pair, after %i ms', async (ms) => {
    const capabilities = Capability.BAUD | Capability.HALF_DUPLEX;
    await start({ addresses: [7], faults: { halfDuplex: { echo: true } }, info: { capabilities } });
    powerOn([7], ms);
    expectAll(await waiting({ halfDuplex: true }));
    expect(pair.line.collisions).toBe(0);
  });
});

test('each that is missing is called as often as the window of all is short', async () => {
  await start({ addresses: [1, 2, 3] });
  const end = new AbortController();
  pair.clock.after(10_000, () => end.abort());
  const calledAt: number[] = [];
  const { sent } = pair.line.checker;
  const from = sent.length;
  const heard = (): void => {
    const calls = sent
      .slice(from)
      .filter(({ type, address }) => type === Command.HELLO && address === 2);
    if (calls.length > calledAt.length) calledAt.push(pair.clock.now());
    pair.clock.after(1, heard);
  };
  pair.clock.after(1000, heard);
  await waiting({ signal: end.signal });
  const pauses = calledAt.slice(1).map((at, i) => at - (calledAt[i] ?? 0));
  expect(pauses.length).toBeGreaterThan(300);
  expect(Math.max(...pauses)).toBeLessThan(LISTEN_MS - CALL_INTERVAL_MS);
});

test('a line on which somebody prints all the time is waited at all the same', async () => {
  await start({ addresses: [1, 2] });
  const print = (): void => {
    pair.line.answer(new TextEncoder().encode('measured 23.5 C\r\n\0'), 115_200);
    pair.clock.after(130, print);
  };
  pair.clock.after(0, print);
  powerOn([1, 2], 5000);
  const end = new AbortController();
  pair.clock.after(20_000, () => end.abort());
  const { events } = await waiting({ signal: end.signal });
  expect(events.filter(({ event }) => event === 'found')).toHaveLength(2);
});
