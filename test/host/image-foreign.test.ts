// Files of other formats, to the byte: what is just one, what is just none, and what people are told to do.
import { describe, expect, test } from 'vitest';
import { foreignFormat } from '../../host/image/foreign.js';
import { latin1 } from '../support/text-bytes.js';

const DFU = '\x00\x01UFD\x10abcd';

/** MZ, and the header that says what kind of it, at `at` */
function windows(at: number, kind = 'PE\0\0', mark = 'MZ'): Uint8Array {
  const file = new Uint8Array(Math.max(0x40, at + kind.length));
  file.set(latin1(mark));
  file[0x3c] = at;
  if (at > 0) file.set(latin1(kind), at);
  return file;
}

/** A part of a larger buffer, as files that were cut out of others are */
const within = (file: Uint8Array): Uint8Array => Uint8Array.of(1, 2, 3, ...file).subarray(3);

describe('just one', () => {
  test.each<[string, Uint8Array, string]>([
    ['a program of 64 bytes', windows(0x20), 'a program for Windows or EFI'],
    ['a program in a larger buffer', within(windows(0x80)), 'a program for Windows or EFI'],
    ['no more than a DFU suffix', latin1(`\xff\xff\x11\xdf\x83\x04${DFU}`), 'DFU suffix'],
    ['a suffix of version 1.1a', latin1(`\0\0\0\0\0\0\0\0\x1a${DFU.slice(1)}`), 'DFU suffix'],
    ['a mark of eight characters', latin1('ANDROID!'), 'a boot image of Android'],
    ['big-endian UTF-16', latin1('\xfe\xff\0a\0b\0c\0d'), 'UTF-16'],
    [
      'text that ends within a letter',
      new TextEncoder().encode('ein Gerä').subarray(0, -1),
      'text',
    ],
  ])('%s', (_, file, what) => {
    const found = foreignFormat(file);
    expect(found?.what).toContain(what);
    expect(found?.hint.length).toBeGreaterThan(10);
  });
});

describe('just none', () => {
  test.each<[string, Uint8Array]>([
    ['a program without its second header', windows(0x80, 'NE\0\0')],
    ['a second header alone', windows(0x80, 'PE\0\0', 'MX')],
    ['a program that is cut off', windows(0x80).slice(0, 0x3f)],
    ['a DFU suffix that is cut off at its start', latin1(`\xff\x11\xdf\x83\x04${DFU}`)],
    ['a DFU suffix of another version', latin1(`\0\0\0\0\0\0\0\0\x02${DFU.slice(1)}`)],
    ['letters of no UTF-8', latin1('a \xff b')],
    ['one word', latin1('word')],
    ['words with what controls a terminal', latin1('a b\x1b[0m')],
    ['nothing', new Uint8Array()],
  ])('%s', (_, file) => {
    expect(foreignFormat(file)).toBeUndefined();
  });
});
