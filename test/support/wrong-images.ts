// Images with one mistake each, as people make them, and what "iap check" must say. docs/images.md has them as a table.
import { readFileSync } from 'node:fs';
import { writeIntelHex } from '../../host/image/intel-hex.js';
import { writeSRecord } from '../../host/image/s-record.js';
import { makePackage } from '../../host/pack/pack.js';
import { type CompileOptions, compile } from './compile.js';
import { elf, elfOf } from './elf.js';
import { tableImage as app } from './images.js';
import { randomBytes } from './random.js';
import { utf8 } from './text-bytes.js';

export interface WrongImage {
  /** File name */
  readonly name: string;
  /** What somebody did */
  readonly mistake: string;
  readonly file: () => Uint8Array;
  /** In bootloader-c/parts; stm32f103xb if missing */
  readonly part?: string;
  /** What a package must be for */
  readonly product?: string;
  readonly hardware?: number;
  /** Ids of all findings; of a warning in brackets */
  readonly findings: readonly string[];
}

const BASE = 0x0800_8000;
const SYSTEM_VECTORS = 16;
/** A program of a few instructions with a table of the system's vectors, always the same bytes */
function assembled(body: string, options: Partial<CompileOptions> = {}): Uint8Array {
  const handlers = Array.from({ length: SYSTEM_VECTORS - 2 }, (_, i) =>
    i >= 5 && i < 9 ? '0' : 'other',
  );
  const source = `
    .syntax unified
    .thumb
    .section .vectors, "a"
    .word 0x20001000, reset, ${handlers.join(', ')}
    .text
    .thumb_func
    .type reset, %function
    .global reset
reset:
    ${body}
    b .
    .thumb_func
    .type other, %function
other:
    b .
    .ltorg
    .data
    .word 1, 2, 3, 4
  `;
  return compile({ source, ...options });
}

/** SystemInit of a project that was made for a device without a bootloader */
const SYSTEM_INIT = 'ldr r3, =0xE000ED00\n mov.w r2, #0x08000000\n str r2, [r3, #8]';
const UNKNOWN_VTOR = 'ldr r3, =0xE000ED08\n ldr r1, =0x20000000\n ldr r2, [r1]\n str r2, [r3]';
const M0 = ['-mcpu=cortex-m0'];

const hex = (digits: string): Uint8Array =>
  new Uint8Array(Buffer.from(digits.replaceAll(' ', ''), 'hex'));

/** A file with this beginning, and something that does not compress */
function startsWith(text: string): Uint8Array {
  return Uint8Array.of(...Buffer.from(text, 'latin1'), ...randomBytes(5, 500));
}

function hexLines(bytes = app()): string[] {
  return writeIntelHex([{ address: BASE, bytes }])
    .trimEnd()
    .split('\n');
}

function hexOf(change: (lines: string[]) => string[], bytes?: Uint8Array): () => Uint8Array {
  return () => utf8(`${change(hexLines(bytes)).join('\n')}\n`);
}

function srecOf(change: (lines: string[]) => string[]): () => Uint8Array {
  const lines = writeSRecord([{ address: BASE, bytes: app() }])
    .trimEnd()
    .split('\n');
  return () => utf8(`${change(lines).join('\n')}\n`);
}

/** Data under an extended segment address, as tools for 16-bit processors write it */
function segmentHex(): Uint8Array {
  const lines = writeIntelHex([{ address: 0x8000, bytes: app() }]).split('\n');
  return utf8([':020000020000FC', ...lines].join('\n'));
}

function packed(
  change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
  more: { readonly keyId?: number } = {},
): () => Uint8Array {
  const description = {
    product: new Uint8Array(16).fill(0).with(0, 0x50),
    hardware: { min: 1, max: 2 },
    version: { major: 1, minor: 4, patch: 0, build: 0 },
    ...more,
  };
  return () => change(makePackage({ base: BASE, bytes: app() }, description));
}

const foreign = (change: (bytes: Uint8Array) => void): (() => Uint8Array) => {
  const bytes = elf({ sections: [{ address: BASE, bytes: app() }] });
  change(bytes);
  return () => bytes;
};

// biome-ignore format: a table is read by its rows
export const WRONG_IMAGES: readonly WrongImage[] = [
  // Nothing in it
  { name: 'empty.bin', mistake: 'an empty file', file: () => new Uint8Array(), findings: ['empty'] },
  { name: 'tiny.bin', mistake: 'a few bytes', file: () => app().slice(0, 6), findings: ['too-short'] },
  { name: 'erased.bin', mistake: 'a dump of an erased or read-protected device', file: () => new Uint8Array(1000).fill(255), findings: ['blank'] },
  { name: 'zeros.bin', mistake: 'a file of zeros, as a failed download leaves', file: () => new Uint8Array(1000), findings: ['blank'] },
  // Where it is linked
  { name: 'start.elf', mistake: 'linked for a device without a bootloader', file: () => assembled('nop', { flash: 0x0800_0000 }), findings: ['wrong-address'] },
  { name: 'start.bin', mistake: 'the same as a raw binary', file: () => app(1000, 0x0800_0000), findings: ['wrong-address'] },
  { name: 'late.bin', mistake: 'the same, larger than the bootloader, so that its handlers are where an application has them', file: () => lateBinary(0x0800_0000), findings: ['wrong-address'] },
  { name: 'late.hex', mistake: 'the same as a file with addresses', file: () => utf8(writeIntelHex([{ address: 0x0800_0000, bytes: lateBinary(0x0800_0000) }])), findings: ['wrong-address'] },
  { name: 'other-board.bin', mistake: 'linked for another bootloader, of 16 KB', file: () => lateBinary(0x0800_4000), findings: ['wrong-address'] },
  { name: 'unclear.bin', mistake: 'a raw binary that may be linked at two places', file: () => twofoldBinary(), findings: ['linked-unclear'] },
  { name: 'high.hex', mistake: 'linked for another bootloader, of 64 KB', file: () => utf8(writeIntelHex([{ address: 0x0801_0000, bytes: app(1000, 0x0801_0000) }])), findings: ['wrong-address'] },
  { name: 'alias.hex', mistake: 'linked at 0, where flash appears after a reset', file: () => utf8(writeIntelHex([{ address: 0, bytes: app(1000, 0) }])), findings: ['wrong-address'] },
  { name: 'alias.bin', mistake: 'the same as a raw binary', file: () => app(1000, 0), findings: ['wrong-address'] },
  { name: 'segments.hex', mistake: 'converted for 16-bit processors, whose segment addresses do not reach flash', file: segmentHex, findings: ['wrong-address'] },
  { name: 'ram.elf', mistake: 'linked to run in RAM', file: () => assembled('nop', { flash: 0x2000_0100, ram: 0x2000_1000 }), findings: ['wrong-address'] },
  { name: 'merged.hex', mistake: 'bootloader and application in one file', file: () => utf8(writeIntelHex([{ address: 0x0800_0000, bytes: app(9000, 0x0800_0000) }, { address: BASE, bytes: app() }])), findings: ['bootloader-inside'] },
  { name: 'below.hex', mistake: 'data for the page below the application', file: () => utf8(writeIntelHex([{ address: 0x0800_7c00, bytes: randomBytes(3, 64) }, { address: BASE, bytes: app() }])), findings: ['wrong-address'] },
  { name: 'stripped.elf', mistake: "stripped of its sections, so that the file's own headers count as flash", file: () => elf({ sections: [{ address: BASE, bytes: app() }], withSections: false, headersInSegment: true }), findings: ['elf-headers'] },
  { name: 'large.bin', mistake: 'larger than the application area', file: () => app(98_305), findings: ['too-large'] },
  // The vector table
  { name: 'stack-in-flash.bin', mistake: 'first word is no stack pointer', file: () => app(1000, BASE, { 0: 0x0800_9000 }), findings: ['stack-outside-ram'] },
  { name: 'larger-part.bin', mistake: 'built for a part with 64 KB of RAM', file: () => app(1000, BASE, { 0: 0x2001_0000 }), findings: ['stack-outside-ram'] },
  { name: 'stack-4.bin', mistake: 'stack pointer a multiple of 4, not of 8', file: () => app(1000, BASE, { 0: 0x2000_4ffc }), findings: ['(stack-unaligned)'] },
  { name: 'stack-odd.bin', mistake: 'stack pointer at the last byte of RAM instead of behind it', file: () => app(1000, BASE, { 0: 0x2000_4fff }), findings: ['stack-unaligned'] },
  { name: 'reset-even.bin', mistake: 'reset handler in assembly without .thumb_func', file: () => app(1000, BASE, { 1: BASE + 0x100 }), findings: ['reset-even'] },
  { name: 'reset-outside.bin', mistake: 'reset vector into RAM', file: () => app(1000, BASE, { 1: 0x2000_0101 }), findings: ['reset-outside'] },
  { name: 'vector-even.bin', mistake: 'SysTick handler in assembly without .thumb_func', file: () => app(1000, BASE, { 15: BASE + 0x100 }), findings: ['vector-even'] },
  { name: 'vector-outside.bin', mistake: 'HardFault handler in the bootloader', file: () => app(1000, BASE, { 3: 0x0800_0101 }), findings: ['vector-outside'] },
  { name: 'interrupt-outside.bin', mistake: 'handler of interrupt 9 in another image', file: () => app(1000, BASE, { 25: 0x0801_0101 }), findings: ['(vector-outside)'] },
  { name: 'code-first.bin', mistake: 'code before the vector table', file: () => assembledCode(), findings: ['stack-outside-ram', 'reset-outside'] },
  { name: 'system-init.elf', mistake: 'SystemInit sets VTOR to the start of flash', file: () => assembled(SYSTEM_INIT), findings: ['(vtor-elsewhere)'] },
  { name: 'vtor-unknown.elf', mistake: 'VTOR set from a variable', file: () => assembled(UNKNOWN_VTOR), findings: ['(vtor-unknown)'] },
  { name: 'm0-ram.elf', mistake: 'Cortex-M0, variables from the start of RAM', part: 'stm32f030x8', file: () => assembled('ldr r0, =0x20000000', { flags: M0 }), findings: ['ram-over-vectors'] },
  { name: 'm0-ram.hex', mistake: 'the same without what only an ELF file says', part: 'stm32f030x8', file: () => asHex(assembled('ldr r0, =0x20000000', { flags: M0 })), findings: ['(ram-over-vectors)'] },
  // The app kit
  { name: 'kit.bin', mistake: "the kit with another board's iap_board.h", part: 'stm32f303xc', file: () => withKit('stm32f103xb'), findings: ['kit-other-board'] },
  { name: 'mailbox.elf', mistake: 'variables from 0x20001000 to 0x20002040, as without our linker script', file: () => mailbox('.space 0x1040'), findings: ['(mailbox-overlap)'] },
  // The core
  { name: 'm4.elf', mistake: 'compiled for Cortex-M4, part with a Cortex-M3', file: () => assembled('sadd8 r0, r1, r2', { flags: ['-mcpu=cortex-m4'] }), findings: ['wrong-core'] },
  { name: 'm4-fpu.elf', mistake: 'with floating-point unit, part with a Cortex-M3', file: () => assembled('vadd.f32 s0, s1, s2', { flags: ['-mcpu=cortex-m4', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16'] }), findings: ['wrong-core'] },
  { name: 'm3-on-m0.elf', mistake: 'compiled for Cortex-M3, part with a Cortex-M0', part: 'stm32f072xb', file: () => assembled('movw r0, #0x1234', { ram: 0x2000_00c0 }), findings: ['wrong-core'] },
  // ELF files
  { name: 'object.o', mistake: 'compiled, not linked', file: () => assembled('nop', { object: true }), findings: ['elf-not-linked'] },
  { name: 'x86.elf', mistake: "the unit test's program for the PC", file: foreign((f) => f.set([62, 0], 18)), findings: ['elf-machine'] },
  { name: '64-bit.elf', mistake: 'a 64-bit program', file: foreign((f) => f.set([2], 4)), findings: ['elf-class'] },
  { name: 'big-endian.elf', mistake: 'a big-endian program', file: foreign((f) => f.set([2], 5)), findings: ['elf-class'] },
  { name: 'cut.elf', mistake: 'a download that was cut off', file: () => assembled('nop').slice(0, -200), findings: ['cut-off'] },
  { name: 'data-in-ram.elf', mistake: 'initialised variables without a load address in flash', file: () => assembled('nop', { dataIn: '> RAM' }), findings: ['outside-flash'] },
  { name: 'ccm.elf', mistake: 'variables in core-coupled RAM without a load address in flash', file: () => elfOf([{ address: BASE, bytes: app(), section: '.text' }, { address: 0x1000_0000, bytes: randomBytes(3, 32), section: '.ccmram' }]), findings: ['outside-flash'] },
  { name: 'noinit.elf', mistake: 'variables without values in a section that is not (NOLOAD)', file: () => elfOf([{ address: BASE, bytes: app(), section: '.text' }, { address: 0x2000_0400, bytes: new Uint8Array(32), section: '.noinit' }]), findings: ['outside-flash'] },
  { name: 'library.a', mistake: 'a library of object files', file: () => utf8('!<arch>\nmain.o/         0           0     0     644     1234      `\n'), findings: ['other-format'] },
  // Intel HEX
  { name: 'hole.hex', mistake: 'with settings in the last page, far behind the code', file: () => utf8(writeIntelHex([{ address: BASE, bytes: app() }, { address: 0x0801_fc00, bytes: randomBytes(3, 16) }])), findings: ['(gap-filled)'] },
  { name: 'checksum.hex', mistake: 'a byte changed on the way', file: hexOf((l) => l.with(16, `${l[16]?.slice(0, -2)}00`)), findings: ['checksum'] },
  { name: 'cut-line.hex', mistake: 'cut off within a record', file: hexOf((l) => [...l.slice(0, 20), l[20]?.slice(0, 23) ?? '']), findings: ['cut-off'] },
  { name: 'cut.hex', mistake: 'cut off between records', file: hexOf((l) => l.slice(0, 20)), findings: ['no-end'] },
  { name: 'two.hex', mistake: 'two files put together without removing the first end record', file: hexOf((l) => [...l, ...l]), findings: ['after-end'] },
  { name: 'overlap.hex', mistake: 'two images merged over each other', file: hexOf((l) => [...l.slice(0, -1), ...hexLines(app(1000, BASE, { 2: 0x0800_8201 })).slice(1)]), findings: ['overlap'] },
  { name: 'option-bytes.hex', mistake: 'with option bytes, as programmers save them', file: hexOf((l) => [...l.slice(0, -1), ':020000041FFFDC', ':02F80000A55A07', ':00000001FF']), findings: ['outside-flash'] },
  { name: 'far.hex', mistake: 'two images for memories far apart', file: () => utf8(writeIntelHex([{ address: 0x6000_0000, bytes: app() }, { address: 0x9000_0000, bytes: app() }])), findings: ['too-far'] },
  { name: 'endless.hex', mistake: 'more data than any device has', file: hexOf(([address = '', line = '']) => [address, ...new Array<string>(500_000).fill(line)]), findings: ['too-much'] },
  { name: 'page.hex', mistake: "a web server's error page, saved as the image", file: () => utf8('<!DOCTYPE html>\n<title>404</title>\n'), findings: ['misnamed'] },
  { name: 'raw.hex', mistake: 'a raw binary with the wrong name', file: () => app(), findings: ['misnamed'] },
  { name: 'hex.bin', mistake: 'an Intel HEX file with the wrong name', file: hexOf((l) => l), findings: ['misnamed'] },
  { name: 'srec.bin', mistake: 'an S-record file with the wrong name', file: srecOf((l) => l), findings: ['misnamed'] },
  // Other formats
  { name: 'app.uf2', mistake: 'a file for a bootloader that is a USB drive', file: () => startsWith('UF2\nWQ]\x9e'), findings: ['other-format'] },
  { name: 'app.dfu', mistake: 'a file for DfuSe', file: () => startsWith('DfuSe\x01'), findings: ['other-format'] },
  { name: 'suffix.bin', mistake: 'with the suffix that dfu-suffix adds', file: () => Uint8Array.of(...app(), ...hex('ffff11df83041a0155464410 01020304')), findings: ['other-format'] },
  { name: 'signed.bin', mistake: 'with the header of MCUboot', file: () => Uint8Array.of(...hex('3db8f396 00000000 0002'), ...app()), findings: ['other-format'] },
  { name: 'app.zip', mistake: 'an archive with the image in it', file: () => startsWith('PK\x03\x04'), findings: ['other-format'] },
  { name: 'app.bin', mistake: 'packed with gzip', file: () => startsWith('\x1f\x8b\x08\x00'), findings: ['other-format'] },
  { name: 'page.bin', mistake: "a web server's error page, saved as the image", file: () => utf8('<!DOCTYPE html>\n<title>404</title>\n'), findings: ['other-format'] },
  { name: 'pointer.bin', mistake: 'what Git LFS keeps in place of the file', file: () => utf8('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'), findings: ['other-format'] },
  // S-record
  { name: 'checksum.s19', mistake: 'a byte changed on the way', file: srecOf((l) => l.with(5, `${l[5]?.slice(0, -2)}00`)), findings: ['checksum'] },
  { name: 'count.s19', mistake: 'a record lost on the way', file: srecOf((l) => l.toSpliced(5, 1)), findings: ['record-count'] },
  { name: 'cut.s19', mistake: 'cut off between records', file: srecOf((l) => l.slice(0, 20)), findings: ['no-end'] },
  // Packages
  { name: 'other-product.iap', mistake: "another product's package", product: 'PUMP-2', file: packed(), findings: ['wrong-product'] },
  { name: 'other-revision.iap', mistake: 'a package for older hardware', hardware: 3, file: packed(), findings: ['wrong-hardware'] },
  { name: 'unsigned.iap', mistake: 'a package of "iap pack --key-id" that nobody has signed', file: packed((f) => f, { keyId: 1 }), findings: ['(unsigned)'] },
  { name: 'own-key.iap', mistake: 'a package that revokes the key that is to sign it', file: packed((f) => f.with(124, 0xfd), { keyId: 1 }), findings: ['revocation', '(unsigned)'] },
  { name: 'cut.iap', mistake: 'a package that was cut off', file: packed((f) => f.slice(0, 900)), findings: ['package-size'] },
  { name: 'cut-header.iap', mistake: 'a package cut off in its header', file: packed((f) => f.slice(0, 200)), findings: ['cut-off'] },
  { name: 'damaged.iap', mistake: 'a package with a byte changed', file: packed((f) => f.with(700, 1)), findings: ['package-damaged'] },
  { name: 'future.iap', mistake: 'a package of a later format', file: packed((f) => f.with(4, 2)), findings: ['package-format'] },
];

/** Zeros, then a function for each handler: 4 bytes each, `B .` and NOP */
export function lateBinary(base: number, places: readonly number[] = [0x9000]): Uint8Array {
  const handlers = 6;
  const words = Object.fromEntries(
    Array.from({ length: 58 }, (_, i) => [i + 1, base + (places[0] ?? 0) + 4 * (i % handlers) + 1]),
  );
  const bytes = app(40_000, base, words).fill(0, 4 * 59);
  for (const place of places) {
    for (let i = 0; i < handlers; i++) bytes.set([0xfe, 0xe7, 0x00, 0xbf], place + 4 * i);
  }
  return bytes;
}

/** Handlers begin a function whether it is linked at the start of flash or behind the bootloader. */
function twofoldBinary(): Uint8Array {
  return lateBinary(BASE, [0x400, 0x8400]);
}

/** Of the board's header, as a compiler takes it */
export function kitFactsOf(board: string): Uint8Array {
  const header = readFileSync(`bootloader-c/generated/app/${board}/iap_board.h`, 'utf8');
  const [, facts = ''] = header.split('#define IAP_BOARD_FACTS');
  return Uint8Array.from((facts.match(/\b0x[0-9a-f]{2}\b/g) ?? []).map(Number));
}

export function withKit(board: string, stack = 0x2000_1000): Uint8Array {
  const image = app(1000, BASE, { 0: stack });
  image.set(kitFactsOf(board), 400);
  return image;
}

function mailbox(variables: string): Uint8Array {
  const facts = `.section .rodata\n .balign 4\n .byte ${kitFactsOf('stm32f103xb').join(', ')}`;
  return assembled(`nop\n ${facts}\n .bss\n ${variables}\n .text`, {
    ram: 0x2000_1000,
    ramSize: 0x2000,
  });
}

function assembledCode(): Uint8Array {
  return Uint8Array.of(...randomBytes(7, 64), ...app());
}

function asHex(file: Uint8Array): Uint8Array {
  // The segments of the file, without what else it says
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = view.getUint32(28, true);
  const segments = Array.from({ length: view.getUint16(44, true) }, (_, i) => {
    const at = start + 32 * i;
    const [offset, size] = [view.getUint32(at + 4, true), view.getUint32(at + 16, true)];
    return { address: view.getUint32(at + 12, true), bytes: file.slice(offset, offset + size) };
  });
  return utf8(writeIntelHex(segments));
}
