// Bad lines between the real host and the real bootloader binary, in virtual time: every update completes or is given up
// honestly, and no wrong byte gets into flash.
import { describe, expect, onTestFinished, test } from 'vitest';
import { update } from '../../host/index.js';
import { APP_BASE } from '../../protocol/index.js';
import { Lockstep } from '../conformance/lockstep.js';
import { built } from '../support/board.js';
import { faulty, type LineFaults } from '../support/faulty.js';
import { appImage } from '../support/images.js';

const PART = 'stm32f103xb';
const SIZE = 20_000;
/** Virtual time decides; a busy computer only needs longer. */
const LONGEST_MS = 100_000;
/** A board answers a peek of at most so many bytes. */
const PEEK = 4000;

function powerUp(): Lockstep {
  const board = new Lockstep({
    board: built('build', 'board', 'iap-board'),
    part: PART,
    bootloader: built('build', PART, 'bootloader.bin'),
  });
  onTestFinished(() => board.stop());
  return board;
}

async function flashOf(board: Lockstep, size: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let at = 0; at < size; at += PEEK) {
    const address = `0x${(APP_BASE + at).toString(16)}`;
    const { hex } = await board.command(`peek ${address} ${Math.min(PEEK, size - at)}`);
    parts.push(Buffer.from(String(hex), 'hex'));
  }
  return Buffer.concat(parts);
}

async function expectInstalled(board: Lockstep, image: Uint8Array): Promise<void> {
  expect((await flashOf(board, image.length)).equals(Buffer.from(image))).toBe(true);
  expect(await board.counters()).toMatchObject({ state: 'running', violations: 0, faults: 0 });
}

/** Updates over a line with these faults; `onProgress` may do something to the board once. */
async function updated(
  board: Lockstep,
  image: Uint8Array,
  faults: LineFaults,
  seed: number,
  onProgress: () => void = () => {},
) {
  const line = faulty(board.transport, faults, seed);
  const run = async () => {
    const events = update(
      line.transport,
      { base: undefined, bytes: image },
      { clock: board.clock, boot: false },
    );
    for (;;) {
      const { value, done } = await events.next();
      if (done) return value;
      if (value.event === 'progress') onProgress();
    }
  };
  return { result: await board.during(run()), injected: line.injected };
}

describe('an update completes, and flash holds every byte of it', () => {
  const lines: readonly (readonly [string, LineFaults])[] = [
    ['one byte in a thousand flipped', { flipped: 1e-3 }],
    ['one byte in a thousand lost', { lost: 1e-3 }],
    ['one byte in a thousand inserted', { inserted: 1e-3 }],
    ['one byte in three thousand of each', { flipped: 3e-4, lost: 3e-4, inserted: 3e-4 }],
    ['one chunk in a hundred twice', { twice: 0.01 }],
    ['one chunk in a hundred gone', { gone: 0.01 }],
  ];
  describe.each(lines)('%s', (_, faults) => {
    test.each([1, 2])(
      'seed %i',
      async (seed) => {
        const board = powerUp();
        const image = appImage(SIZE, seed);
        const { result, injected } = await updated(board, image, faults, seed);
        expect(result).toMatchObject({ changed: true });
        expect(Object.values(injected).reduce((sum, count) => sum + count)).toBeGreaterThan(0);
        await expectInstalled(board, image);
      },
      LONGEST_MS,
    );
  });

  test.each(['reset', 'power cycle'])(
    '%s in mid-update, three times',
    async (command) => {
      const board = powerUp();
      const image = appImage(SIZE, 3);
      let left = 3;
      const { result } = await updated(board, image, {}, 1, () => {
        if (left-- > 0) void board.command(command);
      });
      expect(result).toMatchObject({ changed: true });
      await expectInstalled(board, image);
    },
    LONGEST_MS,
  );

  test(
    'a line that is dead for two seconds',
    async () => {
      const board = powerUp();
      const image = appImage(SIZE, 4);
      let deadUntil = 0;
      const dead = (): boolean => board.clock.now() < deadUntil;
      let once = true;
      const { result } = await updated(board, image, { dead }, 1, () => {
        if (once) deadUntil = board.clock.now() + 2000;
        once = false;
      });
      expect(result).toMatchObject({ changed: true });
      await expectInstalled(board, image);
    },
    LONGEST_MS,
  );
});

test(
  'a line that dies for good is given up; the next update goes on where it stopped',
  async () => {
    const board = powerUp();
    const image = appImage(SIZE, 5);
    let isDead = false;
    const lost = updated(board, image, { dead: () => isDead }, 1, () => {
      isDead = true;
    });
    await expect(lost).rejects.toMatchObject({ code: 'LINK_LOST' });
    const { result } = await updated(board, image, {}, 1);
    expect(result.pagesSent).toBeLessThan(result.pagesTotal);
    await expectInstalled(board, image);
  },
  LONGEST_MS,
);
