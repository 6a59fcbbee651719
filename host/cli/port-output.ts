// What a command says of one of several ports: events with its name, a row on a terminal, lines that begin with it elsewhere.
import { exitCodeOf } from '../base/errors.js';
import { errorJson, Output } from './output.js';
import type { PortRows } from './port-rows.js';
import { barText, type ProgressLine, ProgressSteps } from './progress-text.js';

export class PortOutput extends Output {
  readonly #all: Output;
  readonly #port: string;
  readonly #rows: PortRows | undefined;
  readonly #ownSteps = new ProgressSteps();

  /** @param rows where there are any */
  constructor(all: Output, port: string, rows: PortRows | undefined) {
    super(all.json);
    this.#all = all;
    this.#port = port;
    this.#rows = rows;
  }

  override event(event: string, values: object = {}): void {
    this.#all.event(event, { port: this.#port, ...values });
  }

  override line(text: string): void {
    if (this.#rows) this.#rows.set(this.#port, text);
    else this.#all.line(`${this.#port}: ${text}`);
  }

  override warn(message: string): void {
    this.#all.warn(`${this.#port}: ${message}`);
    this.#rows?.changed();
  }

  override progress(line: ProgressLine): void {
    if (this.#rows) {
      this.#rows.set(this.#port, barText(line));
      return;
    }
    const text = this.#ownSteps.next(line);
    if (text !== undefined) this.line(text);
  }

  override trace(text: string): void {
    this.#all.trace(`${this.#port} ${text}`);
    this.#rows?.changed();
  }

  /** The command has one result, which is of all ports. */
  override result(values: object): void {
    this.event('done', { result: { event: 'result', ok: true, ...values } });
  }

  override failure(error: unknown, exitCode: number = exitCodeOf(error)): void {
    const result = { event: 'result', ok: false, ...errorJson(error, exitCode) };
    this.event('done', { result });
    this.#all.error(error, `${this.#port}: `);
    this.#rows?.set(this.#port, `failed: ${error instanceof Error ? error.message : ''}`);
  }

  /** A port that was only looked at */
  skipped(error: unknown): void {
    const { code, message } = errorJson(error, exitCodeOf(error));
    this.event('skipped', { code, message });
    this.line(`left out: ${message}`);
  }
}
