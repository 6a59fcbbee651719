// Update, verify and boot, stopped at every moment of their run: at once, in silence, with the truth, and gone on with.
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { connect } from '../../host/device/connect.js';
import { openSession } from '../../host/device/open.js';
import { FakeDevice, type FakeDeviceOptions } from '../../host/testing/fake-device.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { bootDevice } from '../../host/update/boot.js';
import { type UpdateOptions, update } from '../../host/update/update.js';
import { verify } from '../../host/update/verify.js';
import { Command, Mode, Status } from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { type Stopped, stoppedAt } from '../support/stopped.js';
import { TickClock } from '../support/tick-clock.js';

const bytes = appImage(2600);
const image = { base: undefined, bytes };

class Place {
  readonly clock = new TickClock();
  readonly line: FakeLine;
  readonly device: FakeDevice;

  constructor(options: FakeDeviceOptions = {}) {
    this.line = new FakeLine(this.clock, 115_200);
    this.device = new FakeDevice(this.clock, this.line, {
      pageSize: 256,
      pages: 64,
      appKit: true,
      ...options,
    });
  }

  update(signal?: AbortSignal, options: UpdateOptions = {}): ReturnType<typeof update> {
    this.line.checker.newHost();
    const signalled = signal ? { signal } : {};
    return update(this.line, image, { clock: this.clock, ...options, ...signalled });
  }

  expectInstalled(): void {
    expect(this.device.flash.bytes.subarray(0, bytes.length)).toEqual(bytes);
    expect(this.device.flash.installed?.valid).toBe(true);
  }
}

/** What an interruption says must be so. */
function expectTrue({ error }: Stopped, { device }: Place, before: number): void {
  const { message, details, hint } = error;
  const written = device.flash.pagesWritten - before;
  if (message.includes('nothing was changed on the device')) expect(written).toBe(0);
  if (message.includes('installed')) {
    if (!message.includes('may be')) expect(device.flash.installed?.valid).toBe(true);
    expect(hint).toContain('run the same command again');
  }
  const told = /(\d+) pages are acknowledged/.exec(message);
  if (told) {
    expect(written).toBeGreaterThanOrEqual(Number(told[1]));
    expect(details).toMatchObject({ resumable: true, pagesSent: Number(told[1]) });
    expect(hint).toContain('run the same command again');
  }
  if (written > 0) expect(details).toHaveProperty('resumable');
}

/** All that an interrupted update says, its numbers apart, in the order of its run */
const STATES = [
  'interrupted; nothing was changed on the device',
  'interrupted; nothing was changed on the device, but its application was asked to leave',
  'interrupted before any page was sent; nothing was changed on the device but that an update is begun',
  'interrupted in mid-update; N pages are acknowledged as written; the device can be updated',
  'interrupted in mid-update; N pages are acknowledged as written; the device stays in its bootloader and can be updated',
  'interrupted while the device verified the image: it may be installed',
  'interrupted; the image is installed and verified, but whether it was started is not known',
  'interrupted; the image is installed and verified',
  'interrupted; this image was installed already, and nothing was written, but whether it was started is not known',
];

type Prepared = () => Promise<Place>;

/** With what is said at some moment of the run */
const CASES: readonly (readonly [string, Prepared, UpdateOptions, readonly number[]])[] = [
  ['a first update', async () => new Place(), {}, [0, 2, 3, 4, 5, 6]],
  ['at another rate', async () => new Place(), { rate: 460_800, boot: false }, [0, 2, 3, 4, 5, 7]],
  [
    'below a running application',
    async () => {
      const place = new Place();
      await place.update().result;
      place.device.flash.bytes.fill(0, 1000, 1100);
      return place;
    },
    { waitApp: true },
    [0, 1, 2, 3, 5, 6],
  ],
  [
    'of an image that is installed',
    async () => {
      const place = new Place();
      await place.update(undefined, { boot: false }).result;
      return place;
    },
    {},
    [0, 8],
  ],
  [
    'with a reset on the way',
    async () => {
      const place = new Place();
      place.device.hook = ({ type }, count) =>
        type === Command.DATA && count === 5 ? 'reset' : undefined;
      return place;
    },
    {},
    [0, 2, 3, 4, 5, 6],
  ],
  [
    'that waits for the supply to rise',
    async () => {
      const place = new Place();
      place.device.hook = ({ type }, count) =>
        type === Command.BEGIN && count < 4 ? Status.SUPPLY_LOW : undefined;
      return place;
    },
    {},
    [0, 2, 3, 4, 5, 6],
  ],
  [
    'that waits for an application which does not want to be left',
    async () => {
      const place = new Place();
      await place.update().result;
      place.device.flash.bytes.fill(0, 1000, 1100);
      place.device.notNow = 1;
      place.device.hook = ({ type }, count) => {
        if (type === Command.ENTER && count === 4) place.device.notNow = undefined;
        return undefined;
      };
      return place;
    },
    { wait: true },
    [0, 1, 2, 3, 5, 6],
  ],
];

describe('an update', () => {
  test.each(CASES)('%s', async (_name, prepare, options, states) => {
    const messages = new Set<string>();
    for (let moment = 1; ; moment++) {
      const place = await prepare();
      const before = place.device.flash.pagesWritten;
      const stopped = await stoppedAt(moment, place.clock, place.line, (signal) =>
        place.update(signal, options),
      );
      if (!stopped) break;
      messages.add(stopped.error.message.replace(/\d+/, 'N'));
      expectTrue(stopped, place, before);
      place.device.notNow = undefined;
      await place.update().result;
      place.expectInstalled();
    }
    expect([...messages]).toEqual(states.map((state) => STATES[state]));
  });

  test('left while next() waits for a device that is not there', async () => {
    const place = new Place();
    place.device.alive = false;
    const run = place.update(undefined, { wait: true });
    const next = run.next();
    await place.clock.pass(5000);
    const at = place.clock.now();
    await run.return();
    expect(place.clock.now()).toBe(at);
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test('a reader that stops reading does not hold it up', async () => {
    const place = new Place();
    const run = place.update();
    await run.next();
    await run.result;
    place.expectInstalled();
    expect(place.device.mode).toBe(Mode.APP);
  });

  test('1000 operations leave no listener on the signal', async () => {
    const { signal } = new AbortController();
    const place = new Place();
    await place.update(signal, { boot: false }).result;
    const { clock, line } = place;
    const session = openSession(line, { clock });
    const device = await connect(session, { hold: true });
    for (let i = 0; i < 1000; i++) {
      if (i % 4 === 0) await place.update(signal, { boot: false }).result;
      else if (i % 4 === 1) await verify(line, image, { clock, signal });
      else if (i % 4 === 2) await place.update(signal).return();
      else {
        const boot = bootDevice(device, () => {}, { signal });
        await boot.return();
      }
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    }
  });
});

test.each<[string, (place: Place) => PromiseLike<unknown>]>([
  ['an update', (place) => place.update().result],
  ['an update that fails', (place) => place.update(undefined, { only: bytes }).result],
  ['verify', ({ clock, line }) => verify(line, image, { clock })],
  ['verify that fails', ({ clock, line }) => verify(line, { ...image, base: 1 }, { clock })],
])('%s leaves no listener on the port', async (_, run) => {
  const place = new Place();
  let listeners = 0;
  const listen = (): (() => void) => {
    listeners++;
    return () => listeners--;
  };
  const { line } = place;
  const onBytes = line.onBytes.bind(line);
  Object.assign(line, {
    onBytes: (listener: (bytes: Uint8Array) => void) => {
      onBytes(listener);
      return listen();
    },
    onClose: listen,
  });
  const ended = Promise.resolve(run(place)).catch(() => {});
  await place.clock.pass(1);
  expect(listeners).toBe(2);
  await ended;
  expect(listeners).toBe(0);
});

describe('verify', () => {
  test.each([
    ['in its bootloader', false],
    ['below a running application', true],
  ])('%s', async (_name, running) => {
    for (let moment = 1; ; moment++) {
      const place = new Place();
      await place.update(undefined, { boot: running }).result;
      const { clock, line } = place;
      const begin = (signal?: AbortSignal): ReturnType<typeof verify> =>
        verify(line, image, { clock, ...(signal ? { signal } : {}) });
      line.checker.newHost();
      const stopped = await stoppedAt(moment, clock, line, begin);
      line.checker.newHost();
      if (!stopped) {
        expect(moment).toBeGreaterThan(5);
        return;
      }
      expect(stopped.error.message).toContain('nothing was written to the device');
      expect(await begin()).toMatchObject({ same: true });
    }
  });

  test('its events', async () => {
    const place = new Place();
    await place.update().result;
    const { clock, line } = place;
    const names: string[] = [];
    const work = verify(line, image, { clock });
    for await (const { event } of work) names.push(event);
    expect(names).toEqual(['entering', 'found', 'comparing', 'booting', 'booted']);
  });
});

describe('boot', () => {
  test.each([0, 1])('with %i answers lost', async (lost) => {
    for (let moment = 1; ; moment++) {
      const place = new Place();
      await place.update(undefined, { boot: false }).result;
      const { clock, line } = place;
      line.checker.newHost();
      const device = await connect(openSession(line, { clock }), { hold: true });
      place.device.hook = ({ type }, count) =>
        type === Command.BOOT && count <= lost ? 'drop' : undefined;
      const stopped = await stoppedAt(moment, clock, line, (signal) =>
        bootDevice(device, () => {}, { signal }),
      );
      if (!stopped) {
        expect(moment).toBeGreaterThan(1);
        return;
      }
      expect(stopped.error.message).toContain('whether the application was started is not known');
      // The same session goes on.
      await bootDevice(device, () => {});
    }
  });
});
