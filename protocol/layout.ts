// Structures ↔ bytes, driven by the field lists that the definition generates. Little-endian; no I/O.

/** A field of a structure: where it is and how it is stored. `u32s` and `rest` take what is left. */
export type Field =
  | { readonly name: string; readonly offset: number; readonly type: 'u8' | 'u16' | 'u32' }
  | { readonly name: string; readonly offset: number; readonly type: 'u32s' | 'rest' }
  | {
      readonly name: string;
      readonly offset: number;
      readonly type: 'bytes' | 'chars';
      readonly size: number;
    }
  | {
      readonly name: string;
      readonly offset: number;
      readonly type: 'struct';
      readonly layout: Layout<unknown>;
    };

/** Byte layout of T. `size` is without a trailing field. The phantom type ties values to layouts. */
export interface Layout<T> {
  readonly name: string;
  readonly size: number;
  readonly fields: readonly Field[];
  readonly __type?: T;
}

/** Bytes that are too few for the structure they should hold. */
export class LayoutError extends Error {
  override readonly name = 'LayoutError';
}

type Values = Record<string, unknown>;

const MAX = { u8: 0xff, u16: 0xffff, u32: 0xffff_ffff } as const;

function checkedInteger(what: string, value: unknown, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`${what} must be an integer from 0 to ${max}, got ${String(value)}`);
  }
  return value;
}

function checkedBytes(what: string, value: unknown, size?: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${what} must be a Uint8Array`);
  if (size !== undefined && value.length !== size) {
    throw new RangeError(`${what} must have ${size} bytes, got ${value.length}`);
  }
  return value;
}

function encodedSize(fields: readonly Field[], size: number, values: Values): number {
  const last = fields.at(-1);
  if (last?.type === 'rest') return size + checkedBytes(last.name, values[last.name]).length;
  if (last?.type === 'u32s') return size + 4 * (values[last.name] as readonly number[]).length;
  return size;
}

function write(layout: Layout<unknown>, values: Values, out: Uint8Array, base: number): void {
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  for (const field of layout.fields) {
    const at = base + field.offset;
    const what = `${layout.name}.${field.name}`;
    const value = values[field.name];
    switch (field.type) {
      case 'u8':
        view.setUint8(at, checkedInteger(what, value, MAX.u8));
        break;
      case 'u16':
        view.setUint16(at, checkedInteger(what, value, MAX.u16), true);
        break;
      case 'u32':
        view.setUint32(at, checkedInteger(what, value, MAX.u32), true);
        break;
      case 'bytes':
        out.set(checkedBytes(what, value, field.size), at);
        break;
      case 'chars': {
        const text = new TextEncoder().encode(String(value));
        if (text.length > field.size) {
          throw new RangeError(`${what} must have at most ${field.size} bytes, got ${text.length}`);
        }
        out.set(text, at);
        break;
      }
      case 'struct':
        write(field.layout, value as Values, out, at);
        break;
      case 'rest':
        out.set(checkedBytes(what, value), at);
        break;
      case 'u32s':
        (value as readonly number[]).forEach((word, i) => {
          view.setUint32(at + 4 * i, checkedInteger(`${what}[${i}]`, word, MAX.u32), true);
        });
        break;
    }
  }
}

/**
 * Bytes of a structure.
 * @throws RangeError or TypeError naming the field, if a value does not fit it
 */
export function encode<T>(layout: Layout<T>, value: T): Uint8Array {
  const values = value as Values;
  const out = new Uint8Array(encodedSize(layout.fields, layout.size, values));
  write(layout, values, out, 0);
  return out;
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  // The bytes come from a wire: control characters must not reach a terminal.
  return new TextDecoder('latin1')
    .decode(end < 0 ? bytes : bytes.subarray(0, end))
    .replace(/[^\x20-\x7e]/g, '?');
}

function readField(field: Field, bytes: Uint8Array, view: DataView, at: number): unknown {
  switch (field.type) {
    case 'u8':
      return view.getUint8(at);
    case 'u16':
      return view.getUint16(at, true);
    case 'u32':
      return view.getUint32(at, true);
    case 'bytes':
      return bytes.slice(at, at + field.size);
    case 'chars':
      return text(bytes.subarray(at, at + field.size));
    case 'struct':
      return decode(field.layout, bytes.subarray(at));
    case 'rest':
      return bytes.slice(at);
    case 'u32s':
      return Array.from({ length: Math.floor((bytes.length - at) / 4) }, (_, i) =>
        view.getUint32(at + 4 * i, true),
      );
  }
}

/**
 * Reads a structure from the start of `bytes`. Bytes after it are ignored: a newer peer may append fields.
 * @throws LayoutError if there are too few bytes
 */
export function decode<T>(layout: Layout<T>, bytes: Uint8Array): T {
  if (bytes.length < layout.size) {
    throw new LayoutError(`${layout.name} needs ${layout.size} bytes, got ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: Values = {};
  for (const field of layout.fields)
    values[field.name] = readField(field, bytes, view, field.offset);
  return values as T;
}

function fieldOf<T>(layout: Layout<T>, name: keyof T & string): Field {
  const field = layout.fields.find((f) => f.name === name);
  if (!field) throw new RangeError(`${layout.name} has no field ${name}`);
  return field;
}

/** Where a field begins in its structure [bytes] */
export function offsetOf<T>(layout: Layout<T>, name: keyof T & string): number {
  return fieldOf(layout, name).offset;
}

/** Of a field that holds bytes or characters [bytes] */
export function fieldSize<T>(layout: Layout<T>, name: keyof T & string): number {
  const field = fieldOf(layout, name);
  if ('size' in field) return field.size;
  throw new RangeError(`${layout.name}.${name} is a number`);
}
