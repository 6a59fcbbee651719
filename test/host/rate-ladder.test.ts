// Which rates are tried, and when trying is worth it: pure.
import { describe, expect, test } from 'vitest';
import { FakeDevice } from '../../host/testing/fake-device.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { rungAbove, rungBelow, worthIt } from '../../host/update/rate-ladder.js';

const { info } = new FakeDevice(new VirtualClock(), new FakeLine(new VirtualClock(), 115_200));

describe('the next rate above', () => {
  test.each([
    [300, 4_500_000, 9600],
    [9600, 4_500_000, 19_200],
    [57_600, 4_500_000, 115_200],
    [250_000, 4_500_000, 460_800],
    [460_800, 4_500_000, 921_600],
    // A kilobyte takes 30 ms to program: a line that needs half of that is not what an update waits for.
    [682_666, 4_500_000, 921_600],
    [682_667, 4_500_000, undefined],
    [921_600, 4_500_000, undefined],
    // What the device can make at most
    [460_800, 921_600, 921_600],
    [460_800, 921_599, undefined],
    [115_200, 115_200, undefined],
  ])('%i, of a device that makes up to %i: %s', (rate, maxRate, next) => {
    expect(rungAbove(rate, { ...info, maxRate })).toBe(next);
  });
});

describe('the next rate below', () => {
  test.each([
    [3_000_000, 9600, 2_000_000],
    [921_600, 115_200, 460_800],
    [250_000, 115_200, 230_400],
    [230_400, 115_200, 115_200],
    // Not below what the device goes back to by itself
    [115_200, 115_200, 115_200],
    [230_400, 200_000, 200_000],
    [9600, 1200, 1200],
  ])('%i, not below %i: %i', (rate, least, next) => {
    expect(rungBelow(rate, least)).toBe(next);
  });
});

describe('a faster rate is worth it', () => {
  test.each([
    // From 115200 baud: 1200 ms if it fails, 100 ms where it is known to hold
    ['not known', 115_200, false, 0, 20_867],
    ['known', 115_200, true, 0, 1739],
    // 11 round trips on the way up, 4 straight to it
    ['not known, behind a network', 115_200, false, 300, 78_250],
    ['known, behind a network', 115_200, true, 300, 22_606],
    // Where the line takes less beyond flash: 1200 ms exactly are not enough
    ['not known, on a faster line', 204_800, false, 0, 61_441],
  ])('%s: from so many bytes', (_, rate, known, roundTripMs, bytes) => {
    expect(worthIt(bytes, rate, known, roundTripMs)).toBe(true);
    expect(worthIt(bytes - 1, rate, known, roundTripMs)).toBe(false);
  });

  test('with no network in between unless one is named', () => {
    expect(worthIt(20_867, 115_200, false)).toBe(true);
    expect(worthIt(20_866, 115_200, false)).toBe(false);
  });

  test('never, where flash takes longer than the line', () => {
    expect(worthIt(1e9, 921_600, true)).toBe(false);
  });
});
