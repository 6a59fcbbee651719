// The same streams into the TypeScript decoder and the device's: same frames, same discards, same counts.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Decoded, encodeFrame, FrameDecoder, MAX_PAYLOAD } from '../../protocol/index.js';
import { filter } from '../support/filter.js';

const vectorFile = new URL('../../protocol/vectors.json', import.meta.url);

/** Streams of one property */
const BATCH = 64;
const SEED = 20_240_501;

interface Stream {
  readonly maxPayload: number;
  readonly bytes: Uint8Array;
}

interface Vector {
  readonly name: string;
  readonly maxPayload: number;
  readonly stream: string;
  readonly events: unknown;
}

const ask = filter('decode-stream');

function decodeOnDevice(streams: readonly Stream[]): Promise<string[]> {
  return ask(streams.map(({ maxPayload, bytes }) => `${maxPayload} ${hex(bytes)}\n`));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** As the device's decoder prints it */
function eventOf(decoded: Decoded): unknown {
  if (decoded.kind === 'discarded') {
    return { discarded: { reason: decoded.reason, bytes: decoded.bytes } };
  }
  const { address, type, seq, payload } = decoded.frame;
  return { frame: { address, type, seq, payload: hex(payload) } };
}

function decodeHere({ maxPayload, bytes }: Stream): string {
  return JSON.stringify(new FrameDecoder(maxPayload).push(bytes).map(eventOf));
}

const byte = fc.integer({ min: 0, max: 255 });
/** Around one COBS block and two, and around what devices accept */
const limit = fc.oneof(
  fc.constantFrom(0, 1, 4, 64, 246, 247, 248, 272, 501, 502, 1040, MAX_PAYLOAD),
  fc.integer({ min: 0, max: 600 }),
);
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 24 }),
  fc.uint8Array({ minLength: 240, maxLength: 520, min: 1 }),
  fc.array(fc.constantFrom(0, 0, 1, 254, 255), { maxLength: 300 }).map((a) => Uint8Array.from(a)),
  fc.tuple(fc.integer({ min: 0, max: 1100 }), byte).map(([n, b]) => new Uint8Array(n).fill(b)),
);
const good = fc.record({ address: byte, type: byte, seq: byte, payload }).map(encodeFrame);
const position = fc.nat(1 << 16);
const damaged = fc
  .tuple(
    good,
    fc.array(fc.tuple(position, fc.constantFrom('flip', 'lose', 'insert', 'double'), byte), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([frame, faults]) => {
    let bytes: number[] = [...frame];
    for (const [where, kind, value] of faults) {
      const at = where % Math.max(1, bytes.length);
      if (kind === 'flip') bytes = bytes.with(at, (bytes[at] ?? 0) ^ value);
      else if (kind === 'lose') bytes.splice(at, 1);
      else if (kind === 'insert') bytes.splice(at, 0, value);
      else bytes.splice(at, 0, ...bytes.slice(at, at + value));
    }
    return Uint8Array.from(bytes);
  });
const truncated = fc.tuple(good, position).map(([frame, n]) => frame.subarray(0, n % frame.length));
const piece = fc.oneof(
  { weight: 4, arbitrary: good },
  { weight: 5, arbitrary: damaged },
  { weight: 3, arbitrary: truncated },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  { weight: 2, arbitrary: fc.constantFrom(1, 2, 3).map((n) => new Uint8Array(n)) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 1500 }), byte)
      .map(([n, b]) => new Uint8Array(n).fill(b)),
  },
);
const stream: fc.Arbitrary<Stream> = fc.record({
  maxPayload: limit,
  bytes: fc
    .array(piece, { maxLength: 6, size: 'max' })
    .map((pieces) => new Uint8Array(Buffer.concat(pieces))),
});

test('any stream: the same frames, the same discards, the same counts', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(stream, { minLength: 1, maxLength: BATCH, size: 'max' }),
      async (streams) => {
        expect(await decodeOnDevice(streams)).toEqual(streams.map(decodeHere));
      },
    ),
    { seed: SEED, numRuns: 300 },
  );
});

test('every stretch of a stream that decodes to the last byte a decoder takes, and to one more', async () => {
  const streams: Stream[] = [];
  for (const maxPayload of [0, 1, 246, 247, 248, 501, 502, 1040]) {
    for (let size = Math.max(0, maxPayload - 2); size <= maxPayload + 2; size++) {
      for (const fill of [0, 1, 255]) {
        const frame = encodeFrame({
          address: 1,
          type: 2,
          seq: 3,
          payload: new Uint8Array(size).fill(fill),
        });
        streams.push({ maxPayload, bytes: frame });
        streams.push({ maxPayload, bytes: Uint8Array.of(...frame.subarray(0, -2), 0, ...frame) });
      }
    }
  }
  expect(await decodeOnDevice(streams)).toEqual(streams.map(decodeHere));
});

test('the golden vectors on the device', async () => {
  const vectors = JSON.parse(readFileSync(vectorFile, 'utf8')) as readonly Vector[];
  const streams = vectors.map(({ maxPayload, stream: text }) => ({
    maxPayload,
    bytes: new Uint8Array(Buffer.from(text, 'hex')),
  }));
  const events = await decodeOnDevice(streams);
  vectors.forEach((vector, i) => {
    expect(JSON.parse(events[i] ?? ''), vector.name).toEqual(vector.events);
  });
});
