// The steps of an update one by one, with a device that answers as it is told: begin, count failures, wait, confirm, start.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { sha256 } from '../../host/base/sha256.js';
import type { Device, DeviceInfo } from '../../host/device/device.js';
import { openSession } from '../../host/device/open.js';
import { headerFor } from '../../host/image/image.js';
import { FakeDevice } from '../../host/testing/fake-device.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { beginUpdate } from '../../host/update/begin.js';
import { bootDevice, startApplication } from '../../host/update/boot.js';
import { confirmInstalled } from '../../host/update/confirm.js';
import type { UpdateEvent } from '../../host/update/events.js';
import { PageFailures } from '../../host/update/page-failures.js';
import { SupplyWait } from '../../host/update/supply.js';
import {
  APP_BASE,
  BeginFlag,
  Begun,
  Command,
  type Frame,
  ImageState,
  Mode,
  RESPONSE_BIT,
  Rejection,
  Status,
} from '../../protocol/index.js';
import { appImage } from '../support/images.js';

const BYTES = appImage(3000);
const HEADER = headerFor({ base: undefined, bytes: BYTES }, APP_BASE);
const GOOD = ImageState.PRESENT | ImageState.VALID | ImageState.CHECKED | ImageState.GOOD;
const { info: INFO } = new FakeDevice(
  new VirtualClock(),
  new FakeLine(new VirtualClock(), 115_200),
);

function saysInstalled(state: number, bytes = BYTES, other: Partial<DeviceInfo> = {}): DeviceInfo {
  const installed = { ...INFO.installed, state, size: bytes.length, sha256: sha256(bytes) };
  return { ...INFO, installed, ...other };
}

/** A device that answers with what is listed, once each; an error is thrown. What it was asked is in `asked`. */
function scripted(answers: Readonly<Record<string, readonly unknown[]>>): {
  readonly device: Device;
  readonly asked: unknown[][];
} {
  const asked: unknown[][] = [];
  const methods = Object.entries(answers).map(([name, [...left]]) => [
    name,
    (...args: unknown[]): Promise<unknown> => {
      asked.push([name, ...args.map((arg) => (arg === HEADER ? 'header' : arg))]);
      const answer = left.shift();
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  ]);
  const deaf = (): void => {};
  const session = { listen: () => deaf, heed: () => deaf };
  return { device: { info: INFO, session, ...Object.fromEntries(methods) } as Device, asked };
}

const begun = (kind: number, next = 0): object => ({ status: Status.OK, begun: kind, next });
const refused = (status: keyof typeof Status): IapError =>
  new IapError('REFUSED', 'refused', { details: { status } });
const SILENCE = new IapError('LINK_LOST', 'silent');
const STOPPED = new IapError('INTERRUPTED', 'interrupted');

describe('BEGIN', () => {
  test.each([
    [Begun.STARTED, { next: 7, resumed: false }],
    [Begun.RESUMED, { next: 7, resumed: true }],
  ])('answered %i: pages may follow', async (kind, beginning) => {
    const { device, asked } = scripted({ begin: [begun(kind, 7)] });
    expect(await beginUpdate(device, HEADER)).toEqual(beginning);
    expect(asked).toEqual([['begin', 'header', 0]]);
  });

  test('installed, and HELLO says that it is good: nothing is to be sent', async () => {
    const { device, asked } = scripted({
      begin: [begun(Begun.INSTALLED)],
      hello: [saysInstalled(GOOD)],
    });
    expect(await beginUpdate(device, HEADER)).toBeUndefined();
    expect(asked).toEqual([
      ['begin', 'header', 0],
      ['hello', true],
    ]);
  });

  test.each([
    ['not good', saysInstalled(GOOD & ~ImageState.GOOD)],
    ['another one', saysInstalled(GOOD, appImage(3000, 2))],
  ])('installed, but HELLO says that it is %s: begun anew', async (_, said) => {
    const { device, asked } = scripted({
      begin: [begun(Begun.INSTALLED), begun(Begun.STARTED, 3)],
      hello: [said],
    });
    expect(await beginUpdate(device, HEADER)).toEqual({ next: 3, resumed: false });
    expect(asked.at(-1)).toEqual(['begin', 'header', BeginFlag.RENEW]);
  });

  test.each([
    ['a kind that no version knows', [begun(99)]],
    ['installed again, when told to begin anew', [begun(Begun.INSTALLED), begun(Begun.INSTALLED)]],
  ])('answered with %s: not gone on with', async (_, begin) => {
    const { device } = scripted({ begin, hello: [saysInstalled(0)] });
    await expect(beginUpdate(device, HEADER)).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      details: { command: 'BEGIN', field: 'begun' },
    });
  });
});

describe('END answered OK: the image that was sent is installed', () => {
  const confirm = (said: DeviceInfo, next = 9): Promise<void> =>
    confirmInstalled(scripted({ hello: [said] }).device, HEADER, next, 9);

  test('where HELLO says so, of this device', async () => {
    const { device, asked } = scripted({ hello: [saysInstalled(ImageState.VALID)] });
    await confirmInstalled(device, HEADER, 9, 9);
    expect(asked).toEqual([['hello', true]]);
  });

  test.each<[string, DeviceInfo, string, number?]>([
    ['with another count of frames', saysInstalled(GOOD), 'BAD_ANSWER', 8],
    [
      'of another device',
      saysInstalled(GOOD, BYTES, { uniqueId: new Uint8Array(12).fill(8) }),
      'OTHER_DEVICE',
    ],
    ['by an application', saysInstalled(GOOD, BYTES, { mode: Mode.APP }), 'LINK_LOST'],
    ['not verified', saysInstalled(GOOD & ~ImageState.VALID), 'VERIFY_FAILED'],
    ['another image', saysInstalled(GOOD, appImage(3000, 2)), 'VERIFY_FAILED'],
    ['neither', saysInstalled(0, appImage(3000, 2)), 'VERIFY_FAILED'],
  ])('%s: it is not', async (_, said, code, next) => {
    await expect(confirm(said, next)).rejects.toMatchObject({ code });
  });

  test('another image: who does that, and what to do', async () => {
    await expect(confirm(saysInstalled(GOOD, appImage(3000, 2)))).rejects.toMatchObject({
      hint: expect.stringContaining('another program'),
    });
  });
});

describe('BOOT', () => {
  async function started(
    boot: readonly unknown[],
    hello: readonly unknown[] = [],
  ): Promise<{ result: boolean; events: UpdateEvent[]; asked: unknown[][] }> {
    const { device, asked } = scripted({ boot, hello });
    const events: UpdateEvent[] = [];
    const result = await startApplication(device, (event) => events.push(event));
    return { result, events, asked };
  }
  const BOOTED = [{ event: 'booting' }, { event: 'booted', answered: true }];
  const bootloader = { ...INFO, mode: Mode.BOOTLOADER };
  const app = { ...INFO, mode: Mode.APP };

  test('answered: started', async () => {
    expect(await started([undefined])).toEqual({
      result: true,
      events: BOOTED,
      asked: [['boot', 1]],
    });
  });

  test('refused by the application: the one before it has worked', async () => {
    expect(await started([refused('IN_APP')])).toMatchObject({ result: true, events: BOOTED });
  });

  test('not answered, and the application is there: started. It is not held by the question', async () => {
    const { result, asked } = await started([SILENCE], [app]);
    expect(result).toBe(true);
    expect(asked).toEqual([
      ['boot', 1],
      ['hello', false],
    ]);
  });

  test('not answered, and the bootloader is there: told again', async () => {
    const { result, events, asked } = await started([SILENCE, undefined], [bootloader]);
    expect(result).toBe(true);
    expect(events).toEqual(BOOTED);
    expect(asked.map(([name]) => name)).toEqual(['boot', 'hello', 'boot']);
  });

  test('not answered, and nobody is there any more: probably started, and the doubt is told', async () => {
    const { result, events } = await started([SILENCE], [SILENCE]);
    expect(result).toBe(false);
    expect(events).toMatchObject([
      { event: 'booting' },
      { event: 'warning', code: 'BOOT_UNCONFIRMED' },
      { event: 'booted', answered: false },
    ]);
  });

  test.each<[string, Partial<Frame>, boolean]>([
    ['its own', {}, true],
    ["another device's", { address: 5 }, false],
    ['to another question', { type: Command.HELLO | RESPONSE_BIT }, false],
    ['a refusal', { payload: Uint8Array.of(Status.NOT_BOOTABLE) }, false],
  ])('not answered but late, while it is asked who is there: %s', async (_, late, result) => {
    const { device } = scripted({ boot: [SILENCE], hello: [SILENCE] });
    const answer = {
      address: 1,
      type: Command.BOOT | RESPONSE_BIT,
      seq: 0,
      payload: Uint8Array.of(Status.OK),
    };
    let open = 0;
    const closed = (): void => void open--;
    const session = {
      address: 1,
      listen: (listener: (frame: Frame) => void) => {
        open++;
        listener({ ...answer, ...late });
        return closed;
      },
      heed: () => {
        open++;
        return closed;
      },
    };
    Object.assign(device, { session });
    expect(await startApplication(device, () => {})).toBe(result);
    expect(open).toBe(0);
  });

  test('four times not, while the bootloader answers: not started, and what to do', async () => {
    const silent = Array<unknown>(4).fill(SILENCE);
    const there = Array<unknown>(4).fill(bootloader);
    await expect(started(silent, there)).rejects.toMatchObject({
      code: 'APP_SILENT',
      hint: expect.stringContaining('reset the device'),
    });
    const { result } = await started([...silent.slice(1), undefined], there);
    expect(result).toBe(true);
  });

  test.each([
    ['BOOT', [STOPPED], []],
    ['the question who is there', [SILENCE], [STOPPED]],
  ])('interrupted in %s: not known whether it was started', async (_, boot, hello) => {
    await expect(started(boot, hello)).rejects.toMatchObject({
      code: 'INTERRUPTED',
      message: expect.stringContaining('whether the application was started is not known'),
      hint: expect.stringContaining('by itself'),
      cause: STOPPED,
    });
  });

  test.each([
    ['BOOT', [refused('NOT_BOOTABLE')], []],
    ['HELLO', [SILENCE], [refused('UNKNOWN_COMMAND')]],
  ])('another error in %s is told as it is', async (_, boot, hello) => {
    const [error] = [...hello, ...boot];
    await expect(started(boot, hello)).rejects.toBe(error);
  });

  test('what is no error of this program is told as it is', async () => {
    const fault = new TypeError('a fault');
    await expect(started([fault])).rejects.toBe(fault);
    await expect(started([SILENCE], [fault])).rejects.toBe(fault);
  });

  test('alone: told to whoever reads and to whoever listens, and deaf to its signal afterwards', async () => {
    const clock = new VirtualClock();
    const session = openSession(new FakeLine(clock, 115_200), { clock });
    const stop = new AbortController();
    const { device } = scripted({ boot: [undefined, undefined] });
    Object.assign(device, { session });
    const heard: string[] = [];
    const work = bootDevice(device, ({ event }) => heard.push(event), { signal: stop.signal });
    const read: string[] = [];
    for await (const { event } of work) read.push(event);
    expect(await work).toBe(true);
    expect(read).toEqual(['booting', 'booted']);
    expect(heard).toEqual(read);
    stop.abort();
    await work.return();
    expect(() => session.check()).not.toThrow();
    expect(await bootDevice(device)).toBe(true);
  });
});

describe('a page that does not get into flash', () => {
  const address = APP_BASE + 3 * INFO.pageSize;

  test('is given up the third time, and counted apart from others', () => {
    const failures = new PageFailures(INFO);
    for (const page of [3, 4, 4, 3]) failures.add(page, Status.FLASH_FAILED, address);
    expect(() => failures.add(3, Status.FLASH_FAILED, address)).toThrow(
      expect.objectContaining({
        code: 'PAGE_FAILED',
        details: { page: 3, address, status: 'FLASH_FAILED', detail: address },
        hint: expect.stringContaining('can be updated again'),
      }),
    );
  });

  test.each([
    [Status.FLASH_FAILED, address, / attempts: flash fails at 0x08009800$/],
    [Status.FLASH_FAILED, APP_BASE, / attempts: flash fails at 0x08008000$/],
    [Status.FLASH_FAILED, APP_BASE - 1, / attempts: the boot record in flash fails at 0x08007FFF$/],
    [Status.PAGE_REJECTED, Rejection.CRC, /at 0x08009800 .* attempts: it is rejected \(CRC\)$/],
  ])('%i at %i: said where', (status, detail, message) => {
    const failures = new PageFailures(INFO);
    const add = (): void => failures.add(3, status, detail);
    add();
    add();
    expect(add).toThrow(message);
  });
});

describe('a supply that is too low', () => {
  const REFUSAL = refused('SUPPLY_LOW');

  function waiting(): { wait: SupplyWait; clock: VirtualClock; told: UpdateEvent[] } {
    const clock = new VirtualClock();
    const told: UpdateEvent[] = [];
    const session = openSession(new FakeLine(clock, 115_200), { clock });
    return { wait: new SupplyWait(session, (event) => told.push(event)), clock, told };
  }

  test('is asked for each second, and waited for half a minute', async () => {
    const { wait, clock, told } = waiting();
    await new Promise<void>((resolve) => clock.after(100_000, resolve));
    for (let i = 0; i < 30; i++) await wait.next(REFUSAL, 0);
    expect(clock.now()).toBe(130_000);
    await expect(wait.next(REFUSAL, 0)).rejects.toBe(REFUSAL);
    expect(told).toEqual([
      { event: 'warning', code: 'SUPPLY_LOW', message: expect.stringContaining('up to 30 s') },
    ]);
  });

  test('is waited for as long again after each page that got into flash, and no less', async () => {
    const { wait, told } = waiting();
    for (const pages of [0, 1, 5]) {
      for (let i = 0; i < 30; i++) await wait.next(REFUSAL, pages);
    }
    expect(told).toHaveLength(3);
    await expect(wait.next(REFUSAL, 5)).rejects.toBe(REFUSAL);
  });
});
