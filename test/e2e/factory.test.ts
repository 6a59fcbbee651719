// Units as a production line makes them: they run at their first power-up, are what an update would have left, and keep to
// their identity.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { APP_BASE, BOOTLOADER_BASE, RECORD_A_ADDRESS } from '../../protocol/index.js';
import { type Board, demoImage, PART_NAMES, type Part } from '../support/board.js';
import { iap } from '../support/iap.js';
import { expectDemo, expectDone, flash, on, powerUp, tempDir, untilCounters } from './bench.js';
import { expectDemoInQemu } from './qemu.js';

const SIZE = 20_001;

interface Line {
  /** Runs "iap factory" for one unit; returns the file. */
  unit(name: string, ...args: string[]): Promise<string>;
  pack(name: string, app: string, ...args: string[]): Promise<string>;
  read(name: string): Uint8Array;
  readonly app: string;
  readonly app2: string;
}

function productionLine(part: Part, size = SIZE): Line {
  const dir = tempDir();
  return {
    app: dir.write('app.bin', demoImage(part, 1, size)),
    app2: dir.write('app2.bin', demoImage(part, 2, size)),
    read: (name) => dir.read(name),
    unit: async (name, ...args) => {
      const file = join(dir.path, name);
      expectDone(await iap('factory', ...args, '--board', part, '-o', file, '--json'));
      return file;
    },
    pack: async (name, app, ...args) => {
      const file = join(dir.path, name);
      expectDone(await iap('pack', app, ...args, '-o', file, '--json'));
      return file;
    },
  };
}

/** A board as it leaves the line: nothing in flash but the factory image */
async function firstPowerUp(part: Part, file: string): Promise<Board> {
  const load = new Map([[BOOTLOADER_BASE, new Uint8Array(readFileSync(file))]]);
  return powerUp(part, { flash: join(tempDir().path, 'new.bin'), load });
}

async function infoOf(board: Board): Promise<Record<string, unknown>> {
  const outcome = await on(board, 'info');
  expectDone(outcome);
  return outcome.result?.device as unknown as Record<string, unknown>;
}

describe.each(PART_NAMES)('%s', (part) => {
  test('a unit runs at its first power-up, and has every byte that an update leaves', async () => {
    const line = productionLine(part);
    const file = await line.unit('unit.bin', line.app);
    const unit = await firstPowerUp(part, file);
    await expectDemo(unit, 1);

    const updated = await powerUp(part);
    expectDone(await flash(updated, line.app, '--no-boot'));
    const wanted = await updated.flash();
    const made = new Uint8Array(wanted.length).fill(0xff);
    made.set(line.read('unit.bin'));
    expect(Buffer.compare(made, wanted)).toBe(0);
  });

  test('without application it waits for its first update', async () => {
    const line = productionLine(part);
    const unit = await firstPowerUp(part, await line.unit('unit.bin', '--blank-app'));
    expect(await infoOf(unit)).toMatchObject({ stay: 'NO_RECORD', installed: null });
    expectDone(await flash(unit, line.app));
    await expectDemo(unit, 1);
  });
});

test('the record alone makes an application run that a debugger wrote', async () => {
  const part = 'stm32f103xb';
  const line = productionLine(part);
  await line.unit('record.bin', line.app, '--record-only');
  const load = new Map([
    [RECORD_A_ADDRESS, line.read('record.bin')],
    [APP_BASE, line.read('app.bin')],
  ]);
  await expectDemo(await powerUp(part, { load }), 1);
});

test('.bin, .hex and .srec hold the same bytes, each time', async () => {
  const part = 'stm32f103xb';
  const line = productionLine(part);
  const make = (name: string): Promise<string> =>
    line.unit(name, line.app, '--product', 'PUMP-2', '--serial', 'A1');
  const bin = await make('a.bin');
  expect(line.read('a.bin')).toEqual(readFileUint8(await make('b.bin')));
  for (const name of ['a.hex', 'a.srec']) {
    const file = await make(name);
    expect(readFileUint8(await make(name.replace('a.', 'b.')))).toEqual(readFileUint8(file));
    // An independent reader
    const out = `${file}.bin`;
    const format = name.endsWith('hex') ? 'ihex' : 'srec';
    await promisify(execFile)('arm-none-eabi-objcopy', ['-I', format, '-O', 'binary', file, out]);
    expect(Buffer.compare(readFileUint8(out), readFileUint8(bin))).toBe(0);
  }
});

test('updates go on from a factory image: many of them, an interrupted one, the same again', async () => {
  const part = 'stm32f100xb';
  const line = productionLine(part, 6000);
  const unit = await firstPowerUp(part, await line.unit('unit.bin', line.app));
  const same = await flash(unit, line.app);
  expect(same).toMatchObject({ code: 0, result: { changed: false } });

  // Nine more entries: the record changes its area.
  for (let i = 0; i < 9; i++) {
    expectDone(await flash(unit, i % 2 === 0 ? line.app2 : line.app));
  }
  await expectDemo(unit, 2);
  const record = await unit.flash();
  expect(generations(record)).toEqual([1, 2]);

  await unit.command('cut 1500');
  const cut = await flash(unit, line.app, '--timeout', '3000');
  expect(cut.code).toBe(4);
  await unit.command('power on');
  expect(await infoOf(unit)).toMatchObject({ stay: 'IN_PROGRESS' });
  const resumed = await flash(unit, line.app);
  expectDone(resumed);
  expect(resumed.events).toContainEqual(expect.objectContaining({ event: 'plan', resumed: true }));
  await expectDemo(unit, 1);
});

function generations(flashBytes: Uint8Array): number[] {
  const view = new DataView(flashBytes.buffer, flashBytes.byteOffset);
  const at = RECORD_A_ADDRESS - BOOTLOADER_BASE;
  return [view.getUint32(at + 8, true), view.getUint32(at + 2048 + 8, true)];
}

describe('identity', () => {
  const PART = 'stm32f103xb';
  const UNIT = ['--product', 'PUMP-2', '--hardware', '2', '--serial', 'A0001', '--address', '7'];

  test('a unit that takes packages only can not leave with a plain image', async () => {
    const line = productionLine(PART);
    const args = ['--board', PART, '-o', join(tempDir().path, 'u.bin'), '--json'];
    expect(await iap('factory', line.app, ...UNIT, '--packages-only', ...args)).toMatchObject({
      code: 3,
      result: { code: 'IMAGE_PACKAGE_ONLY' },
    });
  });

  test('decides which packages a unit takes, before anything is erased', async () => {
    const line = productionLine(PART);
    const good = ['--product', 'PUMP-2', '--hardware', '1-3', '--version', '1.0.0'];
    const first = await line.pack('first.iap', line.app, ...good, '--security-counter', '5');
    const unit = await firstPowerUp(
      PART,
      await line.unit('u.bin', first, ...UNIT, '--packages-only'),
    );
    expect(await infoOf(unit)).toMatchObject({
      product: Buffer.from('PUMP-2'.padEnd(16, '\0')).toString('hex'),
      hardware: 2,
      serial: 'A0001',
      address: 7,
      packagesOnly: true,
      installed: { version: '1.0.0' },
    });
    await expectDemo(unit, 1);
    const before = await unit.flash();

    const later = ['--version', '1.1.0', '--security-counter', '5'];
    const wrong = {
      product: ['--product', 'PUMP-3', '--hardware', '2', ...later],
      hardware: ['--product', 'PUMP-2', '--hardware', '3-9', ...later],
      device: ['--product', 'PUMP-2', ...later, '--unique-id', '0123456789abcdef01234567'],
      any: [...later],
      counter: ['--product', 'PUMP-2', '--version', '1.1.0', '--security-counter', '4'],
    };
    const codes: Record<string, [number, string]> = {
      product: [3, 'IMAGE_WRONG_PRODUCT'],
      hardware: [3, 'IMAGE_WRONG_HARDWARE'],
      device: [3, 'IMAGE_WRONG_DEVICE'],
      any: [3, 'IMAGE_PACKAGE_ONLY'],
      // The host does not know the device's counter: the device itself refuses.
      counter: [5, 'REFUSED'],
    };
    for (const [name, args] of Object.entries(wrong)) {
      const file = await line.pack(`${name}.iap`, line.app2, ...args);
      const outcome = await flash(unit, file);
      const [code, error] = codes[name] ?? [];
      expect({ name, code: outcome.code, error: outcome.result?.code }).toEqual({
        name,
        code,
        error,
      });
    }
    expect(await flash(unit, line.app2)).toMatchObject({
      code: 3,
      result: { code: 'IMAGE_PACKAGE_ONLY' },
    });
    expect(Buffer.compare(await unit.flash(), before)).toBe(0);

    const right = await line.pack('right.iap', line.app2, '--product', 'PUMP-2', ...later);
    expectDone(await flash(unit, right));
    await expectDemo(unit, 2);
  });
});

test('an application that must confirm itself does so in its first start', async () => {
  const part = 'stm32f103xb';
  const line = productionLine(part);
  const app = await line.pack('a.iap', line.app, '--version', '1.0.0', '--confirm');
  const unit = await firstPowerUp(part, await line.unit('u.bin', app));
  await expectDemo(unit, 1);
  expect(await infoOf(unit)).toMatchObject({
    installed: { state: expect.arrayContaining(['VALID', 'CONFIRMED']), trials: 1 },
  });
});

test('write protection keeps the bootloader, and lets updates through', async () => {
  const part = 'stm32f103xb';
  const line = productionLine(part);
  const bin = await line.unit('u.bin', line.app);
  const hex = Buffer.from(readFileUint8(await line.unit('u.hex', line.app, '--write-protect')));
  const [, options] =
    /^:020000041FFFDC\n:10F80000([0-9A-F]{32})[0-9A-F]{2}\n/m.exec(hex.toString()) ?? [];
  const dir = tempDir();
  const file = dir.write('flash.bin', readFileUint8(bin));
  dir.write('flash.bin.opt', Buffer.from(options ?? '', 'hex'));
  const board = await powerUp(part, { flash: file, allowed: ['wrprtErrors'] });
  await expectDemo(board, 1);
  expectDone(await flash(board, dir.write('vandal.bin', await vandal(dir.path))));
  const counters = await untilCounters(board, ({ wrprtErrors }) => wrprtErrors === 2);
  const [first, last, record] = VICTIMS.map((address) => (address - BOOTLOADER_BASE) / 1024);
  expect(counters.erasesPerPage).not.toHaveProperty(String(first));
  expect(counters.erasesPerPage).not.toHaveProperty(String(last));
  await untilCounters(board, ({ erasesPerPage }) => erasesPerPage[String(record)] === 1);
});

/** First and last page of the bootloader, first of the record, in parts of 1 KB pages */
const VICTIMS = [0x0800_0000, 0x0800_6c00, 0x0800_7000] as const;

/** An application that erases these pages, whatever the outcome of each. */
async function vandal(folder: string): Promise<Uint8Array> {
  const source = join(folder, 'vandal.s');
  const erase = VICTIMS.map((address) => `ldr r1, =${address}\n bl erase\n`).join('');
  writeFileSync(
    source,
    `.syntax unified\n.cpu cortex-m3\n.thumb\n.word 0x20001000, start
    .thumb_func\nstart: ldr r0, =0x40022000\n ldr r1, =0x45670123\n str r1, [r0, #4]\n ldr r1, =0xCDEF89AB\n str r1, [r0, #4]
    ${erase} b .
    .thumb_func\nerase: movs r2, #2\n str r2, [r0, #16]\n str r1, [r0, #20]\n movs r2, #0x42\n str r2, [r0, #16]\n dsb\n nop
    busy: ldr r2, [r0, #12]\n tst r2, #1\n bne busy\n movs r2, #0x34\n str r2, [r0, #12]\n bx lr\n`,
  );
  const run = promisify(execFile);
  const [object, elf, bin] = ['o', 'elf', 'bin'].map((end) => join(folder, `vandal.${end}`)) as [
    string,
    string,
    string,
  ];
  await run('arm-none-eabi-as', ['-o', object, source]);
  await run('arm-none-eabi-ld', [
    '-Ttext',
    `0x${APP_BASE.toString(16)}`,
    '-e',
    'start',
    '-o',
    elf,
    object,
  ]);
  await run('arm-none-eabi-objcopy', ['-O', 'binary', elf, bin]);
  return readFileUint8(bin);
}

test('a unit starts in QEMU without any other step', async () => {
  const part = 'stm32f100xb';
  const line = productionLine(part);
  const file = await line.unit('u.bin', line.app, '--product', 'PUMP-2', '--serial', 'Q1');
  await expectDemoInQemu(file, 1);
});

test('three units from a script differ in their identity and nothing else', async () => {
  const part = 'stm32f103xb';
  const line = productionLine(part);
  const app = await line.pack('a.iap', line.app, '--version', '1.0.0', '--product', 'PUMP-2');
  const units: Uint8Array[] = [];
  for (const serial of ['A0001', 'A0002', 'A0003']) {
    const file = await line.unit(`${serial}.bin`, app, '--product', 'PUMP-2', '--serial', serial);
    units.push(readFileUint8(file));
    const unit = await firstPowerUp(part, file);
    expect(await infoOf(unit)).toMatchObject({ serial });
    await expectDemo(unit, 1);
  }
  const [a, b] = units;
  const differing = [...(a ?? [])].flatMap((byte, i) => (byte === b?.[i] ? [] : [i]));
  expect(differing.every((at) => at >= 0x6fc0 && at < 0x7000)).toBe(true);
});

function readFileUint8(file: string): Uint8Array {
  return new Uint8Array(readFileSync(file));
}
