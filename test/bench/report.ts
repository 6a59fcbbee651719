// What was measured, as a table of text.
import type { Bound } from './bound.js';
import type { Run } from './run.js';

export interface Row {
  readonly name: string;
  readonly what: string;
  readonly runs: readonly Run[];
  readonly bound: Bound;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low = Number.NaN, high = Number.NaN] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.floor(sorted.length / 2)],
  ];
  return (low + high) / 2;
}

/** Of the runs that came out as they should; undefined if one did not */
export function secondsOf({ runs }: Pick<Row, 'runs'>): number | undefined {
  if (runs.length === 0 || runs.some(({ failure }) => failure !== undefined)) return undefined;
  return median(runs.map(({ seconds }) => seconds));
}

export function textLine(row: Row): string {
  const seconds = secondsOf(row);
  const { line, flash, total } = row.bound;
  const figures = [
    seconds === undefined ? 'FAILED' : seconds.toFixed(2),
    total === 0 ? '-' : total.toFixed(2),
    seconds === undefined || total === 0 ? '-' : (seconds / total).toFixed(2),
    line.toFixed(2),
    flash.toFixed(2),
  ].map((text) => text.padStart(8));
  return `${row.what.padEnd(50)}${figures.join('')}`;
}
