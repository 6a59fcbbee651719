// Between state and worker: what is loaded, and what the worker is told of it.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Controller } from '../../host/web/controller.js';
import type { DeviceFacts } from '../../host/web/device-facts.js';
import type { Firmware } from '../../host/web/firmware.js';
import type { FromWorker, ToWorker } from '../../host/web/messages.js';
import { remember } from '../../host/web/unfinished.js';
import { type FakeCaches, FakeWorker, openTab, startBrowser } from './fake-browser.js';

const device: DeviceFacts = {
  part: 'stm32f103xb',
  hardware: 1,
  serial: 'SN1',
  uniqueId: '01'.repeat(12),
  running: 'application',
  stay: 'NONE',
};
const port = { kind: 'serial', id: { usbVendorId: 0x403, usbProductId: 0x6001, nth: 0 } } as const;
const firmware = (file: string): Firmware => ({
  file,
  format: 'package',
  size: 3,
  sha256: file.repeat(64),
  warnings: [],
});
const fileOf = (name: string): File => new File([Uint8Array.of(1, 2, 3)], name);
let caches: FakeCaches;
let controller: Controller;
let worker: FakeWorker;

beforeEach(() => {
  caches = startBrowser();
  controller = new Controller(
    () => {},
    () => {},
  );
  worker = FakeWorker.last;
});
afterEach(() => {
  controller.close();
  vi.unstubAllGlobals();
});

function sent<Name extends ToWorker['job']>(job: Name): Extract<ToWorker, { job: Name }>[] {
  return worker.sent.filter((message) => message.job === job) as Extract<ToWorker, { job: Name }>[];
}

/** What the worker says of its n-th check */
function checked(nth: number): FromWorker {
  const { load, name, file } = sent('check')[nth] as Extract<ToWorker, { job: 'check' }>;
  return { answer: 'checked', load, firmware: firmware(name), file };
}

test('a file is chosen while another one is judged: it alone counts', async () => {
  await controller.useFile(fileOf('a'));
  await controller.useFile(fileOf('b'));
  worker.answer(checked(0));
  expect(controller.state.step.at).toBe('loading');
  worker.answer(checked(1));
  expect(controller.state).toMatchObject({ step: { at: 'port' }, firmware: { file: 'b' } });
});

test('what is wrong with the file before is not said of the one after', async () => {
  await controller.useFile(fileOf('a'));
  await controller.useFile(fileOf('b'));
  const { load } = checked(0) as { readonly load: number };
  const fault = { code: 'IMAGE_FORMAT', message: '', details: {} } as const;
  worker.answer({ answer: 'failed', load, fault });
  worker.answer(checked(1));
  expect(controller.state).toMatchObject({ step: { at: 'port' }, firmware: { file: 'b' } });
});

test('a file is chosen while the server sends: what comes of it is not used', async () => {
  const { promise, resolve } = deferred<void>();
  const manifest = { format: 1, version: '1.4.0', hardware: [0, 1], file: 'a', size: 3 };
  const said = JSON.stringify({ ...manifest, sha256: 'ab'.repeat(32) });
  vi.stubGlobal('fetch', async () => {
    await promise;
    return new Response(said);
  });
  controller.load('firmware.json');
  await controller.useFile(fileOf('b'));
  worker.answer(checked(0));
  resolve();
  await settled();
  expect(sent('check')).toHaveLength(1);
  expect(controller.state).toMatchObject({ step: { at: 'port' }, firmware: { file: 'b' } });
});

test('a file is chosen before the page has looked what it was in: that file', async () => {
  const started = controller.start('firmware.json');
  const asked = vi.fn();
  vi.stubGlobal('fetch', asked);
  await controller.useFile(fileOf('b'));
  await started;
  worker.answer(checked(0));
  expect(asked).not.toHaveBeenCalled();
  expect(controller.state.firmware?.file).toBe('b');
});

test('while an update runs nothing is loaded', async () => {
  await controller.useFile(fileOf('a'));
  worker.answer(checked(0));
  controller.dispatch({ do: 'choose-port', port });
  await controller.useFile(fileOf('b'));
  controller.useDemoFirmware();
  controller.load('firmware.json');
  expect(worker.sent.map(({ job }) => job)).toEqual(['check', 'find']);
});

test('the worker is told which firmware and which device are shown', async () => {
  await controller.useFile(fileOf('a'));
  worker.answer(checked(0));
  controller.dispatch({ do: 'choose-port', port });
  expect(sent('find')).toMatchObject([{ sha256: 'a'.repeat(64) }]);
  worker.answer({ answer: 'found', device });
  controller.dispatch({ do: 'install' });
  expect(sent('update')).toMatchObject([{ sha256: 'a'.repeat(64), only: device.uniqueId }]);
});

test('after a reload the file of another tab is not installed', async () => {
  openTab();
  await remember({ only: device.uniqueId, port, name: 'a' }, Uint8Array.of(1, 2, 3));
  const cache = await caches.open('iap-unfinished');
  for (const { url } of await cache.keys()) await cache.put(url, new Response('other'));
  await controller.start(undefined);
  expect(sent('check')).toEqual([]);
  expect(controller.state).toMatchObject({
    only: device.uniqueId,
    step: { at: 'firmware', fault: { code: 'FIRMWARE_GONE' } },
  });
});

test('demo firmware instead of the one that is gone: the device is not gone on with', async () => {
  await remember({ only: device.uniqueId, port, name: 'a' }, Uint8Array.of(1, 2, 3));
  const cache = await caches.open('iap-unfinished');
  for (const { url } of await cache.keys()) await cache.delete(url);
  await controller.start(undefined);
  controller.useDemoFirmware();
  const [{ load } = { load: 0 }] = sent('demo-firmware');
  const demo = { ...firmware('d'), demo: true } as const;
  worker.answer({ answer: 'checked', load, firmware: demo, file: Uint8Array.of(1) });
  expect(controller.state).toMatchObject({
    only: undefined,
    port: undefined,
    step: { at: 'port' },
  });
  await settled();
  expect(sessionStorage.getItem('iap-unfinished')).toBeNull();
});

/** What is on its way without waiting for anything */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve);
  });
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
