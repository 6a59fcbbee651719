// Devices that take signed images alone, from the factory into the field: the real bootloader on the virtual board.
// IAP_SIGNED=full tries every single-bit flip of a header on each core, which takes hours, and the slow F1 too; IAP_SIGNED_FROM=N
// begins at bit N.
import { describe, expect, test } from 'vitest';
import { decode, Refusal, Status } from '../../protocol/index.js';
import { Bare } from '../support/bare.js';
import { demoImage, type Part } from '../support/board.js';
import { SignedUnit } from '../support/signed-unit.js';
import { reservedStack } from '../support/stack.js';
import { expectDemo, expectDone, flash, powerUp, powerUpStepped } from './bench.js';

const FULL = process.env.IAP_SIGNED === 'full';
const CORES: readonly Part[] = ['stm32f030x8', 'stm32f103xb', 'stm32f303xc'];
const SLOW_F1: Part = 'stm32f100xb';
const HEADER_BITS = 8 * 256;
const FIRST_BIT = Number(process.env.IAP_SIGNED_FROM ?? 0);
/** In a sample every so manieth bit is turned: of the header's middle, where no field has a meaning, and of r and s. */
const SAMPLE_STEP = 211;
/** Of what is reserved, for another compiler's code [bytes] */
const SPARE_STACK = 256;

describe.each(FULL ? [...CORES, SLOW_F1] : CORES)('%s', (part) => {
  test('takes what its keys signed, one after the other', async () => {
    const unit = new SignedUnit(part);
    const board = await powerUp(part, { load: unit.flash() });
    const one = unit.package(demoImage(part, 1));
    expectDone(await flash(board, one));
    await expectDemo(board, 1);
    const again = await flash(board, one);
    expectDone(again);
    expect(again.result).toMatchObject({ changed: false, boot: 'started' });
    expectDone(await flash(board, unit.package(demoImage(part, 2), 2)));
    await expectDemo(board, 2);
  });

  test('refuses everything else, and the running application goes on', async () => {
    const unit = new SignedUnit(part);
    const board = await powerUp(part, { load: unit.flash() });
    expectDone(await flash(board, unit.package(demoImage(part, 1))));
    await expectDemo(board, 1);
    const { flashOps } = await board.counters();
    const stranger = new SignedUnit(part);
    for (const image of [stranger.package(demoImage(part, 2)), demoImage(part, 2)]) {
      const { result } = await flash(board, image);
      expect(result).toMatchObject({ ok: false });
    }
    expect((await board.counters()).flashOps).toBe(flashOps);
    await expectDemo(board, 1);
  });

  test(
    'a header with a bit turned over is refused, and nothing is written',
    async () => {
      const unit = new SignedUnit(part);
      const board = powerUpStepped(part, { load: unit.flash() });
      const device = await Bare.call(board);
      const header = unit.header(demoImage(part, 1));
      for (let bit = FIRST_BIT; bit < HEADER_BITS; bit += FULL ? 1 : SAMPLE_STEP) {
        const turned = header.slice();
        turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const { status } = decode(Refusal, await device.begin(turned));
        expect([bit, status]).toEqual([
          bit,
          expect.toSatisfy((s: number) => s >= Status.BAD_HEADER),
        ]);
      }
      expect((await board.counters()).flashOps).toBe(0);
      expect((await device.begin(header))[0]).toBe(Status.OK);
    },
    FULL ? 36_000_000 : 600_000,
  );

  test('verifies within the time that it announces, and keeps to its stack', async () => {
    const unit = new SignedUnit(part);
    const board = powerUpStepped(part, { load: unit.flash() });
    const device = await Bare.call(board);
    const begun = device.us;
    expect((await device.begin(unit.header(demoImage(part, 1))))[0]).toBe(Status.OK);
    const ms = (device.us - begun) / 1000;
    const { stackUsed } = await board.counters();
    const reserved = reservedStack(part, true);
    console.log(
      `${part}: BEGIN of a signed image ${ms.toFixed(0)} ms of ${device.info.beginMs}, ${stackUsed} bytes of stack, ${reserved} are reserved`,
    );
    expect(ms).toBeLessThan(device.info.beginMs / 1.5);
    expect(stackUsed).toBeLessThanOrEqual(reserved - SPARE_STACK);
  });
});
