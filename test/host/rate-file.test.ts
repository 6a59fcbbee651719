// Which rate held with which adapter: found again, forgotten in time, and never believed when it is damaged.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { adapterOf } from '../../host/node/adapter.js';
import { RateFile } from '../../host/node/rate-file.js';

const DAY_MS = 24 * 3600 * 1000;
const ONE = 'stm32f103xe';

function newFolder(): string {
  return join(mkdtempSync(join(tmpdir(), 'iap-')), 'a', 'b');
}

test('found again, by adapter and part', async () => {
  const folder = newFolder();
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
  const folder = newFolder();
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
  const folder = newFolder();
  for (let i = 0; i < 70; i++) {
    await new RateFile(folder, `A${i}`, () => i + 1).keep(ONE, { rate: 921_600 });
  }
  const kept = Object.keys(JSON.parse(readFileSync(join(folder, 'rates.json'), 'utf8')) as object);
  expect(kept).toHaveLength(64);
  expect(kept).toContain('A69, stm32f103xe');
  expect(kept).not.toContain('A5, stm32f103xe');
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
])('damaged, as %s: nothing is known, and it is kept anew', async (text) => {
  const folder = newFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'rates.json'), text);
  const file = new RateFile(folder, 'A', () => 2);
  expect(await file.recall(ONE)).toBeUndefined();
  await file.keep(ONE, { rate: 230_400 });
  expect(await file.recall(ONE)).toMatchObject({ rate: 230_400 });
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
