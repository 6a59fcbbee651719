// Telnet among data: whatever the bytes and however they are cut.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat } from '../../host/base/bytes.js';
import {
  DO,
  escaped,
  IAC,
  optionBytes,
  SB,
  SE,
  subBytes,
  TelnetDecoder,
  type TelnetPart,
  WONT,
} from '../../host/node/remote/telnet.js';

const bytes = fc
  .array(fc.oneof(fc.constantFrom(IAC, SB, SE, 0, 13), fc.integer({ min: 0, max: 255 })))
  .map((list) => Uint8Array.from(list));

/** In pieces as the lengths say, with data that follows data as one part */
function decoded(stream: Uint8Array, lengths: readonly number[]): TelnetPart[] {
  const decoder = new TelnetDecoder();
  const parts: TelnetPart[] = [];
  let at = 0;
  for (let i = 0; at < stream.length; i++) {
    const length = lengths[i % lengths.length] ?? stream.length;
    for (const part of decoder.push(stream.subarray(at, at + length))) {
      const last = parts.at(-1);
      if (part.kind === 'data' && last?.kind === 'data') {
        parts[parts.length - 1] = { kind: 'data', bytes: concat([last.bytes, part.bytes]) };
      } else parts.push(part);
    }
    at += length;
  }
  return parts;
}

const part = fc.oneof(
  bytes.map((data): TelnetPart => ({ kind: 'data', bytes: data })),
  bytes.map((sub): TelnetPart => ({ kind: 'sub', bytes: sub })),
  fc
    .integer({ min: 0, max: 255 })
    .map((option): TelnetPart => ({ kind: 'option', verb: DO, option })),
);

function encoded(one: TelnetPart): Uint8Array {
  if (one.kind === 'data') return escaped(one.bytes);
  return one.kind === 'sub' ? subBytes(one.bytes) : optionBytes(one.verb, one.option);
}

test('what is encoded comes out again, in any chunking', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(part), lengths, (parts, cuts) => {
      const stream = concat(parts.map(encoded));
      expect(decoded(stream, cuts)).toEqual(decoded(stream, [stream.length || 1]));
      const kinds = decoded(stream, cuts).filter(({ kind }) => kind !== 'data');
      expect(kinds).toEqual(parts.filter(({ kind }) => kind !== 'data'));
      const data = (list: readonly TelnetPart[]): Uint8Array =>
        concat(list.flatMap((each) => (each.kind === 'data' ? [each.bytes] : [])));
      expect(data(decoded(stream, cuts))).toEqual(data(parts));
    }),
  );
});

test('anything at all is no harm', () => {
  fc.assert(
    fc.property(bytes, (stream) => {
      expect(() => decoded(stream, [1])).not.toThrow();
    }),
  );
});

test('a subnegotiation that is longer than any is discarded, and not kept', () => {
  const OPTION = 44;
  const longest = new Uint8Array(512).fill(IAC).fill(OPTION, 0, 1);
  const longer = new Uint8Array(513).fill(IAC).fill(OPTION, 0, 1);
  const stream = concat([subBytes(longer), subBytes(longest), escaped(Uint8Array.of(1))]);
  for (const length of [1, 7, stream.length]) {
    expect(decoded(stream, [length])).toEqual([
      { kind: 'sub', bytes: longest },
      { kind: 'data', bytes: Uint8Array.of(1) },
    ]);
  }
});

test('commands without an option are left out', () => {
  expect(decoded(Uint8Array.of(1, IAC, 241, 2), [1])).toEqual([
    { kind: 'data', bytes: Uint8Array.of(1, 2) },
  ]);
});

test.each<[string, number[], TelnetPart[]]>([
  ['data', [1, 2], [{ kind: 'data', bytes: Uint8Array.of(1, 2) }]],
  ['IAC as data', [IAC, IAC], [{ kind: 'data', bytes: Uint8Array.of(IAC) }]],
  ['an option', [IAC, WONT, 3], [{ kind: 'option', verb: WONT, option: 3 }]],
  ['an option that is called IAC', [IAC, DO, IAC], [{ kind: 'option', verb: DO, option: IAC }]],
  ['a subnegotiation', [IAC, SB, 44, 1, IAC, SE], [{ kind: 'sub', bytes: Uint8Array.of(44, 1) }]],
  ['one that is empty', [IAC, SB, IAC, SE], [{ kind: 'sub', bytes: new Uint8Array() }]],
  [
    'one with IAC in it',
    [IAC, SB, IAC, IAC, 7, IAC, SE],
    [{ kind: 'sub', bytes: Uint8Array.of(IAC, 7) }],
  ],
  [
    'one that ends wrongly',
    [1, IAC, SB, 44, 1, IAC, 9, 2],
    [
      { kind: 'data', bytes: Uint8Array.of(1) },
      { kind: 'data', bytes: Uint8Array.of(2) },
    ],
  ],
  [
    'one behind another',
    [IAC, SB, 1, IAC, SE, IAC, SB, 2, IAC, SE],
    [
      { kind: 'sub', bytes: Uint8Array.of(1) },
      { kind: 'sub', bytes: Uint8Array.of(2) },
    ],
  ],
  [
    'data on both sides of a command',
    [1, IAC, DO, 3, 2],
    [
      { kind: 'data', bytes: Uint8Array.of(1) },
      { kind: 'option', verb: DO, option: 3 },
      { kind: 'data', bytes: Uint8Array.of(2) },
    ],
  ],
])('%s', (_, stream, parts) => {
  expect(new TelnetDecoder().push(Uint8Array.from(stream))).toEqual(parts);
});

test('without anything to say there are no parts', () => {
  expect(new TelnetDecoder().push(new Uint8Array())).toEqual([]);
  expect(new TelnetDecoder().push(Uint8Array.of(IAC, SB, 1))).toEqual([]);
});

test('data without IAC is passed on as it is', () => {
  const bytes = Uint8Array.of(1, 2);
  expect(escaped(bytes)).toBe(bytes);
  expect([...escaped(Uint8Array.of(1, IAC, IAC, 2))]).toEqual([1, IAC, IAC, IAC, IAC, 2]);
});
