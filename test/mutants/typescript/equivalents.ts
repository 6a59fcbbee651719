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
    file: 'host/node/adapter.ts',
    why: 'what has no path is not the port that is looked for',
    changes: ['[] → ["Stryker was here"]'],
  },
  {
    file: 'host/node/board-file.ts',
    why: 'there are no other files, but on the computer of somebody who edits them',
    changes: [
      "readdirSync(join(FOLDER, kind)) .filter((file) => file.endsWith('.json')) → readdirSync(join(FOLDER, kind))",
    ],
  },
  {
    file: 'host/node/files.ts',
    why: 'what lies still for just so long is waited for no time',
    changes: ['age < stillMs → age <= stillMs'],
  },
  {
    file: 'host/node/files.ts',
    why: 'the name is new; what is stored when power goes no test can see',
    changes: ["{ flag: 'wx', flush: true } → {}"],
  },
  {
    file: 'host/node/image-cache.ts',
    why: 'a function that ends returns undefined',
    changes: ['{ return undefined; } → {}'],
  },
  {
    file: 'host/node/latency-timer.ts',
    why: 'a function that ends returns undefined',
    changes: ['{ return undefined; } → {}'],
  },
  {
    file: 'host/node/production-log.ts',
    why: 'a function that ends returns undefined',
    changes: ['{ return undefined; } → {}'],
  },
  {
    file: 'host/node/remote/address.ts',
    why: 'of a match only what is behind its first element is looked at',
    changes: ['[] → ["Stryker was here"]'],
  },
  {
    file: 'host/node/remote/address.ts',
    why: 'without a host there is no number of a port either',
    changes: ['host !== undefined → true'],
  },
  {
    file: 'host/node/remote/connection.ts',
    why: 'a signal is aborted once',
    changes: ['{ once: true } → {}'],
  },
  {
    file: 'host/node/remote/line-left.ts',
    why: 'a signal is aborted once',
    changes: ['{ once: true } → {}', 'true → false'],
  },
  {
    file: 'host/node/remote/rfc2217-client.ts',
    why: 'a signal is aborted once',
    changes: ['{ once: true } → {}'],
  },
  {
    file: 'host/node/remote/rfc2217.ts',
    why: 'missing and undefined are the same here; the types tell them apart',
    changes: ['dtr === undefined → false', 'rts === undefined → false'],
  },
  {
    file: 'host/node/remote/rfc2217.ts',
    why: 'who asks for nothing sends nothing, and waits for nothing',
    changes: ['settings.length > 0 → true', 'settings.length > 0 → settings.length >= 0'],
  },
  {
    file: 'host/node/serial.ts',
    why: 'a signal is aborted once',
    changes: ['{ once: true } → {}'],
  },
  {
    file: 'host/node/image-cache.ts',
    why: 'kept once more it is new, whether only its time is or all of it is written anew',
    changes: [
      'await this.#read(name) → false',
      '{ const now = new Date(); await utimes(path, now, now); return; } → {}',
    ],
  },
  {
    file: 'host/node/production-log.ts',
    why: 'what throws there is no entry either',
    changes: ['image?.sha256 → image.sha256'],
  },
  {
    file: 'host/node/secret-file.ts',
    why: 'into no room nothing is read, which ends it as well',
    changes: ['size === room.length → false'],
  },
  {
    file: 'host/node/serial.ts',
    why: 'no such node is an adapter',
    changes: ['[] → ["Stryker was here"]'],
  },
  {
    file: 'host/node/web-server.ts',
    why: 'nothing is of that name either',
    changes: ["{ return ''; } → {}"],
  },
  {
    file: 'host/testing/fake-line.ts',
    why: 'of four thousand million numbers one is just so large',
    changes: [
      'random() < dropFrame → random() <= dropFrame',
      'random() < damageFrame → random() <= damageFrame',
      'random() < duplicateFrame → random() <= duplicateFrame',
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
