// How fast an update is and how long it takes yet: what a progress bar shows.
import { expect, test } from 'vitest';
import { ProgressMeter } from '../../host/base/progress.js';

class Stopwatch {
  ms = 0;
  now(): number {
    return this.ms;
  }
  after(): () => void {
    throw new Error('a meter waits for nothing');
  }
}

test('the rate is what was done since the start, and the rest takes as long as at this rate', () => {
  const clock = new Stopwatch();
  clock.ms = 5000;
  const meter = new ProgressMeter(clock);
  clock.ms = 7000;
  expect(meter.at(1000, 4000)).toEqual({
    ...{ bytesDone: 1000, bytesTotal: 4000 },
    ...{ rate: 500, secondsLeft: 6 },
  });
  clock.ms = 9000;
  expect(meter.at(4000, 4000)).toMatchObject({ rate: 1000, secondsLeft: 0 });
});

test('no rate, and no guess, while no time has passed or nothing was done', () => {
  const clock = new Stopwatch();
  const meter = new ProgressMeter(clock);
  expect(meter.at(100, 4000)).toMatchObject({ rate: 0, secondsLeft: 0 });
  clock.ms = 1000;
  expect(meter.at(0, 4000)).toMatchObject({ rate: 0, secondsLeft: 0 });
});

test('the rate is that of the last fifteen steps: it follows a line that gets better or worse', () => {
  const clock = new Stopwatch();
  const meter = new ProgressMeter(clock);
  const rates = Array.from({ length: 17 }, (_, i) => {
    clock.ms += 1000;
    return meter.at(100 + 1000 * i, 1_000_000).rate;
  });
  expect(rates.slice(0, 2)).toEqual([100, 550]);
  expect(rates[14]).toBe(14_100 / 15); // from the start on
  expect(rates.slice(15)).toEqual([1000, 1000]); // the slow first step is left behind
});

test('an update that begins anew has no rate below zero', () => {
  const clock = new Stopwatch();
  const meter = new ProgressMeter(clock);
  for (let i = 0; i < 20; i++) {
    clock.ms += 1000;
    meter.at(1000 * i, 100_000);
  }
  clock.ms += 1000;
  expect(meter.at(0, 100_000)).toMatchObject({ rate: 0, secondsLeft: 0 });
});
