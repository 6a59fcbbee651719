// Between state and worker: what is loaded, and what the worker is told of it.
import { afterEach, expect, type Mock, test, vi } from 'vitest';
import { Controller } from '../../host/web/controller.js';
import type { DeviceFacts } from '../../host/web/device-facts.js';
import type { Firmware } from '../../host/web/firmware.js';
import type { State } from '../../host/web/flow.js';
import type { UpdateManifest } from '../../host/web/manifest.js';
import type { FromWorker, ToWorker } from '../../host/web/messages.js';
import { remember } from '../../host/web/unfinished.js';
import { type FakeCaches, FakeWorker, openTab, settled, startBrowser } from './fake-browser.js';

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
const manifest: UpdateManifest = {
  format: 1,
  version: '1.4.0',
  hardware: [0, 1],
  file: 'a.iap',
  size: 3,
  sha256: 'ab'.repeat(32),
};
let caches: FakeCaches;
let controller: Controller;
let worker: FakeWorker;
let changed: Mock<(before: State) => void>;
let loaded: Mock<(urls: readonly string[]) => void>;

/** The page is opened in a new tab. */
function begin(): void {
  caches = startBrowser();
  reload();
}
function reload(): void {
  changed = vi.fn<(before: State) => void>();
  loaded = vi.fn<(urls: readonly string[]) => void>();
  controller = new Controller(changed, loaded);
  worker = FakeWorker.last;
}
afterEach(() => {
  controller.close();
  vi.unstubAllGlobals();
});

function sent<Name extends ToWorker['job']>(job: Name): Extract<ToWorker, { job: Name }>[] {
  return worker.sent.filter((message) => message.job === job) as Extract<ToWorker, { job: Name }>[];
}

/** What the worker says of its n-th check */
function checked(nth: number): FromWorker {
  const { load, name } = sent('check')[nth] as Extract<ToWorker, { job: 'check' }>;
  return { answer: 'checked', load, firmware: firmware(name) };
}

test('a file is chosen while another one is judged: it alone counts', async () => {
  begin();
  await controller.useFile(fileOf('a'));
  await controller.useFile(fileOf('b'));
  worker.answer(checked(0));
  expect(controller.state.step.at).toBe('loading');
  worker.answer(checked(1));
  expect(controller.state).toMatchObject({ step: { at: 'port' }, firmware: { file: 'b' } });
});

test('what is wrong with the file before is not said of the one after', async () => {
  begin();
  await controller.useFile(fileOf('a'));
  await controller.useFile(fileOf('b'));
  const { load } = checked(0) as { readonly load: number };
  const fault = { code: 'IMAGE_FORMAT', message: '', details: {} } as const;
  worker.answer({ answer: 'failed', load, fault });
  worker.answer(checked(1));
  expect(controller.state).toMatchObject({ step: { at: 'port' }, firmware: { file: 'b' } });
});

test('a file is chosen while the server sends: what comes of it is not used', async () => {
  begin();
  const { promise, resolve } = deferred<void>();
  const said = JSON.stringify(manifest);
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
  begin();
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
  begin();
  await controller.useFile(fileOf('a'));
  worker.answer(checked(0));
  controller.dispatch({ do: 'choose-port', port });
  const asked = vi.fn();
  vi.stubGlobal('fetch', asked);
  await controller.useFile({ name: 'b', arrayBuffer: asked } as unknown as File);
  controller.useDemoFirmware();
  controller.load('firmware.json');
  expect(asked).not.toHaveBeenCalled();
  expect(worker.sent.map(({ job }) => job)).toEqual(['check', 'find']);
});

test('the worker is told which firmware and which device are shown', async () => {
  begin();
  await controller.useFile(fileOf('a'));
  worker.answer(checked(0));
  controller.dispatch({ do: 'choose-port', port });
  expect(sent('find')).toMatchObject([{ sha256: 'a'.repeat(64) }]);
  worker.answer({ answer: 'found', device });
  controller.dispatch({ do: 'install' });
  expect(sent('update')).toMatchObject([{ sha256: 'a'.repeat(64), only: device.uniqueId }]);
});

test('after a reload the file of another tab is not installed', async () => {
  begin();
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
  begin();
  await remember({ only: device.uniqueId, port, name: 'a' }, Uint8Array.of(1, 2, 3));
  const cache = await caches.open('iap-unfinished');
  for (const { url } of await cache.keys()) await cache.delete(url);
  await controller.start(undefined);
  controller.useDemoFirmware();
  const [{ load } = { load: 0 }] = sent('demo-firmware');
  const demo = { ...firmware('d'), demo: true } as const;
  worker.answer({ answer: 'checked', load, firmware: demo });
  expect(controller.state).toMatchObject({
    only: undefined,
    port: undefined,
    step: { at: 'port' },
  });
  await settled();
  expect(sessionStorage.getItem('iap-unfinished')).toBeNull();
});

test('the worker is a module beside the page', () => {
  begin();
  expect(worker.url.href).toMatch(/\/worker\.js$/);
  expect(worker.options).toEqual({ type: 'module' });
});

test('a file that can not be read', async () => {
  begin();
  const gone = new DOMException('it is gone', 'NotFoundError');
  await controller.useFile({ arrayBuffer: () => Promise.reject(gone) } as unknown as File);
  expect(controller.state.step).toEqual({
    at: 'firmware',
    fault: { code: 'IMAGE_UNREADABLE', message: 'NotFoundError: it is gone', details: {} },
  });
});

test('the worker is told all of a file', async () => {
  begin();
  controller.settings = { initialRate: 9600, base: 0x0800_8000 };
  await controller.useFile(fileOf('a'));
  expect(worker.sent).toEqual([
    {
      job: 'check',
      load: 1,
      file: Uint8Array.of(1, 2, 3),
      name: 'a',
      manifest: undefined,
      base: 0x0800_8000,
    },
  ]);
  worker.answer(checked(0));
  expect(loaded).not.toHaveBeenCalled();
});

/** A server that has the manifest, and its file */
function serve(): void {
  vi.stubGlobal('fetch', async ({ href }: URL) =>
    href.endsWith('.json')
      ? new Response(JSON.stringify(manifest))
      : new Response(Uint8Array.of(1, 2, 3)),
  );
}

test('what the manifest offers is kept for use without a network, once it is right', async () => {
  begin();
  serve();
  await controller.start('firmware.json');
  await settled();
  expect(sent('check')).toMatchObject([{ name: 'a.iap', manifest }]);
  expect(loaded).not.toHaveBeenCalled();
  worker.answer(checked(0));
  expect(loaded.mock.calls).toEqual([
    [['https://pumps.test/two/firmware.json', 'https://pumps.test/two/a.iap']],
  ]);
});

test('what the manifest offers is not there', async () => {
  begin();
  vi.stubGlobal('fetch', async () => new Response('', { status: 404 }));
  await controller.start('firmware.json');
  await settled();
  expect(controller.state.step).toMatchObject({
    at: 'firmware',
    fault: { code: 'MANIFEST_UNREACHABLE' },
  });
});

test('of the manifest nothing is told any more once a file is chosen', async () => {
  begin();
  const { promise, resolve } = deferred<void>();
  vi.stubGlobal('fetch', async () => {
    await promise;
    return new Response('', { status: 404 });
  });
  controller.load('firmware.json');
  await controller.useFile(fileOf('b'));
  resolve();
  await settled();
  expect(controller.state.step.at).toBe('loading');
});

test('without a manifest a file is asked for', async () => {
  begin();
  await controller.start(undefined);
  expect(controller.state.step).toEqual({ at: 'firmware' });
});

test('a browser that keeps nothing: as if nothing had been begun', async () => {
  begin();
  vi.stubGlobal('sessionStorage', {
    getItem: () => {
      throw new DOMException('denied', 'SecurityError');
    },
  });
  await controller.start(undefined);
  expect(controller.state.step).toEqual({ at: 'firmware' });
});

test('a file is chosen while the page looks what it was in: that file', async () => {
  begin();
  await remember({ only: device.uniqueId, port, name: 'a' }, Uint8Array.of(1, 2, 3));
  const started = controller.start('firmware.json');
  await controller.useFile(fileOf('b'));
  await started;
  expect(sent('check').map(({ name }) => name)).toEqual(['b']);
  expect(controller.state.only).toBeUndefined();
});

test('after a reload the update goes on with the same file, as it was read', async () => {
  begin();
  controller.settings = { initialRate: 9600 };
  const left = { only: device.uniqueId, port, name: 'a.bin', base: 0x0800_8000, manifest };
  await remember(left, Uint8Array.of(1, 2, 3));
  await controller.start('firmware.json');
  expect(controller.settings).toEqual({ initialRate: 9600, base: 0x0800_8000 });
  expect(worker.sent).toEqual([
    {
      job: 'check',
      load: 0,
      file: Uint8Array.of(1, 2, 3),
      name: 'a.bin',
      manifest,
      base: 0x0800_8000,
    },
  ]);
  worker.answer(checked(0));
  expect(controller.state).toMatchObject({
    port,
    only: device.uniqueId,
    step: { at: 'lost', fault: { code: 'INTERRUPTED' } },
  });
});

test('what is checked after it was given up is not used', async () => {
  begin();
  await controller.useFile(fileOf('a'));
  controller.dispatch({ do: 'other-firmware' });
  worker.answer(checked(0));
  expect(controller.state.step).toEqual({ at: 'firmware' });
  expect(loaded).not.toHaveBeenCalled();
});

test('what is read after it was given up is not checked', async () => {
  begin();
  const reading = controller.useFile(fileOf('a'));
  controller.dispatch({ do: 'other-firmware' });
  await reading;
  expect(worker.sent).toEqual([]);
});

test('what the server sends while a file is judged is not checked', async () => {
  begin();
  const { promise, resolve } = deferred<void>();
  vi.stubGlobal('fetch', async ({ href }: URL) => {
    await promise;
    return new Response(href.endsWith('.json') ? JSON.stringify(manifest) : 'abc');
  });
  controller.load('firmware.json');
  await controller.useFile(fileOf('b'));
  resolve();
  await settled();
  expect(sent('check').map(({ name }) => name)).toEqual(['b']);
});

test('what the manifest offers is not kept after it was given up', async () => {
  begin();
  serve();
  await controller.start('firmware.json');
  await settled();
  controller.dispatch({ do: 'other-firmware' });
  worker.answer(checked(0));
  expect(loaded).not.toHaveBeenCalled();
});

test('what is wrong with a file is said', async () => {
  begin();
  await controller.useFile(fileOf('a'));
  const fault = { code: 'IMAGE_FORMAT', message: '', details: {} } as const;
  worker.answer({ answer: 'failed', load: 1, fault });
  expect(controller.state.step).toEqual({ at: 'firmware', fault });
});

test('a file instead of the one that is gone: the update goes on', async () => {
  begin();
  await remember({ only: device.uniqueId, port, name: 'a' }, Uint8Array.of(1, 2, 3));
  caches.all.clear();
  await controller.start(undefined);
  await controller.useFile(fileOf('b'));
  worker.answer(checked(0));
  expect(controller.state).toMatchObject({ only: device.uniqueId, port, step: { at: 'lost' } });
});

test('the page is told of each change, and of nothing that changes nothing', async () => {
  begin();
  const { state } = controller;
  controller.dispatch({ do: 'found', device });
  expect(changed).not.toHaveBeenCalled();
  controller.dispatch({ do: 'other-firmware' });
  expect(changed.mock.calls).toEqual([[state]]);
});

test('a worker that can not be loaded', async () => {
  begin();
  worker.onerror?.();
  expect(controller.state.step).toMatchObject({
    at: 'firmware',
    fault: { code: 'PAGE_INCOMPLETE', details: {} },
  });
});

test('a worker that breaks while it works', async () => {
  begin();
  await controller.useFile(fileOf('a'));
  worker.answer(checked(0));
  controller.useDemoDevice();
  expect(controller.state.step.at).toBe('finding');
  worker.onerror?.();
  expect(controller.state.step).toMatchObject({
    at: 'failed',
    fault: { code: 'PAGE_INCOMPLETE' },
  });
});

test('a page that is closed does nothing any more', () => {
  begin();
  controller.close();
  expect(worker.terminated).toBe(true);
  controller.dispatch({ do: 'other-firmware' });
  expect(controller.state.step.at).toBe('loading');
});

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
