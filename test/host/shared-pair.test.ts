// A device that is called by address 0, on a pair where it may not be alone: who else is there is noticed before anything is stopped.
import { afterEach, describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { type ConnectOptions, connect } from '../../host/device/connect.js';
import { openSession } from '../../host/device/open.js';
import type { Session } from '../../host/link/session.js';
import { FakeDevice, type FakeDeviceOptions } from '../../host/testing/fake-device.js';
import { update } from '../../host/update/update.js';
import {
  APP_ANSWER_MS,
  Capability,
  Command,
  decode,
  HelloFlag,
  HelloRequest,
  HelloResponse,
  Mode,
  Status,
} from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { Pair } from '../support/pair.js';

let pair: Pair;

/** Devices with these addresses, each with its own time to answer HELLO [ms] */
function start(
  times: ReadonlyMap<number, number>,
  options: FakeDeviceOptions = {},
  faults = {},
): void {
  pair = new Pair({
    addresses: [...times.keys()],
    ...options,
    faults,
    each: (address) => ({ helloMs: times.get(address) ?? 1 }),
  });
  pair.line.checker.shared = false;
}

function running(): void {
  for (const device of pair.devices) device.startApp();
}

async function flash(): Promise<unknown> {
  const image = { base: undefined, bytes: appImage(5000) };
  try {
    return await update(pair.line, image, { clock: pair.clock, timeoutMs: 2000 }).result;
  } catch (error) {
    return error;
  }
}

function expectLeftAlone(error: unknown, mode: number): void {
  expect(error).toBeInstanceOf(IapError);
  expect(error).toMatchObject({ code: 'SEVERAL_DEVICES' });
  expect((error as IapError).hint).toMatch(/--address\b.*--addresses.*"iap scan"/);
  for (const device of pair.devices) {
    expect(device.mode).toBe(mode);
    expect(device.log).not.toContain('ENTER');
    expect(device.flash.pagesWritten).toBe(0);
  }
}

afterEach(() => {
  expect(pair.line.checker.violations).toEqual([]);
});

describe('a second unit', () => {
  test('whose application answers later: neither is stopped', async () => {
    start(
      new Map([
        [1, 5],
        [2, 150],
      ]),
      { appKit: true },
    );
    running();
    const error = await flash();
    expectLeftAlone(error, Mode.APP);
    expect((error as IapError).message).toMatch(/2 devices answer.*address 1 .*address 2 /);
    expect((error as IapError).details).toMatchObject({ found: 2, addresses: '1 2' });
  });

  test('in its bootloader beside an application that runs: neither is stopped or written', async () => {
    start(
      new Map([
        [0, 60],
        [2, 5],
      ]),
      { appKit: true },
    );
    pair.at(2).startApp();
    const error = await flash();
    expect(error).toMatchObject({ code: 'SEVERAL_DEVICES' });
    expect(pair.at(2).mode).toBe(Mode.APP);
    expect(pair.at(0).flash.pagesWritten).toBe(0);
  });

  test('without an address, like the first one, answers before a page is sent', async () => {
    start(new Map([[0, 1]]));
    const second = new FakeDevice(pair.clock, pair.line, {
      helloMs: 20,
      info: { uniqueId: new Uint8Array(12).fill(9) },
    });
    pair.line.checker.shared = false;
    const error = await flash();
    expectLeftAlone(error, Mode.BOOTLOADER);
    expect(second.flash.pagesWritten).toBe(0);
  });

  test('that is heard only when both were asked to leave: neither is written', async () => {
    // So fast that two answers come between two calls.
    pair = new Pair({ addresses: [0], rate: 460_800, appKit: true, helloMs: 1 });
    const second = new FakeDevice(pair.clock, pair.line, {
      appKit: true,
      helloMs: 10,
      info: { uniqueId: new Uint8Array(12).fill(9) },
    });
    pair.line.checker.shared = false;
    second.hook = ({ type }) =>
      type === Command.HELLO && second.mode === Mode.APP ? 'drop' : undefined;
    running();
    second.startApp();
    expect(await flash()).toMatchObject({ code: 'SEVERAL_DEVICES' });
    expect(pair.at(0).flash.pagesWritten).toBe(0);
    expect(second.flash.pagesWritten).toBe(0);
    expect(pair.clock.now()).toBeLessThan(600);
  });

  test('of another major version, without an address: counts as well', async () => {
    pair = new Pair({ addresses: [0], rate: 460_800 });
    const second = new FakeDevice(pair.clock, pair.line, {
      helloMs: 10,
      info: { uniqueId: new Uint8Array(12).fill(9), major: 2 },
    });
    pair.line.checker.shared = false;
    expectLeftAlone(await flash(), Mode.BOOTLOADER);
    expect(second.flash.pagesWritten).toBe(0);
    expect(pair.clock.now()).toBeLessThan(200);
  });

  test('that answers at the same time: nothing is understood, and that is said', async () => {
    start(
      new Map([
        [1, 1],
        [2, 1],
      ]),
    );
    expectLeftAlone(await flash(), Mode.BOOTLOADER);
    expect(pair.line.collisions).toBeGreaterThan(0);
  });
});

describe('a lone device with an address', () => {
  test('is found at address 0 and spoken to by its own from then on', async () => {
    start(new Map([[3, 1]]));
    expect(await flash()).toMatchObject({ changed: true, boot: 'started' });
    const { sent } = pair.line.checker;
    const first = sent.findIndex(({ address }) => address === 3);
    expect(sent.slice(0, first).every(({ type }) => type === Command.HELLO)).toBe(true);
    expect(sent.slice(first).every(({ address }) => address === 3)).toBe(true);
  });

  test('while its application runs: the same', async () => {
    start(new Map([[3, 5]]), { appKit: true });
    running();
    expect(await flash()).toMatchObject({ changed: true, boot: 'started' });
    const entered = pair.line.checker.sent.filter(({ type }) => type === Command.ENTER);
    expect(entered.map(({ address }) => address)).toEqual([3]);
  });

  test('that does not answer there goes on as the only one', async () => {
    start(new Map([[3, 1]]));
    pair.at(3).hook = ({ address }) => (address === 3 ? 'drop' : undefined);
    expect(await flash()).toMatchObject({ changed: true, boot: 'started' });
  });

  test.each([1, 2, 3, 4])('on a noisy line is not taken for two, seed %i', async (seed) => {
    start(new Map([[3, 1]]), {}, { seed, byteErrors: 1e-3 });
    expect(await flash()).toMatchObject({ changed: true, boot: 'started' });
  });

  test('of which many answers in a row come damaged, each like one answer: is not taken for two', async () => {
    start(new Map([[3, 1]]));
    let answers = 0;
    pair.line.toHost = (bytes) => {
      const damaged = bytes.length > HelloResponse.size && ++answers !== 2 && answers < 10;
      return [damaged ? bytes.map((byte, i) => (i === 100 ? byte ^ 3 || 1 : byte)) : bytes];
    };
    pair.at(3).hook = ({ address }) => (address === 3 && answers < 10 ? 'drop' : undefined);
    expect(await flash()).toMatchObject({ changed: true, boot: 'started' });
    expect(answers).toBeGreaterThan(9);
  });

  test('that is only looked at: whoever else is there is told, where that is asked for', async () => {
    start(
      new Map([
        [1, 5],
        [2, 100],
      ]),
      { appKit: true },
    );
    running();
    const session = openSession(pair.line, { clock: pair.clock });
    const found = connect(session, { hold: false, alone: true });
    await expect(found).rejects.toMatchObject({ code: 'SEVERAL_DEVICES' });
    expect(pair.devices.map(({ mode }) => mode)).toEqual([Mode.APP, Mode.APP]);
  });

  test('that is only looked at is neither waited for nor kept', async () => {
    start(new Map([[3, 1]]));
    const session = openSession(pair.line, { clock: pair.clock });
    const before = pair.clock.now();
    await connect(session, { hold: false });
    expect(pair.clock.now() - before).toBeLessThan(50);
  });
});

describe('how long it takes to be sure', () => {
  const NOT_LONG = 100;
  const LONG = APP_ANSWER_MS;

  /** Also tells who still listens when it is over. */
  async function connected(
    address: number,
    device: FakeDeviceOptions,
    options: Partial<ConnectOptions> & { readonly by?: number } = {},
  ): Promise<{ ms: number; listeners: number; session: Session }> {
    start(new Map([[address, 1]]), device);
    if (device.appKit) running();
    const { by = 0, ...how } = options;
    const session = openSession(pair.line, { clock: pair.clock, address: by });
    let listeners = 0;
    const listen = session.listen.bind(session);
    session.listen = (listener) => {
      listeners++;
      const leave = listen(listener);
      return () => {
        listeners--;
        leave();
      };
    };
    await connect(session, { hold: true, ...how });
    return { ms: pair.clock.now(), listeners, session };
  }

  const onPair = { info: { capabilities: Capability.HALF_DUPLEX } };

  test.each<[string, number, FakeDeviceOptions, Partial<ConnectOptions>]>([
    ['that has an address', 3, {}, {}],
    ['on a half-duplex pair', 0, onPair, {}],
    ['where that is asked for', 0, {}, { alone: true }],
    ['where that is asked for, and only looked at', 0, {}, { alone: true, hold: false }],
    ['whose application runs, at an address', 3, { appKit: true }, {}],
  ])('a device %s: until all can have answered', async (_, address, device, options) => {
    const { ms, listeners } = await connected(address, device, options);
    expect(ms).toBeGreaterThan(LONG);
    expect(listeners).toBe(0);
  });

  test('a device without one: no time; it is watched on', async () => {
    const { ms, listeners, session } = await connected(0, {});
    expect(ms).toBeLessThan(NOT_LONG);
    expect(listeners).toBe(1);
    // Called once, by the address that it has
    expect(pair.line.checker.sent).toHaveLength(1);
    expect(session.address).toBe(0);
  });

  test.each([
    ['device', {}, [3]],
    ['running one', { appKit: true }, [3, 3, 3, 3]],
  ])(
    'a %s that is called by its address: no time, and no other is called',
    async (_, device, sent) => {
      const { ms, listeners } = await connected(3, device, { by: 3 });
      expect(ms).toBeLessThan(NOT_LONG);
      expect(listeners).toBe(0);
      expect(pair.line.checker.sent.map(({ address }) => address)).toEqual(sent);
    },
  );

  test('nobody: no longer than is said', async () => {
    start(new Map());
    const session = openSession(pair.line, { clock: pair.clock });
    let listeners = 0;
    session.listen = () => {
      listeners++;
      return () => listeners--;
    };
    const found = connect(session, { hold: true, timeoutMs: 700 });
    await expect(found).rejects.toMatchObject({ code: 'NO_ANSWER' });
    expect(pair.clock.now()).toBe(700);
    expect(listeners).toBe(0);
  });
});

test('an address at which the device refuses to speak is told as that', async () => {
  start(new Map([[3, 1]]));
  pair.at(3).hook = ({ address }) => (address === 3 ? Status.BAD_REQUEST : undefined);
  expect(await flash()).toMatchObject({ code: 'REFUSED', details: { command: 'HELLO' } });
});

test('called by its own address a bootloader is kept as well', async () => {
  start(new Map([[3, 1]]));
  await connect(openSession(pair.line, { clock: pair.clock }), { hold: true });
  const own = pair.line.checker.sent.filter(({ address }) => address === 3);
  expect(own.map(({ payload }) => decode(HelloRequest, payload).flags)).toEqual([HelloFlag.HOLD]);
});
