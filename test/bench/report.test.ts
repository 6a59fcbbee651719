// What the benchmark computes and writes; what it measures is in scripts/bench.ts.
import { describe, expect, test } from 'vitest';
import { randomBytes } from '../support/random.js';
import { boundOfFactory, boundOfUpdate, F103_FLASH, NOTHING } from './bound.js';
import { failureOf, figuresOf, jsonOf, median, type Row, secondsOf, textLine } from './report.js';
import { svgOf } from './svg.js';

const KIB = 1024;
const PAGE = F103_FLASH.page;

describe('bounds', () => {
  test('random bytes at 115200: the line, and the last page of flash', () => {
    const [from, to] = [randomBytes(1, 100 * KIB), randomBytes(2, 100 * KIB)];
    const { line, flash, total } = boundOfUpdate({ from, to, baud: 115_200 });
    // 50 pages and the CRC-32 of each, 10 bits a byte; 20 ms and 1024 half-words of 52.5 us a page
    expect(line).toBeCloseTo((50 * (2048 + 4) * 10) / 115_200, 9);
    expect(flash).toBeCloseTo(50 * 0.07376, 9);
    expect(total).toBeCloseTo(line + 0.07376, 9);
  });

  test('at 921600 the flash, and the first page on the line', () => {
    const [from, to] = [randomBytes(1, 100 * KIB), randomBytes(2, 100 * KIB)];
    const { flash, total } = boundOfUpdate({ from, to, baud: 921_600 });
    expect(total).toBeCloseTo(flash + (2048 * 10) / 921_600, 9);
  });

  test('blank flash is not erased, and nothing is asked of it', () => {
    const to = randomBytes(1, 10 * PAGE);
    const { line, flash } = boundOfUpdate({ to, baud: 115_200 });
    expect(flash).toBeCloseTo(10 * 1024 * 52.5e-6, 9);
    expect(line).toBeCloseTo((10 * 2048 * 10) / 115_200, 9);
  });

  test('only pages that differ; a changed byte is a few on the line', () => {
    const from = randomBytes(1, 10 * PAGE);
    const to = from.slice();
    to[5 * PAGE] = (to[5 * PAGE] ?? 0) ^ 1;
    const { line, flash } = boundOfUpdate({ from, to, baud: 115_200 });
    expect(flash).toBeCloseTo(0.07376, 9);
    expect(line).toBeLessThan((150 * 10) / 115_200);
    expect(boundOfUpdate({ from, to: from, baud: 115_200 })).toEqual(NOTHING);
  });

  test('what has moved comes from the old image, or from the new one', () => {
    const from = randomBytes(1, 20 * PAGE);
    const to = new Uint8Array(from.length + 2);
    to.set(from, 2);
    expect(boundOfUpdate({ from, to, baud: 115_200 }).line).toBeLessThan(0.2);
    const twice = new Uint8Array(20 * PAGE);
    twice.set(from.subarray(0, 10 * PAGE));
    twice.set(from.subarray(0, 10 * PAGE), 10 * PAGE);
    const once = boundOfUpdate({ to: from, baud: 115_200 }).line;
    expect(boundOfUpdate({ to: twice, baud: 115_200 }).line).toBeLessThan(0.55 * once);
  });

  test('a factory writes the bootloader first, at the rate of the ROM, and then the application', () => {
    const to = randomBytes(1, 100 * KIB);
    const app = boundOfUpdate({ to, baud: 921_600 });
    const { total } = boundOfFactory(randomBytes(2, 10 * KIB), to, 921_600);
    expect(total).toBeCloseTo(app.total + (10 * KIB * 11) / 115_200 + 5 * KIB * 52.5e-6, 9);
  });
});

const run = (seconds: number, failure?: string) => ({
  seconds,
  late: false,
  ...(failure === undefined ? {} : { failure }),
});
const row = (more: Partial<Row> = {}): Row => ({
  name: 'one',
  what: '1 < 2 & 3',
  runs: [run(4), run(2), run(3)],
  bound: { line: 1.5, flash: 1, total: 2 },
  ...more,
});

describe('figures', () => {
  test('the median', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  test('one run that failed is a row that failed', () => {
    const failed = row({ runs: [run(1), run(Number.NaN, 'the board burns')] });
    expect(secondsOf(failed.runs)).toBeUndefined();
    expect(failureOf(failed)).toBe('the board burns');
    expect(figuresOf(failed)).toMatchObject({ seconds: null, ratio: null });
    expect(textLine(failed)).toMatch(/FAILED.*\n {2}the board burns$/s);
    expect(svgOf([failed])).toContain('FAILED');
  });

  test('the ratio to the bound, and none to nothing', () => {
    expect(figuresOf(row())).toMatchObject({ seconds: 3, ratio: 1.5, stm32flash: null });
    expect(figuresOf(row({ bound: NOTHING })).ratio).toBeNull();
    expect(
      textLine(row({ bound: NOTHING, stm32flash: 26 }))
        .trim()
        .split(/ {2,}/),
    ).toEqual(['1 < 2 & 3', '3.00', '-', '-', '-', '-', '26.00', '-']);
  });

  test('a computer that was too busy is named', () => {
    const late = row({ runs: [{ seconds: 9, late: true }, run(3)] });
    expect(figuresOf(late).late).toBe(1);
    expect(textLine(late)).toContain('too busy a computer in 1 of 2 runs');
  });

  test('JSON has every run', () => {
    const { rows } = JSON.parse(jsonOf([row({ against: [run(6)] })]));
    expect(rows).toMatchObject([{ name: 'one', seconds: 3, against: 6, ratio: 1.5 }]);
    expect(rows[0].runs).toHaveLength(3);
  });
});

describe('the picture', () => {
  test('a bar as long as its logarithm, and the bound on the same scale', () => {
    const svg = svgOf([
      row({ runs: [run(1)], bound: { line: 0, flash: 0.1, total: 0.1 } }),
      row({ runs: [run(10)], bound: { line: 1, flash: 0, total: 1 } }),
    ]);
    const widths = [...svg.matchAll(/class="ours" x="300" y="\d+" width="([\d.]+)"/g)].map(
      (found) => Number(found[1]),
    );
    const marks = [...svg.matchAll(/class="bound" x1="([\d.]+)" x2="\1" y1="\d{2}"/g)].map(
      (found) => Number(found[1]),
    );
    const [first = 0, second = 0] = widths.slice(-2);
    const [least = 0, most = 0] = marks.slice(-2);
    expect(second - first).toBeCloseTo(most - least, 0);
    expect(300 + first).toBeCloseTo(most, 0);
  });

  test('is XML, whatever a row is called, and has colours for both backgrounds', () => {
    const svg = svgOf([row({ stm32flash: 5, against: [run(7)] })]);
    expect(svg).toContain('1 &lt; 2 &amp; 3');
    expect(svg).toContain('prefers-color-scheme: dark');
    expect(svg).toMatch(/class="stm32flash"/);
    expect(svg).toMatch(/class="against"/);
    const open = [...svg.matchAll(/<\w+(?:\s[^>]*[^/])?>/g)].length;
    expect(open).toBe([...svg.matchAll(/<\/\w+>/g)].length);
  });
});
