// Pieces of ELF files as odd tools leave them: what is taken, what is refused, and what people are told to do.
import { describe, expect, test } from 'vitest';
import { loadFile, loadSegments } from '../../host/image/load.js';
import { type ElfPiece, elfOf } from '../support/elf.js';
import { tableImage } from '../support/images.js';
import { refusal } from '../support/refusal.js';

const BASE = 0x0800_8000;

const app = { address: BASE, bytes: tableImage(), section: '.text' };
const more = (address: number, change: Partial<ElfPiece> = {}): Uint8Array =>
  elfOf([app, { address, bytes: new Uint8Array(32).fill(9), ...change }]);

test('a segment without a section is taken, as programmers take it', () => {
  const { image } = loadFile(more(BASE + 1100), { name: 'x.elf' });
  expect(image.bytes.length).toBe(1132);
  expect([...image.bytes.subarray(990, 1110)]).toEqual([
    ...new Array(10).fill(0x46),
    ...new Array(100).fill(0),
    ...new Array(10).fill(9),
  ]);
  expect(loadSegments(more(BASE + 1100), { name: 'x.elf' })).toEqual([
    { address: BASE, bytes: image.bytes },
  ]);
});

test("a segment with the file's own headers alone is none of the image", () => {
  const file = elfOf([
    { address: BASE - 148, bytes: new Uint8Array(32) },
    { ...app, segment: true },
  ]);
  const view = new DataView(file.buffer);
  view.setUint32(52 + 4, 0, true); // its offset
  view.setUint32(52 + 16, 116, true); // and size: up to where the program headers end
  expect(loadFile(file).image).toEqual({ base: BASE, bytes: app.bytes });
  view.setUint32(52 + 16, 117, true);
  expect(refusal(() => loadFile(file)).details.problem).toBe('elf-headers');
});

test('the same bytes twice are taken once; others for the same address are refused', () => {
  const twice = elfOf([app, { ...app, section: '.again' }]);
  expect(loadFile(twice).image.bytes).toEqual(app.bytes);
  const { details, message } = refusal(() => loadFile(more(BASE + 4)));
  expect(details).toMatchObject({ problem: 'overlap', address: '0x08008004' });
  expect(message).toContain('differ at 0x08008004');
});

describe('bytes for RAM', () => {
  test.each<[string, string, Partial<ElfPiece>, number, RegExp]>([
    [
      'variables in core-coupled RAM',
      'of .ccmram for 0x10000000, core-coupled RAM',
      { section: '.ccmram' },
      0x1000_0000,
      /^\.ccmram has initial values: give \.ccmram a load address in flash .*AT > FLASH.*Keil.*IAR/,
    ],
    [
      'variables without values',
      'of .noinit for 0x20000400, RAM',
      { section: '.noinit' },
      0x2000_0400,
      /^nothing needs values in \.noinit: mark \.noinit \(NOLOAD\)/,
    ],
    [
      'variables that are set to zero',
      'of .bss for 0x20000000',
      { section: '.bss', bytes: new Uint8Array(32) },
      0x2000_0000,
      /mark \.bss \(NOLOAD\)/,
    ],
    [
      'functions in RAM',
      'of .ramfunc for',
      { section: '.ramfunc' },
      0x2000_0000,
      /give \.ramfunc a load address/,
    ],
    [
      'buffers of zeros',
      'of .dma_buffers for',
      { section: '.dma_buffers', bytes: new Uint8Array(32) },
      0x2000_0000,
      /only zeros: mark \.dma_buffers \(NOLOAD\).*otherwise give \.dma_buffers a load/,
    ],
    [
      'a segment that nobody named',
      'its 32 bytes for',
      {},
      0x2000_0000,
      /^it has initial values: give the section a load/,
    ],
  ])(
    '%s, loaded into RAM: the section is named, and what it needs',
    (_what, where, change, address, hint) => {
      for (const load of [loadFile, loadSegments]) {
        const error = refusal(() => load(more(address, change), { name: 'x.elf' }));
        expect(error.details.problem).toBe('outside-flash');
        expect(error.message).toContain(where);
        expect(error.hint).toMatch(hint);
        expect(error.hint?.length).toBeLessThan(400);
      }
    },
  );
});
