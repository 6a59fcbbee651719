// "iap conformance" against the real bootloader on the virtual board: everything passes, whatever the part.
// IAP_CONFORMANCE=all runs all boards, one of them with an identity block, and the command in real time.
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CHECKS } from '../../host/conformance/checks/index.js';
import { REQUIREMENTS } from '../../host/conformance/requirements.js';
import { conform } from '../../host/conformance/run.js';
import { crc32, encode, IDENTITY_ADDRESS, IDENTITY_MAGIC, Identity } from '../../protocol/index.js';
import { Board, bootloaderFile, built, mistakes, type Part, TempDir } from '../support/board.js';
import { boardOptions, PAIRS, PART_NAMES, PARTS } from '../support/boards.js';
import { iap, jsonLines } from '../support/cli.js';
import { SignedUnit } from '../support/signed-unit.js';
import { Lockstep } from './lockstep.js';

const ALL = process.env.IAP_CONFORMANCE === 'all';
const inFull = (title: string, run: () => Promise<void>, timeoutMs: number): void => {
  if (ALL) it(title, run, timeoutMs);
};
/** A minute and a half of the board's time; a busy computer needs longer [ms]. */
const WHOLE_RUN_MS = 600_000;
/** The same where each BEGIN and END takes seconds */
const SIGNED_RUN_MS = 3_600_000;
const COMMAND_MS = 600_000;
/** Checks that a busy computer can not disturb: no time-out of the device is measured. */
const QUICK =
  'noise,cobs-forms,bad-crc,silent,payload-limit,short-requests,pages-range,begin-refused,same-image,abort,gap,page-heads,update,wrong-sha';

function identity(): Uint8Array {
  const block = encode(Identity, {
    magic: IDENTITY_MAGIC,
    product: new TextEncoder().encode('product number 1'),
    hardware: 3,
    address: 17,
    flags: 0xfe,
    defaultRate: 0xffff_ffff,
    serial: 'SN-1',
    reserved: new Uint8Array(16).fill(0xff),
    crc32: 0,
  });
  new DataView(block.buffer).setUint32(60, crc32(block.subarray(0, 60)), true);
  return block;
}

const ids = (checks: readonly { readonly id: string }[]): string[] => checks.map(({ id }) => id);

interface Conforming {
  readonly args?: readonly string[];
  /** Where signed images alone are taken: its keys */
  readonly unit?: SignedUnit;
  /** All unless given */
  readonly only?: readonly string[];
}

/** All checks, in the board's own time */
async function expectConforming(
  part: Part,
  { args = [], unit, only = ids(CHECKS) }: Conforming = {},
): Promise<void> {
  const dir = new TempDir();
  onTestFinished(() => dir.remove());
  const { pair } = PARTS[part];
  const step = new Lockstep({
    board: built('build', 'board', 'iap-board'),
    part: PARTS[part].part,
    rate: PARTS[part].rate,
    bootloader: unit ? built('build', part, 'bootloader-signed.bin') : bootloaderFile(part),
    args: [
      ...boardOptions(part),
      ...(pair ? ['--hold', '2000'] : []), // us, of the adapter
      ...args,
      ...(unit?.loadArgs(dir.path) ?? []),
    ],
  });
  try {
    const { clock, power, transport } = step;
    const sign = unit && { sign: (header: Uint8Array) => unit.sign(header) };
    const line = { address: 0, halfDuplex: pair };
    const options = { clock, power, ...line, permanent: true, only, ...sign };
    const { results, left } = await step.during(conform(transport, options));
    const failed = results.filter(({ verdict }) => verdict === 'fail');
    expect(failed).toEqual([]);
    const open = results.filter(({ verdict }) => verdict === 'not testable');
    const notHere = (id: string): boolean =>
      (!pair && id === 'half-duplex') || (!unit && id.startsWith('signed-'));
    expect(ids(open)).toEqual(only.filter(notHere));
    expect(ids(results)).toEqual(only);
    expect(left).toBe('unfinished');
    const { state, errorText, violations, faults, collisions, unheard } = await step.counters();
    expect({ state, errorText, violations, faults, collisions, unheard }).toEqual({
      state: 'running',
      errorText: null,
      violations: 0,
      faults: 0,
      // Some checks send while the device answers, on purpose. The device never does.
      ...(pair ? { collisions: 0, unheard: 0 } : {}),
    });
  } finally {
    await step.stop();
  }
}

describe('every check passes', () => {
  it('stm32f103xb', () => expectConforming('stm32f103xb'), WHOLE_RUN_MS);

  // Small RAM, no VTOR, and an APP_BASE of its own
  it('stm32f030x8-24k', () => expectConforming('stm32f030x8-24k'), WHOLE_RUN_MS);

  const others = PART_NAMES.filter((part) => !['stm32f103xb', 'stm32f030x8-24k'].includes(part));
  for (const part of others) inFull(part, () => expectConforming(part), WHOLE_RUN_MS);

  // What a half-duplex pair changes: who is asked when, and rates
  const onPair = ALL ? ids(CHECKS) : ['baud-returns', 'half-duplex', 'update', 'listening-window'];
  for (const part of PAIRS) it(part, () => expectConforming(part, { only: onPair }), WHOLE_RUN_MS);

  inFull(
    'stm32f100xb, with an identity that takes packages of its product only, and a bus address',
    async () => {
      const dir = new TempDir();
      onTestFinished(() => dir.remove());
      const file = dir.write('identity.bin', identity());
      const args = ['--load', `${file}@0x${IDENTITY_ADDRESS.toString(16)}`];
      await expectConforming('stm32f100xb', { args });
    },
    WHOLE_RUN_MS,
  );
});

describe('signed images alone: every check passes', () => {
  // What signatures change
  const only = ids(CHECKS).filter((id) => /^(signed-|pages-range|update$)/.test(id));

  it(
    `stm32f103xb: ${only.join(', ')}`,
    () => expectConforming('stm32f103xb', { unit: new SignedUnit('stm32f103xb'), only }),
    WHOLE_RUN_MS,
  );

  // A test run takes the faster core alone: verifying takes a Cortex-M0 seconds.
  const onPair = ids(CHECKS).filter(
    (id) => ALL || ['half-duplex', 'signed-pages', 'update'].includes(id),
  );
  for (const part of PAIRS.filter((name) => ALL || PARTS[name].core !== 'cortex-m0'))
    it(
      part,
      () => expectConforming(part, { unit: new SignedUnit(part), only: onPair }),
      SIGNED_RUN_MS,
    );

  for (const part of PART_NAMES)
    inFull(part, () => expectConforming(part, { unit: new SignedUnit(part) }), SIGNED_RUN_MS);
});

/** A board on a pty, and the command that switches its power */
async function bench(part: Part): Promise<{ board: Board; powerCmd: string }> {
  const board = await Board.start(part);
  onTestFinished(async () => {
    try {
      expect(mistakes(await board.counters())).toEqual([]);
    } finally {
      await board.stop();
    }
  });
  const script = `
    const socket = require('node:net').connect(${JSON.stringify(join(board.dir.path, 'control'))});
    socket.on('data', () => socket.end());
    socket.write('power ' + process.argv[2] + '\\n');`;
  return { board, powerCmd: `"${process.execPath}" "${board.dir.write('power.cjs', script)}"` };
}

type Event = Record<string, unknown>;

async function command(
  ...args: string[]
): Promise<{ code: number | null; error: string; events: Event[]; result: Event }> {
  const { code, out, error } = await iap(['conformance', '--json', ...args]);
  const events = jsonLines(out);
  return { code, error, events, result: events.at(-1) ?? {} };
}

function rows(events: readonly Event[]): Map<string, Event> {
  const all = events.filter(({ event }) => event === 'requirement');
  return new Map(all.map((row) => [`${String(row.requirement)} ${String(row.check)}`, row]));
}

describe('the command', () => {
  it(
    'prints a row for each check, and what can not be tested here',
    async () => {
      const { board, powerCmd } = await bench('stm32f103xb');
      const only = ALL ? [] : ['--only', `${QUICK},power-cut`];
      const run = await command('--port', board.port, '--yes', '--power-cmd', powerCmd, ...only);
      const failed = run.events.filter(({ verdict }) => verdict === 'fail');
      expect({ code: run.code, failed, error: run.error }).toEqual({
        code: 0,
        failed: [],
        error: '',
      });
      expect(run.result).toMatchObject({ ok: true, failed: [], left: 'unfinished' });
      const table = rows(run.events);
      expect(table.get('B-30 begin-refused')).toMatchObject({ verdict: 'pass' });
      expect(table.get('B-82 power-cut')).toMatchObject({ verdict: 'pass' });
      if (!ALL) return;
      const numbers = [...table.values()].map(({ requirement }) => requirement);
      expect([...new Set(numbers)]).toEqual(Object.keys(REQUIREMENTS));
      expect(table.get('B-58 floor')).toMatchObject({ verdict: 'not testable' });
    },
    COMMAND_MS,
  );

  it('needs consent, and says which checks there are', async () => {
    const refused = await command('--port', '/dev/null');
    expect(refused.code).toBe(2);
    expect(refused.result).toMatchObject({ code: 'USAGE', hint: expect.stringContaining('--yes') });
    const unknown = await command('--port', '/dev/null', '--yes', '--only', 'noise,nonsense');
    expect(unknown.code).toBe(2);
    expect(unknown.result).toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('begin-refused'),
    });
  });
});
