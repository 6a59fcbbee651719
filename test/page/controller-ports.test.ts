// Between state and the browser's serial ports: which port is used, what the worker is told, and what is left when it is pulled out.
import { afterEach, describe, expect, type Mock, test, vi } from 'vitest';
import { Controller } from '../../host/web/controller.js';
import type { Fault } from '../../host/web/fault.js';
import type { Firmware } from '../../host/web/firmware.js';
import { START, type State } from '../../host/web/flow.js';
import type { ToWorker } from '../../host/web/messages.js';
import { adapterFilters, type NamedPort } from '../../host/web/ports.js';
import { recall } from '../../host/web/unfinished.js';
import {
  type FakeCaches,
  FakeSerial,
  FakeWorker,
  fakePort,
  settled,
  startBrowser,
} from './fake-browser.js';
import { device, result } from './samples.js';

const FTDI = { usbVendorId: 0x0403, usbProductId: 0x6001 };
const WCH = { usbVendorId: 0x1a86, usbProductId: 0x7523 };
const named = { kind: 'serial', id: { ...FTDI, nth: 0 }, name: 'FTDI FT232R (0403:6001)' } as const;
const only = device.uniqueId;
const sha256 = 'ab'.repeat(32);
const firmware: Firmware = { file: 'a', format: 'package', size: 3, sha256, warnings: [] };
const LOST: Fault = { code: 'PORT_LOST', message: '', details: { resumable: true } };

let serial: FakeSerial;
let caches: FakeCaches;
let controller: Controller;
let worker: FakeWorker;
let changed: Mock<(before: State) => void>;
let port: NamedPort;

/** A page with firmware, and an adapter that is plugged in */
async function begin(): Promise<void> {
  serial = new FakeSerial();
  port = fakePort(FTDI);
  serial.ports = [port];
  caches = startBrowser(serial);
  reload();
  await loadFile();
}
function reload(): void {
  changed = vi.fn<(before: State) => void>();
  controller = new Controller(changed, () => {});
  worker = FakeWorker.last;
}
async function loadFile(load = 1): Promise<void> {
  const file = Uint8Array.of(1, 2, 3);
  await controller.useFile(new File([file], 'a'));
  worker.answer({ answer: 'checked', load, firmware });
  worker.sent.length = 0;
}
afterEach(() => {
  controller.close();
  vi.unstubAllGlobals();
});

async function choose(): Promise<void> {
  serial.choice = port;
  await controller.choosePort(false);
}

/** An update that has met its device */
async function updating(): Promise<void> {
  await begin();
  await choose();
  worker.answer({ answer: 'found', device });
  controller.dispatch({ do: 'install' });
  worker.answer({ answer: 'device', device });
  await kept();
  worker.sent.length = 0;
}

/** What is needed to go on is kept. */
async function kept(more: object = {}): Promise<void> {
  await settled();
  expect(await recall()).toMatchObject({ unfinished: { only, ...more } });
}

const find = (nth: number, info = FTDI): ToWorker => ({
  job: 'find',
  place: { kind: 'serial', port: { ...info, nth } },
  sha256,
  initialRate: 115200,
});
const update = (more: object = {}): object => ({
  job: 'update',
  place: { kind: 'serial', port: named.id },
  sha256,
  initialRate: 115200,
  rate: undefined,
  wait: false,
  only,
  ...more,
});

describe('a port is chosen', () => {
  test.each([
    [false, { filters: adapterFilters }],
    [true, {}],
  ])('all: %s', async (all, asked) => {
    await begin();
    serial.choice = port;
    await controller.choosePort(all);
    expect(serial.asked).toEqual([asked]);
    expect(controller.state).toMatchObject({ step: { at: 'finding' }, port: named });
    expect(controller.known).toEqual(named);
    expect(worker.sent).toEqual([find(0)]);
  });

  test('one of two that look alike', async () => {
    await begin();
    const second = fakePort(FTDI);
    serial.ports.push(second);
    serial.choice = second;
    await controller.choosePort(false);
    expect(worker.sent).toEqual([find(1)]);
  });

  test.each([
    [new DOMException('none chosen', 'NotFoundError'), 'NO_PORT_CHOSEN'],
    [new DOMException('not allowed', 'SecurityError'), 'SERIAL_FORBIDDEN'],
    [new TypeError('no filter'), 'BUG'],
    [undefined, 'BUG'],
  ])('%s: %s', async (error, code) => {
    await begin();
    serial.choice = error;
    await controller.choosePort(false);
    const message = error ? `${error.name}: ${error.message}` : 'undefined';
    expect(controller.state.step).toEqual({
      at: 'port',
      fault: { code, message, details: {} },
    });
  });

  test('the page may not look which there are', async () => {
    await begin();
    serial.choice = port;
    serial.refuses = new DOMException('not allowed', 'SecurityError');
    await controller.useKnownPort();
    expect(controller.state.step).toMatchObject({ fault: { code: 'SERIAL_FORBIDDEN' } });
    expect(controller.known).toBeUndefined();
  });

  test('in a browser that has none: nothing', async () => {
    startBrowser();
    reload();
    await loadFile();
    await controller.choosePort(false);
    await controller.useKnownPort();
    expect(controller.state.step).toEqual({ at: 'port' });
  });
});

describe('why there can be none', () => {
  test('there are', async () => {
    await begin();
    expect(controller.unable).toBeUndefined();
  });

  test.each([
    [true, 'NO_WEB_SERIAL', 'this browser has no navigator.serial'],
    [false, 'INSECURE_PAGE', 'http://pump.test is no secure context'],
  ])('a page that is secure: %s', (secure, code, message) => {
    startBrowser();
    vi.stubGlobal('isSecureContext', secure);
    vi.stubGlobal('location', { origin: 'http://pump.test' });
    reload();
    expect(controller.unable).toEqual({ code, message, details: {} });
  });
});

describe('the port of last time', () => {
  test('is known from the start', async () => {
    await begin();
    controller.close();
    reload();
    await controller.start(undefined);
    expect(controller.known).toEqual(named);
    expect(changed).toHaveBeenCalledWith(START);
  });

  test('is used without a question', async () => {
    await begin();
    await controller.useKnownPort();
    expect(worker.sent).toEqual([]); // nobody has looked yet
    expect(controller.known).toEqual(named);
    await controller.useKnownPort();
    expect(serial.asked).toEqual([]);
    expect(worker.sent).toEqual([find(0)]);
  });

  test('is told apart from those that look alike, and from others', async () => {
    await begin();
    await controller.useKnownPort();
    serial.ports = [fakePort(WCH), port];
    await controller.useKnownPort();
    expect(worker.sent).toEqual([find(0)]);
  });

  test('is gone: what there is now', async () => {
    await begin();
    await controller.useKnownPort();
    serial.ports = [fakePort(WCH)];
    await controller.useKnownPort();
    expect(worker.sent).toEqual([]);
    expect(controller.known).toMatchObject({ id: WCH });
    serial.ports = [];
    await controller.useKnownPort();
    expect(controller.known).toBeUndefined();
  });

  test('comes and goes with its adapter', async () => {
    await begin();
    serial.ports = [];
    serial.plug(port);
    await settled();
    expect(controller.known).toEqual(named);
    expect(changed).toHaveBeenCalledWith(controller.state);
    serial.unplug(port);
    await settled();
    expect(controller.known).toBeUndefined();
    expect(controller.state.step.at).toBe('port');
  });
});

test('other firmware for the device that was found: nothing is asked again', async () => {
  await begin();
  await choose();
  worker.answer({ answer: 'found', device });
  await loadFile(2);
  await settled();
  expect(controller.state.step.at).toBe('port');
  expect(worker.sent).toEqual([]);
});

describe('an update', () => {
  test('is of the device on the screen, at the rates that are set', async () => {
    await begin();
    controller.settings = { initialRate: 9600, rate: 'auto' };
    await choose();
    expect(worker.sent).toEqual([{ ...find(0), initialRate: 9600 }]);
    worker.answer({ answer: 'found', device });
    controller.dispatch({ do: 'install', wait: true });
    expect(worker.sent.at(-1)).toEqual(update({ initialRate: 9600, rate: 'auto', wait: true }));
  });

  test('of the demo device has no port', async () => {
    await begin();
    controller.useDemoDevice();
    expect(worker.sent).toEqual([{ ...find(0), place: { kind: 'demo' } }]);
  });

  test('that the device refuses is told before', async () => {
    await begin();
    await choose();
    worker.answer({ answer: 'found', device, fault: LOST });
    expect(controller.state.step).toEqual({ at: 'found', device, fault: LOST });
  });

  test('is shown as the worker tells it, and done', async () => {
    await updating();
    worker.answer({ answer: 'event', event: { event: 'verifying' } });
    expect(controller.state.step).toMatchObject({ at: 'updating', phase: 'verifying' });
    const after = { ...device, serial: 'SN2' };
    worker.answer({ answer: 'done', result, device: after });
    expect(controller.state).toMatchObject({ step: { at: 'done', result }, device: after });
  });

  test('is stopped', async () => {
    await updating();
    controller.dispatch({ do: 'stop' });
    expect(worker.sent).toEqual([{ job: 'stop' }]);
  });

  test('is remembered while it lasts, with its file', async () => {
    await updating();
    controller.settings = { initialRate: 9600, base: 0x0800_8000 };
    worker.answer({ answer: 'device', device });
    await kept({ only, port: named, name: 'a', base: 0x0800_8000 });
    expect(await recall()).toMatchObject({ file: Uint8Array.of(1, 2, 3) });
    worker.answer({ answer: 'done', result, device });
    await settled();
    expect(await recall()).toBeUndefined();
  });

  test('of the demo device is not remembered', async () => {
    await begin();
    controller.useDemoDevice();
    worker.answer({ answer: 'found', device });
    controller.dispatch({ do: 'install' });
    worker.answer({ answer: 'device', device });
    await settled();
    expect(caches.all.size).toBe(0);
  });

  test('goes on where the browser keeps nothing', async () => {
    await updating();
    vi.stubGlobal('sessionStorage', {
      getItem: () => {
        throw new DOMException('full', 'QuotaExceededError');
      },
    });
    worker.answer({ answer: 'device', device });
    await settled();
    vi.stubGlobal('sessionStorage', { getItem: () => null, setItem: () => {} });
    expect(controller.state.step.at).toBe('updating');
  });

  test('asks before the page is left it is over', async () => {
    await begin();
    const listen = vi.fn();
    const leave = vi.fn();
    vi.stubGlobal('window', { addEventListener: listen, removeEventListener: leave });
    await choose();
    worker.answer({ answer: 'found', device });
    expect(listen).not.toHaveBeenCalled();
    controller.dispatch({ do: 'install' });
    expect(listen).toHaveBeenCalledOnce();
    expect(leave).not.toHaveBeenCalled();
    controller.close();
    expect(leave).toHaveBeenCalledOnce();
  });
});

describe('what failed, once more', () => {
  test('the search', async () => {
    await begin();
    await choose();
    worker.answer({ answer: 'failed', fault: { ...LOST, code: 'NO_ANSWER' } });
    controller.again();
    expect(worker.sent).toEqual([find(0), find(0)]);
  });

  test('the update', async () => {
    await updating();
    worker.answer({ answer: 'failed', fault: { ...LOST, code: 'NO_ANSWER' } });
    controller.again();
    expect(worker.sent).toEqual([update()]);
  });

  test('the update, of which nothing was written', async () => {
    await updating();
    worker.answer({ answer: 'failed', fault: { ...LOST, code: 'REFUSED', details: {} } });
    controller.again();
    expect(worker.sent).toEqual([update()]);
  });

  test('nothing failed', async () => {
    await begin();
    await choose();
    worker.answer({ answer: 'found', device });
    controller.again();
    expect(controller.state.step.at).toBe('found');
  });

  test('nothing was begun', async () => {
    await begin();
    const { state } = controller;
    controller.again();
    expect(controller.state).toBe(state);
  });
});

describe('an adapter that goes and comes back', () => {
  /** The browser makes a new object of it. */
  const same = (): NamedPort => fakePort(FTDI);

  test('the update goes on with it', async () => {
    await updating();
    serial.unplug(port);
    expect(worker.sent).toEqual([{ job: 'stop' }]);
    worker.answer({ answer: 'failed', fault: LOST });
    expect(controller.state.step.at).toBe('lost');
    serial.plug(same());
    await settled();
    expect(worker.sent.slice(1)).toEqual([update()]);
  });

  test('another adapter is not asked', async () => {
    await updating();
    serial.unplug(port);
    worker.answer({ answer: 'failed', fault: LOST });
    serial.plug(fakePort(WCH));
    await settled();
    expect(controller.state.step.at).toBe('lost');
    expect(controller.known).toMatchObject({ id: WCH });
  });

  test('that another one goes does not matter', async () => {
    await updating();
    serial.unplug(fakePort(WCH));
    await settled();
    expect(worker.sent).toEqual([]);
  });

  test('it is back before the worker has noticed', async () => {
    await updating();
    serial.unplug(port);
    serial.plug(same());
    await settled();
    expect(worker.sent).toEqual([{ job: 'stop' }]);
    worker.answer({ answer: 'failed', fault: { ...LOST, code: 'INTERRUPTED' } });
    await settled();
    expect(worker.sent.slice(1)).toEqual([update()]);
  });

  test('it is back, and gone again, before the worker has noticed', async () => {
    await updating();
    serial.unplug(port);
    const again = same();
    serial.plug(again);
    await settled();
    serial.unplug(again);
    worker.answer({ answer: 'failed', fault: LOST });
    await settled();
    expect(controller.state.step.at).toBe('lost');
    expect(worker.sent).toEqual([{ job: 'stop' }]);
  });

  test('what was back early is not taken for what comes later', async () => {
    await updating();
    serial.unplug(port);
    const early = same();
    serial.plug(early);
    await settled();
    worker.answer({ answer: 'failed', fault: LOST });
    await settled();
    expect(controller.state.step.at).toBe('updating');
    // It is the port now, and its going is noticed.
    serial.unplug(early);
    worker.answer({ answer: 'failed', fault: LOST });
    await settled();
    expect(controller.state.step.at).toBe('lost');
  });

  test('another one of its kind goes: the early one stays', async () => {
    await updating();
    serial.unplug(port);
    serial.plug(same());
    await settled();
    serial.unplug(same());
    worker.answer({ answer: 'failed', fault: LOST });
    await settled();
    expect(controller.state.step.at).toBe('updating');
  });

  test('it was back early, but the update failed for another reason', async () => {
    await updating();
    serial.plug(same());
    await settled();
    worker.answer({ answer: 'failed', fault: { ...LOST, code: 'VERIFY_FAILED' } });
    await settled();
    expect(controller.state.step.at).toBe('failed');
    expect(worker.sent).toEqual([]);
  });

  test('what is plugged in before the update has begun is not its port', async () => {
    await begin();
    await choose();
    worker.answer({ answer: 'found', device });
    serial.plug(same());
    await settled();
    controller.dispatch({ do: 'install' });
    worker.answer({ answer: 'device', device });
    worker.answer({ answer: 'failed', fault: LOST });
    await settled();
    expect(controller.state.step.at).toBe('lost');
  });

  test('a demo device is not one of them', async () => {
    await begin();
    controller.useDemoDevice();
    worker.answer({ answer: 'found', device });
    controller.dispatch({ do: 'install' });
    serial.plug(same());
    await settled();
    expect(controller.state.step.at).toBe('updating');
    expect(controller.known).toEqual(named);
  });

  test('it is chosen by hand', async () => {
    await updating();
    worker.answer({ answer: 'failed', fault: LOST });
    await choose();
    expect(worker.sent).toEqual([update()]);
  });

  test('a page that is closed does not listen any more', async () => {
    await begin();
    expect(serial.listeners).toBe(2);
    controller.close();
    expect(serial.listeners).toBe(0);
  });
});

describe('a page that was closed in an update goes on', () => {
  const reopened = async (there: readonly NamedPort[]): Promise<void> => {
    await updating();
    controller.close();
    serial.ports = [...there];
    reload();
    await controller.start(undefined);
    worker.answer({ answer: 'checked', load: 0, firmware });
    await settled();
  };

  test('at once, where its port is there', async () => {
    await reopened([fakePort(FTDI)]);
    expect(worker.sent.at(-1)).toEqual(update());
    expect(controller.state.step).toMatchObject({ at: 'updating', resumed: true });
  });

  test('as soon as its port is there', async () => {
    await reopened([fakePort(WCH)]);
    expect(controller.state.step.at).toBe('lost');
    serial.plug(fakePort(FTDI));
    await settled();
    expect(worker.sent.at(-1)).toEqual(update());
  });
});
