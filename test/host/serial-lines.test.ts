// DTR and RTS of a serial port: what is asked of its driver, and nothing else.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SerialPort } from 'serialport';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Transport } from '../../host/link/transport.js';
import { openSerial, type SerialOptions } from '../../host/node/serial.js';
import { mockPort, PATH } from '../support/mock-port.js';

interface Opened {
  readonly transport: Transport;
  /** What the lines were set to */
  readonly calls: unknown[];
}

async function opened(
  options: Partial<SerialOptions> = {},
  system: { platform?: NodeJS.Platform; adapters?: string } = {},
): Promise<Opened> {
  const calls: unknown[] = [];
  const { path = PATH } = options;
  mockPort(path, (driver) => {
    // Modem lines are set with nothing else than this.
    driver.set = (settings) => {
      calls.push(settings);
      return Promise.resolve();
    };
  });
  const transport = await openSerial(
    { rate: 115200, ...options, path },
    { platform: 'linux', adapters: '/absent', ...system },
  );
  onTestFinished(() => transport.close());
  return { transport, calls };
}

/** What serialport adds by itself, and the latency, which is no line */
const REST = { brk: false, cts: false, lowLatency: true };

describe('opening', () => {
  test.each(['linux', 'darwin', 'win32'] as const)('%s: no line is touched', async (platform) => {
    const { transport, calls } = await opened({}, { platform });
    await transport.write(Uint8Array.of(1));
    await transport.setRate(9600);
    expect(calls).toEqual([]);
  });

  test.each<[NodeJS.Platform, SerialOptions['lines'], object]>([
    ['linux', { dtr: false }, { dtr: false, rts: true }],
    ['linux', { rts: false }, { dtr: true, rts: false }],
    ['linux', { dtr: false, rts: false }, { dtr: false, rts: false }],
    ['darwin', { rts: false }, { dtr: true, rts: false }],
    ['win32', { rts: true }, { dtr: false, rts: true }],
    ['win32', { dtr: true }, { dtr: true, rts: false }],
  ])('%s, %o: the other line stays as opening has left it', async (platform, lines, set) => {
    const { calls } = await opened({ ...(lines ? { lines } : {}) }, { platform });
    expect(calls).toEqual([{ ...REST, ...set }]);
  });

  test('a line that can not be set: the port is closed again', async () => {
    vi.spyOn(SerialPort.prototype, 'set').mockImplementationOnce((_, done) =>
      done?.(new Error('Error: Inappropriate ioctl for device, cannot set')),
    );
    const close = vi.spyOn(SerialPort.prototype, 'close').mockClear();
    onTestFinished(() => close.mockRestore());
    await expect(opened({ lines: { dtr: false } })).rejects.toMatchObject({
      code: 'USAGE',
      message: 'this port has no DTR and RTS outputs',
    });
    expect(close).toHaveBeenCalledOnce();
  });
});

test('a line that is set later leaves the other as it was set before', async () => {
  const { transport, calls } = await opened({ lines: { dtr: false } });
  await transport.setLines?.({ rts: false });
  await transport.setLines?.({ dtr: true });
  expect(calls.slice(1)).toEqual([
    { ...REST, dtr: false, rts: false },
    { ...REST, dtr: true, rts: false },
  ]);
});

describe('an FTDI adapter, which holds bytes back', () => {
  test.each([
    ['16\n', [{ ...REST, dtr: true, rts: true }]],
    ['1\n', []],
  ])('%j', async (timer, expected) => {
    const folder = mkdtempSync(join(tmpdir(), 'iap-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, 'sys', 'ttyUSB0'), { recursive: true });
    writeFileSync(join(folder, 'sys', 'ttyUSB0', 'latency_timer'), timer);
    writeFileSync(join(folder, 'ttyUSB0'), '');
    // As /dev/serial/by-id has them
    const link = join(folder, 'usb-FTDI-if00-port0');
    symlinkSync(join(folder, 'ttyUSB0'), link);
    const { calls } = await opened({ path: link }, { adapters: join(folder, 'sys') });
    expect(calls).toEqual(expected);
  });
});
