// What the command line needs to know of a kind of mutants.
import type { Mutant } from './mutant.js';

export interface Outcome {
  readonly caught: boolean;
  /** What the catcher found, or why it did not */
  readonly how: string;
}

export interface Suite {
  readonly mutants: readonly Mutant[];
  /** Without a change every catcher must be content, or catching means nothing. Returns what is not so. */
  unbroken(mutants: readonly Mutant[]): Promise<string[]>;
  /** Breaks the sources, runs the catcher, mends them. Throws if the mutant does not fit or is no program. */
  judge(mutant: Mutant): Promise<Outcome>;
}
