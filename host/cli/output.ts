// The only writer to the terminal: a progress bar on a terminal, plain lines in a pipe, JSON lines for programs.
// What it writes has no control characters but its own, wherever the text is from.
import { type ErrorDetails, exitCodeOf, IapError } from '../base/errors.js';
import { escaped, printable } from '../base/text.js';
import { barText, type ProgressLine, ProgressSteps } from './progress-text.js';

export interface Streams {
  readonly out: OutputStream;
  readonly error: OutputStream;
}

export interface OutputStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string | Uint8Array): unknown;
}

const CLEAR_LINE = '\r\u001b[K';
const clearRows = (rows: number): string => `\r\u001b[${rows}A\u001b[J`;
/** Of help and bar; a terminal that does not say how wide it is has at least the usual [columns] */
const WIDEST = 100;
const USUAL = 80;
/** The bar, and how much is done; a terminal that has less gets lines [columns] */
const NARROWEST = 40;
/** A terminal that does not say how high it is [rows] */
const USUAL_ROWS = 24;

/** Columns to write in; terminals on serial lines often say 0. */
export function widthOf(columns: number | undefined): number {
  if (columns === undefined) return WIDEST;
  return columns === 0 ? USUAL : Math.max(NARROWEST, Math.min(WIDEST, columns));
}

export class Output {
  readonly json: boolean;
  readonly #streams: Streams;
  readonly #colour: boolean;
  /** The line that was written last can be replaced. */
  readonly #canClear: boolean;
  readonly #steps = new ProgressSteps();
  #bar = false;
  /** Drawn last, to be drawn over */
  #rows = 0;

  constructor(
    json: boolean,
    streams: Streams = { out: process.stdout, error: process.stderr },
    env: Environment = process.env,
  ) {
    this.json = json;
    this.#streams = streams;
    this.#colour = hasColour(streams.error, env);
    this.#canClear = streams.out.isTTY === true && env.TERM !== 'dumb';
  }

  /** What a command's standard output is for, as it is; not with --json, and not on a terminal. */
  bytes(bytes: Uint8Array): void {
    this.#streams.out.write(bytes);
  }

  /** Whether standard output shows what is written there */
  get isTerminal(): boolean {
    return this.#streams.out.isTTY === true;
  }

  /** One JSON object; nothing without --json. */
  event(event: string, values: object = {}): void {
    if (!this.json) return;
    this.#streams.out.write(`${escaped(JSON.stringify({ event, ...values }, jsonValue))}\n`);
  }

  /** One line for people; nothing with --json. */
  line(text: string): void {
    if (this.json) return;
    this.#endBar();
    this.#streams.out.write(`${printable(text)}\n`);
  }

  /** A warning that no event tells already: an event for programs, a line for people. */
  warning(message: string, values: object = {}): void {
    this.event('warning', { message, ...values });
    this.warn(message);
  }

  /** For people only */
  warn(message: string): void {
    if (this.json) return;
    this.#endBar();
    this.#streams.error.write(`${this.#paint('33', 'warning:')} ${printable(message)}\n`);
  }

  progress(line: ProgressLine): void {
    if (this.json) return;
    if (this.#canDrawOver) {
      this.#streams.out.write(`${CLEAR_LINE}${this.#fit(barText(line))}`);
      this.#bar = true;
      return;
    }
    const text = this.#steps.next(line);
    if (text !== undefined) this.#streams.out.write(`${text}\n`);
  }

  /** Whether so many rows can be drawn over and over */
  hasRoomFor(rows: number): boolean {
    return !this.json && this.#canDrawOver && rows < (this.#streams.out.rows || USUAL_ROWS);
  }

  /** Rows that the next ones, or whatever else is written, take the place of, unless they are to stay. */
  rows(texts: readonly string[], stay = false): void {
    this.#endBar();
    for (const text of texts) this.#streams.out.write(`${this.#fit(printable(text))}\n`);
    this.#rows = stay ? 0 : texts.length;
  }

  get #canDrawOver(): boolean {
    return this.#canClear && (this.#streams.out.columns || USUAL) > NARROWEST;
  }

  #fit(text: string): string {
    return text.slice(0, widthOf(this.#streams.out.columns) - 1);
  }

  /** Wire trace; on standard error, whatever the mode. */
  trace(text: string): void {
    this.#endBar();
    this.#streams.error.write(`${printable(text)}\n`);
  }

  /** The last line of every run with --json. */
  result(values: object): void {
    this.#endBar();
    this.event('result', { ok: true, ...values });
  }

  failure(error: unknown, exitCode: number = exitCodeOf(error)): void {
    this.#endBar();
    if (this.json) {
      this.event('result', { ok: false, ...errorJson(error, exitCode) });
      return;
    }
    this.error(error);
  }

  /** For people only. @param where if it did not happen everywhere */
  error(error: unknown, where = ''): void {
    if (this.json) return;
    this.#endBar();
    if (!(error instanceof IapError)) {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const lines = what.split('\n').map(printable).join('\n');
      this.#streams.error.write(`${this.#paint('31', 'bug in this program:')} ${where}${lines}\n`);
      return;
    }
    const message = printable(`${where}${error.message}`);
    this.#streams.error.write(`${this.#paint('31', 'error:')} ${message}\n`);
    if (error.hint !== undefined) this.#streams.error.write(`  ${printable(error.hint)}\n`);
  }

  #endBar(): void {
    if (this.#bar) this.#streams.out.write('\n');
    if (this.#rows > 0) this.#streams.out.write(clearRows(this.#rows));
    this.#bar = false;
    this.#rows = 0;
  }

  #paint(colour: string, text: string): string {
    return this.#colour ? `\u001b[${colour}m${text}\u001b[0m` : text;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** As most programs have it: a variable that is empty is not set, and FORCE_COLOR=0 says no. */
function hasColour({ isTTY }: OutputStream, env: Environment): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return isTTY === true && env.TERM !== 'dumb';
}

/** @param exitCode what the command ends with */
export function errorJson(
  error: unknown,
  exitCode: number,
): {
  readonly code: string;
  readonly exitCode: number;
  readonly message: string;
  readonly hint?: string;
  readonly details?: ErrorDetails;
} {
  if (error instanceof IapError) {
    const { code, message, hint, details } = error;
    return { code, exitCode, message, ...(hint === undefined ? {} : { hint }), details };
  }
  return { code: 'BUG', exitCode, message: error instanceof Error ? error.message : String(error) };
}

function jsonValue(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'number' && !Number.isInteger(value)) return Math.round(value * 1000) / 1000;
  return value;
}
