// A row for each port on a terminal: its name, and what it is at.
import type { Clock } from '../base/clock.js';
import type { Output } from './output.js';

/** Nobody reads faster [ms]. */
const REDRAW_MS = 100;
/** Of a name; of a longer one its end is shown [columns] */
const LONGEST_NAME = 28;

export class PortRows {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #texts: Map<string, string>;
  #cancel: (() => void) | undefined;

  constructor(output: Output, clock: Clock, ports: readonly string[]) {
    this.#output = output;
    this.#clock = clock;
    this.#texts = new Map(ports.map((port) => [port, '']));
  }

  set(port: string, text: string): void {
    this.#texts.set(port, text);
    this.changed();
  }

  /** Something else was written, or a row has another text. */
  changed(): void {
    this.#cancel ??= this.#clock.after(REDRAW_MS, () => {
      this.#cancel = undefined;
      this.#output.rows(this.#rows());
    });
  }

  /** As they are now, to stay. */
  end(): void {
    this.#cancel?.();
    this.#output.rows(this.#rows(), true);
  }

  #rows(): string[] {
    const names = [...this.#texts.keys()].map(shortened);
    const width = Math.max(...names.map((name) => name.length));
    return [...this.#texts.values()].map((text, i) => `${(names[i] ?? '').padEnd(width)}  ${text}`);
  }
}

function shortened(name: string): string {
  return name.length <= LONGEST_NAME ? name : `…${name.slice(1 - LONGEST_NAME)}`;
}
