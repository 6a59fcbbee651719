// How much may be on its way to a group: what each frame takes at most, one after the other, from its arrival on.
import { describe, expect, test } from 'vitest';
import { GroupPace } from '../../host/update/group-pace.js';

/** The slowest of these devices takes 20 ms for a page, and 100 ms more for the first. */
function pace(): GroupPace {
  return new GroupPace([
    { pageMs: 10, beginMs: 100 },
    { pageMs: 20, beginMs: 5 },
  ]);
}

/** Three frames, of which the second and the third complete a page; the third is sent when the second is worked off. */
function sent(): GroupPace {
  const made = pace();
  made.sent(100, 10, false);
  made.sent(200, 20, true);
  made.sent(300, 200, true);
  return made;
}

const NOTHING = { bytes: 0, at: 0 };

describe('when it is worked off', () => {
  test.each([
    ['nothing is known: the entry with the first page, the rest from its arrival on', NOTHING, 220],
    ['the first page is: no entry any more', { bytes: 200, at: 0 }, 220],
    ['and later than the last frame came', { bytes: 200, at: 500 }, 520],
    ['only what has no work in it', { bytes: 100, at: 100 }, 240],
    ['everything', { bytes: 300, at: 7 }, 7],
    ['more than was sent to all', { bytes: 400, at: 8 }, 8],
  ])('%s', (_, one, at) => {
    expect(sent().busyUntil(one)).toBe(at);
  });

  test.each([
    [0, 0, 10],
    [9, 0, 10],
    [10, 100, 140],
    [139, 100, 140],
    [140, 200, 220],
    [219, 200, 220],
    [220, 300, undefined],
  ])('after %i ms these bytes must be, and then more', (now, bytes, next) => {
    expect(sent().done(NOTHING, now)).toBe(bytes);
    expect(sent().next(NOTHING, now)).toBe(next);
  });

  test('nothing sent: what it has said', () => {
    const one = { bytes: 50, at: 3 };
    expect(pace().busyUntil(one)).toBe(3);
    expect(pace().done(one, 1)).toBe(50);
    expect(pace().next(one, 0)).toBeUndefined();
  });

  test('what all have said is not counted again', () => {
    const made = sent();
    made.forget(200);
    expect(made.busyUntil(NOTHING)).toBe(220);
    expect(made.done(NOTHING, 100)).toBe(0);
    expect(made.next(NOTHING, 0)).toBe(220);
    made.forget(50);
    expect(made.next(NOTHING, 0)).toBe(220);
  });
});
