// Which rate held with which adapter: found again, forgotten in time, and never believed when it is damaged.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { adapterOf } from '../../host/node/adapter.js';
import { RateFile } from '../../host/node/rate-file.js';
import { newFolder } from '../support/new-folder.js';

const DAY_MS = 24 * 3600 * 1000;
const ONE = 'stm32f103xe';

test('found again, by adapter and part', async () => {
  const folder = join(newFolder(), 'a', 'b');
  await new RateFile(folder, 'A').keep(ONE, { rate: 921_600 });
  await new RateFile(folder, 'B').keep(ONE, { rate: 230_400, failed: 460_800 });
  expect(await new RateFile(folder, 'A').recall(ONE)).toMatchObject({ rate: 921_600 });
  expect(await new RateFile(folder, 'B').recall(ONE)).toMatchObject({
    rate: 230_400,
    failed: 460_800,
  });
  expect(await new RateFile(folder, 'A').recall('stm32f030x8')).toBeUndefined();
  expect(await new RateFile(folder, 'C').recall(ONE)).toBeUndefined();
  expect(readdirSync(folder)).toEqual(['rates.json']);
});

test('kept anew it keeps its date, and is looked for anew after 30 days', async () => {
  const folder = join(newFolder(), 'a', 'b');
  let day = 1;
  const file = new RateFile(folder, 'A', () => day * DAY_MS);
  await file.keep(ONE, { rate: 460_800, failed: 921_600 });
  day = 20;
  await file.keep(ONE, { rate: 460_800, failed: 921_600 });
  expect(await file.recall(ONE)).toBeDefined();
  day = 32;
  expect(await file.recall(ONE)).toBeUndefined();
  // A clock that was set back
  day = 0;
  expect(await file.recall(ONE)).toBeUndefined();
});

test('64 of them at most, the newest', async () => {
  const folder = join(newFolder(), 'a', 'b');
  mkdirSync(folder, { recursive: true });
  const at = (i: number): number => (i * 37) % 71; // in no order
  const entries = Array.from({ length: 70 }, (_, i) => [
    `A${at(i)}, ${ONE}`,
    { rate: 9600, at: at(i) },
  ]);
  writeFileSync(join(folder, 'rates.json'), JSON.stringify(Object.fromEntries(entries)));
  await new RateFile(folder, 'new', () => 80).keep(ONE, { rate: 921_600 });
  const kept = Object.entries(
    JSON.parse(readFileSync(join(folder, 'rates.json'), 'utf8')) as Record<string, { at: number }>,
  );
  expect(kept).toHaveLength(64);
  expect(kept[0]).toEqual([`new, ${ONE}`, { rate: 921_600, at: 80 }]);
  const oldest = Math.min(...kept.map(([, entry]) => entry.at));
  const all = entries.map((_, i) => at(i)).sort((a, b) => b - a);
  expect(oldest).toBe(all[62]);
});

test.each([
  '',
  '{',
  'null',
  '[]',
  '7',
  '{"A, stm32f103xe":null}',
  '{"A, stm32f103xe":{"rate":"fast","at":1}}',
  '{"A, stm32f103xe":{"rate":-1,"at":1}}',
  '{"A, stm32f103xe":{"rate":1e400,"at":1}}',
  '{"A, stm32f103xe":{"rate":921600}}',
  '{"A, stm32f103xe":{"rate":921600,"failed":9600,"at":1}}',
  '{"A, stm32f103xe":{"rate":921600,"at":1',
  '{"A, stm32f103xe":7}',
  '{"A, stm32f103xe":{"rate":0,"at":1}}',
  '{"A, stm32f103xe":{"rate":9600.5,"at":1}}',
  '{"A, stm32f103xe":{"at":1}}',
  '{"A, stm32f103xe":{"rate":921600,"at":"1"}}',
  '{"A, stm32f103xe":{"rate":921600,"at":3}}',
  '{"A, stm32f103xe":{"rate":921600,"failed":921600,"at":1}}',
  '{"A, stm32f103xe":{"rate":921600,"failed":"1000000","at":1}}',
])('damaged, as %s: nothing is known, and it is kept anew', async (text) => {
  const folder = join(newFolder(), 'a', 'b');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'rates.json'), text);
  const file = new RateFile(folder, 'A', () => 2);
  expect(await file.recall(ONE)).toBeUndefined();
  await file.keep(ONE, { rate: 230_400 });
  expect(await file.recall(ONE)).toMatchObject({ rate: 230_400 });
});

test('one that is damaged does not spoil the others', async () => {
  const folder = join(newFolder(), 'a', 'b');
  mkdirSync(folder, { recursive: true });
  const entries = { [`A, ${ONE}`]: null, [`B, ${ONE}`]: { rate: 9600, at: 1 } };
  writeFileSync(join(folder, 'rates.json'), JSON.stringify(entries));
  const recall = (adapter: string) => new RateFile(folder, adapter, () => 2).recall(ONE);
  expect(await recall('A')).toBeUndefined();
  expect(await recall('B')).toEqual({ rate: 9600, at: 1 });
});

test('kept to the last millisecond of 30 days, and from the first on', async () => {
  const folder = join(newFolder(), 'a', 'b');
  let now = DAY_MS;
  const file = new RateFile(folder, 'A', () => now);
  await file.keep(ONE, { rate: 9600 });
  expect(await file.recall(ONE)).toEqual({ rate: 9600, at: DAY_MS });
  now = 31 * DAY_MS;
  expect(await file.recall(ONE)).toBeDefined();
  now++;
  expect(await file.recall(ONE)).toBeUndefined();
});

test.each([
  [{ rate: 460_800, failed: 921_600 }, 1],
  [{ rate: 460_800 }, 2],
  [{ rate: 230_400, failed: 921_600 }, 2],
  [{ rate: 460_800, failed: 500_000 }, 2],
])('%j after 460800 that failed at 921600 has date %i', async (known, at) => {
  const folder = join(newFolder(), 'a', 'b');
  let now = 1;
  const file = new RateFile(folder, 'A', () => now);
  await file.keep(ONE, { rate: 460_800, failed: 921_600 });
  now = 2;
  await file.keep(ONE, known);
  expect(await file.recall(ONE)).toEqual({ ...known, at });
});

test('the time is that of this computer, if nobody says otherwise', async () => {
  const folder = join(newFolder(), 'a', 'b');
  const before = Date.now();
  await new RateFile(folder, 'A').keep(ONE, { rate: 9600 });
  const { at } = (await new RateFile(folder, 'A').recall(ONE)) as { at?: number };
  expect(at).toBeGreaterThanOrEqual(before);
});

test.skipIf(process.platform === 'win32')('it belongs to the user alone', async () => {
  const folder = join(newFolder(), 'a', 'b');
  await new RateFile(folder, 'A').keep(ONE, { rate: 9600 });
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, 'rates.json')).mode & 0o777).toBe(0o600);
});

test('in a folder that can not be written: nothing is thrown', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'iap-')), 'file');
  writeFileSync(file, '');
  await new RateFile(file, 'A').keep(ONE, { rate: 230_400 });
  expect(await new RateFile(file, 'A').recall(ONE)).toBeUndefined();
});

/** As Linux shows a USB port */
function sysfs(): { readonly root: string; readonly usb: string } {
  const root = mkdtempSync(join(tmpdir(), 'iap-'));
  const usb = join(root, 'devices', 'usb1', '1-1');
  const port = join(usb, '1-1:1.0', 'ttyUSB0');
  mkdirSync(port, { recursive: true });
  mkdirSync(join(root, 'tty', 'ttyUSB0'), { recursive: true });
  symlinkSync(port, join(root, 'tty', 'ttyUSB0', 'device'));
  writeFileSync(join(root, 'ttyUSB0'), '');
  return { root, usb };
}

test('an adapter on Linux: vendor, product and serial number, whatever the name of its port', async () => {
  const { root, usb } = sysfs();
  writeFileSync(join(usb, 'idVendor'), '0403\n');
  writeFileSync(join(usb, 'idProduct'), '6001\n');
  const linux = { platform: 'linux', ports: join(root, 'tty') };
  symlinkSync(join(root, 'ttyUSB0'), join(root, 'by-id'));
  const none = (): Promise<never> => Promise.reject(new Error('not asked'));
  expect(await adapterOf(join(root, 'ttyUSB0'), none, linux)).toBe('usb 0403:6001');
  writeFileSync(join(usb, 'serial'), 'A50285BI\n');
  expect(await adapterOf(join(root, 'by-id'), none, linux)).toBe('usb 0403:6001 A50285BI');
  expect(await adapterOf('/dev/pts/7', none, linux)).toBe('port /dev/pts/7');
});

test('elsewhere: what the system lists, else the name of the port', async () => {
  const port = { path: 'COM5', description: 'FTDI 0403:6001', serialNumber: 'A50285BI' };
  const windows = { platform: 'win32' };
  const list = (): Promise<(typeof port)[]> => Promise.resolve([port]);
  expect(await adapterOf('COM5', list, windows)).toBe('usb FTDI 0403:6001 A50285BI');
  expect(await adapterOf('COM6', list, windows)).toBe('port COM6');
  const broken = (): Promise<never> => Promise.reject(new Error('no list'));
  expect(await adapterOf('COM5', broken, windows)).toBe('port COM5');
});

test('an adapter is looked for no farther up than its USB device can be', async () => {
  for (const [steps, found] of [
    [5, true],
    [6, false],
  ] as const) {
    const { root, usb } = sysfs();
    const below = Array.from({ length: steps }, (_, i) => `${i}`).join('/');
    mkdirSync(join(usb, below), { recursive: true });
    rmSync(join(root, 'tty', 'ttyUSB0', 'device'));
    symlinkSync(join(usb, below), join(root, 'tty', 'ttyUSB0', 'device'));
    writeFileSync(join(usb, 'idVendor'), '0403');
    const path = join(root, 'ttyUSB0');
    const linux = { platform: 'linux', ports: join(root, 'tty') };
    const name = await adapterOf(path, () => Promise.resolve([]), linux);
    expect(name).toBe(found ? 'usb 0403:' : `port ${path}`);
  }
});

test.each([
  [{ description: '', serialNumber: 'A1' }, 'port COM5'],
  [{ description: 'FTDI', serialNumber: undefined }, 'usb FTDI'],
])('elsewhere %j is %s', async (known, name) => {
  const list = () => Promise.resolve([{ path: 'COM5', ...known }]);
  expect(await adapterOf('COM5', list, { platform: 'win32' })).toBe(name);
});
