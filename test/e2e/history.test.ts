// Devices keep the bootloader they left with: the host of today updates them all the same. And hosts are kept: that of then meets
// devices of today. test/history/build says from which commit both are; one board of each core.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadImage } from '../../host/image/load.js';
import { makePackage, type PackageDescription } from '../../host/pack/pack.js';
import { Capability } from '../../protocol/index.js';
import {
  type Board,
  built,
  demoImage,
  differingPages,
  PARTS,
  type Part,
} from '../support/board.js';
import { Iap, type Outcome } from '../support/iap.js';
import { randomBytes } from '../support/random.js';
import { SignedUnit } from '../support/signed-unit.js';
import {
  expectDemo,
  expectDone,
  flash,
  on,
  powerUp,
  startFlash,
  tempDir,
  untilQuiet,
  withOutput,
} from './bench.js';
import { infoOf } from './production-line.js';

const BUILT = existsSync(built('build', 'history', 'commit'));

function old(part: Part, file: string): Uint8Array {
  return readFileSync(built('build', 'history', 'build', part, file));
}

/** The demo application of then, with the app kit of then, and noise behind it */
function oldDemo(part: Part, version: 1 | 2, size: number): Uint8Array {
  const image = randomBytes(version, size);
  image.set(old(part, `demo-v${version}.bin`));
  return image;
}

function packed(part: Part, bytes: Uint8Array, what: Partial<PackageDescription>): Uint8Array {
  const { appBase, appSize } = PARTS[part];
  const version = { major: 1, minor: 0, patch: 0, build: 0 };
  const area = { appBase, appEnd: appBase + appSize };
  return makePackage(loadImage(bytes), { version, ...what }, area);
}

async function expectRuns(board: Board, version: 1 | 2, image: Uint8Array): Promise<void> {
  await expectDemo(board, version, 1);
  expect(differingPages(board.part, await board.flash(), image)).toEqual([]);
}

test.for(['stm32f103xb', 'stm32f030x8', 'stm32f303xc'] as const)(
  'bootloader 0.1 on %s takes updates, from its own time and of today',
  async (part, { skip }) => {
    skip(!BUILT, 'no bootloader of then: git fetch --unshallow, or take a clone with its history');
    const { pageSize, part: silicon } = PARTS[part];
    const size = 12 * pageSize - 77;
    const board = await powerUp(part, {
      flash: tempDir().write('flash.bin', old(part, 'bootloader.bin')),
    });
    expect(await infoOf(board)).toMatchObject({
      bootloader: '0.1.0',
      mode: 'BOOTLOADER',
      part: silicon,
      stay: 'NO_RECORD',
      installed: null,
    });
    const then = [oldDemo(part, 1, size), oldDemo(part, 2, size)] as const;
    expectDone(await flash(board, then[0]));
    await expectRuns(board, 1, then[0]);

    // While the application of then runs, and with a host that is killed
    const killed = startFlash(board, then[1]);
    await killed.untilDone(0.01);
    await killed.signal('SIGKILL');
    await untilQuiet(board);
    const missing = differingPages(part, await board.flash(), then[1]);
    expect(missing.length).toBeGreaterThan(0);
    expect(missing.length).toBeLessThan(12);
    const resumed = await flash(board, then[1]);
    expectDone(resumed);
    expect(resumed.result).toMatchObject({ pagesSent: missing.length, boot: 'started' });
    await expectRuns(board, 2, then[1]);

    // The application and the app kit of today, in a package that asks for something
    const today = [demoImage(part, 1, size), demoImage(part, 2, size)] as const;
    const asking = { confirm: true, capabilities: Capability.BAUD, securityCounter: 5 };
    const first = await flash(board, packed(part, today[0], asking), '--baud', '460800');
    expectDone(first);
    expect(first.events.map(({ event }) => event)).toContain('entering');
    await expectDemo(board, 1, 2); // after its second line it has confirmed itself
    const second = packed(part, today[1], { securityCounter: 5 });
    expectDone(await flash(board, second));
    await expectRuns(board, 2, today[1]);
    expectDone(await on(board, 'verify', board.dir.write('second.iap', second)));

    const before = await board.flash();
    const lacks = packed(part, today[0], {
      securityCounter: 5,
      capabilities: Capability.DEFLATE,
    });
    expect(await flash(board, lacks)).toMatchObject({
      code: 3,
      result: { code: 'IMAGE_NOT_CAPABLE' },
    });
    // No host knows the counter: the bootloader of then refuses, and the application starts again.
    expect(await flash(board, packed(part, today[0], { securityCounter: 4 }))).toMatchObject({
      code: 5,
      result: { code: 'REFUSED', details: { status: 'ROLLBACK', detail: 5 } },
    });
    await expectDemo(board, 2, 1);
    expect(Buffer.compare(await board.flash(), before)).toBe(0);
  },
);

describe('the host of then', () => {
  const part = 'stm32f103xb';
  const none = 'no host of then: git fetch --unshallow, or take a clone with its history';

  function then(board: Board, image: Uint8Array | string): Promise<Outcome> {
    const file = typeof image === 'string' ? image : board.dir.write('then.bin', image);
    const args = ['flash', file, '--port', board.port, '--json'];
    const run = new Iap(args, {
      main: built('build', 'history', 'dist', 'host', 'cli', 'main.js'),
    });
    onTestFinished(async () => {
      await run.signal('SIGKILL');
    });
    return run.done;
  }

  test('ends at an application that does not want to be left, and updates it later', async ({
    skip,
  }) => {
    skip(!BUILT, none);
    const board = await powerUp(part, { allowed: ['overruns'] });
    expectDone(await flash(board, built('build', part, 'may-enter.elf')));
    await board.command('button PA1 high');
    await withOutput(board, (output) => output.printed('may-enter: turning'));
    const before = await board.counters();
    const refused = await then(board, demoImage(part, 1));
    expect(refused).toMatchObject({
      code: 5,
      result: { ok: false, code: 'REFUSED', details: { command: 'ENTER', detail: 1 } },
    });
    // It knows no better than its number.
    expect(refused.result?.message).toMatch(/refuses ENTER: status (0x44|68)/);
    const { resets, flashOps } = await board.counters();
    expect({ resets, flashOps }).toEqual({ resets: before.resets, flashOps: before.flashOps });
    await board.command('button PA1 low');
    await withOutput(board, (output) => output.printed('may-enter: standing'));
    expectDone(await then(board, demoImage(part, 1)));
    await expectDemo(board, 1);
  });

  test('ends at a device that takes signed images alone, whose application goes on', async ({
    skip,
  }) => {
    skip(!BUILT, none);
    const unit = new SignedUnit(part);
    const board = await powerUp(part, { load: unit.flash(), allowed: ['overruns'] });
    expectDone(await flash(board, unit.package(demoImage(part, 1))));
    await expectDemo(board, 1);
    const { flashOps } = await board.counters();
    const packages = packed(part, demoImage(part, 2), { product: unit.product });
    const refused = await then(board, board.dir.write('then.iap', packages));
    expect(refused).toMatchObject({
      code: 5,
      result: { code: 'REFUSED', details: { status: 'BAD_SIGNATURE' } },
    });
    expect((await board.counters()).flashOps).toBe(flashOps);
    await expectDemo(board, 1);
    // A signed one it sends as it is.
    const signed = board.dir.write('signed.iap', unit.package(demoImage(part, 2)));
    expectDone(await then(board, signed));
    await expectDemo(board, 2);
  });
});
