// What a write through a ROM bootloader tells, sends and leaves; and what is said of the part when it fails.
import { describe, expect, test } from 'vitest';
import { write } from '../../host/isp/index.js';
import type { FakeStep } from '../support/fake-rom.js';
import { randomBytes } from '../support/random.js';
import {
  always,
  at,
  ERASE,
  FLASH,
  failure,
  image,
  open,
  PAGE,
  RAM,
  READ,
  segment,
  stopped,
  told,
  WRITE,
} from '../support/rom-bench.js';

describe('write', () => {
  test('pages are erased, what is not blank is written, everything is read back', async () => {
    const { fake, rom } = await open();
    const flash = image.slice();
    flash.fill(0xff, 512, 1024);
    const ram = randomBytes(2, 10);
    fake.flash.fill(0);
    const all = await told(
      write(rom, [segment(FLASH + 0x1000, flash), segment(RAM + 0x1001, ram)]),
    );
    expect(all).toEqual([
      { event: 'erasing', pages: 2, pagesDone: 0 },
      { event: 'erased', pages: 2 },
      { event: 'writing', bytes: 3010 },
      ...[256, 512, 1280, 1536, 1792, 2048, 2304, 2560, 2816, 3000, 3010].map(
        (bytes) => `write: ${bytes} of 3010`,
      ),
      { event: 'verifying', bytes: 3010 },
      ...[256, 512, 768, 1024, 1280, 1536, 1792, 2048, 2304, 2560, 2816, 3000, 3010].map(
        (bytes) => `verify: ${bytes} of 3010`,
      ),
      { bytes: 3010, pagesErased: 2, verified: true },
    ]);
    expect(fake.pagesErased).toEqual([2, 3]);
    expect(fake.flash.subarray(0x1000, 0x1000 + 3000)).toEqual(flash);
    expect(fake.commands).toEqual([ERASE, ...Array(11).fill(WRITE), ...Array(13).fill(READ)]);
  });

  test('everything erased, nothing read back', async () => {
    const { fake, rom } = await open();
    fake.flash.fill(0);
    const options = { massErase: true, verify: false };
    expect(await told(write(rom, [segment(FLASH, image.subarray(0, 100))], options))).toEqual([
      { event: 'erasing', pages: undefined, pagesDone: 0 },
      { event: 'erased', pages: undefined },
      { event: 'writing', bytes: 100 },
      'write: 100 of 100',
      { bytes: 100, pagesErased: undefined, verified: false },
    ]);
    expect(fake.flash.subarray(100).every((byte) => byte === 0xff)).toBe(true);
  });

  test('blank at its end: told as written', async () => {
    const { rom } = await open();
    const flash = new Uint8Array(1000).fill(0xff);
    flash.set(image.subarray(0, 200));
    expect(await told(write(rom, [segment(FLASH, flash)], { verify: false }))).toEqual([
      { event: 'erasing', pages: 1, pagesDone: 0 },
      { event: 'erased', pages: 1 },
      { event: 'writing', bytes: 1000 },
      'write: 256 of 1000',
      'write: 1000 of 1000',
      { bytes: 1000, pagesErased: 1, verified: false },
    ]);
  });

  test('pages that are erased besides, for somebody else', async () => {
    const { fake, rom } = await open();
    const spans = [{ address: FLASH + 5 * PAGE - 1, length: 2 }];
    await write(rom, [segment(FLASH, image.subarray(0, 8))], { erase: spans }).result;
    expect(fake.pagesErased).toEqual([0, 4, 5]);
    const beyond = [{ address: FLASH + 0xffff, length: 2 }];
    const error = await failure(write(rom, [], { erase: beyond }).result);
    expect(error).toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      details: { flashSize: 0x10000, over: 1 },
    });
  });

  test('RAM alone: nothing is erased, and a part needs no Erase for it', async () => {
    const { fake, rom } = await open({ without: [ERASE] });
    expect(await told(write(rom, [segment(RAM + 0x1000, image.subarray(0, 8))]))).toEqual([
      { event: 'writing', bytes: 8 },
      'write: 8 of 8',
      { event: 'verifying', bytes: 8 },
      'verify: 8 of 8',
      { bytes: 8, pagesErased: 0, verified: true },
    ]);
    expect(fake.commands).toEqual([WRITE, READ]);
    const all = write(rom, [segment(RAM + 0x1000, image)], { massErase: true });
    expect((await failure(all.result)).message).toBe('this ROM bootloader has no Erase');
  });

  test('a part without Read Memory is written if nothing is read back', async () => {
    const { fake, rom } = await open({ without: [READ] });
    await write(rom, [segment(FLASH, image)], { verify: false }).result;
    expect(fake.flash.subarray(0, 3000)).toEqual(image);
    const error = await failure(write(rom, [segment(FLASH, image)]).result);
    expect(error).toMatchObject({
      code: 'REFUSED',
      details: { command: 'Read Memory', pid: 0x414 },
    });
  });

  test('a part without Write Memory: nothing is erased', async () => {
    const { fake, rom } = await open({ without: [WRITE] });
    const error = await failure(write(rom, [segment(FLASH, image)]).result);
    expect(error).toMatchObject({
      code: 'REFUSED',
      message: 'this ROM bootloader has no Write Memory',
      hint: expect.stringContaining('"iap isp info"'),
      details: { command: 'Write Memory', pid: 0x414 },
    });
    expect(fake.commands).toEqual([]);
  });

  test('read-out protection: nothing is sent', async () => {
    const { fake, rom } = await open({ readProtected: true });
    const error = await failure(write(rom, [segment(FLASH, image)]).result);
    expect(error).toMatchObject({
      code: 'READ_PROTECTED',
      message: expect.stringMatching(/does not write$/),
      hint: expect.stringContaining('unprotect --read'),
    });
    expect(fake.commands).toEqual([]);
  });

  test('a part of unknown pages: nothing is sent', async () => {
    const { fake, rom } = await open({ pid: 0x999 });
    const error = await failure(write(rom, [segment(FLASH, image)]).result);
    expect(error).toMatchObject({
      code: 'REFUSED',
      hint: expect.stringContaining('F0, F1 and F3'),
      details: { pid: 0x999 },
    });
    expect(fake.commands).toEqual([]);
  });

  test('what is no error of ours stays what it is', async () => {
    const broken = new TypeError('broken');
    const { rom } = await open();
    rom.write = () => Promise.reject(broken);
    await expect(write(rom, [segment(FLASH, image)]).result).rejects.toBe(broken);
  });
});

describe('a write that fails: what state the part is in', () => {
  const segments = [segment(FLASH + 0x1000, image)];

  test.each<[string, (place: FakeStep) => boolean, object | undefined, string]>([
    [
      'at the erase',
      at(ERASE, 'pages'),
      undefined,
      'flash from 0x08001000 on may be partly erased, and nothing is written',
    ],
    [
      'at the mass erase',
      at(ERASE, 'all'),
      { massErase: true },
      'all of flash may be partly erased, and nothing is written',
    ],
    [
      'at the first block',
      at(WRITE, 'data'),
      undefined,
      'flash from 0x08001000 on was erased, 0 of 3000 bytes are written: do not start this part',
    ],
    [
      'at the third block',
      at(WRITE, 'data', FLASH + 0x1200),
      undefined,
      'flash from 0x08001000 on was erased, 512 of 3000 bytes are written: do not start this part; the last one written is at 0x080011FF',
    ],
    [
      'when it is read back',
      at(READ, 'address', FLASH + 0x1000),
      undefined,
      'flash from 0x08001000 on was erased, 3000 of 3000 bytes are written: do not start this part; the last one written is at 0x08001BB7',
    ],
  ])('silence %s', async (_name, where, options, state) => {
    const { rom } = await open({ odd: always(where, 'dead') });
    const error = await failure(write(rom, segments, options).result);
    expect(error.code).toBe('LINK_LOST');
    expect(error.message.split('; ').slice(1).join('; ')).toBe(state);
    expect(error.hint).toMatch(/run the same command again/);
    expect(error.hint).not.toContain('worn');
    expect(error.details).toEqual({
      command: expect.any(String),
      step: expect.any(String),
      bytesWritten: Number(/(\d+) of 3000/.exec(state)?.[1] ?? 0),
      bytesTotal: 3000,
      ...(where === undefined || /address/.test(JSON.stringify(error.details))
        ? { address: expect.any(String) }
        : {}),
    });
  });

  test('stopped while it erases', async () => {
    const bench = await open();
    const error = await stopped(bench, write(bench.rom, segments), 1.5);
    expect(error.message).toBe(
      'interrupted; flash from 0x08001000 on may be partly erased, and nothing is written',
    );
    expect(error.hint).toBe('run the same command again, with BOOT0 high and after a reset');
    expect(error.details).toEqual({ resumable: false, bytesWritten: 0, bytesTotal: 3000 });
  });

  test('stopped while it writes to RAM', async () => {
    const bench = await open();
    const error = await stopped(bench, write(bench.rom, [segment(RAM + 0x1000, image)]), 4.5);
    expect(error.message).toBe(
      'interrupted; flash was not changed, 256 of 3000 bytes are written to RAM; the last one written is at 0x200010FF',
    );
    expect(error.details).toEqual({ resumable: false, bytesWritten: 256, bytesTotal: 3000 });
  });

  test('a cell of flash that does not take its value is worn, one of RAM is not', async () => {
    const worn = (address: number): boolean => address === FLASH + 0x1001;
    const { rom } = await open({ worn });
    const error = await failure(write(rom, segments).result);
    expect(error.code).toBe('VERIFY_FAILED');
    expect(error.hint).toMatch(/^run the same command again: the same address again means/);
    expect(error.details).toEqual({
      address: '0x08001001',
      expected: image[1],
      found: 0xff,
      bytesWritten: 3000,
      bytesTotal: 3000,
    });
    const other = await open();
    other.rom.read = (_address, count) => Promise.resolve(new Uint8Array(count));
    const inRam = await failure(write(other.rom, [segment(RAM + 0x1000, image)]).result);
    expect(inRam).toMatchObject({ code: 'VERIFY_FAILED', details: { address: '0x20001000' } });
    expect(inRam.hint).toBe('run the same command again, with BOOT0 high and after a reset');
  });
});
