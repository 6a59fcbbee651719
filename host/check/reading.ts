// What the code of an image says of where it belongs: addresses it loads and makes, and where it sets the vector table.
import { runThumb } from './thumb.js';
import type { Code, Store, Watch } from './thumb-cpu.js';

/** Vector Table Offset Register (ARMv7-M B3.2.5) */
const VTOR = 0xe000_ed08;
/** Initial stack pointer and reset vector [bytes]; how long the table is nobody knows, and handlers read as code do no harm */
const VECTORS = 8;
/** After so many stores to VTOR more are no use to anybody. */
const MOST = 16;

export interface Reading {
  /** Stores to VTOR */
  readonly vtor: readonly Store[];
  /** Values loaded from literals */
  readonly literals: ReadonlySet<number>;
  /** Values made by MOVW and MOVT */
  readonly made: readonly number[];
}

export function readCode(code: Code, mostStores: number = MOST): Reading {
  const vtor: Store[] = [];
  const literals = new Set<number>();
  const made: number[] = [];
  const watch: Watch = {
    store: (store) => {
      if (store.address === VTOR && vtor.length < mostStores) vtor.push(store);
    },
    literal: (value) => literals.add(value),
    made: (value) => made.push(value),
  };
  runThumb(code, watch, VECTORS);
  return { vtor, literals, made };
}
