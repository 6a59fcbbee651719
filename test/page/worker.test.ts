// The worker by itself, with its demo device and with ports: which firmware it takes for whom, what it tells, and that it can be stopped.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { makePackage } from '../../host/pack/pack.js';
import { makeUpdateManifest } from '../../host/pack/update-manifest.js';
import type { FromWorker, Place, ToWorker } from '../../host/web/messages.js';
import { domError, FakeSerialPort } from '../support/fake-serial-port.js';
import { appImage } from '../support/images.js';
import { startTime, waited } from './virtual-time.js';

type Answer<Name extends FromWorker['answer']> = Extract<FromWorker, { answer: Name }>;

let answers: FromWorker[] = [];
let workers = 0;
let tell: (message: ToWorker) => void;
const line = { place: { kind: 'demo' }, initialRate: 115200 } as const;

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A worker that knows nothing yet */
async function begin(ports: readonly FakeSerialPort[] = []): Promise<void> {
  startTime();
  answers = [];
  const mine = answers;
  vi.stubGlobal('navigator', { serial: { getPorts: async () => ports } });
  vi.stubGlobal('postMessage', (answer: FromWorker) => mine.push(answer));
  // The worker alone begins anew: what it is made of is loaded once.
  const another = `../../host/web/worker.js?${++workers}`;
  await import(another);
  const scope = globalThis as unknown as { onmessage(event: { readonly data: ToWorker }): void };
  tell = (data) => scope.onmessage({ data });
}

/** The next answer of one of these kinds; those before it stay */
function next<Name extends FromWorker['answer']>(...kinds: readonly Name[]): Promise<Answer<Name>> {
  return waited(() => {
    const at = answers.findIndex(({ answer }) => kinds.includes(answer as Name));
    return at < 0 ? undefined : (answers.splice(at, 1)[0] as Answer<Name>);
  });
}

/** Loads a file; returns the SHA-256 of its image. */
async function load(file: Uint8Array, name = 'app.bin'): Promise<string> {
  tell({ job: 'check', load: 1, file, name });
  return (await next('checked')).firmware.sha256;
}

async function loadDemo(): Promise<string> {
  tell({ job: 'demo-firmware', load: 1 });
  return (await next('checked')).firmware.sha256;
}

const productOf = (name: string): Uint8Array => new TextEncoder().encode(name.padEnd(16, '\0'));
function packageFor(product: string): Uint8Array {
  const version = { major: 1, minor: 4, patch: 0, build: 0 };
  const image = { base: undefined, bytes: appImage(5000) };
  return makePackage(image, { version, product: productOf(product) });
}

describe('a file', () => {
  test('is judged, and told with its number', async () => {
    await begin();
    const file = packageFor('PUMP-2');
    const manifest = makeUpdateManifest(file, 'pump.iap', { name: { en: 'Pump' } });
    tell({ job: 'check', load: 7, file, name: 'pump.iap', manifest });
    expect(await next('checked', 'failed')).toMatchObject({
      load: 7,
      firmware: { file: 'pump.iap', name: { en: 'Pump' }, facts: { product: 'PUMP-2' } },
    });
    tell({ job: 'check', load: 8, file: packageFor('FAN-1'), name: 'pump.iap', manifest });
    expect(await next('checked', 'failed')).toMatchObject({
      load: 8,
      fault: { code: 'FIRMWARE_DIFFERS' },
    });
  });

  test('is read where it is linked', async () => {
    await begin();
    const job = {
      job: 'check',
      load: 1,
      file: appImage(5000, 1, 0x0801_0000),
      name: 'a.bin',
    } as const;
    tell({ ...job, base: 0x0800_8000 });
    expect(await next('checked', 'failed')).toMatchObject({
      fault: { code: expect.stringMatching(/^IMAGE_/) },
    });
    tell({ ...job, base: 0x0801_0000 });
    expect(await next('checked', 'failed')).toMatchObject({ firmware: { format: 'binary' } });
  });

  test('that is no firmware is not used, nor the one before', async () => {
    await begin();
    const sha256 = await load(appImage(5000));
    tell({ job: 'check', load: 2, file: new Uint8Array(), name: 'app.bin' });
    expect(await next('failed')).toMatchObject({ load: 2, fault: { code: 'IMAGE_EMPTY' } });
    tell({ ...line, job: 'find', sha256 });
    expect(await next('found', 'failed')).toMatchObject({ fault: { code: 'BUG' } });
  });

  test('other than the one that is shown is not used', async () => {
    await begin();
    await load(appImage(5000));
    for (const job of [{ job: 'find' } as const, { job: 'update', wait: false } as const]) {
      tell({ ...line, ...job, sha256: '0'.repeat(64) });
      expect(await next('failed', 'found', 'done')).toEqual({
        answer: 'failed',
        load: undefined,
        fault: { code: 'BUG', message: 'Error: the page shows other firmware', details: {} },
      });
    }
  });
});

describe('demo firmware', () => {
  test('says that it is that', async () => {
    await begin();
    tell({ job: 'demo-firmware', load: 3 });
    expect(await next('checked')).toMatchObject({
      load: 3,
      firmware: { file: 'demo.bin', demo: true },
    });
    tell({ job: 'check', load: 4, file: appImage(5000), name: 'app.bin' });
    expect((await next('checked')).firmware).not.toHaveProperty('demo');
  });

  test('is for the demo device alone', async () => {
    await begin();
    const sha256 = await loadDemo();
    tell({ ...line, job: 'find', sha256 });
    expect(await next('failed', 'found')).toMatchObject({ answer: 'found' });
    tell({ job: 'find', initialRate: 115200, sha256, place: { kind: 'serial', port: { nth: 0 } } });
    expect(await next('failed', 'found')).toMatchObject({
      fault: { code: 'BUG', message: 'Error: demo firmware is no firmware' },
    });
  });
});

describe('a device', () => {
  test('is found, and nothing is said against it', async () => {
    await begin();
    tell({ ...line, job: 'find', sha256: await load(packageFor('PUMP-2'), 'pump.iap') });
    expect(await next('failed', 'found')).toEqual({
      answer: 'found',
      device: expect.objectContaining({ part: 'demo', product: 'PUMP-2', serial: 'DEMO-0001' }),
    });
  });

  test('for which the firmware is not', async () => {
    await begin();
    tell({ ...line, job: 'find', sha256: await load(packageFor('PUMP-2'), 'pump.iap') });
    await next('found');
    tell({ ...line, job: 'find', sha256: await load(packageFor('FAN-1'), 'fan.iap') });
    expect(await next('failed', 'found')).toMatchObject({
      device: { product: 'PUMP-2' },
      fault: { code: 'IMAGE_WRONG_PRODUCT' },
    });
  });
});

describe('an update', () => {
  test.each([
    [{}, 115200],
    [{ rate: 921600 }, 921600],
  ])('%j is told from the beginning to the end', async (more, rate) => {
    await begin();
    const sha256 = await load(appImage(5000));
    answers.length = 0;
    tell({ ...line, job: 'update', wait: false, sha256, ...more });
    const done = await next('done', 'failed');
    expect(done).toMatchObject({
      result: { changed: true, boot: 'started', rate },
      device: { installed: { sha256, complete: true } },
    });
    expect(done).not.toHaveProperty('result.device');
    const told = answers.map((one) => (one.answer === 'event' ? one.event.event : one.answer));
    expect(told.slice(0, 2)).toEqual(['device', 'found']);
    expect(told).toEqual(expect.arrayContaining(['comparing', 'plan', 'progress', 'verifying']));
    expect(told.filter((one) => one === 'device')).toHaveLength(
      told.filter((one) => one === 'found').length,
    );
  });

  test('of the device that is shown, and of no other', async () => {
    await begin();
    const sha256 = await load(appImage(5000));
    tell({ ...line, job: 'update', sha256, wait: false, only: 'ee'.repeat(12) });
    expect(await next('failed', 'device')).toMatchObject({ fault: { code: 'OTHER_DEVICE' } });
    tell({ ...line, job: 'find', sha256 });
    const { device } = await next('found');
    tell({ ...line, job: 'update', sha256, wait: false, only: device.uniqueId });
    expect(await next('failed', 'done')).toMatchObject({ result: { changed: true } });
  });

  test('can be stopped, whatever was loaded meanwhile', async () => {
    await begin();
    const sha256 = await loadDemo();
    tell({ ...line, job: 'update', sha256, wait: false });
    await next('device');
    tell({ job: 'demo-firmware', load: 2 });
    await next('checked');
    tell({ job: 'stop' });
    expect(await next('failed', 'done')).toMatchObject({ fault: { code: 'INTERRUPTED' } });
  });

  test('that has not begun needs no stop', async () => {
    await begin();
    tell({ job: 'stop' });
    expect(answers).toEqual([]);
  });
});

describe('a port', () => {
  const place: Place = {
    kind: 'serial',
    port: { usbVendorId: 0x0403, usbProductId: 0x6001, nth: 0 },
  };
  const at = { place, initialRate: 9600 } as const;
  const only = '01'.repeat(12);

  test('is opened at the rate of the page, and let go of when nobody answers', async () => {
    const port = new FakeSerialPort();
    await begin([port]);
    tell({ ...at, job: 'find', sha256: await load(appImage(5000)) });
    expect(await next('failed', 'found')).toMatchObject({ fault: { code: 'NO_ANSWER' } });
    expect(port.calls[0]).toBe('open 9600 65536');
    expect(port.isOpen).toBe(false);
    expect(port.written.length).toBeGreaterThan(0);
  });

  test('a search can be stopped', async () => {
    const port = new FakeSerialPort();
    await begin([port]);
    tell({ ...at, job: 'find', sha256: await load(appImage(5000)) });
    await waited(() => port.written[0]);
    tell({ job: 'stop' });
    expect(await next('failed', 'found')).toMatchObject({ fault: { code: 'INTERRUPTED' } });
    expect(port.isOpen).toBe(false);
  });

  test('a device that is to be reset is called until somebody stops it', async () => {
    const port = new FakeSerialPort();
    await begin([port]);
    const sha256 = await load(appImage(5000));
    tell({ ...at, job: 'update', sha256, wait: true });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(answers).toEqual([]);
    tell({ job: 'stop' });
    expect(await next('failed')).toMatchObject({ fault: { code: 'INTERRUPTED' } });
  });

  test('is not there', async () => {
    await begin();
    tell({ ...at, job: 'find', sha256: await load(appImage(5000)) });
    expect(await next('failed', 'found')).toMatchObject({ fault: { code: 'PORT_NOT_FOUND' } });
  });

  test('a browser without ports', async () => {
    await begin();
    vi.stubGlobal('navigator', {});
    tell({ ...at, job: 'find', sha256: await load(appImage(5000)) });
    expect(await next('failed', 'found')).toMatchObject({ fault: { code: 'PORT_NOT_FOUND' } });
  });

  /** In use; returns how often it was tried, and why not */
  const tried = async (name: string, more: object): Promise<readonly [number, string]> => {
    const port = new FakeSerialPort();
    port.refuses = domError(name, 'Failed to open serial port.');
    await begin([port]);
    const sha256 = await load(appImage(5000));
    tell({ ...at, job: 'update', wait: false, sha256, ...more });
    const { fault } = await next('failed');
    return [port.calls.length, fault.code];
  };

  test('that others use is not waited for', async () => {
    expect(await tried('NetworkError', {})).toEqual([1, 'PORT_BUSY']);
  });

  test('that was just plugged in, in an update that goes on, is waited for: five seconds', async () => {
    expect(await tried('NetworkError', { only })).toEqual([21, 'PORT_BUSY']);
  });

  test('that fails otherwise is not waited for', async () => {
    expect(await tried('UnknownError', { only })).toEqual([1, 'PORT_FAILED']);
  });

  test('that is free after a while is used', async () => {
    const port = new FakeSerialPort();
    port.refuses = domError('NetworkError', 'Failed to open serial port.');
    await begin([port]);
    const sha256 = await load(appImage(5000));
    tell({ ...at, job: 'update', wait: false, sha256, only });
    await vi.advanceTimersByTimeAsync(1000);
    expect(answers).toEqual([]);
    port.refuses = undefined;
    expect(await next('failed')).toMatchObject({ fault: { code: 'NO_ANSWER' } });
    expect(port.isOpen).toBe(false);
  });
});
