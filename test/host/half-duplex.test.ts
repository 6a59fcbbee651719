// One pair for both directions: who sends while another does is heard by nobody.
import { describe, expect, it } from 'vitest';
import { connect, openSession } from '../../host/index.js';
import type { HalfDuplex } from '../../host/testing/fake-line.js';
import { Capability, Command, DataFlag, DataRequest, decode } from '../../protocol/index.js';
import type { BenchOptions } from '../support/bench.js';

import { appImage } from '../support/images.js';
import { bench, expectInstalled, start } from '../support/one-bench.js';

const IMAGE = appImage(20_000, 7);
const CAPABILITIES = Capability.BAUD | Capability.HALF_DUPLEX;
/** A part with a small window */
const SMALL = { window: 2560, maxPayload: 272 } as const;

interface Pair extends HalfDuplex {
  readonly rate?: number;
  readonly turnRoundMs?: number;
  readonly byteErrors?: number;
  readonly small?: boolean;
  readonly appKit?: boolean;
}

function onPair({
  rate = 115_200,
  turnRoundMs = 1,
  byteErrors,
  small,
  appKit,
  ...pair
}: Pair): void {
  const options: BenchOptions = {
    rate,
    pageSize: small ? 1024 : 2048,
    pages: 40,
    turnRoundMs,
    info: { capabilities: CAPABILITIES, ...(small ? SMALL : {}) },
    faults: { halfDuplex: pair, ...(byteErrors === undefined ? {} : { byteErrors }) },
    ...(appKit === undefined ? {} : { appKit }),
  };
  start(options);
}

describe('a device that says HALF_DUPLEX', () => {
  it.each<[string, Pair]>([
    ['as it is', {}],
    ['an adapter that hears itself', { echo: true }],
    ['an adapter that drives on for 5 ms', { holdMs: 5, turnRoundMs: 6 }],
    ['both', { echo: true, holdMs: 5, turnRoundMs: 6 }],
    ['noise', { byteErrors: 1e-4, echo: true }],
    ['a small window', { small: true }],
    ['a small window and noise', { small: true, byteErrors: 1e-4 }],
    ['19200 baud', { rate: 19_200 }],
    ['9600 baud and noise', { rate: 9600, byteErrors: 1e-4 }],
    ['9600 baud, small window', { rate: 9600, small: true, holdMs: 5, turnRoundMs: 6 }],
  ])('is updated, and nobody sends while another does: %s', async (_, pair) => {
    onPair(pair);
    expectInstalled(await bench.update(IMAGE), IMAGE);
  });

  it('is heeded in the application as well', async () => {
    onPair({ appKit: true });
    expectInstalled(await bench.update(IMAGE), IMAGE);
    bench.device.startApp();
    expectInstalled(await bench.update(appImage(20_000, 8)), appImage(20_000, 8));
  });

  it('asks once a burst, at its end', async () => {
    onPair({});
    await bench.update(IMAGE);
    const data = bench.line.checker.sent
      .filter(({ type }) => type === Command.DATA)
      .map(({ payload }) => (decode(DataRequest, payload).flags & DataFlag.ASK) !== 0);
    // One for each page is what a line with two directions has.
    expect(data.length / data.filter((asks) => asks).length).toBeGreaterThan(2);
  });

  it('sends nothing before the device has let go', async () => {
    onPair({});
    let earliest = Number.POSITIVE_INFINITY;
    const { line, clock } = bench;
    const write = line.write.bind(line);
    line.write = (bytes) => {
      earliest = Math.min(earliest, clock.now() - line.answeredAt);
      return write(bytes);
    };
    await bench.update(IMAGE);
    expect(earliest).toBeGreaterThanOrEqual(1);
  });

  it('a rate is tried and held without two at once', async () => {
    onPair({ holdMs: 2, turnRoundMs: 3 });
    const large = appImage(78_000);
    const outcome = await bench.update(large, { rate: 'auto' });
    expectInstalled(outcome, large);
    expect(outcome.result?.rate).toBeGreaterThan(115_200);
  });
});

describe('told that the line is a pair', () => {
  it('an answer that begins late is not called over', async () => {
    onPair({ turnRoundMs: 45, rate: 19_200 });
    const session = openSession(bench.line, { clock: bench.clock, halfDuplex: true });
    const { info } = await connect(session, { hold: true, wait: true });
    expect(info.part).toBe('fake');
    expect(bench.line.checker.count(Command.HELLO)).toBe(1);
  });
});
