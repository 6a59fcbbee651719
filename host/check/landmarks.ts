// Where functions and strings may begin, told from the bytes around: the same wherever the image is linked.
import type { AddressRange } from '../parts/parts.js';

/** A function may begin here */
export const FUNCTION = 1;
/** Text may begin here: behind a zero, which ends the one before */
export const TEXT = 2;

/** Initial stack pointer and reset vector [bytes] */
const VECTORS = 8;

/** @returns for each byte FUNCTION, TEXT, both or 0 */
export function landmarks(bytes: Uint8Array): Uint8Array {
  const marks = new Uint8Array(bytes.length);
  const code = halfWordsOf(bytes);
  const pool = literalPools(code);
  for (let at = VECTORS; at + 2 <= bytes.length; at += 2) {
    if (beginsFunction(code, pool, at)) marks[at] = FUNCTION;
  }
  let zero = bytes.indexOf(0, VECTORS - 1);
  while (zero !== -1) {
    if (beginsText(bytes, zero + 1)) marks[zero + 1] = (marks[zero + 1] ?? 0) | TEXT;
    zero = bytes.indexOf(0, zero + 1);
  }
  return marks;
}

/** Put together once, and looked up without a call: each is asked for several times, and half a megabyte is a quarter of a million. */
function halfWordsOf(bytes: Uint8Array): Uint16Array {
  const halfWords = new Uint16Array(Math.ceil(bytes.length / 2));
  for (let i = 0, at = 0; i < halfWords.length; i++, at += 2) {
    halfWords[i] = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  }
  return halfWords;
}

/** LDR from behind the code; ARMv7-M A7.7.44, encodings T1 and T2 */
const isLiteralLoad = (op: number): boolean => (op & 0xf800) === 0x4800;
const isWideLiteralLoad = (op: number): boolean => (op & 0xff7f) === 0xf85f;
/** NOP, MOV R8,R8 or zeros between functions */
const isPadding = (op: number): boolean => op === 0 || op === 0xbf00 || op === 0x46c0;

/** Offsets of words that code loads */
function literalPools(code: Uint16Array): Uint8Array {
  const pool = new Uint8Array(2 * code.length);
  for (let i = VECTORS / 2; i < code.length; i++) {
    const op = code[i] ?? 0;
    const pc = (2 * i + 4) & ~3;
    if (isLiteralLoad(op)) pool[pc + 4 * (op & 0xff)] = 1;
    else if (isWideLiteralLoad(op)) {
      const offset = (code[i + 1] ?? 0) & 0xfff;
      pool[pc + ((op & 0x80) === 0 ? -offset : offset)] = 1;
    }
  }
  return pool;
}

function beginsFunction(code: Uint16Array, pool: Uint8Array, at: number): boolean {
  const op = code[at >> 1] ?? 0;
  const next = code[(at >> 1) + 1] ?? 0;
  // Zeros and erased flash are no code.
  if (op === 0xffff || (op === 0 && next === 0)) return false;
  // PUSH {…, LR}; STMDB SP!, {…, LR}; a loop to itself; an empty function
  const first = (op & 0xff00) === 0xb500 || (op === 0xe92d && (next & 0x4000) !== 0);
  if (first || op === 0xe7fe || op === 0x4770) return true;
  if (
    endsFunction(code, at) ||
    (isPadding(code[(at >> 1) - 1] ?? 0) && endsFunction(code, at - 2))
  ) {
    return true;
  }
  return at % 4 === 0 && pool[at - 4] === 1 && pool[at] === 0;
}

/** Whether code that comes to the instruction before `at` never comes to `at` */
function endsFunction(code: Uint16Array, at: number): boolean {
  const op = code[(at >> 1) - 1] ?? 0;
  const before = code[(at >> 1) - 2] ?? 0;
  return (
    // BX; POP {…, PC}; B
    (op & 0xff87) === 0x4700 ||
    (op & 0xff00) === 0xbd00 ||
    (op & 0xf800) === 0xe000 ||
    // LDM SP!, {…, PC}; LDR PC, [SP], #4; B.W
    (before === 0xe8bd && (op & 0x8000) !== 0) ||
    (before === 0xf85d && op === 0xfb04) ||
    ((before & 0xf800) === 0xf000 && (op & 0xd000) === 0x9000)
  );
}

/** Behind a zero */
function beginsText(bytes: Uint8Array, at: number): boolean {
  if (!isPrintable(bytes[at]) || !isPrintable(bytes[at + 1])) return false;
  return bytes[at + 2] === 0 || isPrintable(bytes[at + 2]);
}

function isPrintable(byte = 0): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 9 || byte === 10 || byte === 13;
}

/** What a page begins with is more often flash to be erased than a thing in it. */
const PAGE = 0x400;

/**
 * Addresses in flash that an image holds, each once: vectors, literals, pointers in tables.
 * Code looks like one very seldom: its upper half would be LSRS Rd, Rm, #32.
 * @param made values that code makes without a literal
 */
export function flashAddresses(
  bytes: Uint8Array,
  made: readonly number[],
  { from, to }: AddressRange,
): Set<number> {
  const found = new Set<number>();
  const take = (value: number): void => {
    if (value >= from && value < to && value % PAGE !== 0) found.add(value);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 4; at + 4 <= bytes.length; at += 4) take(view.getUint32(at, true));
  for (const value of made) take(value);
  return found;
}
