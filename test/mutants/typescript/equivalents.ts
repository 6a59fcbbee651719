// Mutants of the library that nobody can notice, and why: a table, so it may be long.

export interface Equivalent {
  readonly file: string;
  readonly why: string;
  /** "from → to", as the engine reports it */
  readonly changes: readonly string[];
}

export const EQUIVALENTS: readonly Equivalent[] = [
  {
    file: 'host/base/clock.ts',
    why: 'one number of hold-ups is only held against another',
    changes: ['this.#holdUps++ → this.#holdUps--'],
  },
  {
    file: 'host/base/json.ts',
    why: 'ajv says why it refuses, and with verbose: by which part of the schema; its types do not know',
    changes: ['[] → ["Stryker was here"]', 'parentSchema?.description → parentSchema.description'],
  },
  {
    file: 'host/base/json.ts',
    why: 'whether schemas are held against JSON Schema once more costs time, and nothing else: a test does it',
    changes: ['false → true'],
  },
  {
    file: 'host/base/progress.ts',
    why: 'a point was just put in; the types do not know',
    changes: ['{ at, bytes: 0 } → {}'],
  },
  {
    file: 'host/base/work.ts',
    why: 'nothing to tell, and not closed: it has ended, or this line is not reached; the types do not know',
    changes: ['this.#end?.(reader) → this.#end(reader)'],
  },
  {
    file: 'host/record/start.ts',
    why: 'applications begin at an even address, and the reset vector is odd',
    changes: ['reset > appBase → reset >= appBase'],
  },
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
    file: 'host/web/controller.ts',
    why: 'an update that is waited for, or is remembered, has a port and a device; the types do not know',
    changes: [
      "port?.kind !== 'serial' → false",
      'port?.kind → port.kind',
      'only === undefined → false',
    ],
  },
  {
    file: 'host/web/unfinished.ts',
    why: 'bytes of plain memory, which the types want: a copy has the same',
    changes: ['bytes.slice() → bytes'],
  },
  {
    file: 'host/web/flow.ts',
    why: 'where a port is taken there is firmware; the types do not know',
    changes: ['firmware?.demo → firmware.demo'],
  },
  {
    file: 'host/web/panels.ts',
    why: 'a device is looked for with firmware; the types do not know',
    changes: ['firmware?.sha256 → firmware.sha256', 'firmware?.facts → firmware.facts'],
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
