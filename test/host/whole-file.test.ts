// Half of a file is never taken for all of it: how long one that changes is waited for, in time that passes only while somebody waits.
import { readFile, stat } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { LARGEST_FILE } from '../../host/image/limits.js';
import { readBytes, readWhole } from '../../host/node/files.js';

const time = vi.hoisted(() => ({ now: 1_000_000 }));
vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => {
    time.now += ms;
    return Promise.resolve();
  },
}));
vi.mock('node:fs/promises', async (original) => {
  const all = await original<typeof import('node:fs/promises')>();
  return { ...all, stat: vi.fn(), readFile: vi.fn() };
});

interface Shown {
  readonly size: number;
  /** When it was written last, before now; of a server whose clock is ahead below 0 [ms] */
  readonly ageMs: number;
}

/** A file that is found so when it is looked at; reading it takes a while. */
function growing(look: (at: number) => Shown): () => number {
  const from = time.now;
  vi.spyOn(Date, 'now').mockImplementation(() => time.now);
  vi.mocked(stat).mockImplementation((() => {
    const { size, ageMs } = look(time.now - from);
    return Promise.resolve({ isFile: () => true, size, mtimeMs: time.now - ageMs });
  }) as never);
  vi.mocked(readFile).mockImplementation((() => {
    const { size } = look(time.now - from);
    time.now += 10;
    return Promise.resolve(new Uint8Array(size));
  }) as never);
  return () => time.now - from;
}

/** Written last at this moment */
const written =
  (at: number, size = 7) =>
  (now: number): Shown => ({ size, ageMs: now - at });

test.each([
  ['long ago', -5000, 10],
  ['a second ago', -1000, 10],
  ['less than a second ago', -400, 610],
  ['just now', 0, 1010],
  ['by a server whose clock is ahead', 60_000, 1010],
])('left alone since it was written %s', async (_, at, ms) => {
  const took = growing(written(at));
  expect(await readWhole('x', 'image')).toHaveLength(7);
  expect(took()).toBe(ms);
});

test('one that need not be whole is read at once', async () => {
  const took = growing(written(0));
  expect(await readBytes('x', 'image')).toHaveLength(7);
  expect(took()).toBe(10);
});

test('one that grows while it is read is read again when it is still', async () => {
  const took = growing((now) =>
    now < 1005 ? { size: 7, ageMs: now } : { size: 9, ageMs: now - 1005 },
  );
  expect(await readWhole('x', 'image')).toHaveLength(9);
  expect(took()).toBe(1010 + 995 + 10);
});

test.each<[string, (now: number) => Shown]>([
  ['size', (now) => ({ size: now < 5 ? 7 : 9, ageMs: now + 5000 })],
  ['time', (now) => ({ size: 7, ageMs: now < 5 ? now + 5000 : now + 4999 })],
])('its %s alone tells that it has changed', async (_, look) => {
  const took = growing(look);
  await readWhole('x', 'image');
  expect(took()).toBe(20);
});

test('one that never ends is refused after ten seconds', async () => {
  const took = growing((now) => ({ size: 22_000 + Math.floor(now), ageMs: 5 }));
  await expect(readWhole('x', 'image', 'IMAGE_UNREADABLE')).rejects.toMatchObject({
    code: 'IMAGE_UNREADABLE',
    message: expect.stringMatching(
      /^the image x can not be read: it is still being written: \d+ bytes, then \d+$/,
    ),
    hint: expect.stringContaining('wait until'),
    details: { path: 'x' },
  });
  expect(took()).toBeGreaterThan(10_000);
  expect(took()).toBeLessThan(11_100);
});

test.each([
  [LARGEST_FILE, true],
  [LARGEST_FILE + 1, false],
])('%i bytes are read: %s', async (size, right) => {
  growing(() => ({ size, ageMs: 5000 }));
  vi.mocked(readFile).mockResolvedValue(new Uint8Array(7) as never);
  const outcome = await readBytes('x', 'image').then(
    () => true,
    () => false,
  );
  expect(outcome).toBe(right);
});
