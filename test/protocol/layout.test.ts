// Structures ↔ bytes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as protocol from '../../protocol/index.js';
import {
  decode,
  encode,
  type Field,
  fieldSize,
  type Layout,
  LayoutError,
  offsetOf,
} from '../../protocol/index.js';

function isLayout(value: unknown): value is Layout<unknown> {
  return typeof value === 'object' && value !== null && 'fields' in value && 'size' in value;
}

const layouts = (Object.values(protocol) as unknown[]).filter(isLayout);

function anyOf(field: Field): fc.Arbitrary<unknown> {
  switch (field.type) {
    case 'u8':
      return fc.integer({ min: 0, max: 0xff });
    case 'u16':
      return fc.integer({ min: 0, max: 0xffff });
    case 'u32':
      return fc.integer({ min: 0, max: 0xffff_ffff });
    case 'bytes':
      return fc.uint8Array({ minLength: field.size, maxLength: field.size });
    case 'chars':
      return fc.string({ unit: fc.constantFrom(...'abcXYZ019 -_'), maxLength: field.size });
    case 'struct':
      return anyValueOf(field.layout);
    case 'rest':
      return fc.uint8Array({ maxLength: 20 });
    case 'u32s':
      return fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { maxLength: 5 });
  }
}

function anyValueOf(layout: Layout<unknown>): fc.Arbitrary<unknown> {
  const fields = layout.fields.map((field) => [field.name, anyOf(field)] as const);
  return fc.record(Object.fromEntries(fields));
}

test('there are layouts to test', () => {
  expect(layouts.length).toBeGreaterThan(20);
});

test.each(layouts)('$name comes back from its bytes', (layout) => {
  fc.assert(
    fc.property(anyValueOf(layout), (value) => {
      expect(decode(layout, encode(layout, value))).toEqual({ ...(value as object) });
    }),
  );
});

test.each(layouts)('$name has fields without gaps or overlaps', (layout) => {
  let at = 0;
  for (const field of layout.fields) {
    expect(field.offset).toBe(at);
    at += sizeOf(field);
  }
  expect(layout.size).toBe(at);
});

function sizeOf(field: Field): number {
  switch (field.type) {
    case 'u8':
      return 1;
    case 'u16':
      return 2;
    case 'u32':
      return 4;
    case 'bytes':
    case 'chars':
      return field.size;
    case 'struct':
      return field.layout.size;
    case 'rest':
    case 'u32s':
      return 0;
  }
}

test('bytes after the fields that are known are ignored: a newer peer may append', () => {
  const bytes = Uint8Array.of(0x55, 1, 2, 0, 0, 99, 99);
  expect(decode(protocol.Refusal, bytes)).toEqual({ status: 0x55, detail: 0x201 });
});

test('too few bytes are an error that names the structure', () => {
  expect(() => decode(protocol.Refusal, Uint8Array.of(0x55))).toThrow(LayoutError);
  expect(() => decode(protocol.Refusal, Uint8Array.of(0x55))).toThrow(
    'refusal needs 5 bytes, got 1',
  );
});

test('a value that does not fit is an error that names the field', () => {
  const header = { status: 256, detail: 0 };
  expect(() => encode(protocol.Refusal, header)).toThrow(
    'refusal.status must be an integer from 0 to 255, got 256',
  );
});

test('text from the wire can not reach a terminal as a control sequence', () => {
  const bytes = new Uint8Array(protocol.HelloResponse.size);
  bytes.set(new TextEncoder().encode('\u001b[2J\u0007x'), 8);
  expect(decode(protocol.HelloResponse, bytes).part).toBe('?[2J?x');
});

test.each([
  [undefined, 'got undefined'],
  ['1', 'got 1'],
  [1.5, 'got 1.5'],
  [-1, 'got -1'],
  [Number.NaN, 'got NaN'],
  [256, 'got 256'],
])('%s is no number of one byte', (status, got) => {
  const value = { status, detail: 0 } as unknown as protocol.Refusal;
  expect(() => encode(protocol.Refusal, value)).toThrow(
    new RangeError(`refusal.status must be an integer from 0 to 255, ${got}`),
  );
});

test('bytes that are none, or too few, or too many, are an error that names the field', () => {
  const layout = protocol.HelloResponse;
  const good = decode(layout, new Uint8Array(layout.size));
  const uniqueId = fieldSize(layout, 'uniqueId');
  for (const size of [uniqueId - 1, uniqueId + 1]) {
    expect(() => encode(layout, { ...good, uniqueId: new Uint8Array(size) })).toThrow(
      new RangeError(`${layout.name}.uniqueId must have ${uniqueId} bytes, got ${size}`),
    );
  }
  const list = [1, 2, 3] as unknown as Uint8Array;
  expect(() => encode(layout, { ...good, uniqueId: list })).toThrow(
    new TypeError(`${layout.name}.uniqueId must be a Uint8Array`),
  );
  expect(() => encode(protocol.DataRequest, { number: 0, flags: 0, body: list })).toThrow(
    new TypeError('body must be a Uint8Array'),
  );
});

test('text fills its field to the last byte, and no further', () => {
  const layout = protocol.HelloResponse;
  const good = decode(layout, new Uint8Array(layout.size));
  const size = fieldSize(layout, 'part');
  const part = 'x'.repeat(size);
  expect(decode(layout, encode(layout, { ...good, part })).part).toBe(part);
  expect(() => encode(layout, { ...good, part: `${part}x` })).toThrow(
    new RangeError(`${layout.name}.part must have at most ${size} bytes, got ${size + 1}`),
  );
});

test('where a field is and how large, by its name', () => {
  const layout = protocol.HelloResponse;
  for (const { name, offset } of layout.fields)
    expect(offsetOf(layout, name as keyof protocol.HelloResponse)).toBe(offset);
  expect(fieldSize(layout, 'uniqueId')).toBe(12);
  expect(() => fieldSize(layout, 'pageSize')).toThrow(
    new RangeError(`${layout.name}.pageSize is a number`),
  );
  expect(() => offsetOf(layout, 'nothing' as 'part')).toThrow(
    new RangeError(`${layout.name} has no field nothing`),
  );
});
