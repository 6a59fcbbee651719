// A serial port as a transport: what its driver is given and gives, how it fails, and how it ends.
import { spawn } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import type { Transport } from '../../host/link/transport.js';
import { openPort } from '../../host/node/open-port.js';
import { openSerial } from '../../host/node/serial.js';
import { listening } from '../support/listening.js';
import { type Driver, mockPort, PATH } from '../support/mock-port.js';

const RATE = 115_200;
const never = (): Promise<never> => new Promise(() => {});

interface Opened {
  readonly transport: Transport;
  readonly driver: Driver;
}

async function opened(): Promise<Opened> {
  const port = mockPort();
  const system = { platform: 'linux', adapters: '/absent' };
  const transport = await openSerial({ path: PATH, rate: RATE }, system);
  onTestFinished(() => transport.close());
  return { transport, driver: port.driver() };
}

/** The adapter is pulled out: whoever reads is told. */
function pullOut(driver: Driver): void {
  const { pendingRead } = driver as unknown as { pendingRead(error: Error): void };
  pendingRead(new Error('EIO: i/o error, read'));
}

async function refused(run: Promise<unknown>): Promise<IapError> {
  return (await run.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  )) as IapError;
}

describe('opening', () => {
  test.each([undefined, 'even'] as const)('with parity %s', async (parity) => {
    const port = mockPort();
    const transport = await openPort({ path: PATH, rate: 9600, ...(parity ? { parity } : {}) });
    await transport.close();
    expect(transport.rate).toBe(9600);
    expect(port.asked).toMatchObject([
      { path: PATH, baudRate: 9600, parity: parity ?? 'none', hupcl: false },
    ]);
  });

  test('a port that does not open says why', async () => {
    const port = mockPort('/dev/ttyOTHER');
    const error = await refused(openPort({ path: PATH, rate: RATE }));
    expect(error).toMatchObject({ code: 'PORT_FAILED', details: { path: PATH } });
    expect(port.asked).toHaveLength(1);
  });

  test.runIf(process.platform === 'linux')('one that another program has: untouched', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'iap-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'tty');
    writeFileSync(path, '');
    const other = spawn('flock', ['--no-fork', path, 'sh', '-c', 'echo; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(other.stdout, 'data');
    const port = mockPort(path);
    const error = await refused(openPort({ path, rate: RATE }));
    other.stdin.end();
    await once(other, 'close');
    expect(error).toMatchObject({
      code: 'PORT_BUSY',
      message: `${path} is in use by another program`,
      hint: `process ${other.pid} (cat) has it: close that first`,
      details: { path, pid: other.pid },
    });
    expect(port.asked).toEqual([]);
  });
});

describe('bytes', () => {
  test('go out as they are, of a part of a larger buffer too', async () => {
    const { transport, driver } = await opened();
    await transport.write(Uint8Array.of(9, 0, 255, 17, 19, 9).subarray(1, 5));
    expect([...driver.recording]).toEqual([0, 255, 17, 19]);
  });

  test('come in as they are, to the newest listener, until that is removed', async () => {
    const { transport, driver } = await opened();
    const { heard, listen } = listening(transport);
    const came = async (byte: number): Promise<void> => {
      driver.emitData(Buffer.of(byte, 255));
      await new Promise(setImmediate);
      await new Promise(setImmediate);
    };
    await came(0);
    const removeFirst = listen('first');
    await came(1);
    const removeSecond = listen('second');
    removeFirst();
    await came(2);
    removeSecond();
    await came(3);
    expect(heard).toEqual(['first 1,255', 'second 2,255']);
  });
});

describe('the rate', () => {
  test('is changed at the driver', async () => {
    const { transport, driver } = await opened();
    await transport.setRate(921_600);
    expect(transport.rate).toBe(921_600);
    expect(await driver.getBaudRate()).toEqual({ baudRate: 921_600 });
  });

  test('that the driver does not take leaves the old one', async () => {
    const { transport, driver } = await opened();
    const cause = new Error('Error: Odd, cannot set');
    driver.update = () => Promise.reject(cause);
    expect(await refused(transport.setRate(921_600))).toMatchObject({
      code: 'PORT_FAILED',
      message: `changing the rate failed on ${PATH}: Error: Odd, cannot set`,
      details: { path: PATH },
      cause,
    });
    expect(transport.rate).toBe(RATE);
  });
});

test('drained is what the driver says is sent', async () => {
  const { transport, driver } = await opened();
  let sent = (): void => {};
  driver.drain = () =>
    new Promise((resolve) => {
      sent = resolve;
    });
  let drained = false;
  const draining = transport.drain().then(() => {
    drained = true;
  });
  await new Promise(setImmediate);
  expect(drained).toBe(false);
  sent();
  await draining;
});

describe('DTR and RTS', () => {
  test.each(['Error: Inappropriate ioctl for device, cannot set', 'Error: Invalid argument'])(
    'that a port does not have: %s',
    async (message) => {
      const { transport, driver } = await opened();
      const cause = new Error(message);
      driver.set = () => Promise.reject(cause);
      expect(await refused(Promise.resolve(transport.setLines?.({ dtr: true })))).toMatchObject({
        code: 'USAGE',
        message: 'this port has no DTR and RTS outputs',
        hint: expect.stringContaining('--lines'),
        details: { path: PATH },
        cause,
      });
    },
  );

  test.each([
    ['Error: Odd, cannot set', 'PORT_FAILED'],
    ['Error: No such device, cannot set', 'PORT_LOST'],
  ])('%s: %s', async (message, code) => {
    const { transport, driver } = await opened();
    driver.set = () => Promise.reject(new Error(message));
    expect(await refused(Promise.resolve(transport.setLines?.({ dtr: true })))).toMatchObject({
      code,
      details: { path: PATH },
    });
  });
});

/** Everything that a transport asks of its driver, and the driver's name for it */
const CALLS = [
  [
    'write',
    'write',
    (transport: Transport, options = {}) => transport.write(Uint8Array.of(1), options),
  ],
  ['drain', 'drain', (transport: Transport, options = {}) => transport.drain(options)],
  ['setRate', 'update', (transport: Transport, options = {}) => transport.setRate(9600, options)],
] as const;

describe.each(CALLS)('%s', (_, name, call) => {
  test('on an adapter that is pulled out meanwhile', async () => {
    const { transport, driver } = await opened();
    const cause = new Error('Error: Input/output error, cannot do it');
    driver[name] = () => Promise.reject(cause);
    expect(await refused(call(transport))).toMatchObject({
      code: 'PORT_LOST',
      hint: expect.stringContaining('plug the adapter in again'),
      details: { path: PATH },
      cause,
    });
  });

  test('ends at an interruption, and leaves no listener', async () => {
    const { transport, driver } = await opened();
    const { signal } = new AbortController();
    await call(transport, { signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    driver[name] = never;
    const stop = new AbortController();
    const running = refused(call(transport, { signal: stop.signal }));
    stop.abort();
    expect((await running).code).toBe('INTERRUPTED');
  });

  test('is not begun after an interruption, nor on a port that is closed', async () => {
    const { transport, driver } = await opened();
    const begun = vi.spyOn(driver, name);
    const stopped = refused(call(transport, { signal: AbortSignal.abort() }));
    expect((await stopped).code).toBe('INTERRUPTED');
    await transport.close();
    expect(await refused(call(transport))).toMatchObject({
      code: 'PORT_LOST',
      details: { path: PATH },
    });
    expect(begun).not.toHaveBeenCalled();
  });
});

describe('the end', () => {
  test('an adapter that is pulled out is told to the newest listener, and to who uses it then', async () => {
    const { transport, driver } = await opened();
    const { heard, listen } = listening(transport);
    const removeFirst = listen('first');
    listen('second');
    removeFirst();
    await new Promise(setImmediate);
    pullOut(driver);
    await new Promise(setImmediate);
    expect(heard).toEqual(['second PORT_LOST']);
    expect((await refused(transport.write(Uint8Array.of(1)))).code).toBe('PORT_LOST');
    await transport.close();
  });

  test('a listener that was removed is not told', async () => {
    const { transport, driver } = await opened();
    const { heard, listen } = listening(transport);
    listen('first')();
    await new Promise(setImmediate);
    pullOut(driver);
    await new Promise(setImmediate);
    expect(heard).toEqual([]);
  });

  test('closed by ourselves: nobody is told, and nothing is discarded', async () => {
    const { transport, driver } = await opened();
    const { heard, listen } = listening(transport);
    listen('first');
    const flush = vi.spyOn(driver, 'flush');
    await transport.write(Uint8Array.of(1));
    await refused(transport.drain({ signal: AbortSignal.abort() }));
    await transport.close();
    await transport.close();
    expect(driver.isOpen).toBe(false);
    expect(heard).toEqual([]);
    expect(flush).not.toHaveBeenCalled();
  });

  test('"await using" closes it', async () => {
    const { transport, driver } = await opened();
    {
      await using used = transport as Transport & AsyncDisposable;
      expect(used.rate).toBe(RATE);
    }
    expect(driver.isOpen).toBe(false);
  });

  test('what a stalled port has not sent is discarded, then it is closed', async () => {
    const { transport, driver } = await opened();
    const order: string[] = [];
    const { flush, close } = driver;
    driver.flush = () => {
      order.push('flush');
      return flush.call(driver);
    };
    driver.close = () => {
      order.push('close');
      return close.call(driver);
    };
    driver.drain = never;
    void transport.drain().catch(() => {});
    await transport.close();
    expect(order).toEqual(['flush', 'close']);
  });

  test('a driver that does not let go is left after its time', async () => {
    const { transport, driver } = await opened();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    driver.drain = never;
    driver.flush = never;
    driver.close = never;
    void transport.drain().catch(() => {});
    let closed = false;
    const closing = transport.close().then(() => {
      closed = true;
    });
    await vi.advanceTimersByTimeAsync(3999);
    expect(closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await closing;
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});
