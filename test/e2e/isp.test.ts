// iap isp against the model of the ROM bootloader, which stm32flash has judged; and one board from blank to a field update.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readIntelHex } from '../../host/image/intel-hex.js';
import { merge } from '../../host/image/segments.js';
import { BOOTLOADER_BASE, BOOTLOADER_SIZE } from '../../protocol/index.js';
import { type Board, demoImage, PART_NAMES, PARTS, type Part } from '../support/board.js';
import { iap } from '../support/iap.js';
import { randomBytes } from '../support/random.js';
import { expectDemo, expectDone, flash, start, tempDir, untilState } from './bench.js';
import { blankPart, boot0, hex, isp, stm32flash } from './isp-bench.js';

/** One of each family */
const FAMILIES: readonly Part[] = ['stm32f103xe', 'stm32f030x8', 'stm32f303xc'];
/** IAP_PARTS=all: each part once, for its ROM bootloader does not care about APP_BASE. */
const TESTED =
  process.env.IAP_PARTS === 'all'
    ? PART_NAMES.filter((name) => PARTS[name].part === name)
    : FAMILIES;
const AT = ['--base', hex(BOOTLOADER_BASE)];

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function imageFile(board: Board, name: string, bytes: Uint8Array): string {
  return board.dir.write(name, bytes);
}

describe.each(TESTED)('%s', (part) => {
  const { flashSize } = PARTS[part];

  test('from a blank part to a field update, on one board', async () => {
    // The application answers from its reception interrupt, and may miss what a host says meanwhile.
    const board = await blankPart(part, { allowed: ['overruns'] });
    const unit = join(tempDir().path, 'unit.hex');
    const v1 = imageFile(board, 'v1.bin', demoImage(part, 1, 5000));
    expectDone(await iap('factory', v1, '--board', part, '-o', unit, '--json'));

    const made = await isp(board, 'factory', unit);
    expectDone(made);
    expect(made.result).toMatchObject({ verified: true, device: { mode: 'BOOTLOADER' } });

    await boot0(board, 'low');
    await expectDemo(board, 1);
    expectDone(await flash(board, demoImage(part, 2, 6000)));
    await expectDemo(board, 2);

    await boot0(board, 'high');
    const whole = await board.flash();
    const out = join(tempDir().path, 'out.hex');
    expectDone(await isp(board, 'read', out));
    const read = merge(readIntelHex(new Uint8Array(readFileSync(out))).segments, flashSize);
    expect(read.address).toBe(BOOTLOADER_BASE);
    const padded = new Uint8Array(flashSize).fill(0xff);
    padded.set(read.bytes);
    expect(same(padded, whole)).toBe(true);

    const theirs = join(tempDir().path, 'theirs.bin');
    const range = `${hex(BOOTLOADER_BASE)}:${read.bytes.length}`;
    expect(await stm32flash(board, '-r', theirs, '-S', range)).toMatchObject({ code: 0 });
    expect(same(readFileSync(theirs), read.bytes)).toBe(true);
  });
});

describe.each(FAMILIES)('%s', (part) => {
  const { pageSize } = PARTS[part];

  test('erases the pages needed and no other; one byte that differs is named', async () => {
    const board = await blankPart(part);
    const old = randomBytes(1, 6 * pageSize);
    expectDone(await isp(board, 'write', imageFile(board, 'old.bin', old), ...AT));
    const image = randomBytes(2, pageSize + 10);
    const base = BOOTLOADER_BASE + 2 * pageSize;
    const file = imageFile(board, 'new.bin', image);
    const written = await isp(board, 'write', file, '--base', hex(base));
    expectDone(written);
    expect(written.result).toMatchObject({ pagesErased: 2, verified: true });
    const now = await board.flash();
    expect(same(now.subarray(0, 2 * pageSize), old.subarray(0, 2 * pageSize))).toBe(true);
    expect(same(now.subarray(2 * pageSize, 3 * pageSize + 10), image)).toBe(true);
    expect(same(now.subarray(4 * pageSize, 6 * pageSize), old.subarray(4 * pageSize))).toBe(true);

    expectDone(await isp(board, 'verify', file, '--base', hex(base)));
    image[300] = (image[300] ?? 0) ^ 1;
    const differs = await isp(
      board,
      'verify',
      imageFile(board, 'x.bin', image),
      '--base',
      hex(base),
    );
    expect(differs).toMatchObject({
      code: 6,
      result: {
        details: {
          address: hex(base + 300)
            .toUpperCase()
            .replace('0X', '0x'),
        },
      },
    });

    const page = ['--start', hex(BOOTLOADER_BASE + 5 * pageSize), '--length', String(pageSize)];
    expectDone(await isp(board, 'erase', ...page));
    const after = await board.flash();
    expect(after.subarray(5 * pageSize, 6 * pageSize).every((byte) => byte === 0xff)).toBe(true);
    expect(same(after.subarray(0, 5 * pageSize), now.subarray(0, 5 * pageSize))).toBe(true);

    expect((await isp(board, 'erase', '--all')).code).toBe(2);
    expectDone(await isp(board, 'erase', '--all', '--yes'));
    expect((await board.flash()).every((byte) => byte === 0xff)).toBe(true);
  });

  test('protection: each kind refuses with its name, and comes off', async () => {
    const board = await blankPart(part);
    const image = imageFile(board, 'image.bin', randomBytes(3, 1000));
    expectDone(await isp(board, 'write', image, ...AT));
    const range = ['--start', hex(BOOTLOADER_BASE), '--length', String(BOOTLOADER_SIZE)];
    expect((await isp(board, 'protect', '--write', ...range)).code).toBe(2);
    const protectedNow = await isp(board, 'protect', '--write', ...range, '--yes');
    expectDone(protectedNow);
    expect(protectedNow.result).toMatchObject({
      part: { protectedSectors: [0, 1, 2, 3, 4, 5, 6] },
    });
    const { erases } = await board.counters();
    expect(await isp(board, 'write', image, ...AT)).toMatchObject({
      code: 5,
      result: { code: 'WRITE_PROTECTED' },
    });
    expect((await board.counters()).erases).toBe(erases);
    expectDone(await isp(board, 'unprotect', '--write', '--yes'));
    expectDone(await isp(board, 'write', image, ...AT));

    expectDone(await isp(board, 'protect', '--read', '--yes'));
    const info = await isp(board, 'info');
    expect(info.result).toMatchObject({ part: { readProtected: true, flashSize: null } });
    for (const [command, ...args] of [
      ['write', image, ...AT],
      ['verify', image, ...AT],
      ['read', join(tempDir().path, 'out.bin')],
      ['erase', '--all', '--yes'],
      ['go'],
    ] as const) {
      expect(await isp(board, command, ...args)).toMatchObject({
        code: 5,
        result: { code: 'READ_PROTECTED', hint: expect.stringContaining('unprotect --read') },
      });
    }
    expectDone(await isp(board, 'unprotect', '--read', '--yes'));
    expect((await board.flash()).every((byte) => byte === 0xff)).toBe(true);
    expectDone(await isp(board, 'write', image, ...AT));
  });
});

const part = 'stm32f103xe';

test('info: what the part says of itself', async () => {
  const uid = '00112233445566778899aabb';
  const board = await blankPart(part, { args: ['--uid', uid] });
  const { result } = await isp(board, 'info');
  expect(result).toMatchObject({
    ok: true,
    part: {
      pid: 0x414,
      parts: ['stm32f103xe'],
      version: '2.2',
      flashSize: 512 * 1024,
      pageSize: 2048,
      uniqueId: uid,
      readProtected: false,
      protectedSectors: [],
      optionBytesWhole: true,
    },
  });
});

test('an image across 64 KB, as HEX, S-record and binary, there and back', async () => {
  const board = await blankPart(part);
  const at = 0xf000;
  const image = randomBytes(4, 8000);
  const base = ['--base', hex(BOOTLOADER_BASE + at)];
  const dir = tempDir();
  expectDone(await isp(board, 'write', dir.write('a.bin', image), ...base));
  for (const name of ['a.hex', 'a.srec', 'b.bin']) {
    const out = join(dir.path, name);
    const range = ['--start', hex(BOOTLOADER_BASE + at), '--length', `${image.length}`];
    expectDone(await isp(board, 'read', out, ...range));
    expectDone(await isp(board, 'erase', '--all', '--yes'));
    expectDone(await isp(board, 'write', out, ...(name.endsWith('bin') ? base : [])));
    expect(same((await board.flash()).subarray(at, at + image.length), image)).toBe(true);
  }
});

test('--ahead: the part keeps up, and loses nothing', async () => {
  const board = await blankPart(part);
  const image = randomBytes(8, 10_000);
  expectDone(await isp(board, 'write', imageFile(board, 'a.bin', image), ...AT, '--ahead'));
  expect(same((await board.flash()).subarray(0, image.length), image)).toBe(true);
});

test('RAM: written, read back, and a program in it started', async () => {
  const board = await blankPart(part);
  const program = new Uint8Array(64).fill(0xbf);
  const view = new DataView(program.buffer);
  view.setUint32(0, 0x2000_2000, true);
  view.setUint32(4, 0x2000_1009, true);
  view.setUint16(8, 0xe7fe, true); // b .
  const file = imageFile(board, 'ram.bin', program);
  expectDone(await isp(board, 'write', file, '--base', '0x20001000'));
  const out = join(tempDir().path, 'ram.bin');
  expectDone(await isp(board, 'read', out, '--start', '0x20001000', '--length', '64'));
  expect(same(readFileSync(out), program)).toBe(true);
  expectDone(await isp(board, 'go', '--start', '0x20001000'));
  expect((await board.counters()).rom).toBe(false);
  expect((await board.counters()).state).toBe('running');
});

test('what does not fit is refused before anything is erased', async () => {
  const board = await blankPart(part);
  const { flashOps } = await board.counters();
  const image = imageFile(board, 'a.bin', randomBytes(5, 4096));
  for (const [base, code] of [
    ['0x0807f800', 'IMAGE_TOO_LARGE'],
    ['0x20000000', 'IMAGE_WRONG_ADDRESS'],
    ['0x40000000', 'IMAGE_WRONG_ADDRESS'],
  ] as const) {
    expect(await isp(board, 'write', image, '--base', base)).toMatchObject({ result: { code } });
  }
  expect(await isp(board, 'write', image)).toMatchObject({ code: 2 });
  expect(await isp(board, 'go')).toMatchObject({ code: 3, result: { code: 'IMAGE_VECTORS' } });
  expect((await board.counters()).flashOps).toBe(flashOps);
});

test('nobody there: what to do by hand is said', async () => {
  const board = await blankPart(part);
  await board.command('power off');
  const { code, result } = await isp(board, 'info', '--timeout', '300');
  expect(code).toBe(4);
  expect(result).toMatchObject({ code: 'NO_ANSWER', hint: expect.stringMatching(/BOOT0.*reset/) });
  await board.command('power on');
});

test('BOOT0 left high: a command for the IAP bootloader names it', async () => {
  const board = await blankPart(part);
  const args = ['--port', board.port, '--wait', '--timeout', '1000', '--json'];
  const { result } = await start('info', ...args).done;
  expect(result).toMatchObject({
    code: 'NOT_OUR_DEVICE',
    hint: expect.stringMatching(/BOOT0 low/),
  });
});

test('--wait: the part is reset into its ROM bootloader while the command calls', async () => {
  const board = await blankPart(part);
  await board.command('power off');
  const run = start('isp', 'info', '--port', board.port, '--wait', '--json', '--verbose');
  await run.untilError('-> 7f');
  await board.command('power on');
  expect((await run.done).code).toBe(0);
});

test('power lost while writing: the state of the part is said, and the same command again repairs it', async () => {
  const board = await blankPart(part, { allowed: ['state'] });
  const image = imageFile(board, 'a.bin', randomBytes(6, 20_000));
  await board.command('cut 3000');
  const cut = await isp(board, 'write', image, ...AT);
  expect(cut).toMatchObject({ code: 4, result: { code: 'LINK_LOST' } });
  expect(cut.result?.message).toMatch(/was erased, \d+ of 20000 bytes are written: do not start/);
  expect(cut.result?.hint).not.toMatch(/again.*again/);
  await board.command('power on');
  await untilState(board, 'running');
  expectDone(await isp(board, 'write', image, ...AT));
  expect(same((await board.flash()).subarray(0, 20_000), readFileSync(image))).toBe(true);
});

test('Ctrl-C while writing: the state of the part is said', async () => {
  const board = await blankPart(part);
  const image = imageFile(board, 'a.bin', randomBytes(9, 100_000));
  const run = start('isp', 'write', image, ...AT, '--port', board.port, '--json');
  await run.untilDone(0.2);
  const { code, result } = await run.signal('SIGINT');
  expect(code).toBe(130);
  expect(result).toMatchObject({ code: 'INTERRUPTED' });
  expect(result?.message).toMatch(/was erased, \d+ of 100000 bytes are written: do not start/);
  expectDone(await isp(board, 'write', image, ...AT));
  expect(same((await board.flash()).subarray(0, 100_000), readFileSync(image))).toBe(true);
});

test('a factory unit with write and read protection is started by hand and takes updates', async () => {
  const board = await blankPart(part);
  const unit = join(tempDir().path, 'unit.hex');
  expectDone(await iap('factory', '--blank-app', '--board', part, '-o', unit, '--json'));
  const options = ['--protect-bootloader', '--protect-read'];
  expect((await isp(board, 'factory', unit, ...options)).code).toBe(2);
  const run = start('isp', 'factory', unit, '--port', board.port, '--json', ...options, '--yes');
  await run.until('reset-by-hand');
  await boot0(board, 'low');
  const done = await run.done;
  expectDone(done);
  expect(done.result).toMatchObject({
    part: { readProtected: true },
    device: { mode: 'BOOTLOADER' },
  });
  expectDone(await flash(board, demoImage(part, 1)));
  await expectDemo(board, 1);
});

test('option bytes of a factory image protect the bootloader', async () => {
  const board = await blankPart(part);
  const unit = join(tempDir().path, 'unit.hex');
  const args = ['--blank-app', '--board', part, '--write-protect', '-o', unit, '--json'];
  expectDone(await iap('factory', ...args));
  expectDone(await isp(board, 'write', unit));
  const { result } = await isp(board, 'info');
  expect(result).toMatchObject({ part: { protectedSectors: [0, 1, 2, 3, 4, 5, 6] } });
});

describe.each(FAMILIES)('%s, with faults', (name) => {
  const erase = name === 'stm32f103xe' ? 0x43 : 0x44;

  test('everything at once is not erased: said so, and what is said instead works', async () => {
    const board = await blankPart(name);
    const image = randomBytes(10, 3000);
    expectDone(await isp(board, 'write', imageFile(board, 'a.bin', image), ...AT));
    const before = await board.flash();
    await board.command(`rom-nack ${erase} 1 0 0xff`);
    const refused = await isp(board, 'erase', '--all', '--yes');
    expect(refused).toMatchObject({
      code: 5,
      result: {
        code: 'REFUSED',
        message: 'the part refuses to erase everything at once; nothing was erased',
      },
    });
    expect(same(await board.flash(), before)).toBe(true);
    const [, instead = ''] = /"iap isp erase (.*?)"/.exec(String(refused.result?.hint)) ?? [];
    expectDone(await isp(board, 'erase', ...instead.split(' ')));
    expect((await board.flash()).every((byte) => byte === 0xff)).toBe(true);
  });

  test('a NACK in the middle of a write: no protection, the state, and the same command again', async () => {
    const board = await blankPart(name);
    const image = randomBytes(11, 3001);
    const file = imageFile(board, 'a.bin', image);
    for (const step of [0, 1, 2]) {
      await board.command(`rom-nack 0x31 ${step} 3`);
      const { code, result } = await isp(board, 'write', file, ...AT);
      expect(code).toBe(5);
      expect(result).toMatchObject({ code: 'REFUSED', details: { bytesTotal: 3001 } });
      expect(`${result?.message} ${result?.hint}`).not.toMatch(/read-out|unprotect/);
      expect(result?.message).toMatch(/was erased, \d+ of 3001 bytes are written: do not start/);
      await board.command('rom-nack off');
      const done = await isp(board, 'write', file, ...AT);
      expectDone(done);
      expect(done.result).toMatchObject({ bytes: 3001 });
      const last = done.events.filter(({ event }) => event === 'progress').at(-1);
      expect(last).toMatchObject({ bytesDone: 3001, bytesTotal: 3001 });
      expect(same((await board.flash()).subarray(0, image.length), image)).toBe(true);
    }
  });
});

test('an echo is named, with a part behind it and without', async () => {
  const board = await blankPart(part);
  await board.command('echo on');
  expect(await isp(board, 'info')).toMatchObject({
    code: 4,
    result: { code: 'ECHO', message: expect.stringContaining('answers behind the echo') },
  });
  await board.command('power off');
  expect(await isp(board, 'info')).toMatchObject({
    code: 4,
    result: { code: 'ECHO', message: expect.stringContaining('nobody else answers') },
  });
  await board.command('echo off');
  await board.command('power on');
  expectDone(await isp(board, 'info'));
});
