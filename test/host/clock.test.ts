// The clock of the time in which this program runs, held up and late to the millisecond: its timers are the test's.
import { describe, expect, test, vi } from 'vitest';
import type { Clock } from '../../host/base/clock.js';

let clock: Clock;
/** The program gets no turn before. */
let heldUntil = 0;

const wall = (): number => Math.max(Date.now(), heldUntil);
/** Callbacks of setImmediate: a turn of the event loop takes no time. */
const turns: (() => void)[] = [];

function run(ms: number): void {
  for (let i = 0; i < ms; i++) {
    vi.advanceTimersByTime(1);
    for (let turn = turns.shift(); turn; turn = turns.shift()) turn();
  }
}

/** What is due meanwhile comes at its end, all at once. */
function block(ms: number): void {
  heldUntil = wall() + ms;
  run(ms);
}

/** When it comes, in the clock's time and on the wall, from now on */
function timer(ms: number): { own?: number; wall?: number; cancel(): void } {
  const [own, before] = [clock.now(), wall()];
  const came: ReturnType<typeof timer> = {
    cancel: clock.after(ms, () => {
      expect(came.wall).toBeUndefined();
      Object.assign(came, { own: clock.now() - own, wall: wall() - before });
    }),
  };
  return came;
}

/** The test on a clock that nobody has looked at yet */
function timed<A extends readonly unknown[]>(body: (...args: A) => void) {
  return async (...args: A): Promise<void> => {
    vi.useFakeTimers({
      now: 1_000_000,
      toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
    });
    heldUntil = 0;
    turns.length = 0;
    vi.stubGlobal('setImmediate', (turn: () => void) => turns.push(turn));
    vi.spyOn(performance, 'now').mockImplementation(wall);
    try {
      vi.resetModules();
      clock = (await import('../../host/base/clock.js')).realClock;
      body(...args);
    } finally {
      vi.unstubAllGlobals();
      vi.restoreAllMocks();
      vi.useRealTimers();
    }
  };
}

describe('time', () => {
  test.each([1, 49, 100, 1000, 9999])(
    'passes while the program runs: %i ms',
    timed((ms) => {
      const began = clock.now();
      run(ms);
      expect(clock.now() - began).toBe(ms);
      timer(1e6);
      run(ms);
      expect(clock.now() - began).toBe(2 * ms);
    }),
  );

  test.each([
    ['counts while it may be load', 200, 200],
    ['does not count while the program is held up', 201, 0],
  ])(
    '%s: %i ms',
    timed((_, ms, counted) => {
      const began = clock.now();
      block(ms);
      expect(clock.now() - began).toBe(counted);
    }),
  );

  test(
    'is left out where somebody waits, however long ago anybody looked',
    timed(() => {
      const began = clock.now();
      timer(10_000);
      run(3000);
      block(1500);
      expect(clock.now() - began).toBe(3000);
      block(700);
      expect(clock.now() - began).toBe(3000);
    }),
  );

  test(
    'is left out for two beats after the last look, and then the clock rests',
    timed(() => {
      const began = clock.now();
      run(99);
      block(800);
      expect(clock.now() - began).toBeLessThanOrEqual(99);
      run(101);
      expect(vi.getTimerCount()).toBe(0);
      clock.now();
      expect(vi.getTimerCount()).toBe(1);
      run(51);
      clock.now(); // which begins the two anew
      run(51);
      expect(vi.getTimerCount()).toBe(1);
      run(100);
      expect(vi.getTimerCount()).toBe(0);
    }),
  );

  test(
    'that begins with a block: nothing is known of the time before',
    timed(() => {
      block(5000);
      const began = clock.now();
      run(30);
      expect(clock.now() - began).toBe(30);
    }),
  );
});

describe('a timer', () => {
  test.each([1, 100, 5000])(
    'comes when it is due: %i ms',
    timed((ms) => {
      const one = timer(ms);
      run(ms - 1);
      expect(one.wall).toBeUndefined();
      run(1);
      expect(one).toMatchObject({ own: ms, wall: ms });
    }),
  );

  test(
    'leaves nothing behind',
    timed(() => {
      const one = timer(100);
      timer(200).cancel();
      run(300);
      expect(one.wall).toBe(100);
      expect(vi.getTimerCount()).toBe(0);
    }),
  );

  test(
    'that is cancelled never comes, not even at the moment it is due',
    timed(() => {
      const one = timer(100);
      setTimeout(one.cancel, 100);
      const other = timer(100);
      other.cancel();
      run(1000);
      expect([one.wall, other.wall]).toEqual([undefined, undefined]);
    }),
  );

  test(
    'that is cancelled twice takes nothing from one that waits',
    timed(() => {
      const began = clock.now();
      const one = timer(5000);
      timer(5000);
      one.cancel();
      one.cancel();
      run(500);
      block(800);
      expect(clock.now() - began).toBe(500);
    }),
  );

  test(
    'that has come takes nothing from one that waits when it is cancelled',
    timed(() => {
      const began = clock.now();
      const one = timer(10);
      timer(5000);
      run(500);
      one.cancel();
      run(500);
      block(800);
      expect(clock.now() - began).toBe(1000);
    }),
  );

  test.each([
    ['a little', 120, 120],
    ['by more: what has arrived meanwhile is read first', 121, 171],
    ['as late as load makes it', 250, 300],
  ])(
    'is late %s',
    timed((_, blocked, came) => {
      const one = timer(100);
      run(50); // a beat, so that no hold-up is in it
      block(blocked - 50);
      run(100);
      expect(one.wall).toBe(came);
    }),
  );

  test(
    'that is late each time is late at last',
    timed(() => {
      const one = timer(100);
      for (let i = 0; i < 3; i++) block(i === 0 ? 150 : 100);
      expect(one.wall).toBeUndefined();
      block(100);
      expect(one.wall).toBe(450);
    }),
  );

  test(
    'comes when as much of its time has passed in which the program ran',
    timed(() => {
      const one = timer(1000);
      run(500);
      block(300);
      run(1000);
      expect(one).toMatchObject({ own: 1000, wall: 1300 });
    }),
  );

  test(
    'that was due while the program was held up comes after what is read then',
    timed(() => {
      const one = timer(60);
      run(50);
      block(300);
      expect(one.wall).toBeUndefined();
      run(49);
      expect(one.wall).toBeUndefined();
      run(1);
      expect(one).toMatchObject({ own: 100, wall: 400 });
    }),
  );

  test(
    'comes two turns of the event loop after it is due',
    timed(() => {
      const heard: string[] = [];
      setTimeout(() => setImmediate(() => setImmediate(() => heard.push('bytes'))), 100);
      clock.after(100, () => heard.push('time-out'));
      run(200);
      expect(heard).toEqual(['bytes', 'time-out']);
    }),
  );

  test(
    'comes in a browser, which has no such turns',
    timed(() => {
      vi.stubGlobal('setImmediate', undefined);
      const one = timer(100);
      run(110);
      expect(one.wall).toBe(101); // a timer of 0 ms comes in the next
    }),
  );

  test(
    'longer than Node.js can count is none that comes all the time',
    timed(() => {
      const timers = vi.spyOn(globalThis, 'setTimeout');
      const one = timer(2 ** 40);
      run(1000);
      expect(timers.mock.calls.map(([, ms]) => ms)).toEqual([2 ** 31 - 1]);
      one.cancel();
    }),
  );
});

describe('the beat', () => {
  test(
    'keeps no program alive',
    timed(() => {
      const beats = vi.spyOn(globalThis, 'setInterval');
      clock.now();
      const { value } = beats.mock.results[0] as { value: NodeJS.Timeout };
      expect(value.hasRef()).toBe(false);
    }),
  );

  test(
    'is a number in a browser',
    timed(() => {
      vi.stubGlobal('setInterval', () => 7);
      expect(clock.now()).toBe(wall());
    }),
  );
});
