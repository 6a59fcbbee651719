// The example applications, each doing what it is there to show.
import { describe, expect, test } from 'vitest';
import {
  BURST_START,
  Command,
  decode,
  encode,
  encodeFrame,
  FrameDecoder,
  HelloRequest,
  HelloResponse,
  PROTOCOL_MAJOR,
  PROTOCOL_MINOR,
  Stay,
} from '../../protocol/index.js';
import { type Board, built, type Part, type SteppedBoard } from '../support/board.js';
import { iap } from '../support/iap.js';
import {
  expectDone,
  expectStarted,
  flash,
  on,
  powerUp,
  powerUpStepped,
  startFlash,
  tempDir,
  withOutput,
} from './bench.js';

const PART: Part = 'stm32f103xb';
/** bootloader-c/boards/stm32f103xb.json: trials */
const TRIALS = 3;

function example(name: string): string {
  return built('build', PART, `${name}.elf`);
}

function expectPrinted(board: Board, text: string): Promise<void> {
  return withOutput(board, (output) => output.printed(text));
}

/** A board whose flash is as an update to this package left it, before the application ran. */
async function afterUpdate(name: string): Promise<Uint8Array> {
  const board = await powerUp(PART, { allowed: ['faults', 'overruns'] });
  const file = `${board.dir.path}/${name}.iap`;
  const packed = await iap('pack', example(name), '-o', file, '--version', '1.0.0', '--confirm');
  expect(packed.code).toBe(0);
  expectDone(await flash(board, file, '--no-boot'));
  return board.flash();
}

async function hello(board: SteppedBoard): Promise<HelloResponse | undefined> {
  const request = { major: PROTOCOL_MAJOR, minor: PROTOCOL_MINOR, flags: 0, reserved: 0 };
  const payload = encode(HelloRequest, request);
  await board.send(BURST_START);
  await board.send(encodeFrame({ address: 0, type: Command.HELLO, seq: 1, payload }));
  const { bytes } = await board.run(100_000);
  const answers = new FrameDecoder().push(bytes).flatMap((decoded) => {
    return decoded.kind === 'frame' ? [decode(HelloResponse, decoded.frame.payload)] : [];
  });
  return answers[0];
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

test('minimal: runs without the app kit, and is updated after a reset', async () => {
  const board = await powerUp(PART, { allowed: ['overruns'] });
  expectDone(await flash(board, example('minimal')));
  await expectPrinted(board, 'minimal: running');

  const update = startFlash(board, example('update-while-running'), '--wait', '--verbose');
  await update.untilError('-> @0 type 01');
  await board.command('reset');
  await expectStarted(update);
  await expectPrinted(board, 'update-while-running: running');
});

test('update-while-running: a host updates it and nobody touches the board', async () => {
  const board = await powerUp(PART, { allowed: ['overruns'] });
  expectDone(await flash(board, example('update-while-running')));
  await expectPrinted(board, 'update-while-running: running');
  const { resets } = await board.counters();

  expect((await on(board, 'info')).result?.device).toMatchObject({ mode: 'APP', part: PART });
  const update = await flash(board, example('minimal'));
  expectDone(update);
  expect(update.events.map(({ event }) => event)).toContain('entering');
  await expectPrinted(board, 'minimal: running');
  expect((await board.counters()).resets).toEqual({ ...resets, software: resets.software + 2 });
});

test('may-enter: refuses while its motor turns, and is updated once it stands', async () => {
  const board = await powerUp(PART, { allowed: ['overruns'] });
  expectDone(await flash(board, example('may-enter')));
  await expectPrinted(board, 'may-enter: standing');
  await board.command('button PA1 high');
  await expectPrinted(board, 'may-enter: turning');
  const before = await board.counters();

  const refused = await flash(board, example('minimal'));
  expect(refused).toMatchObject({
    code: 5,
    result: { code: 'REFUSED', details: { command: 'ENTER', status: 'NOT_NOW', detail: 1 } },
  });
  expect(refused.result?.hint).toContain('--wait');
  const stopped = startFlash(board, example('minimal'), '--wait');
  await stopped.until('not-now');
  await stopped.signal('SIGINT');
  expect(await stopped.done).toMatchObject({ code: 130, result: { code: 'INTERRUPTED' } });
  await expectPrinted(board, 'may-enter: turning');
  const { resets, flashOps } = await board.counters();
  expect({ resets, flashOps }).toEqual({ resets: before.resets, flashOps: before.flashOps });

  const update = startFlash(board, example('minimal'), '--wait');
  await update.until('not-now');
  await board.command('button PA1 low');
  await expectStarted(update);
  expect((await update.done).events).toContainEqual({ event: 'not-now', detail: 1 });
  await expectPrinted(board, 'minimal: running');
});

test.each([
  { name: 'minimal', feeds: false },
  { name: 'self-test-confirm', feeds: true },
])('$name under a hardware watchdog, whose period is 0.4 s at entry', async ({ name, feeds }) => {
  const installed = await powerUp(PART);
  expectDone(await flash(installed, example(name), '--no-boot'));
  const file = tempDir().write('flash.bin', await installed.flash());
  const board = powerUpStepped(PART, { flash: file });
  await board.command('hw-watchdog on');
  await board.command('reset');
  const { bytes, resets } = await board.run(4_000_000);
  expect(text(bytes)).toContain(`${name}: started`);
  // The bootloader feeds it, also across its own reset; then it is the application's turn.
  expect(resets.filter((cause) => cause === 'iwdg').length > 3).toBe(!feeds);
});

describe('packages that want confirmation', () => {
  test('self-test-confirm: confirms itself once and then survives any number of resets', async () => {
    const file = tempDir().write('flash.bin', await afterUpdate('self-test-confirm'));
    const board = powerUpStepped(PART, { flash: file });
    for (let boot = 1; boot <= 2 * TRIALS; boot++) {
      if (boot > 1) await board.command('reset');
      const output = text((await board.run(1_500_000)).bytes);
      expect(output).toBe('self-test-confirm: started\r\nself-test-confirm: confirmed\r\n');
      expect(await hello(board)).toMatchObject({ installed: { trials: 1 }, stay: Stay.NONE });
    }
    expect((await board.counters()).resets.iwdg).toBe(0);
  });

  test('self-test-confirm: a reset before the self-test has passed counts as a trial boot', async () => {
    const file = tempDir().write('flash.bin', await afterUpdate('self-test-confirm'));
    const board = powerUpStepped(PART, { flash: file });
    for (let boot = 1; boot <= TRIALS; boot++) {
      if (boot > 1) await board.command('reset');
      expect(text((await board.run(200_000)).bytes)).toContain('self-test-confirm: started');
    }
    await board.command('reset');
    expect((await board.run(1_000_000)).bytes).toHaveLength(0);
    expect(await hello(board)).toMatchObject({ stay: Stay.TRIALS_USED });
  });

  test('crash: uses up its trial boots, and the bootloader then takes a good update', async () => {
    const flashed = await afterUpdate('crash');
    const file = tempDir().write('flash.bin', flashed);
    const stepped = powerUpStepped(PART, { flash: file, allowed: ['faults'] });
    // A trial boot takes as long as bootloader and watchdog need: less than a second.
    const { bytes, resets } = await stepped.run((TRIALS + 1) * 1_000_000);
    expect(text(bytes)).toBe('crash: started\r\n'.repeat(TRIALS));
    expect(resets.filter((cause) => cause === 'iwdg')).toHaveLength(TRIALS);
    expect(await hello(stepped)).toMatchObject({
      stay: Stay.TRIALS_USED,
      installed: { trials: TRIALS },
    });
    const used = tempDir();
    await stepped.command(`save ${used.path}/flash.bin`);

    const board = await powerUp(PART, { flash: `${used.path}/flash.bin` });
    expect((await on(board, 'info')).result?.device).toMatchObject({ stay: 'TRIALS_USED' });
    expectDone(await flash(board, example('minimal')));
    await expectPrinted(board, 'minimal: running');
  });
});
