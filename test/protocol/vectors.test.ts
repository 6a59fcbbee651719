// The golden vectors on the TypeScript decoder and encoder; the C ones run the same file.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Decoded, encodeFrame, FrameDecoder } from '../../protocol/index.js';

type VectorEvent =
  | { readonly frame: { address: number; type: number; seq: number; payload: string } }
  | { readonly discarded: { reason: string; bytes: number } };

interface Vector {
  readonly name: string;
  readonly doc: string;
  readonly maxPayload: number;
  readonly stream: string;
  readonly events: readonly VectorEvent[];
  /** The stream is what an encoder makes of the one frame. */
  readonly canonical?: boolean;
}

const file = new URL('../../protocol/vectors.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as readonly Vector[];

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

function eventOf(decoded: Decoded): VectorEvent {
  if (decoded.kind === 'discarded') {
    return { discarded: { reason: decoded.reason, bytes: decoded.bytes } };
  }
  const { frame } = decoded;
  return { frame: { ...frame, payload: Buffer.from(frame.payload).toString('hex') } };
}

test('the vectors have names of their own and say what they are for', () => {
  expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length);
  expect(vectors.length).toBeGreaterThan(30);
  expect(vectors.every(({ doc }) => doc.length > 10)).toBe(true);
});

test.each(vectors)('decoder: $name', ({ stream, events, maxPayload }) => {
  const whole = new FrameDecoder(maxPayload).push(bytesOf(stream));
  expect(whole.map(eventOf)).toEqual(events);
});

test.each(vectors)('decoder, byte by byte: $name', ({ stream, events, maxPayload }) => {
  const decoder = new FrameDecoder(maxPayload);
  const decoded = [...bytesOf(stream)].flatMap((byte) => decoder.push(Uint8Array.of(byte)));
  expect(decoded.map(eventOf)).toEqual(events);
});

test.each(vectors.filter(({ canonical }) => canonical))('encoder: $name', ({ stream, events }) => {
  const [event] = events;
  if (!event || !('frame' in event)) throw new Error('a canonical vector has one frame');
  const encoded = encodeFrame({ ...event.frame, payload: bytesOf(event.frame.payload) });
  expect(Buffer.from(encoded).toString('hex')).toBe(stream);
});
