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
    file: 'host/check/address.ts',
    why: 'an image that is put where applications are is not asked',
    changes: ['base < appBase → base <= appBase'],
  },
  {
    file: 'host/check/arm-attributes.ts',
    why: 'behind the end there are zeros, which say nothing',
    changes: [
      'all.left > 4 → all.left >= 4',
      'vendor.left > 4 → vendor.left >= 4',
      'reader.left > 0 → reader.left >= 0',
      'this.left > 0 → this.left >= 0',
    ],
  },
  {
    file: 'host/check/arm-attributes.ts',
    why: 'the tag itself was taken before',
    changes: ['tag > TAG_COMPATIBILITY → tag >= TAG_COMPATIBILITY'],
  },
  {
    file: 'host/check/landmarks.ts',
    why: 'nobody looks behind the last half-word, where there are zeros',
    changes: [
      'bytes.length / 2 → bytes.length * 2',
      'i < halfWords.length → i <= halfWords.length',
      'i < code.length → i <= code.length',
    ],
  },
  {
    file: 'host/check/place.ts',
    why: 'it is as long as no gap that is told',
    changes: ['[] → ["Stryker was here"]'],
  },
  {
    file: 'host/check/ram-vectors.ts',
    why: 'a word behind the end of an image is 0',
    changes: ['offset + 4 → offset - 4'],
  },
  {
    file: 'host/check/thumb.ts',
    why: 'more rows to look at, or none, cost time and nothing else',
    changes: [
      'table.filter(([mask, bits]) => (key & mask) >>> 0 === (bits & upper) >>> 0) → table',
      '(key & mask) >>> 0 === (bits & upper) >>> 0 → true',
      'rows.length > 0 || cpu.inBlock → true',
      'rows.length > 0 → rows.length >= 0',
    ],
  },
  {
    file: 'host/check/thumb-cpu.ts',
    why: 'an array is as long as what was put in it',
    changes: ['new Array<Value>(PC + 1) → new Array()', 'PC + 1 → PC - 1'],
  },
  {
    file: 'host/check/thumb-cpu.ts',
    why: 'the PC is never set',
    changes: ['i < PC → i <= PC'],
  },
  {
    file: 'host/check/thumb-cpu.ts',
    why: 'what is no number is no place in the code; the types do not know',
    changes: ['target !== undefined → true'],
  },
  {
    file: 'host/check/thumb-cpu.ts',
    why: 'what is remembered for an address that was passed costs memory, and nothing else',
    changes: ['target <= this.at → false', 'target <= this.at → target < this.at'],
  },
  {
    file: 'host/check/vectors.ts',
    why: 'behind its last vector no table goes on',
    changes: ['i < end → i <= end'],
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
    why: 'a wait until now, while nothing comes in, is over at once',
    changes: ['session.incoming > 0 → true', 'session.incoming > 0 → session.incoming >= 0'],
  },
  {
    file: 'host/device/scan.ts',
    why: 'undefined does not end a wait either',
    changes: ['() => false → () => undefined'],
  },
  {
    file: 'host/image/elf.ts',
    why: 'names that the file does not say are looked for behind its end: nothing is there either; and a file without pieces was refused before',
    changes: [
      'names === undefined → false',
      'nameAt === undefined → false',
      'sorted[0]?.address → sorted[0].address',
    ],
  },
  {
    file: 'host/isp/byte-reader.ts',
    why: 'undefined is not ready either',
    changes: ['() => false → () => undefined'],
  },
  {
    file: 'host/isp/facts.ts',
    why: 'what is missing is undefined, too; the type wants it said',
    changes: ['{ flashSize: undefined, optionBytes: undefined } → {}'],
  },
  {
    file: 'host/isp/read.ts',
    why: 'parts of one product id have the same RAM, today',
    changes: ['Math.min(...sizes) → Math.max(...sizes)'],
  },
  {
    file: 'host/isp/rom.ts',
    why: 'what is no IapError has none of its codes',
    changes: ['!(error instanceof IapError) → false'],
  },
  {
    file: 'host/image/foreign.ts',
    why: 'undefined is no text either',
    changes: ['{ return false; } → {}'],
  },
  {
    file: 'host/image/intel-hex.ts',
    why: 'as many as it says were taken before',
    changes: ['found < length → found <= length'],
  },
  {
    file: 'host/image/load.ts',
    why: 'an undefined base is none; its type does not know',
    changes: ['base === undefined → false'],
  },
  {
    file: 'host/image/load.ts',
    why: 'only what has addresses can be wrong about them, and is told by its kind',
    changes: ["{ what: 'package', name } → {}", "{ what: 'binary', name } → {}"],
  },
  {
    file: 'host/image/load.ts',
    why: 'a group that was matched is there; the types do not know',
    changes: [
      '/\\.([^./\\\\]+)$/.exec(name)?.[1]?.toLowerCase → /\\.([^./\\\\]+)$/.exec(name)?.[1].toLowerCase',
    ],
  },
  {
    file: 'host/image/names.ts',
    why: 'a zero can not be printed; and undefined is what is returned at the end of a function, too',
    changes: ['end < 0 → end <= 0', '{ return undefined; } → {}'],
  },
  {
    file: 'host/image/s-record.ts',
    why: 'as many as it says were taken before',
    changes: ['found < length → found <= length'],
  },
  {
    file: 'host/image/s-record.ts',
    why: 'the data is written over it; without data it is behind the end of an array',
    changes: ['i < width → i <= width'],
  },
  {
    file: 'host/image/segments.ts',
    why: 'only spares time: what ends before has no byte in common with it',
    changes: [
      '!other || other.address + other.bytes.length <= address → false',
      '!other || other.address + other.bytes.length <= address → !other && other.address + other.bytes.length <= address',
      'other.address + other.bytes.length <= address → false',
      'other.address + other.bytes.length <= address → other.address + other.bytes.length < address',
    ],
  },
  {
    file: 'host/image/segments.ts',
    why: 'what meets has one before it; the types do not know',
    changes: ['runs.at(-1)?.push → runs.at(-1).push'],
  },
  {
    file: 'host/image/text-records.ts',
    why: 'what is no record has no second and third group; what is stored behind the end of an array is not stored',
    changes: ['[] → ["Stryker was here"]', 'i < bytes.length → i <= bytes.length'],
  },
  {
    file: 'host/image/vector-table.ts',
    why: 'a reset vector is odd',
    changes: ['reset >= 8 → reset > 8'],
  },
  {
    file: 'host/image/version.ts',
    why: 'what is no number is no larger and no smaller than any',
    changes: ['[] → ["Stryker was here"]'],
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
      "readdirSync(folder) .filter((file) => file.endsWith('.json')) → readdirSync(folder)",
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
