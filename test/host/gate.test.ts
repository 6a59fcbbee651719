// What "iap check" calls an error is written by nothing: each command that writes an image, each way round it.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import { ALLOWABLE, type Allowable } from '../../host/check/allow.js';
import { CHECK } from '../../host/cli/commands/check.js';
import { FACTORY } from '../../host/cli/commands/factory.js';
import { FLASH } from '../../host/cli/commands/flash.js';
import { ISP_FACTORY } from '../../host/cli/commands/isp/factory.js';
import { ISP_WRITE } from '../../host/cli/commands/isp/write.js';
import { PACK } from '../../host/cli/commands/pack.js';
import { VERIFY } from '../../host/cli/commands/verify.js';
import { loadFile } from '../../host/image/load.js';
import { boardNames } from '../../host/node/board-file.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { Mode } from '../../protocol/index.js';
import { Bench } from '../support/bench.js';
import { built as builtFile } from '../support/board.js';
import { DEFAULTS_OF_PORTS, jsonLines, type Session, session } from '../support/cli.js';
import { FakeRom } from '../support/fake-rom.js';
import { bootloaderImage, tableImage } from '../support/images.js';
import { built, program, START } from '../support/linked-program.js';

const { handler: check } = CHECK;
const { handler: factory } = FACTORY;
const { handler: flash } = FLASH;
const { handler: ispFactory } = ISP_FACTORY;
const { handler: ispWrite } = ISP_WRITE;
const { handler: pack } = PACK;
const { handler: verify } = VERIFY;

const PART = 'stm32f103xb';
const ISP = {
  ...{ port: 'fake', baud: 115200, wait: false, verbose: false, json: true, lines: 'none' },
  ...{ invertReset: false, invertBoot0: false, ahead: false, massErase: false, verify: true },
  dtr: 'keep',
  rts: 'keep',
  ...{
    protectBootloader: false,
    protectRead: false,
    appBaud: 115200,
    start: false,
    secure: false,
    romOnly: false,
    yes: false,
  },
} as const;

const folder = mkdtempSync(join(tmpdir(), 'iap-gate-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const late = file(
  'late.bin',
  loadFile(built({ flags: ['-mcpu=cortex-m3', '-O2'], flash: START }, program('noise'))).image
    .bytes,
);
const outside = file('outside.bin', tableImage(1000, 0x0800_8000, { 3: 0x0802_0001 }));
const bootloader = file('bootloader.bin', bootloaderImage());

/** What a command did */
interface Run {
  readonly error: unknown;
  readonly events: Record<string, unknown>[];
  readonly written: boolean;
}

type Command = (image: string, allow?: readonly Allowable[]) => Promise<Run>;

async function run(
  { context, out }: Session,
  work: (context: Session['context']) => Promise<void>,
  written: () => boolean,
): Promise<Run> {
  const error = await work(context).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const events = out.text === '' ? [] : jsonLines(out.text);
  return { error, events, written: written() };
}

function device(appKit = false): Bench {
  const bench = new Bench({ appKit, pageSize: 1024, pages: 96, info: { part: PART } });
  if (appKit) bench.device.startApp();
  return bench;
}

const DISTURBING = new Set(['ENTER', 'BEGIN', 'DATA']);

function flashing(appKit: boolean): Command {
  return (image, allow) => {
    const bench = device(appKit);
    return run(
      session(bench, { json: true }),
      (context) => flash({ ...DEFAULTS_OF_PORTS, image, allow }, context),
      () => bench.device.log.some((name) => DISTURBING.has(name)),
    );
  };
}

const WRITERS: Readonly<Record<string, Command>> = {
  flash: flashing(false),
  'flash, of a running application': flashing(true),
  pack: (image, allow) => {
    const output = join(folder, 'out.iap');
    rmSync(output, { force: true });
    return run(
      session(device(), { json: true }),
      (context) => pack({ image, allow, output, board: PART, version: '1.0.0' }, context),
      () => existsSync(output),
    );
  },
  factory: (image, allow) => {
    const output = join(folder, 'out.hex');
    rmSync(output, { force: true });
    const args = { image, allow, output, board: PART, bootloader, packagesOnly: false };
    const flags = { blankApp: false, recordOnly: false, writeProtect: false, development: false };
    return run(
      session(device(), { json: true }),
      (context) => factory({ ...args, ...flags }, context),
      () => existsSync(output),
    );
  },
  'isp write': (image, allow) => isp(ispWrite, image, allow, '0x08008000'),
  'isp factory': (image, allow) => {
    // A unit that somebody put together without "iap factory"
    const unit = new Uint8Array(0x8000 + 100_000).fill(0xff);
    unit.set(readFileSync(builtFile('build', PART, 'bootloader.bin')));
    unit.set(readFileSync(image), 0x8000);
    return isp(ispFactory, file('unit.bin', unit), allow, '0x08000000');
  },
};

function isp(
  command: (args: typeof ISP & { image: string }, context: Session['context']) => Promise<void>,
  image: string,
  allow: readonly Allowable[] | undefined,
  base: string,
): Promise<Run> {
  const clock = new VirtualClock();
  const rom = new FakeRom(clock, { pid: 0x410, flashKb: 256 });
  const args = { ...ISP, image, base, ...(allow ? { allow } : {}) };
  return run(
    session({ clock, line: rom }, { json: true }),
    (context) => command(args, context),
    () => rom.pagesErased.length > 0,
  );
}

describe.each(Object.entries(WRITERS))('%s', (_, command) => {
  test('an image for another address is not written, and nothing is disturbed for it', async () => {
    const { error, written } = await command(late);
    expect(error).toMatchObject({
      code: 'IMAGE_WRONG_ADDRESS',
      details: { finding: 'wrong-address', base: START },
    });
    expect(written).toBe(false);
  });

  test('a vector that is no handler: not written, unless it is allowed by its name', async () => {
    const refused = await command(outside);
    expect(refused.error).toMatchObject({ details: { finding: 'vector-outside' } });
    expect((refused.error as IapError).hint).toContain('--allow vector-outside');
    expect(refused.written).toBe(false);
    const other = await command(outside, ['wrong-core']);
    expect(other.written).toBe(false);
    const allowed = await command(outside, ['vector-outside']);
    expect(allowed.error).toBeUndefined();
    expect(allowed.written).toBe(true);
    expect(allowed.events.at(-1)).toMatchObject({ ok: true, allowed: ['vector-outside'] });
    const warnings = allowed.events.filter(
      ({ event, finding }) => event === 'warning' && finding === 'vector-outside',
    );
    expect(warnings).toMatchObject([{ allowed: true }]);
  });
});

describe('a device whose part is known', () => {
  const large = file('large.bin', tableImage(1000, 0x0800_8000, { 0: 0x2001_0000 }));

  test.each([false, true])(
    'has no more RAM than that part, application running: %s',
    async (appKit) => {
      const bench = device(appKit);
      const { context } = session(bench, { json: true });
      await expect(flash({ ...DEFAULTS_OF_PORTS, image: large }, context)).rejects.toMatchObject({
        code: 'IMAGE_VECTORS',
        details: { finding: 'stack-outside-ram', stack: 0x2001_0000 },
      });
      expect(bench.device.log.some((name) => DISTURBING.has(name))).toBe(false);
      expect(bench.device.mode).toBe(appKit ? Mode.APP : Mode.BOOTLOADER);
    },
  );

  test('of another name is judged as any part', async () => {
    const bench = new Bench({ info: { part: 'of-our-own' } });
    await flash({ ...DEFAULTS_OF_PORTS, image: large }, session(bench, { json: true }).context);
    expect(bench.device.log).toContain('BOOT');
  });
});

test('verify compares what was allowed to be written', async () => {
  const bench = device();
  const bytes = new Uint8Array(readFileSync(outside));
  await bench.update(bytes, { boot: false, allow: ['vector-outside'] });
  const { context, out } = session(bench, { json: true });
  await verify({ ...DEFAULTS_OF_PORTS, image: outside }, context);
  expect(jsonLines(out.text).at(-1)).toMatchObject({ ok: true });
});

test('check with everything allowed ends well, and says so', async () => {
  const judged = async (allow?: Allowable): Promise<Record<string, unknown>[]> => {
    const { context, out } = session(device(), { json: true });
    const args = { images: [outside], board: PART, ...(allow ? { allow: [allow] } : {}) };
    await check(args, context).catch(() => {});
    return jsonLines(out.text);
  };
  expect((await judged())[0]).toMatchObject({ ok: false });
  const [image, result] = await judged('vector-outside');
  expect(image).toMatchObject({ ok: true, findings: [{ id: 'vector-outside', allowed: true }] });
  expect(result).toMatchObject({ event: 'result', ok: true });
});

test('what can not be allowed is named, with what can', async () => {
  const { context } = session(device());
  const refused = flash({ ...DEFAULTS_OF_PORTS, image: outside, allow: ['too-large'] }, context);
  await expect(refused).rejects.toThrow(`--allow takes ${ALLOWABLE.join(', ')}; got "too-large"`);
});

test('the page names each, and no others', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/images.md'), 'utf8');
  const [, list = ''] = /can be allowed by their names, after a look: ([^:]*):/.exec(page) ?? [];
  expect([...list.matchAll(/`([^`]+)`/g)].map(([, id]) => id)).toEqual([...ALLOWABLE]);
});

test('isp write takes an application with a kit, where no bootloader says for which board it is', async () => {
  const demo = builtFile('build', PART, 'demo-v1.bin');
  expect(await isp(ispWrite, demo, undefined, '0x08008000')).toMatchObject({
    error: undefined,
    written: true,
  });
});

describe('isp write at the start of flash', () => {
  const write = (image: string): Promise<Run> => isp(ispWrite, image, undefined, '0x08000000');

  test('an application is refused: a reset would start it at the wrong address', async () => {
    const { error, written } = await write(builtFile('build', PART, 'demo-v1.bin'));
    expect(error).toMatchObject({ details: { finding: 'wrong-address', base: 0x0800_8000 } });
    expect(String(error)).toContain('where a reset starts');
    expect((error as IapError).hint).toContain('--base 0x08008000');
    expect(written).toBe(false);
  });

  test('a program that is linked there is written', async () => {
    expect(await write(late)).toMatchObject({ error: undefined, written: true });
  });

  test.each(boardNames())('so is the bootloader of %s', async (name) => {
    const { error, written } = await write(builtFile('build', name, 'bootloader.bin'));
    expect(error).toBeUndefined();
    expect(written).toBe(true);
  });
});
