// "iap isp factory": the ROM bootloader writes what must be there first, the unit's own bootloader takes the application. Cut at each
// step the same command finishes the unit, and it is bit for bit what the file says. IAP_FACTORY=full cuts at every step of an F1, an
// F0 and an F3; otherwise three of the cuts are made, on the F1.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { readIntelHex } from '../../host/image/intel-hex.js';
import { merge } from '../../host/image/segments.js';
import { BOOTLOADER_BASE } from '../../protocol/index.js';
import { type Board, demoImage, PARTS, type Part } from '../support/board.js';
import { type Iap, iap, type Outcome } from '../support/iap.js';
import { expectDemo, expectDone, flash, start, tempDir, untilQuiet, untilState } from './bench.js';
import { blankPart, boot0, type Cut, hex, isp, ROM_CUTS } from './isp-bench.js';
import { infoOf } from './production-line.js';

const FULL = process.env.IAP_FACTORY === 'full';
const FAMILIES: readonly Part[] = ['stm32f103xb', 'stm32f030x8', 'stm32f303xc'];
const SIZE = 12_000;

async function unitFile(part: Part, version: 1 | 2 = 1, ...args: string[]): Promise<string> {
  const dir = tempDir();
  const app = dir.write('app.bin', demoImage(part, version, SIZE));
  const unit = join(dir.path, 'unit.hex');
  const identity = ['--product', 'PUMP-2', '--serial', 'A0001'];
  expectDone(
    await iap('factory', app, '--board', part, '-o', unit, '--json', ...identity, ...args),
  );
  return unit;
}

/** All of flash, erased where the file has nothing */
async function expectUnit(board: Board, unit: string): Promise<void> {
  const { flashSize } = PARTS[board.part];
  const { segments } = readIntelHex(new Uint8Array(readFileSync(unit)));
  const wanted = new Uint8Array(flashSize).fill(0xff);
  wanted.set(merge(segments, flashSize).bytes);
  const found = await board.flash();
  const at = wanted.findIndex((byte, i) => byte !== found[i]);
  expect(at < 0 ? 'the unit' : `a difference at ${hex(BOOTLOADER_BASE + at)}`).toBe('the unit');
}

interface Transfer {
  readonly pagesTotal: number;
  readonly pagesSent: number;
}

function transferOf({ result }: Outcome): Transfer {
  return result?.application as Transfer;
}

function startMaking(board: Board, unit: string, ...args: string[]): Iap {
  return start('isp', 'factory', unit, '--port', board.port, '--json', ...args);
}

const validLine = new Ajv({ strict: true, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync('protocol/production-log.schema.json', 'utf8')) as object,
);

function logLines(file: string): Record<string, unknown>[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const entry = JSON.parse(line) as Record<string, unknown>;
    expect(validLine(entry), JSON.stringify(validLine.errors)).toBe(true);
    return entry;
  });
}

// The application answers from its reception interrupt, and may miss what a host says meanwhile.
const blank = (part: Part, ...args: string[]): Promise<Board> =>
  blankPart(part, { args, allowed: ['overruns'] });

describe.each(FAMILIES)('%s', (part) => {
  test('a blank part, once more, and one with another application', async () => {
    const board = await blank(part);
    const unit = await unitFile(part);
    const made = await isp(board, 'factory', unit);
    expectDone(made);
    const pages = Math.ceil(SIZE / PARTS[part].pageSize);
    expect(made.result).toMatchObject({
      verified: true,
      started: 'go',
      device: { mode: 'BOOTLOADER', installed: { state: expect.arrayContaining(['VALID']) } },
      application: { bytes: SIZE, pagesTotal: pages, pagesSent: pages },
    });
    await expectUnit(board, unit);

    await boot0(board, 'high');
    const { erases } = await board.counters();
    const again = await isp(board, 'factory', unit);
    expectDone(again);
    expect(transferOf(again).pagesSent).toBe(0);
    expect((await board.counters()).erases).toBe(erases);

    await boot0(board, 'low');
    await expectDemo(board, 1);
    expectDone(await flash(board, demoImage(part, 2, SIZE)));
    await boot0(board, 'high');
    expectDone(await isp(board, 'factory', unit));
    await expectUnit(board, unit);
    await boot0(board, 'low');
    await expectDemo(board, 1);
  });
});

interface FactoryCut extends Cut {
  /** So much was written before that not all is sent again */
  readonly keeps?: true;
}

const inUpdate =
  (operations: number) =>
  async (board: Board, making: Iap): Promise<unknown> => {
    await making.until('plan');
    await board.command(`cut ${operations}`);
    return untilState(board, 'off');
  };

const CUTS: readonly FactoryCut[] = [
  ...ROM_CUTS,
  { name: 'the first page', cut: inUpdate(1) },
  { name: 'the pages', cut: inUpdate(3000), keeps: true },
  {
    name: 'the end',
    cut: async (board, making) => {
      await making.until('installed');
      await board.command('power off');
    },
    keeps: true,
  },
];
const SAMPLE = ['writing', 'the start', 'the pages'];

describe.each(FULL ? FAMILIES : FAMILIES.slice(0, 1))('%s', (part) => {
  test.each(FULL ? CUTS : CUTS.filter(({ name }) => SAMPLE.includes(name)))(
    'cut in $name, the same command again finishes the unit',
    async ({ arm, cut, keeps }) => {
      const unit = await unitFile(part);
      const board = await blank(part);
      await arm?.(board);
      // Slow enough to be cut in the midst of it.
      const making = startMaking(board, unit, '--transfer-baud', '115200');
      await cut(board, making);
      await making.signal('SIGKILL');
      await board.command('cut off');
      await board.command('power on');
      // What the stopped host has left in the pty is no 0x7F, from which the ROM bootloader would measure the rate.
      await untilQuiet(board);
      await board.command('reset');
      const done = await isp(board, 'factory', unit);
      expectDone(done);
      const { pagesSent, pagesTotal } = transferOf(done);
      expect(pagesSent < pagesTotal).toBe(keeps === true);
      await expectUnit(board, unit);
      await boot0(board, 'low');
      await expectDemo(board, 1);
    },
  );
});

const part = 'stm32f103xb';

test('a command that is stopped in the midst, and nobody resets: the same one goes on', async () => {
  const unit = await unitFile(part);
  const board = await blank(part);
  const making = startMaking(board, unit, '--transfer-baud', '115200');
  await making.until(
    'progress',
    ({ phase, bytesDone }) => phase === undefined && Number(bytesDone) > 4000,
  );
  const stopped = await making.signal('SIGINT');
  expect(stopped).toMatchObject({ code: 130, result: { details: { resumable: true } } });

  const done = await isp(board, 'factory', unit);
  expectDone(done);
  await expectUnit(board, unit);
  expect(done.result).toMatchObject({ verified: true, part: { pid: 0x410 } });
});

test('the same with BOOT0 low: the application is installed, and the ROM bootloader is asked for', async () => {
  const unit = await unitFile(part);
  const board = await blank(part);
  const making = startMaking(board, unit, '--transfer-baud', '115200');
  await making.until('plan');
  await making.signal('SIGKILL');
  await boot0(board, 'low');
  const log = join(tempDir().path, 'units.jsonl');
  const { code, result } = await isp(board, 'factory', unit, '--log', log);
  expect({ code, message: result?.message }).toEqual({
    code: 4,
    message: expect.stringMatching(/^the application is installed.*what it wrote is not compared$/),
  });
  const { uniqueId } = (await infoOf(board)) as { uniqueId: string };
  expect(logLines(log)[0]).toMatchObject({ uniqueId, serial: 'A0001', result: 'failed' });
  await expectDemo(board, 1);
  await boot0(board, 'high');
  expectDone(await isp(board, 'factory', unit));
});

test('a unit that is another one, or has another application, is not touched without its ROM bootloader', async () => {
  const board = await blank(part);
  expectDone(await isp(board, 'factory', await unitFile(part)));
  const { flashOps } = await board.counters();
  for (const other of [await unitFile(part, 2), await unitFile(part, 1, '--hardware', '7')]) {
    expect(await isp(board, 'factory', other)).toMatchObject({ code: 4, result: { ok: false } });
  }
  expect((await board.counters()).flashOps).toBe(flashOps);
});

test('a bootloader that does not answer: what is there is said, and --rom-only writes all of it', async () => {
  const unit = await unitFile(part, 1, '--default-baud', '57600');
  const board = await blank(part);
  const making = startMaking(board, unit);
  await making.until('reset-by-hand');
  const { result } = await making.signal('SIGINT');
  expect(result?.message).toMatch(
    /^all but the application is written and verified, but its bootl/,
  );
  await boot0(board, 'high');
  expectDone(await isp(board, 'factory', unit, '--app-baud', '57600'));
  await expectUnit(board, unit);
  await boot0(board, 'high');
  const all = await isp(
    board,
    'factory',
    unit,
    '--app-baud',
    '57600',
    '--rom-only',
    '--mass-erase',
  );
  expectDone(all);
  expect(all.result).toMatchObject({ application: null });
  await expectUnit(board, unit);
});

test('protection: of the bootloader before its application, against reading behind it', async () => {
  const unit = await unitFile(part);
  const board = await blank(part);
  const making = startMaking(board, unit, '--protect-bootloader', '--protect-read', '--yes');
  await making.until('reset-by-hand');
  await boot0(board, 'low');
  const done = await making.done;
  expectDone(done);
  expect(done.result).toMatchObject({
    started: 'hand',
    part: { readProtected: true },
    application: { bytes: SIZE },
  });
  await board.command('reset');
  await expectDemo(board, 1);
});

test('option bytes in the image, and once more', async () => {
  const unit = await unitFile(part, 1, '--write-protect');
  const board = await blank(part);
  expectDone(await isp(board, 'factory', unit));
  await boot0(board, 'high');
  const { flashOps } = await board.counters();
  expectDone(await isp(board, 'factory', unit));
  expect((await board.counters()).flashOps).toBe(flashOps);
  await boot0(board, 'low');
  await expectDemo(board, 1);
});

test('an adapter that holds answers back', async () => {
  const unit = await unitFile(part);
  const board = await blank(part, '--realtime', '--latency', '16');
  expectDone(await isp(board, 'factory', unit));
  await expectUnit(board, unit);
});

test('--log: a line for each unit, and one that is done already is told', async () => {
  const part = FAMILIES[0] as Part;
  const board = await blank(part);
  const unit = await unitFile(part);
  const log = join(tempDir().path, 'units.jsonl');
  expectDone(await isp(board, 'factory', unit, '--log', log));
  const { uniqueId } = (await infoOf(board)) as { uniqueId: string };
  const [first] = logLines(log);
  expect(first).toMatchObject({
    command: 'isp factory',
    port: board.port,
    uniqueId,
    serial: 'A0001',
    part: PARTS[part].part,
    before: null,
    image: { file: unit, product: null },
    result: 'installed',
    pagesSent: Math.ceil(SIZE / PARTS[part].pageSize),
  });

  await boot0(board, 'high');
  const again = await isp(board, 'factory', unit, '--log', log);
  expectDone(again);
  expect(again.events).toContainEqual({ event: 'done-before', time: first?.time });
  expect(logLines(log)[1]).toMatchObject({ uniqueId, result: 'unchanged', pagesSent: 0 });

  // The bootloader runs, and nobody has set BOOT0.
  await boot0(board, 'low');
  const silent = await isp(board, 'factory', unit, '--log', log, '--timeout', '500');
  expect(silent.code).toBe(4);
  const { result: told } = silent;
  expect(logLines(log)[2]).toMatchObject({
    command: 'isp factory',
    uniqueId: null,
    result: 'failed',
    code: told?.code,
    message: told?.message,
  });
});

test('--log: protection alone is a change, the first time', async () => {
  const unit = await unitFile(part);
  const board = await blank(part);
  const log = join(tempDir().path, 'units.jsonl');
  for (const args of [[], ['--protect-bootloader'], ['--protect-bootloader']]) {
    await boot0(board, 'high');
    expectDone(await isp(board, 'factory', unit, '--log', log, ...args));
  }
  await boot0(board, 'high');
  const making = startMaking(board, unit, '--log', log, '--protect-read', '--yes');
  await making.until('reset-by-hand');
  await boot0(board, 'low');
  expectDone(await making.done);
  const pages = Math.ceil(SIZE / PARTS[part].pageSize);
  expect(logLines(log).map(({ result, pagesSent }) => [result, pagesSent])).toEqual([
    ['installed', pages],
    ['installed', 0],
    ['unchanged', 0],
    ['installed', 0],
  ]);
});
