// What the commands say, run in this process against a fake device.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { BOOT } from '../../host/cli/commands/boot.js';
import { FLASH } from '../../host/cli/commands/flash.js';
import { INFO } from '../../host/cli/commands/info.js';
import { VERIFY } from '../../host/cli/commands/verify.js';
import { deviceJson, deviceTable } from '../../host/cli/describe.js';
import { Output } from '../../host/cli/output.js';
import { factoryFlash, silicon } from '../../host/cli/virtual-board.js';
import { parseAddresses, withBus } from '../../host/cli/virtual-bus.js';
import {
  Capability,
  type Field,
  HelloResponse,
  Identity,
  ImageState,
  type Layout,
  Mode,
  offsetOf,
  Stay,
} from '../../protocol/index.js';
import { Bench } from '../support/bench.js';
import { DEFAULTS, DEFAULTS_OF_PORTS, jsonLines, session } from '../support/cli.js';
import { appImage } from '../support/images.js';

const { handler: boot } = BOOT;
const { handler: flash } = FLASH;
const { handler: info } = INFO;
const { handler: verify } = VERIFY;

const folder = mkdtempSync(join(tmpdir(), 'iap-'));

function imageFile(bytes: Uint8Array): string {
  const path = join(folder, `${Math.random()}.bin`);
  writeFileSync(path, bytes);
  return path;
}

test('flash, in a pipe', async () => {
  const { context, out, error } = session(new Bench());
  await flash({ ...DEFAULTS_OF_PORTS, image: imageFile(appImage(50_000)) }, context);
  const lines = out.text.trim().split('\n');
  expect(lines[0]).toMatch(
    /^fake: bootloader 0\.1\.0 \(no application was ever installed\), installed: nothing$/,
  );
  expect(lines[1]).toBe('25 of 25 pages to send, 50000 bytes');
  expect(lines.at(-2)).toMatch(/^100 % {2}50000 of 50000 bytes {2}1\d\.\d kB\/s, 0 s left$/);
  expect(lines.at(-1)).toMatch(
    /^done in \d+\.\d s: 50000 bytes, 25 pages sent, 0 skipped, application started$/,
  );
  expect(lines.length).toBeLessThan(16);
  expect(out.text).not.toContain('\u001b');
  expect(error.text).toBe('');
});

test('flash, on a terminal: one line that is written over, never wider than it', async () => {
  const { context, out } = session(new Bench(), { tty: true });
  await flash({ ...DEFAULTS_OF_PORTS, image: imageFile(appImage(50_000)) }, context);
  const bars = out.text.split('\r\u001b[K').slice(1);
  expect(bars).toHaveLength(25);
  expect(bars.every((bar) => (bar.split('\n')[0]?.length ?? 0) < 80)).toBe(true);
  expect(bars[12]).toMatch(/^\[#+\.+\] {2}\d+ %/);
});

test('flash --json: every line an event, the last the result', async () => {
  const { context, out } = session(new Bench(), { json: true });
  await flash({ ...DEFAULTS_OF_PORTS, image: imageFile(appImage(5000)) }, context);
  const events = jsonLines(out.text);
  expect(events.map(({ event }) => event)).toEqual([
    ...['found', 'comparing', 'plan', 'progress', 'progress', 'progress'],
    ...['verifying', 'installed', 'booting', 'booted', 'result'],
  ]);
  expect(events.at(-1)).toMatchObject({
    ok: true,
    changed: true,
    boot: 'started',
    bytes: 5000,
    pagesTotal: 3,
    pagesSent: 3,
    bytesSent: 5000,
  });
  expect(events[0]).toMatchObject({
    device: { part: 'fake', mode: 'BOOTLOADER', installed: null },
  });
});

test('flash again: nothing to do', async () => {
  const bench = new Bench({ appKit: true });
  const image = imageFile(appImage(5000));
  await flash({ ...DEFAULTS_OF_PORTS, image }, session(bench).context);
  bench.line.closed = false;
  const { context, out } = session(bench);
  await flash({ ...DEFAULTS_OF_PORTS, image }, context);
  expect(out.text).toContain('installed already: nothing to do');
  expect(out.text).toMatch(/done in 0\.\d s, nothing sent, application started\n$/);
});

test('the port is closed, whatever happens', async () => {
  const bench = new Bench();
  bench.device.alive = false;
  const run = info({ ...DEFAULTS_OF_PORTS, timeout: 500 }, session(bench).context);
  await expect(run).rejects.toMatchObject({ code: 'NO_ANSWER' });
  expect(bench.line.closed).toBe(true);
});

test('info names the device and does not hold it', async () => {
  const bench = new Bench({ appKit: true });
  await flash({ ...DEFAULTS_OF_PORTS, image: imageFile(appImage(5000)) }, session(bench).context);
  bench.line.closed = false;
  const { context, out } = session(bench);
  await info(DEFAULTS_OF_PORTS, context);
  expect(out.text).toMatch(/^part +fake$/m);
  expect(out.text).toMatch(/^running +application$/m);
  expect(out.text).toMatch(
    /^application area +0x08008000 to 0x0807FFFF, 491520 bytes in pages of 2048$/m,
  );
  expect(bench.device.mode).toBe(Mode.APP);
});

/** Another value for every field that an answer to HELLO has */
function distinct(): HelloResponse {
  let next = 1000;
  const made = (field: Field): unknown => {
    next += 1;
    if (field.type === 'struct') return objectOf(field.layout);
    if (field.type === 'bytes') return new Uint8Array(field.size).fill(next & 0x7f);
    if (field.type === 'chars') return `text ${next}`;
    return field.type === 'u8' ? next & 0x7f : next;
  };
  const objectOf = (layout: Layout<unknown>): object =>
    Object.fromEntries(layout.fields.map((field) => [field.name, made(field)]));
  return objectOf(HelloResponse) as HelloResponse;
}

test('info says everything that HELLO says, to people and to programs', () => {
  const hello = distinct();
  const present = ImageState.PRESENT | ImageState.TOUCHED | ImageState.VALID | ImageState.CONFIRMED;
  const image = (state: number, trials: number): HelloResponse['installed'] => ({
    ...(trials === 4 ? hello.installed : hello.pending),
    state,
    trials,
  });
  const info = {
    ...hello,
    mode: Mode.BOOTLOADER,
    stay: Stay.ASKED,
    capabilities: Capability.BAUD,
    identityFlags: 0,
    installed: image(present | ImageState.CHECKED | ImageState.GOOD, 4),
    pending: image(ImageState.PRESENT, 0),
  };
  const table = deviceTable(info).join('\n');
  const json = JSON.stringify(deviceJson(info));
  const images = [info.installed, info.pending];
  for (const { size, sequence, crc32, sha256, version } of images) {
    const { major, minor, patch, build } = version;
    const hash = Buffer.from(sha256).toString('hex');
    const values = [size, sequence, hash, `${major}.${minor}.${patch}+${build}`];
    for (const value of values) expect(table).toContain(String(value));
    for (const value of [...values, crc32]) expect(json).toContain(String(value));
    expect(table).toContain(crc32.toString(16).padStart(8, '0'));
  }
  const { bootloaderMajor, bootloaderMinor, bootloaderPatch, product, uniqueId } = info;
  const said = [
    ...[info.part, info.serial, info.hardware, info.address, info.pageSize, info.maxPayload],
    ...[info.window, info.defaultRate, info.maxRate, 'BAUD', `${info.major}.${info.minor}`],
    ...[info.holdMs, info.beginMs, info.pageMs, info.pagesMs, info.endMs],
    `${bootloaderMajor}.${bootloaderMinor}.${bootloaderPatch}`,
    ...[product, uniqueId].map((bytes) => Buffer.from(bytes).toString('hex')),
  ];
  for (const value of said) {
    expect(table).toContain(String(value));
    expect(json).toContain(String(value));
  }
  expect(table).toContain('packages of this product only');
  expect(table).toMatch(/^ {2}state +good, confirmed by the application\n {2}trial boots +4$/m);
  expect(table).toMatch(/^ {2}state +begun, no page written yet$/m);
  expect(deviceJson(info)).toMatchObject({
    packagesOnly: true,
    stay: 'ASKED',
    mode: 'BOOTLOADER',
    appBase: info.appBase,
    appEnd: info.appEnd,
    installed: {
      state: ['PRESENT', 'TOUCHED', 'VALID', 'CONFIRMED', 'CHECKED', 'GOOD'],
      trials: 4,
    },
  });
});

test('info of an application leaves out what only its bootloader knows', () => {
  const table = deviceTable({ ...distinct(), mode: Mode.APP, stay: Stay.NONE }).join('\n');
  expect(table).toContain('baud in the bootloader');
  for (const row of ['\ncan ', 'takes at once', 'time limits', 'up to']) {
    expect(table).not.toContain(row);
  }
});

test('verify: the same, another, and a damaged image', async () => {
  const bench = new Bench({ appKit: true });
  const image = imageFile(appImage(5000));
  await flash({ ...DEFAULTS_OF_PORTS, image }, session(bench).context);
  const run = async (path: string): Promise<string> => {
    bench.line.closed = false;
    const { context, out } = session(bench);
    await verify({ ...DEFAULTS_OF_PORTS, image: path }, context);
    return out.text;
  };
  const same = await run(image);
  expect(same).toContain('asking the application to enter the bootloader');
  expect(same).toContain('the device has this image: 3 pages compared');
  expect(bench.device.mode).toBe(Mode.APP);
  const other = appImage(5000).with(2500, 1).with(2501, 2);
  await expect(run(imageFile(other))).rejects.toMatchObject({
    code: 'IMAGE_DIFFERS',
    message: '1 of 3 pages differ, the first at 0x08008800',
  });
  expect(bench.device.flash.pagesWritten).toBe(3);
});

test('boot', async () => {
  const bench = new Bench({ appKit: true });
  await flash(
    { ...DEFAULTS_OF_PORTS, boot: false, image: imageFile(appImage(5000)) },
    session(bench).context,
  );
  bench.line.closed = false;
  const { context, out } = session(bench);
  await boot({ ...DEFAULTS, waitApp: true }, context);
  expect(out.text).toContain('application started');
  expect(bench.device.mode).toBe(Mode.APP);
});

test('boot of nothing is refused with the reason', async () => {
  const run = boot(DEFAULTS, session(new Bench()).context);
  await expect(run).rejects.toMatchObject({
    code: 'REFUSED',
    details: { status: 'NOT_BOOTABLE' },
  });
});

test('a failure on a terminal has colour, and none with NO_COLOR or in a pipe', () => {
  const fail = (tty: boolean): string => {
    const { error } = session(new Bench(), { tty });
    const sink = { isTTY: tty, write: (text: string) => error.write(text) };
    new Output(false, { out: sink, error: sink }).failure(
      new IapError('USAGE', 'no', { hint: 'yes' }),
    );
    return error.text;
  };
  expect(fail(false)).toBe('error: no\n  yes\n');
  expect(fail(true)).toContain('\u001b[31m');
  process.env.NO_COLOR = '1';
  expect(fail(true)).toBe('error: no\n  yes\n');
  delete process.env.NO_COLOR;
});

describe('the board from the factory', () => {
  const root = mkdtempSync(join(tmpdir(), 'iap-'));
  const bootloader = join(root, 'build', 'stm32f103xe', 'bootloader.bin');
  mkdirSync(dirname(bootloader), { recursive: true });
  writeFileSync(bootloader, 'x');
  const part = 'stm32f103xe';

  test('has the bootloader that was built, unless it was given contents', () => {
    const load = ['--load', `${bootloader}@0x08000000`];
    expect(factoryFlash({ part }, root)).toEqual(load);
    expect(factoryFlash({ part, flash: join(root, 'new.bin') }, root)).toEqual(load);
    expect(factoryFlash({ part, flash: bootloader }, root)).toEqual([]);
    expect(factoryFlash({ part, load: ['a.bin@0x08000000'] }, root)).toEqual([]);
    expect(factoryFlash({ part: 'other' }, root)).toEqual([]);
    // BOOT0 high: blank, as from the maker of the part
    expect(factoryFlash({ part, boot0: true }, root)).toEqual([]);
    rmSync(root, { recursive: true });
  });

  test('may be named after a board: the board program is told its part and APP_BASE', () => {
    const here = join(import.meta.dirname, '..', '..');
    const name = 'stm32f030x8-24k';
    const appBase = ['--app-base', '0x08006000'];
    expect(silicon(['--part', name, '--fast'], name, here)).toEqual([
      ...appBase,
      '--part',
      'stm32f030x8',
      '--fast',
    ]);
    expect(silicon([`--part=${name}`], name, here)).toEqual([...appBase, '--part=stm32f030x8']);
    expect(silicon(['--part', 'other'], 'other', here)).toEqual(['--part', 'other']);
  });

  test('on a half-duplex pair it is told the pin that enables its driver', () => {
    const here = join(import.meta.dirname, '..', '..');
    const options = silicon([], 'stm32f103xe-rs485', here);
    expect(options.slice(options.indexOf('--de'))).toEqual(['--de', 'PA8:high']);
  });
});

describe('boards on one pair', () => {
  test('their addresses', () => {
    expect(parseAddresses('1-3')).toEqual([1, 2, 3]);
    expect(parseAddresses('7,1, 7')).toEqual([7, 1]);
    for (const wrong of ['', '0', '255', '3-1', '1-33', 'a', '1,,2'])
      expect(() => parseAddresses(wrong)).toThrow(/--bus takes addresses/);
  });

  test('each has its identity, and a flash file of its own', async () => {
    const words = ['--part', 'stm32f103xe-rs485', '--bus=1,5', '--flash', 'unit.bin', '--echo'];
    let blocks: (number | undefined)[] = [];
    let given: readonly string[] = [];
    const code = await withBus(
      words,
      { part: 'stm32f103xe-rs485', flash: 'unit.bin' },
      '1,5',
      (options) => {
        given = options;
        const files = options.filter((word) => word.endsWith('@0x08006FC0'));
        const address = offsetOf(Identity, 'address');
        blocks = files.map((word) => readFileSync(word.split('@')[0] ?? '')[address]);
        return Promise.resolve(3);
      },
    );
    expect(code).toBe(3);
    expect(blocks).toEqual([1, 5]);
    expect(given.filter((word) => word === '--next')).toHaveLength(1);
    expect(given).toContain('unit-1.bin');
    expect(given).toContain('unit-5.bin');
    expect(given).not.toContain('unit.bin');
    expect(given).not.toContain('--bus=1,5');
  });

  test('a board with a wire each way is none of them', async () => {
    const run = withBus(['--part', 'stm32f103xe'], { part: 'stm32f103xe' }, '1', () =>
      Promise.resolve(0),
    );
    await expect(run).rejects.toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('rs485'),
    });
  });
});

describe('interrupted while the adapter is unplugged', () => {
  /** Pulled out in mid-update, and looked for; stopped after `ms`. Plugged in again after `backMs`. */
  async function stopped(ms: number, backMs = Number.POSITIVE_INFINITY): Promise<IapError> {
    const bench = new Bench();
    const given = session(bench);
    const stop = new AbortController();
    let opened = 0;
    let away = false;
    const context = {
      ...given.context,
      signal: stop.signal,
      ports: {
        ...given.context.ports,
        open: () => {
          if (away) return Promise.reject(new IapError('PORT_NOT_FOUND', 'there is no port fake'));
          if (++opened === 1) bench.clock.after(1500, unplug);
          return Promise.resolve(bench.line);
        },
      },
    };
    const unplug = (): void => {
      away = true;
      bench.line.vanish();
      // The device does not answer when the adapter is back.
      bench.device.alive = false;
      bench.clock.after(ms, () => stop.abort());
      if (backMs < ms) {
        bench.clock.after(backMs, () => {
          away = false;
          bench.line.closed = false;
        });
      }
    };
    const args = { ...DEFAULTS_OF_PORTS, wait: true, image: imageFile(appImage(50_000)) };
    const error: unknown = await flash(args, context).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(opened).toBe(backMs < ms ? 2 : 1);
    return error as IapError;
  }

  test.each([
    ['while there is no port', 5000, Number.POSITIVE_INFINITY],
    ['while the device does not answer at it again', 9000, 2000],
  ])('%s: what was written is said, and that it can be gone on with', async (_name, ms, back) => {
    const { code, message, hint, details } = await stopped(ms, back);
    expect(code).toBe('INTERRUPTED');
    expect(message).not.toContain('nothing was changed');
    expect(message).toMatch(
      /^interrupted in mid-update, while the device was looked for again; [1-9]\d* pages are acknowledged/,
    );
    expect(hint).toBe('run the same command again: it goes on where it stopped');
    expect(details).toMatchObject({ resumable: true });
    expect(Number(details.pagesSent)).toBeGreaterThan(0);
  });
});
