// Mutants of the library that nobody can notice, and why: a table, so it may be long.

export interface Equivalent {
  readonly file: string;
  readonly why: string;
  /** "from → to", as the engine reports it */
  readonly changes: readonly string[];
}

export const EQUIVALENTS: readonly Equivalent[] = [
  {
    file: 'host/update/compare.ts',
    why: 'undefined distrusts no page either',
    changes: ['() => false → () => undefined'],
  },
  {
    file: 'host/update/rate-ladder.ts',
    why: 'no rate of whole bauds takes exactly half of the time that flash takes',
    changes: [
      'lineMs(1024, rate) < FAST_ENOUGH * FLASH_MS_A_KB → lineMs(1024, rate) <= FAST_ENOUGH * FLASH_MS_A_KB',
    ],
  },
  {
    file: 'host/update/transfer.ts',
    why: 'undefined does not give up either',
    changes: ['() => false → () => undefined'],
  },
  {
    file: 'protocol/frame.ts',
    why: 'what is stored behind the end of an array is not stored; the length says "too long" either way',
    changes: [
      'this.#length < this.#data.length → true',
      'this.#length < this.#data.length → this.#length <= this.#data.length',
    ],
  },
  {
    file: 'protocol/layout.ts',
    why: 'what is no number is no integer',
    changes: ["typeof value !== 'number' → false"],
  },
];
