// Whether an image fits the application area, whether it leaves something out, and whether there is anything in it.
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../host/check/finding.js';
import { blankFinding, gapFinding, sizeFinding } from '../../host/check/place.js';
import type { Gap } from '../../host/image/segments.js';

const BASE = 0x0800_8000;
const AREA = { appBase: BASE, appEnd: BASE + 100 };
const image = (size: number, fill = 0x46) => ({
  base: BASE,
  bytes: new Uint8Array(size).fill(fill),
});

describe('the size', () => {
  test.each([8, 99, 100])('of %i bytes is right', (size) => {
    expect(sizeFinding(image(size), AREA)).toBeUndefined();
  });

  test('is more than there is room for', () => {
    expect(sizeFinding(image(103), AREA)).toMatchObject({
      id: 'too-large',
      severity: 'error',
      code: 'IMAGE_TOO_LARGE',
      message: 'the image has 103 bytes; this device has room for 100, 3 fewer',
      fixes: {
        gcc: expect.stringMatching('-Os'),
        keil: expect.stringMatching('-Oz'),
        iar: expect.stringMatching('Size'),
      },
      details: { size: 103, limit: 100 },
    });
    expect(sizeFinding(image(101), AREA)?.id).toBe('too-large');
  });

  test('is less than a stack pointer and a reset vector', () => {
    expect(sizeFinding(image(7), AREA)).toMatchObject({
      id: 'too-short',
      severity: 'error',
      code: 'IMAGE_EMPTY',
      expected: '8 bytes at least',
      details: { size: 7 },
    });
  });
});

describe('what a file leaves out', () => {
  const gap = (length: number, sections?: readonly string[]): Gap => ({
    ...{ address: BASE, length },
    behind: {
      address: BASE + length,
      bytes: new Uint8Array(4),
      ...(sections ? { sections } : {}),
    },
  });

  test('is an alignment, and no matter', () => {
    expect(gapFinding([])).toBeUndefined();
    expect(gapFinding([gap(1023), gap(16)])).toBeUndefined();
  });

  test('is a page or more', () => {
    expect(gapFinding([gap(16), gap(1024), gap(1023)])).toMatchObject({
      id: 'gap-filled',
      severity: 'warning',
      code: 'IMAGE_FORMAT',
      message: expect.stringMatching('nothing for 0x08008000 to 0x080083FF, 1024 bytes: an update'),
      found: 'nothing for 0x08008000 to 0x080083FF',
      hint: expect.stringMatching(/\(4 bytes at 0x08008400\)$/),
      details: { address: BASE, length: 1024, gaps: 1 },
    });
  });

  test.each<[number, string]>([
    [2, ', nor for 1 more such ranges: an update'],
    [3, ', nor for 2 more such ranges: an update'],
  ])('%i times', (count, more) => {
    const finding = gapFinding(Array.from({ length: count }, () => gap(2000)));
    expect(finding?.message).toContain(`2000 bytes${more}`);
    expect(finding?.details).toMatchObject({ gaps: count });
  });

  test.each<[readonly string[] | undefined, string]>([
    [['.eeprom'], '(.eeprom, 4 bytes at'],
    [['.a', '', '.b'], '(.a, .b, 4 bytes at'],
    [[''], '(4 bytes at'],
    [[], '(4 bytes at'],
    [undefined, '(4 bytes at'],
  ])('in front of sections %j', (sections, hint) => {
    expect(gapFinding([gap(1024, sections)])?.hint).toContain(hint);
  });
});

describe('an image of one value', () => {
  const found = (bytes: Uint8Array): Finding | undefined => blankFinding({ base: BASE, bytes });

  test.each([
    [0xff, '0xFF, as erased flash is'],
    [0, '0x00'],
  ])('%i has no application in it', (value, what) => {
    expect(found(new Uint8Array(100).fill(value))).toMatchObject({
      id: 'blank',
      severity: 'error',
      code: 'IMAGE_VECTORS',
      found: `nothing but ${what}`,
      details: { size: 100 },
    });
  });

  test.each([
    ['another', new Uint8Array(100).fill(0x55)],
    ['erased, but for the last byte', new Uint8Array(100).fill(0xff).with(99, 0)],
    ['zeros, but for the last byte', new Uint8Array(100).with(99, 0xff)],
    ['erased, but for the first byte', new Uint8Array(100).fill(0xff).with(0, 0)],
  ])('is something: %s', (_, bytes) => {
    expect(found(bytes)).toBeUndefined();
  });
});
