// One command at several ports: each as if it were alone, and one outcome of all.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, describe, expect, test } from 'vitest';
import { ExitCode, IapError, type IapErrorCode } from '../../host/base/errors.js';
import { FLASH } from '../../host/cli/commands/flash.js';
import { INFO } from '../../host/cli/commands/info.js';
import { VERIFY } from '../../host/cli/commands/verify.js';
import type { Context } from '../../host/cli/link.js';
import { makePackage } from '../../host/pack/pack.js';
import type { FakeDevice } from '../../host/testing/fake-device.js';
import type { FakeLine } from '../../host/testing/fake-line.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { APP_BASE, Command } from '../../protocol/index.js';
import { Bench, type BenchOptions } from '../support/bench.js';
import { DEFAULTS_OF_PORTS, jsonLines, type Session, session } from '../support/cli.js';
import { appImage } from '../support/images.js';

const folder = mkdtempSync(join(tmpdir(), 'iap-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const IMAGE = join(folder, 'app.bin');
const BYTES = appImage(20_000);
writeFileSync(IMAGE, BYTES);

interface Ports extends Session {
  readonly clock: VirtualClock;
  readonly benches: Readonly<Record<string, Bench>>;
  readonly abort: AbortController;
}

/** Ports by their names: a device there, or what opening says */
function ports(
  there: Readonly<Record<string, BenchOptions | IapErrorCode>>,
  options: { json?: boolean; tty?: boolean } = { json: true },
): Ports {
  const clock = new VirtualClock();
  const benches = Object.fromEntries(
    Object.entries(there).flatMap(([path, what], i) => {
      if (typeof what === 'string') return [];
      const uniqueId = new Uint8Array(12).fill(i + 1);
      return [[path, new Bench({ ...what, clock, info: { uniqueId, ...what.info } })]];
    }),
  );
  const [first = new Bench({ clock })] = Object.values(benches);
  const { context, out, error } = session(first, options);
  const abort = new AbortController();
  const open: Context['ports']['open'] = ({ path }) => {
    const bench = benches[path];
    const what = there[path];
    if (bench) return Promise.resolve(Object.assign(bench.line, { closed: false }));
    const code = typeof what === 'string' ? what : 'PORT_NOT_FOUND';
    return Promise.reject(new IapError(code, `${code} at ${path}`));
  };
  const list: Context['ports']['list'] = () =>
    Promise.resolve(Object.keys(there).map((path) => ({ path, description: '' })));
  return {
    clock,
    benches,
    abort,
    out,
    error,
    context: { ...context, clock, signal: abort.signal, ports: { open, list } },
  };
}

const flashAt = (at: Ports, port: readonly string[], more: object = {}): Promise<void> =>
  FLASH.handler({ ...DEFAULTS_OF_PORTS, image: IMAGE, port, ...more }, at.context);

/** Does something when the device has been sent so many of a command. */
function on(
  device: FakeDevice | undefined,
  command: Command,
  times: number,
  what: () => void,
): void {
  if (!device) throw new RangeError('there is no such device');
  let seen = 0;
  device.hook = ({ type }) => {
    if (type === command && ++seen === times) what();
    return undefined;
  };
}

const portFailed = (): Promise<void> => Promise.reject(new IapError('PORT_FAILED', 'it fails'));

test('each is updated, in the time of one', async () => {
  const alone = ports({ A: {} });
  await flashAt(alone, ['A']);
  const names = Array.from({ length: 16 }, (_, i) => `P${i}`);
  const at = ports(Object.fromEntries(names.map((name) => [name, {}])));
  await flashAt(at, names);
  for (const name of names) {
    expect(at.benches[name]?.device.flash.bytes.subarray(0, BYTES.length)).toEqual(BYTES);
  }
  expect(at.clock.now()).toBeLessThan(1.1 * alone.clock.now());
  const lines = jsonLines(at.out.text);
  expect(lines.at(-1)).toEqual({ event: 'result', ok: true, ports: 16, skipped: 0 });
  expect(lines.filter(({ event }) => event === 'result')).toHaveLength(1);
  for (const line of lines.slice(0, -1)) expect(names).toContain(line.port);
});

test('events of a port are those that it would have alone', async () => {
  const alone = ports({ B: { info: { uniqueId: new Uint8Array(12).fill(2) } } });
  await flashAt(alone, ['B']);
  const at = ports({ A: {}, B: {} });
  await flashAt(at, ['A', 'B']);
  const ofB = jsonLines(at.out.text).flatMap(({ port, ...line }) => (port === 'B' ? [line] : []));
  const done = ofB.pop();
  expect(done?.event).toBe('done');
  expect([...ofB, done?.result]).toEqual(jsonLines(alone.out.text));
});

describe('one that fails holds nobody up', () => {
  test('the others are done, and the worst is the outcome', async () => {
    const at = ports({
      gone: 'PORT_NOT_FOUND',
      A: {},
      other: { info: { product: new Uint8Array(16).fill(7), identityFlags: 0 } },
    });
    const error = await flashAt(at, ['gone', 'A', 'other']).catch((why: unknown) => why);
    expect(error).toMatchObject({
      code: 'PORT_NOT_FOUND',
      message: '2 of 3 ports failed',
      details: { ports: 3, failed: 2 },
    });
    expect(at.benches.A?.device.flash.bytes.subarray(0, BYTES.length)).toEqual(BYTES);
    const done = jsonLines(at.out.text).filter(({ event }) => event === 'done');
    const codes = done.map(({ port, result }) => [port, (result as { code?: string }).code]);
    expect(Object.fromEntries(codes)).toEqual({
      gone: 'PORT_NOT_FOUND',
      A: undefined,
      other: 'IMAGE_PACKAGE_ONLY',
    });
  });

  test('for people: what is wrong where', async () => {
    const at = ports({ gone: 'PORT_NOT_FOUND', A: {} }, {});
    await expect(flashAt(at, ['gone', 'A'])).rejects.toMatchObject({ code: 'PORT_NOT_FOUND' });
    expect(at.error.text).toContain('error: gone: PORT_NOT_FOUND at gone');
    expect(at.out.text).toMatch(/^A: done in \d/m);
    expect(at.out.text).toMatch(/^A: 100 % /m);
  });

  test('Ctrl-C ends all of them, each resumable', async () => {
    const at = ports({ A: {}, B: {} });
    let sent = 0;
    const line = at.benches.A?.line as FakeLine;
    line.toDevice = (bytes) => {
      sent += bytes.length;
      if (sent > BYTES.length / 2) at.abort.abort();
      return [bytes];
    };
    await expect(flashAt(at, ['A', 'B'])).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const done = jsonLines(at.out.text).filter(({ event }) => event === 'done');
    expect(done).toHaveLength(2);
    for (const { result } of done) {
      expect(result).toMatchObject({ code: 'INTERRUPTED', details: { resumable: true } });
    }
  });

  test('another signal has the exit code that it has at one port', async () => {
    const at = ports({ A: {}, B: {} });
    on(at.benches.A?.device, Command.DATA, 5, () => at.abort.abort(ExitCode.TERMINATED));
    await expect(flashAt(at, ['A', 'B'])).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const done = jsonLines(at.out.text).filter(({ event }) => event === 'done');
    const codes = done.map(({ result }) => (result as { exitCode: number }).exitCode);
    expect(codes).toEqual([143, 143]);
  });
});

describe('on a terminal', () => {
  test('a row a port, drawn over, which stays at the end', async () => {
    const at = ports({ A: {}, B: {} }, { tty: true });
    await flashAt(at, ['A', 'B']);
    const drawn = at.out.text.split('\r\u001b[2A\u001b[J');
    expect(drawn.length).toBeGreaterThan(3);
    expect(drawn.some((rows) => /^A {2}\[#+\.+\] .*\nB {2}\[#*\.+\] .*\n$/.test(rows))).toBe(true);
    expect(drawn.at(-1)).toMatch(/^A {2}done in .*\nB {2}done in .*\n2 of 2 ports done\n$/);
    for (const row of at.out.text.split('\n')) expect(row.length).toBeLessThan(100);
  });

  test('more ports than rows: lines', async () => {
    const names = Array.from({ length: 24 }, (_, i) => `P${i}`);
    const at = ports(Object.fromEntries(names.map((name) => [name, {}])), { tty: true });
    await flashAt(at, names);
    expect(at.out.text).not.toContain('\u001b');
    expect(at.out.text).toContain('P23: 100 %');
  });
});

describe('--all', () => {
  test('every port where such a device answers', async () => {
    const at = ports({ A: {}, busy: 'PORT_BUSY', B: {}, forbidden: 'PORT_PERMISSION' });
    await flashAt(at, [], { all: true });
    const lines = jsonLines(at.out.text);
    expect(lines.at(-1)).toEqual({ event: 'result', ok: true, ports: 2, skipped: 2 });
    const skipped = lines.filter(({ event }) => event === 'skipped');
    expect(skipped.map(({ port, code }) => [port, code])).toEqual([
      ['busy', 'PORT_BUSY'],
      ['forbidden', 'PORT_PERMISSION'],
    ]);
  });

  test('a port that is named is not left out', async () => {
    const at = ports({ A: {}, busy: 'PORT_BUSY' });
    await expect(flashAt(at, ['busy'], { all: true })).rejects.toMatchObject({
      code: 'PORT_BUSY',
      message: '1 of 2 ports failed',
    });
  });

  test('nobody at all', async () => {
    await expect(flashAt(ports({ A: 'PORT_BUSY' }), [], { all: true })).rejects.toMatchObject({
      code: 'NO_ANSWER',
    });
    await expect(flashAt(ports({}), [], { all: true })).rejects.toMatchObject({
      code: 'PORT_NOT_FOUND',
    });
  });

  test.each<[string, IapErrorCode, object, (bench: Bench) => void]>([
    [
      'silent since it was asked for another rate',
      'NO_ANSWER',
      { baud: '921600' },
      ({ device }) => {
        on(device, Command.BAUD, 1, () => {
          device.alive = false;
        });
      },
    ],
    [
      'whose adapter fails at another rate',
      'PORT_FAILED',
      { baud: '921600' },
      ({ line }) => {
        line.setRate = portFailed;
      },
    ],
  ])('a device that was found, %s, is a failure', async (name, code, more, fail) => {
    const log = join(folder, `${code}.jsonl`);
    const at = ports({ A: {}, B: { appKit: true } });
    const { B } = at.benches;
    if (!B) throw new Error(name);
    fail(B);
    await expect(flashAt(at, [], { all: true, log, ...more })).rejects.toMatchObject({
      code,
      message: '1 of 2 ports failed',
    });
    const ofB = logEntries(log).filter(({ port }) => port === 'B');
    expect(ofB).toMatchObject([{ result: 'failed', code, uniqueId: '02'.repeat(12) }]);
  });

  test('a device that was found is none that verify leaves out, either', async () => {
    const at = ports({ A: { appKit: true } });
    await flashAt(at, ['A'], { boot: true });
    const { device, line } = at.benches.A as Bench;
    on(device, Command.ENTER, 1, () => {
      line.write = portFailed;
    });
    const args = { ...DEFAULTS_OF_PORTS, image: IMAGE, port: [], all: true };
    await expect(VERIFY.handler(args, at.context)).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: '1 of 1 ports failed',
    });
  });

  test('nor info', async () => {
    const at = ports({ A: { appKit: true } });
    const { device, line } = at.benches.A as Bench;
    device.startApp();
    on(device, Command.HELLO, 30, () => {
      line.write = portFailed;
    });
    const args = { ...DEFAULTS_OF_PORTS, port: [], all: true, bootloader: true };
    await expect(INFO.handler(args, at.context)).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: '1 of 1 ports failed',
    });
  });

  test('a device of another product is left out, in its bootloader too', async () => {
    const product = new Uint8Array(16).fill(1);
    const version = { major: 1, minor: 0, patch: 0, build: 0 };
    const image = join(folder, 'app.iap');
    writeFileSync(image, makePackage({ base: APP_BASE, bytes: BYTES }, { version, product }));
    const log = join(folder, 'products.jsonl');
    const at = ports({
      A: { info: { product } },
      B: { info: { product: new Uint8Array(16).fill(2) } },
    });
    await flashAt(at, [], { all: true, image, log });
    const skipped = jsonLines(at.out.text).filter(({ event }) => event === 'skipped');
    expect(skipped).toMatchObject([{ port: 'B', code: 'IMAGE_WRONG_PRODUCT' }]);
    expect(logEntries(log).map(({ port }) => port)).toEqual(['A']);
  });

  test.each([
    [['A', 'A'], {}, 'given twice'],
    [[], { all: true, wait: true }, '--wait'],
  ])('%j %j is a mistake', async (port, more, message) => {
    await expect(flashAt(ports({ A: {} }), port, more)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(message),
    });
  });
});

test('info and verify do the same', async () => {
  const at = ports({ A: { appKit: true }, B: { appKit: true } });
  await flashAt(at, ['A', 'B']);
  const port = ['A', 'B'];
  await VERIFY.handler({ ...DEFAULTS_OF_PORTS, image: IMAGE, port }, at.context);
  await INFO.handler({ ...DEFAULTS_OF_PORTS, port, all: false }, at.context);
  const results = jsonLines(at.out.text).filter(({ event }) => event === 'result');
  expect(results).toEqual(new Array(3).fill({ event: 'result', ok: true, ports: 2, skipped: 0 }));
});

const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync('protocol/production-log.schema.json', 'utf8')) as object,
);

function logEntries(file: string): Record<string, unknown>[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const entry = JSON.parse(line) as Record<string, unknown>;
    expect(validate(entry), JSON.stringify(validate.errors)).toBe(true);
    return entry;
  });
}

describe('--log', () => {
  test('an interruption is nothing that became of a port where nobody was found', async () => {
    const log = join(folder, 'stopped.jsonl');
    const at = ports({ A: {}, B: {} });
    const { A, B } = at.benches;
    if (B) B.device.alive = false;
    on(A?.device, Command.DATA, 5, () => at.abort.abort());
    await expect(flashAt(at, [], { all: true, log })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    expect(logEntries(log)).toMatchObject([{ port: 'A', code: 'INTERRUPTED' }]);
  });

  test('what was there before is not what an attempt before has left', async () => {
    const log = join(folder, 'again.jsonl');
    const newer = join(folder, 'newer.bin');
    writeFileSync(newer, appImage(50_000));
    const at = ports({ A: {} });
    await flashAt(at, ['A'], { boot: false });
    const { device, line } = at.benches.A as Bench;
    on(device, Command.DATA, 8, () => line.vanish());
    await flashAt(at, ['A'], { image: newer, wait: true, log });
    expect(jsonLines(at.out.text).map(({ event }) => event)).toContain('reconnecting');
    const sha256 = createHash('sha256').update(BYTES).digest('hex');
    expect(logEntries(log)).toMatchObject([{ result: 'installed', before: { sha256 } }]);
  });

  test('a line for each device, and one that is done already is told', async () => {
    const log = join(folder, 'units.jsonl');
    const at = ports({ A: { appKit: true }, B: {}, gone: 'PORT_NOT_FOUND' });
    await flashAt(at, ['A', 'B', 'gone'], { log }).catch(() => {});
    const first = logEntries(log);
    expect(first).toHaveLength(3);
    expect(first.find(({ port }) => port === 'A')).toMatchObject({
      result: 'installed',
      uniqueId: '01'.repeat(12),
      before: null,
      image: { file: IMAGE, size: BYTES.length },
      boot: 'started',
    });
    expect(first.find(({ port }) => port === 'gone')).toMatchObject({
      result: 'failed',
      code: 'PORT_NOT_FOUND',
      uniqueId: null,
    });
    await flashAt(at, ['A'], { log });
    expect(logEntries(log).at(-1)).toMatchObject({ result: 'unchanged', port: 'A' });
    const told = jsonLines(at.out.text).find(({ event }) => event === 'done-before');
    expect(told).toEqual({
      event: 'done-before',
      time: first.find(({ port }) => port === 'A')?.time,
    });
  });

  test('nothing of a port that --all left out', async () => {
    const log = join(folder, 'all.jsonl');
    await flashAt(ports({ A: {}, busy: 'PORT_BUSY' }), [], { all: true, log });
    expect(logEntries(log).map(({ port }) => port)).toEqual(['A']);
  });

  test('what another program left is kept, and half a line is ended', async () => {
    const log = join(folder, 'torn.jsonl');
    writeFileSync(log, 'a note\n{"format":1,"ti');
    await flashAt(ports({ A: {} }), ['A'], { log });
    const lines = readFileSync(log, 'utf8').split('\n');
    expect(lines.slice(0, 2)).toEqual(['a note', '{"format":1,"ti']);
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ result: 'installed' });
    expect(lines[3]).toBe('');
  });

  test('a log that can not be written: nothing is begun', async () => {
    const at = ports({ A: {} });
    const flashing = flashAt(at, ['A'], { log: folder });
    await expect(flashing).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
    expect(at.clock.now()).toBe(0);
  });
});
