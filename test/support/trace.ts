// Frames on the wire as a page shows them: in hex, each field with its name, by the definition of the protocol.
import { readFileSync } from 'node:fs';
import {
  FRAME_CRC_SIZE,
  FRAME_HEADER_SIZE,
  FrameDecoder,
  RESPONSE_BIT,
} from '../../protocol/index.js';

interface Field {
  readonly name: string;
  readonly type: string;
  readonly size?: number;
  readonly enum?: string;
  readonly flags?: string;
}

interface Named {
  readonly name: string;
  readonly values: readonly {
    readonly name: string;
    readonly value?: number | string;
    readonly bit?: number;
  }[];
}

interface Definition {
  readonly enums: readonly Named[];
  readonly flags: readonly Named[];
  readonly structs: readonly { readonly name: string; readonly fields: readonly Field[] }[];
  readonly messages: readonly {
    readonly name: string;
    readonly code: number;
    readonly request: readonly Field[];
    readonly response: readonly Field[];
  }[];
}

const definition = JSON.parse(readFileSync('protocol/protocol.json', 'utf8')) as Definition;

/** Of a field, or of an encoded frame, so many bytes are shown; of longer ones both ends. */
const SHOWN = 48;
const END_SHOWN = 8;

export interface Row {
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly field: string;
  readonly value: string;
}

/** In lines of 16 bytes, or so much of it that somebody can check his own against it */
export function hex(bytes: Uint8Array): string {
  const pairs = (part: Uint8Array): string =>
    Array.from(part, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  if (bytes.length <= SHOWN + END_SHOWN) return pairs(bytes);
  const left = bytes.length - SHOWN - END_SHOWN;
  return `${pairs(bytes.subarray(0, SHOWN))} … ${left} more … ${pairs(bytes.subarray(-END_SHOWN))}`;
}

function named<T extends { readonly name: string }>(from: readonly T[], name: string): T {
  const found = from.find((one) => one.name === name);
  if (!found) throw new Error(`the definition has no ${name}`);
  return found;
}

function meaning(field: Field, value: number): string {
  if (field.enum) {
    const { values } = named(definition.enums, field.enum);
    return values.find((one) => Number(one.value) === value)?.name ?? String(value);
  }
  if (!field.flags) return value > 9 ? `${value} (0x${value.toString(16)})` : String(value);
  const { values } = named(definition.flags, field.flags);
  const set = values.filter(({ bit = 0 }) => ((value >>> bit) & 1) === 1);
  return set.map(({ name }) => name).join(', ') || '–';
}

/** The fields of a structure that begins at `from`; what is beyond them is left over. */
function rowsOf(fields: readonly Field[], bytes: Uint8Array, from: number, prefix = ''): Row[] {
  const rows: Row[] = [];
  let at = from;
  for (const field of fields) {
    const name = `${prefix}${field.name}`;
    const structure = definition.structs.find(({ name: one }) => one === field.type);
    if (structure) {
      const inner = rowsOf(structure.fields, bytes, at, `${name}.`);
      rows.push(...inner);
      at = end(inner, at);
      continue;
    }
    const size = { u8: 1, u16: 2, u32: 4 }[field.type] ?? field.size ?? bytes.length - at;
    const piece = bytes.subarray(at, at + size);
    rows.push({ at, bytes: piece, field: name, value: valueText(field, piece) });
    at += size;
  }
  return rows;
}

function end(rows: readonly Row[], otherwise: number): number {
  const last = rows.at(-1);
  return last ? last.at + last.bytes.length : otherwise;
}

function valueText(field: Field, piece: Uint8Array): string {
  const { type } = field;
  if (type === 'chars') return `"${new TextDecoder().decode(piece).replace(/\0+$/, '')}"`;
  if (!['u8', 'u16', 'u32'].includes(type)) return '';
  const value = piece.reduceRight((sum, byte) => sum * 256 + byte, 0);
  return meaning(field, value);
}

/** A structure inside a field: the image header of BEGIN, the page head of DATA */
function opened(rows: readonly Row[], field: string, structure: string, bytes: Uint8Array): Row[] {
  return rows.flatMap((row) => {
    if (row.field !== field) return [row];
    const inner = rowsOf(
      named(definition.structs, structure).fields,
      bytes,
      row.at,
      `${structure}.`,
    );
    const from = end(inner, row.at);
    const rest = bytes.subarray(from, row.at + row.bytes.length);
    const bytesOfPage = {
      at: from,
      bytes: rest,
      field: 'bytes of the page',
      value: `${rest.length} bytes`,
    };
    return rest.length > 0 ? [...inner, bytesOfPage] : inner;
  });
}

const ASK_HEAD = 2;

/** All that a decoded frame consists of, in order: its bytes are those of the rows, one behind the other. */
export function fieldsOf(decoded: Uint8Array): {
  readonly title: string;
  readonly rows: readonly Row[];
} {
  const [, type = 0, seq = 0] = decoded;
  const response = (type & RESPONSE_BIT) !== 0;
  const message = definition.messages.find(({ code }) => code === (type & ~RESPONSE_BIT));
  if (!message) throw new Error(`no message has type ${type}`);
  const body = decoded.subarray(0, decoded.length - FRAME_CRC_SIZE);
  const head = [
    { name: 'address', type: 'u8' },
    { name: 'type', type: 'u8' },
    { name: 'seq', type: 'u8' },
  ];
  const refused = response && (body[FRAME_HEADER_SIZE] ?? 0) >= 0x40;
  const fields = refused
    ? named(definition.structs, 'refusal').fields
    : response
      ? message.response
      : message.request;
  let rows = rowsOf([...head, ...fields], body, 0);
  if (message.name === 'begin' && !response) rows = opened(rows, 'header', 'header', body);
  const opens =
    message.name === 'data' && !response && ((body[FRAME_HEADER_SIZE + 2] ?? 0) & ASK_HEAD) !== 0;
  if (opens) rows = opened(rows, 'body', 'page_head', body);
  const from = end(rows, 0);
  if (from < body.length) {
    rows = [...rows, { at: from, bytes: body.subarray(from), field: '(appended)', value: '' }];
  }
  const crc32 = decoded.subarray(body.length);
  const title = `${message.name.toUpperCase()}${response ? ', response' : ''}, seq ${seq}`;
  return {
    title,
    rows: [
      ...rows.filter(({ bytes }) => bytes.length > 0),
      { at: body.length, bytes: crc32, field: 'CRC-32', value: 'of all bytes above' },
    ],
  };
}

/** Undoes COBS, as section 2 of docs/protocol.md describes it; the delimiter is not given. */
export function uncobbed(encoded: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (let at = 0; at < encoded.length; ) {
    const code = encoded[at] ?? 0;
    out.push(...encoded.subarray(at + 1, at + code));
    at += code;
    if (code < 0xff && at < encoded.length) out.push(0);
  }
  return Uint8Array.from(out);
}

/** Whether these bytes are exactly one good frame, without its delimiter */
export function isFrame(encoded: Uint8Array): boolean {
  const found = new FrameDecoder().push(Uint8Array.of(...encoded, 0));
  return found.length === 1 && found[0]?.kind === 'frame';
}
