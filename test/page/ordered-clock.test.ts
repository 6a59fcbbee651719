// Timers that keep their order, and when they come.
import { afterEach, expect, test, vi } from 'vitest';
import { OrderedClock } from '../../host/web/ordered-clock.js';
import { startTime } from './virtual-time.js';

afterEach(() => {
  vi.useRealTimers();
});

/** What came, and when [ms] */
function begin(): { clock: OrderedClock; came: string[]; after: (ms: number) => () => void } {
  startTime();
  const clock = new OrderedClock();
  const from = clock.now();
  const came: string[] = [];
  const after = (ms: number): (() => void) =>
    clock.after(ms, () => came.push(`${ms} at ${Math.round(clock.now() - from)}`));
  return { clock, came, after };
}

test('they come in the order of their times, not of their setting', () => {
  const { came, after } = begin();
  for (const ms of [30, 10, 20]) after(ms);
  vi.advanceTimersByTime(25);
  expect(came).toEqual(['10 at 10', '20 at 20']);
  vi.advanceTimersByTime(5);
  expect(came).toEqual(['10 at 10', '20 at 20', '30 at 30']);
});

test('those of one time come in the order of their setting', () => {
  const { clock } = begin();
  const came: string[] = [];
  for (const name of ['a', 'b', 'c']) clock.after(10, () => came.push(name));
  vi.advanceTimersByTime(10);
  expect(came).toEqual(['a', 'b', 'c']);
});

test('what is late comes at once, all of it', () => {
  const { came, after } = begin();
  after(10);
  after(11);
  vi.setSystemTime(Date.now());
  vi.advanceTimersByTime(11);
  expect(came.map((one) => one.split(' ')[0])).toEqual(['10', '11']);
});

test('one that is cancelled never comes; the others do', () => {
  const { came, after } = begin();
  const cancel = after(10);
  after(20);
  cancel();
  cancel();
  vi.advanceTimersByTime(50);
  expect(came).toEqual(['20 at 20']);
});

test('one may set another, in the past too', () => {
  const { clock, came, after } = begin();
  clock.after(10, () => {
    after(5);
    after(-1);
  });
  vi.advanceTimersByTime(10);
  expect(came).toEqual(['-1 at 10']);
  vi.advanceTimersByTime(5);
  expect(came).toEqual(['-1 at 10', '5 at 15']);
});

test('one timer of the browser is enough, and none is left', () => {
  const { after } = begin();
  for (const ms of [30, 10, 20]) after(ms);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(30);
  expect(vi.getTimerCount()).toBe(0);
});
