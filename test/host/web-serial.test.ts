// Web Serial as a Transport: what it asks of a port, and what it makes of a port that fails.
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import type { Transport } from '../../host/link/transport.js';
import { openWebSerial } from '../../host/web/serial.js';
import { domError, FakeSerialPort } from '../support/fake-serial-port.js';

const OPEN = 'open 115200 65536';

async function opened(): Promise<{ port: FakeSerialPort; transport: Transport; lost: IapError[] }> {
  const port = new FakeSerialPort();
  const transport = await openWebSerial(port, { rate: 115200 });
  const lost: IapError[] = [];
  transport.onClose((error) => lost.push(error));
  return { port, transport, lost };
}

/** Streams have done what they were to do. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe('opening', () => {
  test('sets rate and buffer, and nothing else', async () => {
    const { port, transport } = await opened();
    await transport.write(Uint8Array.of(1, 2));
    await transport.close();
    expect(port.calls).toEqual([OPEN, 'sent', 'close']);
    expect(port.written).toEqual([1, 2]);
  });

  test.each([
    ['NetworkError', true, 'PORT_BUSY', /dialout/],
    ['InvalidStateError', true, 'PORT_BUSY', /reload/],
    ['NetworkError', false, 'PORT_NOT_FOUND', /plug/],
    ['TypeError', true, 'PORT_FAILED', /plug/],
  ])('%s, plugged in: %s → %s', async (name, connected, code, hint) => {
    const port = new FakeSerialPort();
    port.connected = connected;
    port.refuses = domError(name, 'Failed to open serial port.');
    await expect(openWebSerial(port, { rate: 9600 })).rejects.toMatchObject({
      code,
      message: expect.stringContaining('FTDI FT232R (0403:6001)'),
      hint: expect.stringMatching(hint),
      details: { usbVendorId: 0x0403, usbProductId: 0x6001 },
    });
    expect(port.listeners).toBe(0);
  });
});

test('a port that is on no USB has no numbers, and no name', async () => {
  const port = new FakeSerialPort();
  vi.spyOn(port, 'getInfo').mockReturnValue({} as ReturnType<typeof port.getInfo>);
  port.refuses = domError('NetworkError', 'Failed to open serial port.');
  const error = await openWebSerial(port, { rate: 9600 }).catch((why: unknown) => why);
  expect(error).toMatchObject({
    message: expect.stringContaining('the port'),
    details: {},
    cause: port.refuses,
  });
  expect((error as IapError).details).not.toHaveProperty('usbVendorId');
  expect((error as IapError).details).not.toHaveProperty('usbProductId');
});

describe('receiving', () => {
  test('goes to the newest listener, until that is removed', async () => {
    const { port, transport } = await opened();
    const heard: string[] = [];
    const removeFirst = transport.onBytes((bytes) => heard.push(`first ${bytes}`));
    const removeSecond = transport.onBytes((bytes) => heard.push(`second ${bytes}`));
    removeFirst?.();
    port.receive(1, 2);
    await settled();
    removeSecond?.();
    port.receive(3);
    await settled();
    expect(heard).toEqual(['second 1,2']);
  });

  test.each(['FramingError', 'ParityError', 'BreakError', 'BufferOverrunError'])(
    '%s on the line loses no port',
    async (name) => {
      const { port, transport, lost } = await opened();
      const heard: number[] = [];
      transport.onBytes((bytes) => heard.push(...bytes));
      port.receive(1);
      await settled();
      port.disturb(name);
      await settled();
      port.receive(2);
      await settled();
      expect(heard).toEqual([1, 2]);
      expect(lost).toEqual([]);
    },
  );
});

describe('another rate', () => {
  test('sends all, closes, opens', async () => {
    const { port, transport } = await opened();
    const heard: number[] = [];
    transport.onBytes((bytes) => heard.push(...bytes));
    const write = transport.write(Uint8Array.of(1));
    await transport.setRate(921600);
    await write;
    expect(transport.rate).toBe(921600);
    expect(port.calls).toEqual([OPEN, 'sent', 'close', 'open 921600 65536']);
    await transport.write(Uint8Array.of(2));
    port.receive(3);
    await settled();
    expect(port.written).toEqual([1, 2]);
    expect(heard).toEqual([3]);
  });

  test('the same rate leaves the port open: DTR and RTS would drop', async () => {
    const { port, transport } = await opened();
    await transport.setRate(115200);
    expect(port.calls).toEqual([OPEN]);
  });

  test('that the adapter does not do: the port is as it was', async () => {
    const { port, transport, lost } = await opened();
    port.wrongRates.add(921600);
    await expect(transport.setRate(921600)).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: 'FTDI FT232R (0403:6001) does not take 921600 baud',
      details: { rate: 921600 },
    });
    expect(transport.rate).toBe(115200);
    await transport.write(Uint8Array.of(1));
    expect(port.written).toEqual([1]);
    expect(lost).toEqual([]);
  });

  test('the port goes meanwhile', async () => {
    const { port, transport, lost } = await opened();
    port.refuses = domError('NetworkError', 'Failed to open serial port.');
    await expect(transport.setRate(921600)).rejects.toMatchObject({ code: 'PORT_LOST' });
    expect(lost).toHaveLength(1);
  });

  test('is waited for by what is written after it', async () => {
    const { port, transport } = await opened();
    const change = transport.setRate(9600);
    const write = transport.write(Uint8Array.of(1)).then(() => port.calls.length);
    await change;
    expect(await write).toBe(4);
  });
});

test('drain: the stream is closed, the next one goes on', async () => {
  const { port, transport } = await opened();
  await transport.write(Uint8Array.of(1));
  await transport.drain();
  await transport.write(Uint8Array.of(2));
  expect(port.calls).toEqual([OPEN, 'sent']);
  expect(port.written).toEqual([1, 2]);
});

describe('a port that goes away', () => {
  test.each(['lose', 'disconnect'] as const)('%s: it is told once, and let go of', async (how) => {
    const { port, transport, lost } = await opened();
    port.stalled = true;
    const writing = transport.write(Uint8Array.of(1)).catch((error: unknown) => error);
    await settled();
    port[how]();
    port.disconnect();
    expect(await writing).toMatchObject({ code: 'PORT_LOST' });
    expect(lost).toMatchObject([
      {
        code: 'PORT_LOST',
        message: 'FTDI FT232R (0403:6001) went away while it was in use',
        hint: expect.stringContaining('goes on where it stopped'),
      },
    ]);
    for (const call of [
      transport.write(Uint8Array.of(1)),
      transport.drain(),
      transport.setRate(9600),
    ]) {
      await expect(call).rejects.toBe(lost[0]);
    }
    await transport.close();
    expect(port.isOpen).toBe(false);
    expect(port.listeners).toBe(0);
  });

  test('it is told to nobody whose listener is removed', async () => {
    const { port, transport } = await opened();
    const told = vi.fn();
    transport.onClose(told)?.();
    port.lose();
    await settled();
    expect(told).not.toHaveBeenCalled();
  });

  test('a failure that is not the end of the port', async () => {
    const { port, transport, lost } = await opened();
    const write = vi.spyOn(port, 'writable', 'get').mockImplementationOnce(() => {
      return new WritableStream({
        write: () => Promise.reject(domError('UnknownError', 'odd\u001b[2J')),
      });
    });
    onTestFinished(() => write.mockRestore());
    await expect(transport.write(Uint8Array.of(1))).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: 'writing failed on FTDI FT232R (0403:6001): odd?[2J',
    });
    await transport.write(Uint8Array.of(2));
    expect(port.written).toEqual([2]);
    expect(lost).toEqual([]);
  });
});

describe('a port that takes nothing', () => {
  test.each(['write', 'drain', 'setRate'] as const)('%s ends at a signal', async (what) => {
    const { port, transport, lost } = await opened();
    port.stalled = true;
    const stop = new AbortController();
    const call = {
      write: () => transport.write(Uint8Array.of(1), stop),
      drain: () => transport.drain(stop),
      setRate: () => transport.setRate(9600, stop),
    }[what]();
    await settled();
    stop.abort();
    await expect(call).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await transport.close();
    expect(port.calls.slice(-2)).toEqual(['abort', 'close']);
    expect(port.isOpen).toBe(false);
    expect(lost).toEqual([]);
  });

  test('what waits behind it and was interrupted is never written', async () => {
    const { port, transport } = await opened();
    port.stalled = true;
    const first = transport.write(Uint8Array.of(1));
    const stop = new AbortController();
    const second = transport.write(Uint8Array.of(2), stop);
    const third = transport.write(Uint8Array.of(3));
    stop.abort();
    await expect(second).rejects.toMatchObject({ code: 'INTERRUPTED' });
    port.goOn();
    await Promise.all([first, third]);
    expect(port.written).toEqual([1, 3]);
  });

  test('a call that is interrupted before it begins', async () => {
    const { port, transport } = await opened();
    await expect(
      transport.write(Uint8Array.of(1), { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(port.written).toEqual([]);
  });
});

describe('close', () => {
  test('tells nobody, is done once, and nothing works afterwards', async () => {
    const { port, transport, lost } = await opened();
    await Promise.all([transport.close(), transport.close(), transport[Symbol.asyncDispose]?.()]);
    expect(port.calls.filter((call) => call === 'close')).toHaveLength(1);
    expect(port.listeners).toBe(0);
    await expect(transport.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'PORT_LOST' });
    expect(lost).toEqual([]);
  });

  test('in the middle of another rate', async () => {
    const { port, transport, lost } = await opened();
    const change = transport.setRate(9600).catch((error: unknown) => error);
    await settled();
    await transport.close();
    await change;
    expect(port.isOpen).toBe(false);
    expect(lost).toEqual([]);
  });

  test('a port that never closes does not hold anybody up', async () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { port, transport } = await opened();
    vi.spyOn(port, 'close').mockReturnValue(new Promise(() => {}));
    const closed = transport.close();
    await vi.advanceTimersByTimeAsync(2000);
    await closed;
  });
});

test('a port can be opened again', async () => {
  const { port, transport } = await opened();
  await transport.close();
  const again = await openWebSerial(port, { rate: 9600 });
  await again.write(Uint8Array.of(7));
  expect(port.written).toEqual([7]);
});
