// From a running application to its bootloader: asked once, again when that was lost, at the right rate, and given up in time.
import { describe, expect, test } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import {
  type ConnectOptions,
  connect,
  DEFAULT_TIMEOUT_MS,
  waitForApp,
} from '../../host/device/connect.js';
import type { Device } from '../../host/device/device.js';
import { openSession } from '../../host/device/open.js';
import {
  ADDRESS_BROADCAST,
  Command,
  decode,
  HelloFlag,
  HelloRequest,
  Mode,
  RATE_IDLE_MS,
  Status,
} from '../../protocol/index.js';
import { Bench, type BenchOptions } from '../support/bench.js';

const APP_RATE = 9600;
const BOOT_RATE = 115_200;

class Entering {
  readonly bench: Bench;
  /** That the port was set to [baud] */
  readonly rates: number[] = [];
  /** When the device was asked to leave its application [ms] */
  readonly asked: number[] = [];

  constructor(options: BenchOptions = {}) {
    this.bench = new Bench({ appKit: true, ...options });
    const { line, device, clock } = this.bench;
    device.startApp();
    line.rate = device.rate;
    const setRate = line.setRate.bind(line);
    line.setRate = (baud) => {
      this.rates.push(baud);
      return setRate(baud);
    };
    device.hook = ({ type }) => {
      if (type === Command.ENTER) this.asked.push(clock.now());
      return undefined;
    };
  }

  /** ENTER does not arrive, so many times. */
  lose(times = Number.POSITIVE_INFINITY): this {
    const { device, clock } = this.bench;
    device.hook = ({ type }) => {
      if (type !== Command.ENTER) return undefined;
      this.asked.push(clock.now());
      return this.asked.length <= times ? 'drop' : undefined;
    };
    return this;
  }

  /** Whether each HELLO keeps a bootloader */
  holds(): boolean[] {
    return holds(this.bench);
  }

  async connect(options: Partial<ConnectOptions> = {}): Promise<Device> {
    const session = openSession(this.bench.line, { clock: this.bench.clock });
    return connect(session, { hold: true, ...options });
  }

  async failure(options: Partial<ConnectOptions> = {}): Promise<IapError> {
    return this.connect(options).then(
      () => expect.unreachable(),
      (error: unknown) => error as IapError,
    );
  }
}

function holds({ line }: Bench): boolean[] {
  const calls = line.checker.sent.filter(({ type }) => type === Command.HELLO);
  return calls.map(({ payload }) => (decode(HelloRequest, payload).flags & HelloFlag.HOLD) !== 0);
}

/** Its application runs at another rate than its bootloader. */
const TWO_RATES = { rate: BOOT_RATE, appRate: APP_RATE };

test('asked once, and told before', async () => {
  const entering = new Entering();
  const told: number[] = [];
  const device = await entering.connect({
    beforeEnter: ({ mode }) => {
      told.push(mode);
      return true;
    },
    onEntering: ({ mode }) => void told.push(mode),
  });
  expect(device.info.mode).toBe(Mode.BOOTLOADER);
  expect(entering.bench.device.mode).toBe(Mode.BOOTLOADER);
  expect(told).toEqual([Mode.APP, Mode.APP]);
  expect(entering.asked).toHaveLength(1);
  expect(entering.rates).toEqual([]);
  // An answer takes longer than the pause between two calls.
  expect(entering.bench.device.log).toEqual(['HELLO', 'ENTER', 'HELLO', 'HELLO']);
  expect(entering.holds()).toEqual([true, true, true]);
});

test('nobody needs to be told that it does not want to be left now', async () => {
  const entering = new Entering();
  const { device, clock } = entering.bench;
  device.notNow = 7;
  clock.after(2500, () => {
    device.notNow = undefined;
  });
  expect((await entering.connect({ wait: true })).info.mode).toBe(Mode.BOOTLOADER);
  expect(entering.asked).toHaveLength(4);
});

test('a bootloader is not asked, and neither is the program', async () => {
  const entering = new Entering();
  entering.bench.device.reset();
  const never = (): never => expect.unreachable();
  await entering.connect({ beforeEnter: never, onEntering: never });
  expect(entering.bench.device.log).toEqual(['HELLO']);
});

test('nobody needs to be told', async () => {
  expect((await new Entering().connect()).info.mode).toBe(Mode.BOOTLOADER);
});

test.each([
  ['the program wants it to stay', { beforeEnter: () => false }],
  ['it is only looked at', { hold: false }],
])('%s: not asked', async (_, options) => {
  const entering = new Entering();
  expect((await entering.connect(options)).info.mode).toBe(Mode.APP);
  expect(entering.asked).toEqual([]);
  expect(entering.bench.device.mode).toBe(Mode.APP);
});

describe('a request that is lost', () => {
  test('is made again after a second', async () => {
    const entering = new Entering().lose(2);
    expect((await entering.connect()).info.mode).toBe(Mode.BOOTLOADER);
    expect(entering.asked).toHaveLength(3);
    expect(entering.bench.clock.now()).toBeGreaterThan(1000);
    expect(entering.bench.clock.now()).toBeLessThan(2500);
  });

  test('is made again at the rate of the application, and looked for at the other', async () => {
    const entering = new Entering(TWO_RATES).lose(1);
    expect((await entering.connect()).info.mode).toBe(Mode.BOOTLOADER);
    expect(entering.rates).toEqual([BOOT_RATE, APP_RATE, BOOT_RATE]);
    expect(entering.bench.line.rate).toBe(BOOT_RATE);
  });
});

test('a bootloader that says no rate has that of the application', async () => {
  const entering = new Entering({ info: { defaultRate: 0 } });
  expect((await entering.connect()).info.mode).toBe(Mode.BOOTLOADER);
  expect(entering.rates).toEqual([]);
});

test('a port whose rate is fixed is left at it', async () => {
  const entering = new Entering({ info: { defaultRate: 57_600 } });
  Object.assign(entering.bench.line, { fixedRate: true });
  expect((await entering.connect()).info.mode).toBe(Mode.BOOTLOADER);
  expect(entering.rates).toEqual([]);
  expect(entering.asked).toHaveLength(1);
});

describe('it is given up', () => {
  test('when it is still running after five seconds', async () => {
    const entering = new Entering().lose();
    expect(await entering.failure()).toMatchObject({
      code: 'ENTER_FAILED',
      message: expect.stringContaining('still running'),
      hint: expect.stringContaining('--wait'),
    });
    expect(entering.asked.length).toBeLessThan(10);
    const [first = 0] = entering.asked;
    expect(entering.bench.clock.now() - first).toBeGreaterThanOrEqual(5000);
    expect(entering.bench.clock.now() - first).toBeLessThan(6000);
  });

  test.each([
    ['at one rate', {}, false, 1, 5001],
    ['at two', TWO_RATES, false, 4, 6000],
    ['at two, with a port that has one', TWO_RATES, true, 1, 5001],
  ])(
    'when nobody answers for five seconds, %s, with the port as it was',
    async (_, options, fixedRate, count, most) => {
      const entering = new Entering(options);
      const { device, line, clock } = entering.bench;
      Object.assign(line, { fixedRate });
      const { rate } = line;
      device.hook = ({ type }) => {
        if (type === Command.ENTER) device.alive = false;
        return undefined;
      };
      let began = 0;
      const onEntering = (): void => {
        began = clock.now();
      };
      expect(await entering.failure({ onEntering })).toMatchObject({
        code: 'ENTER_FAILED',
        message: expect.stringContaining('nobody answers since'),
        hint: expect.stringContaining('--wait'),
      });
      expect(line.checker.count(Command.ENTER)).toBe(count);
      expect(line.rate).toBe(rate);
      expect(clock.now() - began).toBeGreaterThanOrEqual(5000);
      expect(clock.now() - began).toBeLessThan(most);
    },
  );

  test.each([Status.IN_APP, Status.UNKNOWN_COMMAND])(
    'at once when it refuses: %i',
    async (status) => {
      const entering = new Entering();
      entering.bench.device.hook = ({ type }) => (type === Command.ENTER ? status : undefined);
      const error = await entering.failure();
      expect(error).toMatchObject({
        code: 'ENTER_FAILED',
        hint: expect.stringContaining('reset the device'),
        cause: { code: 'REFUSED' },
      });
      expect(entering.bench.clock.now()).toBeLessThan(500);
    },
  );

  test('with any other refusal as it is', async () => {
    const entering = new Entering();
    entering.bench.device.hook = ({ type }) =>
      type === Command.ENTER ? Status.BAD_REQUEST : undefined;
    expect(await entering.failure()).toMatchObject({
      code: 'REFUSED',
      details: { command: 'ENTER', status: 'BAD_REQUEST' },
    });
  });
});

test('a port that is gone meanwhile is not taken for a device that is silent', async () => {
  const entering = new Entering();
  const { device, line, clock } = entering.bench;
  device.hook = ({ type }) => {
    if (type !== Command.ENTER) return undefined;
    device.alive = false;
    clock.after(500, () => line.vanish());
    return undefined;
  };
  expect(await entering.failure()).toMatchObject({ code: 'PORT_LOST' });
});

describe('how long a device is looked for', () => {
  test('where nothing is said: until one that was left at another rate has come back', async () => {
    const entering = new Entering();
    entering.bench.device.alive = false;
    expect(await entering.failure()).toMatchObject({ code: 'NO_ANSWER' });
    expect(entering.bench.clock.now()).toBe(RATE_IDLE_MS + 2000);
    expect(DEFAULT_TIMEOUT_MS).toBe(RATE_IDLE_MS + 2000);
  });

  test.each([true, false])('as long as is said, wait: %s', async (wait) => {
    const entering = new Entering();
    entering.bench.device.alive = false;
    expect(await entering.failure({ wait, timeoutMs: 7000 })).toMatchObject({ code: 'NO_ANSWER' });
    expect(entering.bench.clock.now()).toBe(7000);
  });
});

test('an address that is nobody has for itself is not spoken to', async () => {
  const bench = new Bench({ info: { address: ADDRESS_BROADCAST } });
  const session = openSession(bench.line, { clock: bench.clock });
  await connect(session, { hold: true });
  expect(session.address).toBe(0);
  expect(new Set(bench.line.checker.sent.map(({ address }) => address))).toEqual(new Set([0]));
});

describe('an application that was started', () => {
  async function awaited(prepare: (bench: Bench) => void): Promise<IapError | number> {
    const bench = new Bench({ appKit: true });
    prepare(bench);
    const session = openSession(bench.line, { clock: bench.clock });
    await session.sleep(300);
    const outcome = await waitForApp(session, 2000).then(
      () => bench.clock.now(),
      (error: unknown) => error as IapError,
    );
    expect(holds(bench)).not.toContain(true);
    if (outcome instanceof Error) {
      expect(bench.clock.now()).toBeGreaterThanOrEqual(2300);
      expect(bench.clock.now()).toBeLessThan(2500);
    }
    return outcome;
  }

  test('is waited for until it answers', async () => {
    const ms = await awaited(({ clock, device }) => clock.after(700, () => device.startApp()));
    expect(ms).toBeGreaterThan(700);
    expect(ms).toBeLessThan(1200);
  });

  test.each<[string, (bench: Bench) => void, RegExp]>([
    ['still its bootloader', () => {}, /the bootloader still answers 2000 ms after/],
    [
      'silent',
      ({ device }) => {
        device.alive = false;
      },
      /does not answer within 2000 ms/,
    ],
  ])('%s', async (_, prepare, message) => {
    expect(await awaited(prepare)).toMatchObject({
      code: 'APP_SILENT',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('app kit'),
      details: { timeoutMs: 2000 },
    });
  });
});
