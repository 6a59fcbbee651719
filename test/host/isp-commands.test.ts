// What the commands under "iap isp" do and say, run in this process against a fake ROM bootloader.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { ISP_ERASE, type IspEraseArguments } from '../../host/cli/commands/isp/erase.js';
import { ISP_FACTORY, type IspFactoryArguments } from '../../host/cli/commands/isp/factory.js';
import { ISP_INFO } from '../../host/cli/commands/isp/info.js';
import { ISP_PROTECT } from '../../host/cli/commands/isp/protect.js';
import { ISP_READ, type IspReadArguments } from '../../host/cli/commands/isp/read.js';
import { ISP_WRITE } from '../../host/cli/commands/isp/write.js';
import { call } from '../../host/cli/isp-start.js';
import type { Context } from '../../host/cli/link.js';
import { writeIntelHex } from '../../host/image/intel-hex.js';
import { makePackage } from '../../host/pack/pack.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { jsonLines, session } from '../support/cli.js';
import { FakeRom, type FakeRomOptions } from '../support/fake-rom.js';
import { appImage, bootloaderImage } from '../support/images.js';

const { handler: ispErase } = ISP_ERASE;
const { handler: ispFactory } = ISP_FACTORY;
const { handler: ispInfo } = ISP_INFO;
const { handler: ispProtect } = ISP_PROTECT;
const { handler: ispRead } = ISP_READ;
const { handler: ispWrite } = ISP_WRITE;

const FLASH = '0x08000000';
const ISP = {
  port: 'fake',
  baud: 115200,
  wait: false,
  verbose: false,
  json: true,
  lines: 'none',
  invertReset: false,
  invertBoot0: false,
  dtr: 'keep',
  rts: 'keep',
  ahead: false,
} as const;

const folder = mkdtempSync(join(tmpdir(), 'iap-'));

function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

interface Bench {
  readonly fake: FakeRom;
  readonly context: Context;
  /** What was told so far, the result last */
  events(): Record<string, unknown>[];
}

/** The error that a command ends with */
async function failure(work: Promise<void>): Promise<IapError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof IapError) return error;
  throw error ?? new Error('no error');
}

function bench(options: FakeRomOptions = {}): Bench {
  const clock = new VirtualClock();
  const fake = new FakeRom(clock, options);
  const { context, out } = session({ clock, line: fake }, { json: true });
  return { fake, context, events: () => jsonLines(out.text) };
}

describe('erase', () => {
  const erase = ({ context }: Bench, args: Partial<IspEraseArguments>): Promise<void> =>
    ispErase({ ...ISP, all: false, yes: false, ...args }, context);

  test.each([
    ['no length', { start: FLASH }],
    ['no length, confirmed', { start: FLASH, yes: true }],
    ['no start', { length: '2048' }],
    ['nothing', {}],
    ['all and a range', { all: true, yes: true, start: FLASH, length: '2048' }],
    ['all, not confirmed', { all: true }],
    ['all by its range, not confirmed', { start: FLASH, length: String(64 * 1024) }],
    ['all but a part of the last page', { start: FLASH, length: String(64 * 1024 - 1) }],
  ])('%s: refused, and nothing is erased', async (_name, args) => {
    const at = bench();
    await expect(erase(at, args)).rejects.toMatchObject({ code: 'USAGE' });
    expect(at.fake.commands).not.toContain(0x43);
  });

  test.each([
    [
      { start: '0x08000800', length: '4096' },
      'flash from 0x08000800 to 0x080017FF may be partly erased',
    ],
    [{ all: true, yes: true }, 'all of flash may be erased'],
  ])('%j, and then silence: the state of flash is said', async (args, state) => {
    const at = bench({ toRom: (byte) => (at.fake?.commands.includes(0x43) ? undefined : byte) });
    await expect(erase(at, args)).rejects.toMatchObject({
      code: 'LINK_LOST',
      message: expect.stringContaining(`; ${state}: do not start this part`),
      hint: expect.not.stringMatching(/again.*again/),
    });
  });

  test('a part that was not touched is not said to be', async () => {
    const at = bench({ readProtected: true });
    await expect(erase(at, { all: true, yes: true })).rejects.toMatchObject({
      code: 'READ_PROTECTED',
      message: expect.not.stringContaining('erased'),
    });
  });

  test('many pages: how many there are in all, and how many are done', async () => {
    const at = bench({ flashKb: 512 });
    await erase(at, { start: '0x08008000', length: String(200 * 2048) });
    const erasing = at.events().filter(({ event }) => event === 'erasing');
    expect(erasing.map(({ pages, pagesDone }) => [pages, pagesDone])).toEqual([
      [200, 0],
      [200, 64],
      [200, 128],
      [200, 192],
    ]);
  });

  test('all by its range, confirmed', async () => {
    const at = bench();
    at.fake.flash.fill(0);
    await erase(at, { start: FLASH, length: String(64 * 1024), yes: true });
    expect(at.fake.flash.every((byte) => byte === 0xff)).toBe(true);
  });
});

describe('factory', () => {
  const factory = (
    { context }: Bench,
    image: string,
    args: Partial<IspFactoryArguments> = {},
  ): Promise<void> =>
    ispFactory(
      {
        ...ISP,
        image,
        massErase: false,
        protectBootloader: true,
        protectRead: false,
        appBaud: 115200,
        start: false,
        secure: false,
        romOnly: false,
        yes: false,
        ...args,
      },
      context,
    );
  const app = appImage(40_000);
  const hex = (address: number, bytes: Uint8Array): string => writeIntelHex([{ address, bytes }]);
  const bootloader = bootloaderImage();
  const version = { major: 1, minor: 0, patch: 0, build: 0 };

  test.each([
    ['an application', 'app.hex', hex(0x0800_8000, app)],
    ['an application without its address', 'app.bin', app],
    ['the same of a board with a shorter bootloader', 'low.bin', appImage(5000, 1, 0x0800_6000)],
    ['random bytes', 'random.bin', new Uint8Array(5000).fill(0x55)],
    ['a few bytes', 'few.bin', bootloader.subarray(0, 6)],
    ['nothing but a vector table', 'table.bin', bootloader.subarray(0, 200)],
    ['a package', 'app.iap', makePackage({ base: 0x0800_8000, bytes: app }, { version })],
  ])('%s is no factory image: nothing is sent', async (_name, name, bytes) => {
    const at = bench();
    await expect(factory(at, file(name, bytes))).rejects.toMatchObject({
      code: 'BOOTLOADER_WRONG',
      hint: expect.stringContaining('"iap factory"'),
    });
    expect(at.fake.writes).toEqual([]);
  });

  test.each([
    ['a bare bootloader', 'boot.bin', bootloader],
    ['one with an address', 'boot.hex', hex(0x0800_0000, bootloader)],
  ])('%s is written', async (_name, name, bytes) => {
    const at = bench();
    await factory(at, file(name, bytes), { protectBootloader: false });
    expect(at.fake.flash.subarray(0, bootloader.length)).toEqual(bootloader);
  });
});

describe('factory, once the image is written', () => {
  const image = file('written.bin', bootloaderImage());
  const unit = { ...ISP, image, massErase: false, protectRead: false, appBaud: 115200, yes: false };
  const parts = { protectBootloader: false, start: true, secure: false, romOnly: false };

  test.each<[string, FakeRomOptions, string]>([
    ['nobody', {}, 'NO_ANSWER'],
    ['a program that echoes', { echo: 'after-go' }, 'ECHO'],
  ])('%s answers: port, wires and supply have worked', async (_name, options, code) => {
    const at = bench(options);
    const error = await failure(ispFactory({ ...unit, ...parts }, at.context));
    expect(error).toMatchObject({
      code,
      message: expect.stringMatching(/^the image is written and verified, but its bootloader/),
      hint: expect.stringMatching(/^set BOOT0 low.*--app-baud/),
    });
    expect(`${error.message} ${error.hint}`).not.toMatch(/cable|power|TX|the line echoes|--wait/);
  });

  test('a part that is back in its ROM bootloader is started again and again, before a person is asked', async () => {
    const at = bench({ returns: true });
    await failure(ispFactory({ ...unit, ...parts }, at.context));
    expect(at.fake.commands.filter((code) => code === 0x21)).toHaveLength(7);
    expect(at.events().map(({ event }) => event)).toContain('reset-by-hand');
  });

  test('a byte that looks like a ROM bootloader, and nothing more: the unit itself is called, too', async () => {
    const clock = new VirtualClock();
    const line = new FakeRom(clock, { odd: () => 'dead' });
    const { context } = session({ clock, line }, { json: true });
    const parities: unknown[] = [];
    const ports: Context['ports'] = {
      ...context.ports,
      open: (options) => {
        parities.push(options.parity);
        return context.ports.open(options);
      },
    };
    const error = await failure(ispFactory({ ...unit, ...parts }, { ...context, ports }));
    expect(error.code).toBe('LINK_LOST');
    expect(parities).toEqual(['even', undefined]);
  });

  test('protection refused: the image is said to be there, and that nothing else changed', async () => {
    const at = bench({ odd: ({ step }) => (step === 'sectors' ? 0x1f : undefined) });
    const args = { ...unit, ...parts, protectBootloader: true };
    const { message } = await failure(ispFactory(args, at.context));
    expect(message).toMatch(
      /^the image is written and verified, but the part refuses the sectors.*; Write Protect changed nothing$/,
    );
  });
});

test('behind a network of unknown distance a bootloader is waited for as long as a ROM bootloader', async () => {
  const clock = new VirtualClock();
  const line = new FakeRom(clock, { network: 'unknown', toRom: () => undefined });
  const { context } = session({ clock, line });
  const use = (): Promise<void> => Promise.resolve();
  const calling = call({ ...ISP, appBaud: 115200 }, context, 1000, use, false);
  await expect(calling).rejects.toMatchObject({ code: 'NO_ANSWER' });
  expect(clock.now()).toBeGreaterThanOrEqual(2500);
});

describe('what is not known is not said', () => {
  test('a size register that says nothing was read all the same', async () => {
    const clock = new VirtualClock();
    const line = new FakeRom(clock, { sizeRegister: 0xffff });
    const { context, out } = session({ clock, line }, { json: false });
    await ispInfo(ISP, context);
    expect(out.text).toMatch(/^flash +\(the part does not say\)$/m);
  });

  test('how many pages there are in all of a flash of unknown size', async () => {
    const at = bench({ sizeRegister: 0xffff });
    await ispErase({ ...ISP, all: true, yes: true }, at.context);
    expect(at.events().at(-1)).toMatchObject({ ok: true, pages: null });
  });
});

describe('protect --write', () => {
  const protect = ({ context }: Bench, start: string, length: number): Promise<void> => {
    const args = {
      ...ISP,
      read: false,
      write: true,
      yes: true,
      start,
      length: String(length),
    };
    return ispProtect(args, context);
  };

  test.each([
    ['beyond flash', 64, '0x08010000', 4096],
    ['over the end of flash', 64, '0x0800f000', 8192],
    ['beyond the last sector, which begins below', 512, '0x08020000', 4096],
  ])('%s: refused', async (_name, flashKb, start, length) => {
    const at = bench({ flashKb });
    await expect(protect(at, start, length)).rejects.toMatchObject({ code: 'USAGE' });
    expect(at.fake.commands).not.toContain(0x63);
  });

  test.each([
    [512, '0x0801e000', 0x2000, [30, 31], 0x0801_e000, 0x62000],
    [128, '0x0801f000', 0x1000, [31], 0x0801_f000, 0x1000],
    [512, FLASH, 0x7000, [0, 1, 2, 3, 4, 5, 6], 0x0800_0000, 0x7000],
  ])('%i KB, from %s: what is really protected is told', async (flashKb, start, size, ...found) => {
    const [protectedSectors, address, length] = found;
    const at = bench({ flashKb });
    await protect(at, start, size);
    expect(at.events().at(-1)).toMatchObject({
      part: { protectedSectors, protectedRanges: [{ address, length }] },
    });
  });
});

describe('read', () => {
  const read = ({ context }: Bench, path: string, args: Partial<IspReadArguments>): Promise<void> =>
    ispRead({ ...ISP, ram: false, trim: false, file: path, ...args }, context);

  test.each([
    ['behind flash', { start: '0x08010000', length: '256' }],
    ['over the end of flash', { start: '0x0800ff00', length: '512' }],
    ['in front of flash', { start: '0x07ffff00', length: '512' }],
    ['more than flash has', { length: String(64 * 1024 + 1) }],
    ['a start behind flash', { start: '0x08010000' }],
  ])('%s: refused before it is read', async (_name, args) => {
    const at = bench();
    const path = join(folder, 'never.bin');
    rmSync(path, { force: true });
    await expect(read(at, path, args)).rejects.toMatchObject({ code: 'USAGE' });
    expect(at.events().some(({ event }) => event === 'progress')).toBe(false);
    expect(existsSync(path)).toBe(false);
  });

  test.each(['absent/out.bin', 'folder.bin'])(
    'into %s: refused before it is sent',
    async (name) => {
      mkdirSync(join(folder, 'folder.bin'), { recursive: true });
      const at = bench();
      await expect(read(at, join(folder, name), {})).rejects.toMatchObject({
        code: 'FILE_UNWRITABLE',
      });
      expect(at.fake.writes).toEqual([]);
    },
  );

  test('the last bytes of flash, in place of an earlier file', async () => {
    const at = bench();
    at.fake.flash.set([1, 2, 3, 4], 0xfffc);
    const path = file('end.bin', 'earlier');
    await read(at, path, { start: '0x0800fffc', length: '4' });
    expect([...readFileSync(path)]).toEqual([1, 2, 3, 4]);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

test('--wait is told to programs too', async () => {
  const at = bench();
  await ispInfo({ ...ISP, wait: true }, at.context);
  expect(at.events()[0]).toEqual({ event: 'waiting', port: 'fake' });
});

describe('write', () => {
  const write = ({ context }: Bench, image: string, base?: string): Promise<void> =>
    ispWrite({ ...ISP, image, base, massErase: false, verify: true }, context);
  const image = file(
    'two.hex',
    writeIntelHex([
      { address: 0x0800_4000, bytes: new Uint8Array(10).fill(1) },
      { address: 0x0800_8000, bytes: new Uint8Array(2000).fill(2) },
    ]),
  );

  test('tells where it has written', async () => {
    const at = bench();
    await write(at, image);
    expect(at.events().at(-1)).toMatchObject({
      bytes: 2010,
      ranges: [
        { address: 0x0800_4000, length: 10 },
        { address: 0x0800_8000, length: 2000 },
      ],
    });
  });

  test.each([
    [false, 'flash from 0x08004000 on may be partly erased'],
    [true, 'all of flash may be partly erased'],
  ])(
    'mass erase %s, and then silence: what may be erased is said, what to do once',
    async (massErase, state) => {
      const at = bench({ toRom: (byte) => (at.fake?.commands.includes(0x43) ? undefined : byte) });
      const args = { ...ISP, image, massErase, verify: true };
      await expect(ispWrite(args, at.context)).rejects.toMatchObject({
        code: 'LINK_LOST',
        message: expect.stringContaining(`; ${state}`),
        hint: expect.not.stringMatching(/again.*again/),
      });
    },
  );

  test('--base does not move a file that has addresses', async () => {
    const at = bench();
    await expect(write(at, image, '0x08008000')).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/two\.hex has addresses of its own, from 0x08004000/),
    });
    expect(at.fake.writes).toEqual([]);
    await write(at, image, '0x08004000');
  });
});

describe('numbers', () => {
  const erase = (start: string, length: string): Promise<void> => {
    const args = { ...ISP, all: false, yes: false, start, length };
    return ispErase(args, bench().context);
  };

  test.each([
    ['0x0800800g', '1', '--start must be a whole number from 0 to 4294967295, got "0x0800800g"'],
    [FLASH, '4k', '--length must be a whole number from 1 to 16777216, got "4k"'],
    [FLASH, '0', 'got "0"'],
  ])('--start %j --length %j', async (start, length, message) => {
    await expect(erase(start, length)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(message),
    });
  });
});
