// Units as a production line makes them: they run at their first power-up, are what an update would have left, and keep to
// their identity.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { APP_BASE, BOOTLOADER_BASE, RECORD_A_ADDRESS } from '../../protocol/index.js';
import { demoImage, PART_NAMES, PARTS } from '../support/board.js';
import { randomBytes } from '../support/random.js';
import { expectDemo, expectDone, flash, powerUp, tempDir, untilCounters } from './bench.js';
import { firstPowerUp, infoOf, productionLine, readFileUint8 } from './production-line.js';
import { expectDemoInQemu } from './qemu.js';

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

test("a unit's own data is not the application's: updates leave it as it is", async () => {
  const part = 'stm32f030x8-24k';
  const { appBase, appSize } = PARTS[part];
  const appEnd = appBase + appSize;
  const line = productionLine(part);
  const data = randomBytes(1, BOOTLOADER_BASE + PARTS[part].flashSize - appEnd);
  expect(data.length).toBeGreaterThan(0);
  const place = ['--data', `0x${appEnd.toString(16)}=${tempDir().write('data.bin', data)}`];
  const unit = await firstPowerUp(part, await line.unit('unit.bin', line.app, ...place));
  await expectDemo(unit, 1);
  // As large as it may be: the last byte before the data is written too.
  expectDone(await flash(unit, demoImage(part, 2, appSize)));
  await expectDemo(unit, 2);
  const left = (await unit.flash()).subarray(appEnd - BOOTLOADER_BASE);
  expect(Buffer.compare(left, data)).toBe(0);
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
    `.syntax unified\n.cpu cortex-m3\n.thumb\n.word 0x20001000
    .rept 15
    .word start
    .endr
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
