// Words for people: numbers as those who work with microcontrollers write them, and text that somebody else wrote.

/** Address or 32-bit word, for example 0x08008000 */
export function hex32(value: number): string {
  return `0x${(value >>> 0).toString(16).toUpperCase().padStart(8, '0')}`;
}

/** A number of bytes in words */
export function sizeText(bytes: number): string {
  return bytes === 1 ? '1 byte' : `${bytes} bytes`;
}

/** Bytes as hex digits without separators */
export function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Name of `value` in a table of the definition, or the number itself if this version does not know it. */
export function nameOf(table: Readonly<Record<string, number>>, value: number): string {
  const entry = Object.entries(table).find(([, code]) => code === value);
  return entry ? entry[0] : `0x${value.toString(16)}`;
}

/** Names of the bits set in `value` */
export function flagNames(table: Readonly<Record<string, number>>, value: number): string[] {
  const known = Object.entries(table).filter(([, bit]) => (value & bit) !== 0);
  const rest = known.reduce((left, [, bit]) => left & ~bit, value) >>> 0;
  return [...known.map(([name]) => name), ...(rest === 0 ? [] : [`0x${rest.toString(16)}`])];
}

/** Of somebody else's text that is shown [characters] */
const SHOWN = 40;
const UNPRINTABLE = /\p{C}/gu;

/** Text from a file, a name or a device, without what would control a terminal */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '?');
}

/** JSON of the same value, without what would control a terminal that it is shown on */
export function escaped(json: string): string {
  const codes = (text: string): string[] =>
    Array.from({ length: text.length }, (_, i) => text.charCodeAt(i).toString(16).padStart(4, '0'));
  return json.replace(UNPRINTABLE, (text) =>
    codes(text)
      .map((code) => `\\u${code}`)
      .join(''),
  );
}

export function isPrintable(text: string): boolean {
  return printable(text) === text;
}

/** Someone else's text in a message: one line, not too long */
export function excerpt(text: string): string {
  return printable(text.slice(0, SHOWN));
}

/** @param instead of each character that is not printable ASCII */
export function asciiOf(text: string, instead: string): string {
  return text.replace(/[^\x20-\x7e]/g, instead);
}
