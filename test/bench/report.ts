// What was measured, as text, as JSON, and as the bars that svg.ts draws.
import type { Bound } from './bound.js';

/** One run */
export interface Run {
  readonly seconds: number;
  /** What is not as it should be; missing: all is */
  readonly failure?: string;
  /** The computer was too busy for the board to keep real time: the figure says nothing. */
  readonly late: boolean;
}

export interface Row {
  readonly name: string;
  readonly what: string;
  readonly runs: readonly Run[];
  readonly bound: Bound;
  /** stm32flash, writing and verifying the same application [s] */
  readonly stm32flash?: number;
  /** Another checkout, measured beside */
  readonly against?: readonly Run[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
}

/** Undefined if there are none, or one of them failed */
export function secondsOf(runs: readonly Run[] = []): number | undefined {
  if (runs.length === 0 || runs.some(({ failure }) => failure !== undefined)) return undefined;
  return median(runs.map(({ seconds }) => seconds));
}

/** Of the first run that failed */
export function failureOf({ runs }: Pick<Row, 'runs'>): string | undefined {
  return runs.find(({ failure }) => failure !== undefined)?.failure;
}

export interface Figures {
  readonly name: string;
  readonly what: string;
  /** Median of the runs; null: failed */
  readonly seconds: number | null;
  readonly bound: Bound;
  /** To the bound; null where line and flash have nothing to do */
  readonly ratio: number | null;
  readonly stm32flash: number | null;
  /** Median of another checkout's runs */
  readonly against: number | null;
  /** Runs on a computer that was too busy */
  readonly late: number;
  readonly runs: readonly Run[];
}

export function figuresOf(row: Row): Figures {
  const { name, what, runs, bound } = row;
  const seconds = secondsOf(runs) ?? null;
  return {
    name,
    what,
    seconds,
    bound,
    ratio: seconds === null || bound.total === 0 ? null : seconds / bound.total,
    stm32flash: row.stm32flash ?? null,
    against: secondsOf(row.against) ?? null,
    late: runs.filter(({ late }) => late).length,
    runs,
  };
}

const WHAT_WIDTH = 44;
const COLUMNS = ['seconds', 'bound', 'ratio', 'line', 'flash', 'stm32flash', 'against'] as const;
const WIDTH = 11;

export function textHead(): string {
  return `${''.padEnd(WHAT_WIDTH)}${COLUMNS.map((name) => name.padStart(WIDTH)).join('')}`;
}

export function textLine(row: Row): string {
  const { what, seconds, bound, ratio, stm32flash, against, late } = figuresOf(row);
  const figure = (value: number | null): string => (value === null ? '-' : value.toFixed(2));
  const least = (value: number): string => figure(bound.total === 0 ? null : value);
  const cells = [
    seconds === null ? 'FAILED' : seconds.toFixed(2),
    least(bound.total),
    figure(ratio),
    least(bound.line),
    least(bound.flash),
    figure(stm32flash),
    figure(against),
  ];
  const told = `${what.padEnd(WHAT_WIDTH)}${cells.map((cell) => cell.padStart(WIDTH)).join('')}`;
  const failure = failureOf(row);
  if (failure !== undefined) return `${told}\n  ${failure}`;
  return late === 0
    ? told
    : `${told}\n  too busy a computer in ${late} of ${row.runs.length} runs: no figure`;
}

export function jsonOf(rows: readonly Row[]): string {
  const rounded = (_: string, value: unknown): unknown =>
    typeof value === 'number' ? Math.round(value * 1e4) / 1e4 : value;
  return JSON.stringify({ node: process.version, rows: rows.map(figuresOf) }, rounded, 2);
}
