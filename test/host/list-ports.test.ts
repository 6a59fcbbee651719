// The ports of this computer: what is told of each, which are none, and what is left where the system has no list.
import { readdir } from 'node:fs/promises';
import { SerialPort } from 'serialport';
import { expect, onTestFinished, test, vi } from 'vitest';
import { listPorts } from '../../host/node/serial.js';

vi.mock('node:fs/promises', async (original) => {
  const all = await original<typeof import('node:fs/promises')>();
  return { ...all, readdir: vi.fn(all.readdir) };
});

type Listed = Awaited<ReturnType<typeof SerialPort.list>>[number];

function port(path: string, known: Partial<Listed> = {}): Listed {
  const nothing = { manufacturer: undefined, vendorId: undefined, productId: undefined };
  return {
    path,
    ...nothing,
    serialNumber: undefined,
    pnpId: undefined,
    locationId: undefined,
    ...known,
  };
}

function system(list: () => Promise<Listed[]>, nodes: () => Promise<string[]> = never): void {
  const listing = vi.spyOn(SerialPort, 'list').mockImplementation(list);
  vi.mocked(readdir).mockImplementation(nodes as never);
  onTestFinished(() => listing.mockRestore());
}

const never = (): Promise<never> => Promise.reject(new Error('not asked'));

test('each with what is known of its adapter', async () => {
  const usb = { manufacturer: 'FTDI', vendorId: '0403', productId: '6001' };
  system(() =>
    Promise.resolve([
      port('/dev/ttyUSB0', { ...usb, serialNumber: 'A50285BI' }),
      port('COM3', { vendorId: '1a86', productId: '7523' }),
      port('COM4', { vendorId: '1a86' }),
      port('COM5', { manufacturer: '(Standard port types)' }),
      port('COM6', { manufacturer: 'Odd\u001b[2J' }),
      port('/dev/ttyAMA0'),
    ]),
  );
  expect(await listPorts()).toEqual([
    { path: '/dev/ttyUSB0', description: 'FTDI 0403:6001', serialNumber: 'A50285BI' },
    { path: 'COM3', description: '1a86:7523', serialNumber: undefined },
    { path: 'COM4', description: '', serialNumber: undefined },
    { path: 'COM5', description: '(Standard port types)', serialNumber: undefined },
    { path: 'COM6', description: 'Odd?[2J', serialNumber: undefined },
    { path: '/dev/ttyAMA0', description: '', serialNumber: undefined },
  ]);
});

test('the 32 that Linux lists on every machine are left out, unless something is behind them', async () => {
  system(() =>
    Promise.resolve([
      port('/dev/ttyS0'),
      port('/dev/ttyS31'),
      port('/dev/ttyS1', { manufacturer: 'Moxa' }),
      port('/dev/ttyS2', { vendorId: '1a86' }),
    ]),
  );
  expect((await listPorts()).map(({ path }) => path)).toEqual(['/dev/ttyS1', '/dev/ttyS2']);
});

test('without a list, as in a container: the nodes of adapters, in their order', async () => {
  const nodes = [
    'ttyUSB1',
    'ttyACM0',
    'ttyS0',
    'ttyUSB',
    'null',
    'ttyUSB0',
    'xttyUSB3',
    'ttyACM1x',
  ];
  system(
    () => Promise.reject(new Error('spawn udevadm ENOENT')),
    () => Promise.resolve(nodes),
  );
  expect(await listPorts()).toEqual(
    ['/dev/ttyACM0', '/dev/ttyUSB0', '/dev/ttyUSB1'].map((path) => ({
      path,
      description: '',
      serialNumber: undefined,
    })),
  );
  expect(readdir).toHaveBeenLastCalledWith('/dev');
});

test('with neither there are none', async () => {
  system(never, never);
  expect(await listPorts()).toEqual([]);
});
