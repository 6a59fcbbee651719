// Where functions and texts may begin, told from the bytes around; and which addresses an image holds.
import { describe, expect, test } from 'vitest';
import { FUNCTION, flashAddresses, landmarks, TEXT } from '../../host/check/landmarks.js';

/** SUB SP: neither begins nor ends a function, nor is it text. */
const FILLER = 0xb0b0;
const VECTORS = [FILLER, FILLER, FILLER, FILLER];

const bytesOf = (words: readonly number[]): Uint8Array =>
  new Uint8Array(Uint16Array.from(words).buffer);
const SIGNS: Readonly<Record<number, string>> = { 0: '.', [FUNCTION]: 'F', [TEXT]: 'T', 3: 'B' };
const signs = (marks: Uint8Array): string => [...marks].map((mark) => SIGNS[mark] ?? '?').join('');

/** Of each half-word behind the vectors */
function functionsIn(code: string): string {
  const words = code.split(' ').map((word) => (word === '-' ? FILLER : Number.parseInt(word, 16)));
  const marks = landmarks(bytesOf([...VECTORS, ...words]));
  return signs(marks.filter((_, at) => at >= 8 && at % 2 === 0));
}

describe('a function begins', () => {
  // biome-ignore format: a table is read by its rows
  test.each([
    ['nowhere', '- - -', '...'],
    ['with push {r4, lr}', 'b510 -', 'F.'],
    ['not with push {r4}', 'b410 -', '..'],
    ['with push.w {r4, r8, lr}', 'e92d 4110 -', 'F..'],
    ['not with push.w {r4, r8}', 'e92d 0110 -', '...'],
    ['with a loop to itself, and behind it', 'e7fe - -', 'FF.'],
    ['with bx lr, and behind it', '4770 - -', 'FF.'],
    ['behind bx r3', '4718 - -', '.F.'],
    ['not behind blx r3', '4798 - -', '...'],
    ['behind pop {r4, pc}', 'bd10 - -', '.F.'],
    ['not behind pop {r4}', 'bc10 - -', '...'],
    ['behind b', 'e005 - -', '.F.'],
    ['not behind beq', 'd005 - -', '...'],
    ['behind pop.w {r4, r8, pc}', 'e8bd 8110 - -', '..F.'],
    ['not behind pop.w {r4, r8}', 'e8bd 0110 - -', '....'],
    ['behind ldr pc, [sp], #4', 'f85d fb04 - -', '..F.'],
    ['not behind ldr r4, [sp], #4', 'f85d 4b04 - -', '....'],
    ['behind b.w', 'f000 b802 - -', '..F.'],
    ['not behind bl', 'f000 f802 - -', '....'],
    ['not behind beq.w', 'f000 8002 - -', '....'],
    ['not behind what only its second half looks like', '- b802 - fb04 - 8110 -', '.......'],
    ['behind nop, behind a function', '4718 bf00 - -', '.FF.'],
    ['behind mov r8, r8, behind a function', '4718 46c0 - -', '.FF.'],
    ['behind one nop, not behind two', '4718 bf00 bf00 -', '.FF.'],
    ['not behind nop alone', '- bf00 - -', '....'],
    ['behind a zero, behind a function', '4718 0 - -', '.FF.'],
    ['not in zeros', '4718 0 0 0 -', '.....'],
    ['not in erased flash', '4718 ffff ffff -', '....'],
    ['behind a literal: ldr r0, [pc, #0]', '4800 - - - - -', '....F.'],
    ['behind the last of two literals', '4800 4801 - - - - - -', '......F.'],
    ['behind a literal: ldr.w r0, [pc, #4]', 'f8df 0004 - - - - - -', '......F.'],
    ['behind a literal before it: ldr.w r0, [pc, #-4]', 'f85f 0004 - -', '..F.'],
    ['behind a literal in the vectors', 'f85f 0008 - -', 'F...'],
    ['not behind what is loaded from within a word', 'f8df 0002 - - - - - -', '........'],
    ['not behind what another load takes: ldr.w r0, [r0, #4]', 'f8d0 0004 - - - - - -', '........'],
    ['not within a word behind a literal', '4800 - - - - - -', '....F..'],
    ['in the last half-word', '- 4770', '.F'],
    ['not in a zero at the end', '4718 0', '..'],
  ])('%s: %s', (_, code, expected) => {
    expect(functionsIn(code)).toBe(expected);
  });

  test('not in the vectors, nor in half of a half-word', () => {
    expect(signs(landmarks(bytesOf([0xb510, 0x4770, 0xe7fe, 0xb510])))).toBe('.'.repeat(8));
    expect(signs(landmarks(bytesOf([...VECTORS, 0x4718, FILLER]).subarray(0, 11)))).toBe(
      '.'.repeat(11),
    );
    expect(landmarks(new Uint8Array())).toEqual(new Uint8Array());
  });
});

describe('a text begins', () => {
  const FRONT = new Uint8Array(7).fill(0xb0);
  const texts = (text: string): string => {
    const bytes = [...text].map((letter) => letter.charCodeAt(0));
    return signs(landmarks(Uint8Array.of(...FRONT, ...bytes)).subarray(7));
  };

  // biome-ignore format: a table is read by its rows
  test.each([
    ['\0ab\0', '.T..'],
    ['\0abc', '.T..'],
    ['\0ab\0cd\0', '.T..T..'],
    ['\0\0ab\0', '..T..'],
    ['\0\xb0\0ab\0', '...T..'],
    ['\xb0ab\0', '....'],
    ['\0a\0\0', '....'],
    ['\0ab\x80', '....'],
    ['\0a\x80b', '....'],
    ['\0\x80bc', '....'],
    // Not behind it: what ends here may go on.
    ['\0ab', '...'],
    ['\0a', '..'],
    ['\0', '.'],
    ['\0 ~\0', '.T..'],
    ['\0\t\n\r', '.T..'],
    ['\0\x1fa\0', '....'],
    ['\0\x7fa\0', '....'],
    ['\0\x08a\0', '....'],
    ['\0\x0ba\0', '....'],
    ['\0\x0ca\0', '....'],
    ['\0\x0ea\0', '....'],
  ])('in %j', (text, expected) => {
    expect(texts(text)).toBe(expected);
  });

  test('not within the vectors', () => {
    const bytes = Uint8Array.of(0, 0x61, 0x62, 0, 0x61, 0x62, 0, 0x61, 0x62, 0, 0xb0);
    expect(signs(landmarks(bytes))).toBe('.'.repeat(11));
  });

  test('where a function begins as well', () => {
    // BX LR, whose bytes are letters
    const marks = landmarks(bytesOf([...VECTORS, FILLER, 0x0061, 0x4770, 0x0061]));
    expect(signs(marks)).toBe(`${'.'.repeat(12)}B.F.`);
  });
});

describe('addresses in flash', () => {
  const range = { from: 0x0800_0004, to: 0x0801_0006 };
  const found = (words: readonly number[], made: readonly number[] = []): number[] => [
    ...flashAddresses(new Uint8Array(Uint32Array.from(words).buffer), made, range),
  ];

  test('in the range, each once, without the stack pointer', () => {
    const [first, last] = [range.from, range.to - 1];
    expect(found([first, last])).toEqual([last]);
    expect(found([0, first, last, first])).toEqual([first, last]);
    expect(found([0, first - 1, range.to, range.to + 1, 0x123])).toEqual([]);
    expect(found([])).toEqual([]);
  });

  test('but not where a page begins', () => {
    expect(found([0, 0x0800_8000, 0x0800_8400, 0x0800_8401, 0x0800_83ff])).toEqual([
      0x0800_8401, 0x0800_83ff,
    ]);
  });

  test('and those that code makes', () => {
    expect(found([0, range.from], [0x0800_1235, 0x2000_0000])).toEqual([range.from, 0x0800_1235]);
  });

  test('in whole words, wherever the bytes are', () => {
    const bytes = Uint8Array.of(0xff, 0, 0, 0, 0, 5, 0, 0, 8, 9, 0, 0);
    expect([...flashAddresses(bytes.subarray(1), [], range)]).toEqual([0x0800_0005]);
  });
});
