// Properties of the frame codec that no list of examples can show.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cobsEncode } from '../../protocol/cobs.js';
import {
  BURST_START,
  type Decoded,
  encodeFrame,
  type Frame,
  FrameDecoder,
  MAX_PAYLOAD,
  maxEncodedSize,
  maxFrameSize,
} from '../../protocol/index.js';

const byte = fc.integer({ min: 0, max: 255 });
/** Zeros and long runs without them are where COBS changes its mind. */
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ minLength: 240, maxLength: 530, min: 1 }),
  fc.array(fc.constantFrom(0, 0, 1, 255), { maxLength: 300 }).map((a) => Uint8Array.from(a)),
);
const frame: fc.Arbitrary<Frame> = fc.record({ address: byte, type: byte, seq: byte, payload });

function decodeAll(bytes: Uint8Array): Decoded[] {
  return new FrameDecoder().push(bytes);
}

test('every frame comes back from its own bytes', () => {
  fc.assert(
    fc.property(frame, (one) => {
      expect(decodeAll(encodeFrame(one))).toEqual([{ kind: 'frame', frame: one }]);
    }),
  );
});

test('an encoded frame has one zero, its last byte, and is not longer than said', () => {
  fc.assert(
    fc.property(frame, (one) => {
      const encoded = encodeFrame(one);
      expect(encoded.indexOf(0)).toBe(encoded.length - 1);
      expect(encoded.length).toBeLessThanOrEqual(maxEncodedSize(one.payload.length + 7) + 1);
    }),
  );
});

test('the longest frame of a size is as long as said', () => {
  for (const size of [0, 1, 246, 248, 500, 502, MAX_PAYLOAD]) {
    const lengths = Array.from({ length: 8 }, (_, seq) => {
      const payload = new Uint8Array(size).fill(1 + seq);
      return encodeFrame({ address: 1, type: 1, seq: 1 + seq, payload }).length;
    });
    expect(Math.max(...lengths)).toBe(maxFrameSize(size));
  }
});

test('what has come of a frame so far, until there is too much of it', () => {
  const payload = new Uint8Array(MAX_PAYLOAD).fill(7);
  const encoded = encodeFrame({ address: 1, type: 2, seq: 3, payload });
  const decoder = new FrameDecoder();
  expect(decoder.partial).toEqual(new Uint8Array());
  decoder.push(encoded.subarray(0, 6));
  expect(decoder.partial).toEqual(Uint8Array.of(1, 2, 3, 7, 7));
  decoder.push(encoded.subarray(6, -1));
  expect(decoder.partial.length).toBe(3 + MAX_PAYLOAD + 4);
  decoder.push(Uint8Array.of(9, 9));
  expect(decoder.partial).toEqual(new Uint8Array());
  decoder.push(Uint8Array.of(0));
  expect(decoder.partial).toEqual(new Uint8Array());
});

test('encoded data never holds a zero', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1200 }), (data) => !cobsEncode(data).includes(0)),
  );
});

test('chunks do not matter', () => {
  const streams = fc.array(fc.oneof(frame.map(encodeFrame), fc.uint8Array({ maxLength: 30 })), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(streams, fc.array(fc.integer({ min: 1, max: 64 })), (parts, sizes) => {
      const stream = Uint8Array.from(parts.flatMap((part) => [...part]));
      const decoder = new FrameDecoder();
      const out: Decoded[] = [];
      let at = 0;
      for (let i = 0; at < stream.length; i++) {
        const size = sizes[i % Math.max(1, sizes.length)] ?? 1;
        out.push(...decoder.push(stream.subarray(at, at + size)));
        at += size;
      }
      expect(out).toEqual(decodeAll(stream));
    }),
  );
});

test('after any noise, a delimiter and a good frame give that frame', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6000 }), frame, (noise, one) => {
      const decoder = new FrameDecoder();
      decoder.push(noise);
      decoder.push(BURST_START);
      expect(decoder.push(encodeFrame(one))).toEqual([{ kind: 'frame', frame: one }]);
    }),
  );
});

test('every byte that is no delimiter is in a frame or counted as discarded', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
      const decoded = decodeAll(Uint8Array.of(...noise, 0));
      const counted = decoded.reduce((sum, d) => sum + (d.kind === 'discarded' ? d.bytes : 0), 0);
      // Four random bytes are not the CRC of the others.
      expect(counted).toBe(noise.filter((value) => value !== 0).length);
    }),
  );
});

test('a single damaged byte never gives another frame', () => {
  fc.assert(
    fc.property(frame, fc.nat(), fc.integer({ min: 1, max: 255 }), (one, position, change) => {
      const encoded = encodeFrame(one);
      const at = position % (encoded.length - 1);
      encoded[at] = (encoded[at] ?? 0) ^ change;
      const frames = decodeAll(encoded).filter(({ kind }) => kind === 'frame');
      expect(frames).toEqual([]);
    }),
  );
});

test('a payload over the limit is refused by name', () => {
  const tooLong = { address: 0, type: 1, seq: 2, payload: new Uint8Array(MAX_PAYLOAD + 1) };
  expect(() => encodeFrame(tooLong)).toThrow('payload must have at most 4096 bytes, got 4097');
});
