// One change of the rate alone: what is told, where both sides are afterwards, and how a rate is proven.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { connect } from '../../host/device/connect.js';
import type { Device } from '../../host/device/device.js';
import { openSession } from '../../host/device/open.js';
import type { UpdateEvent } from '../../host/update/events.js';
import { changeRate, rateObstacle } from '../../host/update/rate.js';
import { BaudResponse, Command, encode, Status } from '../../protocol/index.js';
import type { BenchOptions } from '../support/bench.js';
import { bench, start } from '../support/one-bench.js';

const HOME = 115_200;
const FAST = 460_800;

async function found(options: BenchOptions = {}): Promise<Device> {
  start(options);
  return connect(openSession(bench.line, { clock: bench.clock }), { hold: true });
}

interface Change {
  readonly changed: boolean;
  readonly told: UpdateEvent[];
}

async function changed(device: Device, rate = FAST): Promise<Change> {
  const told: UpdateEvent[] = [];
  return { changed: await changeRate(device, rate, (event) => told.push(event)), told };
}

/** What is told when it stays where it was */
function stays(why: string, at = HOME): Change {
  const message = expect.stringMatching(`${why}.*; going on at ${at} baud$`) as string;
  return { changed: false, told: [{ event: 'warning', code: 'RATE', message }] };
}

/** Nothing is understood above this rate. */
function failsAbove(limit: number): void {
  bench.line.toDevice = (bytes) =>
    bench.line.rate > limit ? [bytes.map((byte) => byte & 0x7f || 1)] : [bytes];
}

const count = (type: number): number => bench.line.checker.count(type);

test('both sides are there, and one HELLO was answered', async () => {
  const device = await found();
  const before = count(Command.HELLO);
  expect(await changed(device)).toEqual({ changed: true, told: [{ event: 'rate', rate: FAST }] });
  expect([bench.line.rate, bench.device.rate]).toEqual([FAST, FAST]);
  expect(count(Command.HELLO)).toBe(before + 1);
});

test('it is there already: nothing is asked, nothing told', async () => {
  const device = await found();
  expect(await changed(device, HOME)).toEqual({ changed: false, told: [] });
  expect(count(Command.BAUD)).toBe(0);
});

describe('it stays where it was', () => {
  test('when the port can not', async () => {
    const device = await found();
    Object.assign(bench.line, { fixedRate: true });
    expect(await changed(device)).toEqual(stays('this port can not change'));
    expect(count(Command.BAUD)).toBe(0);
  });

  test('when the device can not', async () => {
    const device = await found({ info: { capabilities: 0 } });
    expect(await changed(device)).toEqual(stays('the device can not change its rate'));
    expect(count(Command.BAUD)).toBe(0);
  });

  test('when the device refuses: it need not be waited for', async () => {
    const device = await found({ info: { maxRate: 230_400 } });
    const since = bench.clock.now();
    expect(await changed(device)).toEqual(stays('its highest is 230400'));
    expect(bench.clock.now() - since).toBeLessThan(100);
  });

  test.each([
    ['the line carries nothing', () => failsAbove(HOME)],
    [
      'the port says no',
      () => {
        const setRate = bench.line.setRate.bind(bench.line);
        bench.line.setRate = (baud) =>
          baud === FAST ? Promise.reject(new IapError('PORT_FAILED', 'no')) : setRate(baud);
      },
    ],
    [
      'the device makes another rate of it',
      () => {
        const answer = encode(BaudResponse, { status: Status.OK, rate: 9600 });
        bench.device.hook = ({ type }) => (type === Command.BAUD ? answer : undefined);
      },
    ],
  ])('when %s: once the device is back by itself', async (_, prepare) => {
    const device = await found();
    prepare();
    expect(await changed(device)).toEqual(stays(`nothing is understood at ${FAST} baud`));
    expect([bench.line.rate, bench.device.rate]).toEqual([HOME, HOME]);
    await device.hello(true);
  });

  test("at the device's own rate, when it was found at another one", async () => {
    const device = await found();
    await bench.line.setRate(57_600);
    bench.device.rate = 57_600;
    failsAbove(HOME);
    expect(await changed(device)).toEqual(stays('nothing is understood'));
    expect(bench.line.rate).toBe(HOME);
  });

  test('where it was found, when the device does not say its own', async () => {
    const device = await found({ info: { defaultRate: 0 } });
    failsAbove(HOME);
    expect(await changed(device)).toEqual(stays('nothing is understood'));
    expect(bench.line.rate).toBe(HOME);
  });

  test('and is held there: it was about to start its application', async () => {
    const device = await found();
    failsAbove(HOME);
    await changed(device);
    const last = bench.line.checker.sent.filter(({ type }) => type === Command.HELLO).at(-1);
    expect(last?.payload[2]).toBe(1);
  });
});

test.each([
  ['the port goes away', (): void => bench.line.vanish(), 'PORT_LOST'],
  ['the device does not come back', (): boolean => (bench.device.alive = false), 'NO_ANSWER'],
])('%s: thrown', async (_, fails, code) => {
  const device = await found();
  bench.device.hook = ({ type }) => {
    if (type === Command.BAUD) fails();
    return undefined;
  };
  await expect(changed(device)).rejects.toMatchObject({ code });
});

test('what is no error of this program is thrown as it is', async () => {
  const device = await found();
  const fault = new TypeError('a fault');
  bench.line.setRate = () => Promise.reject(fault);
  await expect(changed(device)).rejects.toBe(fault);
});

describe('HELLO is repeated at the new rate as often as fits before the device goes back', () => {
  test.each([
    [115_200, FAST, 3, true],
    [115_200, FAST, 4, false],
    // An answer takes two seconds of the line there.
    [2400, 1200, 1, true],
    [2400, 1200, 2, false],
  ])('from %i to %i baud, %i lost', async (rate, other, lost, works) => {
    const device = await found({ rate });
    let left = lost;
    bench.device.hook = ({ type }) =>
      type === Command.HELLO && bench.device.rate === other && left-- > 0 ? 'drop' : undefined;
    expect((await changed(device, other)).changed).toBe(works);
  });
});

test.each([
  // There and back twice, and 2 ms, in 0.8 of a second
  [398.9, true],
  [399, false],
  [450, false],
  [undefined, true],
])('a network of %s ms there and back leaves a way: %s', (roundTripMs, way) => {
  start();
  const port = Object.assign(bench.line, roundTripMs === undefined ? {} : { roundTripMs });
  expect(rateObstacle(port) === undefined).toBe(way);
});
