// Mutants of the library that nobody can notice, and why: a table, so it may be long.

export interface Equivalent {
  readonly file: string;
  readonly why: string;
  /** "from → to", as the engine reports it */
  readonly changes: readonly string[];
}

export const EQUIVALENTS: readonly Equivalent[] = [
  {
    file: 'host/compress/packer.ts',
    why: 'without an old image only pages are known that are not sent: nobody wants what another one writes over, so that the order stays',
    changes: ['!this.delta → false'],
  },
  {
    file: 'host/compress/sources.ts',
    why: 'a shift counts modulo 32',
    changes: ['32 - HASH_BITS → 32 + HASH_BITS'],
  },
  {
    file: 'host/device/believable.ts',
    why: 'both the same was taken before',
    changes: ['appEnd < appBase → appEnd <= appBase'],
  },
  {
    file: 'host/device/device.ts',
    why: 'the same version was taken before',
    changes: ['major > PROTOCOL_MAJOR → major >= PROTOCOL_MAJOR'],
  },
  {
    file: 'host/device/open.ts',
    why: 'a session takes undefined as missing; its type does not',
    changes: [
      'address === undefined → false',
      'halfDuplex === undefined → false',
      'signal === undefined → false',
      'trace === undefined → false',
    ],
  },
  {
    file: 'host/device/connect.ts',
    why: 'nobody but who found nobody tells how much was received',
    changes: [
      'error instanceof IapError && NOBODY.has(error.code) → error instanceof IapError || NOBODY.has(error.code)',
    ],
  },
  {
    file: 'host/update/compare.ts',
    why: 'undefined distrusts no page either',
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
