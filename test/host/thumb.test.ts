// Instruction by instruction: what is known of the registers afterwards, and what is stored, loaded and made.
// Encodings as assemblers write them; results by the ARMv7-M Architecture Reference Manual, A7.7.
import { describe, expect, test, vi } from 'vitest';
import { readCode } from '../../host/check/reading.js';
import { runThumb } from '../../host/check/thumb.js';

const BASE = 0x0800_8000;
/** What code may load, before the first instruction */
const DATA = [0x1122_3344, 0x5566_7788];
const NAMES = 'r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 sp lr'.split(' ');
const SIZE = 0x200;
const LAST = 0xcafe_0123;
/** What is in the registers before: small ones, a negative one, addresses of DATA, of RAM, of the last word and behind it */
// biome-ignore format: as the registers are numbered
const BEFORE = [
  0x123, 0x8000_0481, 5, BASE, 4, 0x2000_0000, 0xffff_fff0, 0x0f0f_0f0f, BASE + SIZE - 4, BASE + SIZE,
  0xaaaa_aaaa, 0x0bb0_0bb0, 0x0c00_000c, 0x2000_5000, 0x0800_0101,
];
const ALL_UNKNOWN = 'nothing is known';
const CALLED = 'r0=? r1=? r2=? r3=? r12=? lr=?';

const halfWords = (hex: string): number[] =>
  hex.split(' ').map((word) => Number.parseInt(word, 16));
const text = (value: number | undefined): string => value?.toString(16) ?? '?';

/** MOVW (0xf240) or MOVT (0xf2c0) */
const move = (op: number, register: number, value: number): number[] => [
  op | (value >> 12) | ((value & 0x800) >> 1),
  ((value & 0x700) << 4) | (register << 8) | (value & 0xff),
];
const SETUP = BEFORE.flatMap((value, register) => [
  ...move(0xf240, register, value & 0xffff),
  ...move(0xf2c0, register, value >>> 16),
]);
/** STR.W of each register, relative to the PC: no compiler makes that, and no register has to be known for it. */
const SHOW = NAMES.flatMap((_, register) => [0xf8cf, register << 12]);

/** What code does, then the registers that it changes; `run` may be that of a fresh module */
function effect(code: readonly number[], run = runThumb): string {
  const words = [...SETUP, ...code, ...SHOW];
  const bytes = new Uint8Array(Math.max(SIZE, 8 + 2 * words.length + 4));
  const view = new DataView(bytes.buffer);
  DATA.forEach((word, i) => void view.setUint32(4 * i, word, true));
  words.forEach((word, i) => void view.setUint16(8 + 2 * i, word, true));
  view.setUint32(bytes.length - 4, LAST, true);
  const at = BASE + 8 + 2 * SETUP.length;
  const showAt = at + 2 * code.length;
  const said: string[] = [];
  const registers: (number | undefined)[] = [];
  let made = 0;
  run(
    { base: BASE, bytes },
    {
      store: (store) => {
        if (store.at >= showAt) registers.push(store.value);
        else said.push(`[${text(store.address)}]=${text(store.value)}`);
      },
      literal: (value) => said.push(`literal ${text(value)}`),
      made: (value) => {
        if (++made > BEFORE.length) said.push(`made ${text(value)}`);
      },
    },
    8,
  );
  expect(registers).toHaveLength(NAMES.length);
  const changed = NAMES.flatMap((name, i) =>
    registers[i] === BEFORE[i] ? [] : [`${name}=${text(registers[i])}`],
  );
  const unknown = registers.every((value) => value === undefined);
  return [...said, ...(unknown ? [ALL_UNKNOWN] : changed)].join(' ') || 'no change';
}

type Row = readonly [string, string, string];

// biome-ignore format: a table is read by its rows
const NARROW: readonly Row[] = [
  ['lsls r0, r1, #4', '0108', 'r0=4810'],
  ['movs r0, r1', '0008', 'r0=80000481'],
  ['lsrs r0, r1, #4', '0908', 'r0=8000048'],
  ['lsrs r0, r1, #32', '0808', 'r0=0'],
  ['asrs r0, r1, #4', '1108', 'r0=f8000048'],
  ['asrs r0, r1, #32', '1008', 'r0=ffffffff'],
  ['adds r0, r1, r2', '1888', 'r0=80000486'],
  ['subs r0, r1, r2', '1a88', 'r0=8000047c'],
  ['adds r0, r1, #7', '1dc8', 'r0=80000488'],
  ['subs r0, r1, #7', '1fc8', 'r0=8000047a'],
  ['movs r2, #200', '22c8', 'r2=c8'],
  ['adds r2, #200', '32c8', 'r2=cd'],
  ['subs r2, #200', '3ac8', 'r2=ffffff3d'],
  ['ands r7, r1', '400f', 'r7=401'],
  ['eors r7, r1', '404f', 'r7=8f0f0b8e'],
  ['lsls r0, r2', '4090', 'r0=?'],
  ['adcs r0, r2', '4150', 'r0=?'],
  ['tst r0, r1', '4208', 'no change'],
  ['rsbs r0, r2, #0', '4250', 'r0=fffffffb'],
  ['cmp r0, r1', '4288', 'no change'],
  ['cmn r0, r1', '42c8', 'no change'],
  ['orrs r7, r1', '430f', 'r7=8f0f0f8f'],
  ['muls r0, r2, r0', '4350', 'r0=5af'],
  ['bics r7, r1', '438f', 'r7=f0f0b0e'],
  ['mvns r0, r2', '43d0', 'r0=fffffffa'],
  ['mvns r0, r2, where r0 is not known', 'b208 43d0', 'r0=fffffffa'],
  ['rsbs r0, r2, #0, where r0 is not known', 'b208 4250', 'r0=fffffffb'],
  ['adds r2, r0, where r0 is not known', 'b208 1812', 'r0=? r2=?'],
  ['add r8, r2', '4490', 'r8=8008201'],
  ['add r2, r8', '4442', 'r2=8008201'],
  ['add sp, r2', '4495', 'sp=?'],
  ['add pc, r2', '4497', ALL_UNKNOWN],
  ['mov r8, r2', '4690', 'r8=5'],
  ['mov r2, r12', '4662', 'r2=c00000c'],
  ['mov sp, r2', '4695', 'sp=?'],
  ['mov pc, r2', '4697', ALL_UNKNOWN],
  ['bx r2', '4710', ALL_UNKNOWN],
  ['blx r2', '4790', CALLED],
  ['str r0, [r5, r4]', '5128', '[20000004]=123'],
  ['strh r0, [r5, r4]', '5328', 'no change'],
  ['strb r0, [r5, r4]', '5528', 'no change'],
  ['ldrsb r0, [r3, r4]', '5718', 'r0=?'],
  ['ldr r0, [r3, r4]', '5918', 'r0=55667788'],
  ['ldrh r0, [r3, r4]', '5b18', 'r0=?'],
  ['ldrb r0, [r3, r4]', '5d18', 'r0=?'],
  ['ldrsh r0, [r3, r4]', '5f18', 'r0=?'],
  ['str r0, [r5, #8]', '60a8', '[20000008]=123'],
  ['ldr r0, [r3, #8]', '6898', 'r0=1023f240'],
  ['strb r0, [r5, #8]', '7228', 'no change'],
  ['ldrb r0, [r3, #4]', '7918', 'r0=?'],
  ['strh r0, [r5, #8]', '8128', 'no change'],
  ['ldrh r0, [r3, #4]', '8898', 'r0=?'],
  ['str r0, [sp, #8]', '9002', 'no change'],
  ['ldr r0, [sp, #8]', '9802', 'r0=?'],
  ['adr r0, .+12', 'a002', 'r0=800808c'],
  ['adr r0, .+10, from within a word', 'bf00 a002', 'r0=800808c'],
  ['add r0, sp, #8', 'a802', 'r0=?'],
  ['sxth r0, r1', 'b208', 'r0=?'],
  ['push {r0, lr}', 'b501', 'no change'],
  ['cpsid i', 'b672', 'no change'],
  ['rev r0, r1', 'ba08', 'r0=?'],
  ['pop {r0, r2}', 'bc05', 'r0=? r2=?'],
  ['pop {r0, pc}', 'bd01', ALL_UNKNOWN],
  ['bkpt #1', 'be01', 'no change'],
  ['nop', 'bf00', 'no change'],
  ['stmia r5!, {r0, r1}', 'c503', 'r5=?'],
  ['ldmia r3!, {r0, r1}', 'cb03', 'r0=? r1=? r3=?'],
  ['udf #1', 'de01', ALL_UNKNOWN],
  ['svc #1', 'df01', CALLED],
];

// biome-ignore format: a table is read by its rows
const WIDE: readonly Row[] = [
  ['mov.w r0, #0x45', 'f04f 0045', 'r0=45'],
  ['mov.w r0, #0x00450045', 'f04f 1045', 'r0=450045'],
  ['mov.w r0, #0x45004500', 'f04f 2045', 'r0=45004500'],
  ['mov.w r0, #0x45454545', 'f04f 3045', 'r0=45454545'],
  ['mov.w r0, #0x45000000', 'f04f 408a', 'r0=45000000'],
  ['mov.w r0, #0x450', 'f44f 608a', 'r0=450'],
  ['mvn.w r0, #0x45', 'f06f 0045', 'r0=ffffffba'],
  ['and.w r0, r7, #0xff', 'f007 00ff', 'r0=f'],
  ['and.w r0, pc, #0xff', 'f00f 00ff', 'r0=?'],
  ['bic.w r0, r7, #0xff', 'f027 00ff', 'r0=f0f0f00'],
  ['orr.w r0, r7, #0xf0', 'f047 00f0', 'r0=f0f0fff'],
  ['orn.w r0, r7, #0xf0', 'f067 00f0', 'r0=ffffff0f'],
  ['eor.w r0, r7, #0xff', 'f087 00ff', 'r0=f0f0ff0'],
  ['add.w r0, r7, #0xf0', 'f107 00f0', 'r0=f0f0fff'],
  ['adc.w r0, r7, #0xf0', 'f147 00f0', 'r0=?'],
  ['sub.w r0, r7, #0xf', 'f1a7 000f', 'r0=f0f0f00'],
  ['rsb.w r0, r2, #0xf', 'f1c2 000f', 'r0=a'],
  ['tst.w r0, #0xf0', 'f010 0ff0', 'no change'],
  ['teq.w r0, #0xf0', 'f090 0ff0', 'no change'],
  ['cmn.w r0, #0xf0', 'f110 0ff0', 'no change'],
  ['cmp.w r0, #0xf0', 'f1b0 0ff0', 'no change'],
  ['addw r0, r1, #0x9ab', 'f601 10ab', 'r0=80000e2c'],
  ['subw r0, r1, #0x9ab', 'f6a1 10ab', 'r0=7ffffad6'],
  ['adr.w r0, .+0x10', 'f20f 000c', 'r0=8008090'],
  ['adr.w r0, .-0x10', 'f2af 0014', 'r0=8008070'],
  ['movw r0, #0x9abc', 'f649 20bc', 'r0=9abc'],
  ['movt r0, #0x9abc', 'f6c9 20bc', 'made 9abc0123 r0=9abc0123'],
  ['movt r8, #0x9abc', 'f6c9 28bc', 'made 9abc81fc r8=9abc81fc'],
  ['movt r0, #0x9abc, where r0 is not known', 'b208 f6c9 20bc', 'r0=?'],
  // No such instruction, but bytes that are no code may look like it.
  ['movw pc, #0x123; mov r0, pc', 'f240 1f23 4678', 'r0=?'],
  ['ssat r0, #8, r1', 'f301 0007', 'r0=?'],
  ['ubfx r0, r1, #4, #8', 'f3c1 1007', 'r0=?'],
  ['bfi r0, r1, #4, #8', 'f361 100b', 'r0=?'],
  ['bl .+4', 'f000 f800', CALLED],
  ['mrs r0, primask', 'f3ef 8010', 'r0=?'],
  ['msr primask, r0', 'f380 8810', 'no change'],
  ['dsb', 'f3bf 8f4f', 'no change'],
  ['isb', 'f3bf 8f6f', 'no change'],
  ['nop.w', 'f3af 8000', 'no change'],
  ['tbb [r0, r1]', 'e8d0 f001', ALL_UNKNOWN],
  ['tbh [r0, r1, lsl #1]', 'e8d0 f011', ALL_UNKNOWN],
  ['and.w r0, r7, r1', 'ea07 0001', 'r0=401'],
  ['orr.w r0, r7, r2, lsl #7', 'ea47 10c2', 'r0=f0f0f8f'],
  ['orr.w r0, r7, r2, lsr #7', 'ea47 10d2', 'r0=?'],
  ['mov.w r0, r1', 'ea4f 0001', 'r0=80000481'],
  ['mvn.w r0, r1', 'ea6f 0001', 'r0=7ffffb7e'],
  ['lsl.w r0, r2, #6', 'ea4f 1082', 'r0=140'],
  ['lsr.w r0, r2, #1', 'ea4f 0052', 'r0=?'],
  ['rrx r0, r2', 'ea4f 0032', 'r0=?'],
  ['vmov d0, r0, r1', 'ec41 0b10', 'no change'],
  ['vmov r0, r1, d0', 'ec51 0b10', 'r0=? r1=?'],
  ['vldmia r0, {s0-s1}', 'ec90 0a02', 'no change'],
  ['vldmia r0!, {s0-s1}', 'ecb0 0a02', 'r0=?'],
  ['vstr s0, [r0]', 'ed80 0a00', 'no change'],
  ['vmov s0, r0', 'ee00 0a10', 'no change'],
  ['vmov r0, s0', 'ee10 0a10', 'r0=?'],
  ['vadd.f32 s0, s1, s2', 'ee30 0a81', 'no change'],
  ['vmrs r0, fpscr', 'eef1 0a10', 'r0=?'],
  ['ldr.w r0, [pc, #-8]', 'f85f 0008', 'literal e00f6c0 r0=e00f6c0'],
  ['ldr.w r0, [r3, #0]', 'f8d3 0000', 'r0=11223344'],
  ['ldr.w r0, [r3, #4]', 'f8d3 0004', 'r0=55667788'],
  ['ldr.w r0, [r3, #2]', 'f8d3 0002', 'r0=?'],
  ['ldr.w r0, [r3, #-4]', 'f853 0c04', 'r0=?'],
  ['ldr.w r0, [r8]', 'f8d8 0000', `r0=${text(LAST)}`],
  ['ldr.w r0, [r9]', 'f8d9 0000', 'r0=?'],
  ['ldr.w r0, [r5]', 'f8d5 0000', 'r0=?'],
  ['ldr.w r2, [r0], where r0 is not known', 'b208 f8d0 2000', 'r0=? r2=?'],
  ['ldr.w pc, [r3, #4]', 'f8d3 f004', ALL_UNKNOWN],
  ['ldr r0, [r3], #4', 'f853 0b04', 'r0=11223344 r3=8008004'],
  ['ldr r0, [r3, #4]!', 'f853 0f04', 'r0=55667788 r3=8008004'],
  ['ldrt r0, [r3, #4]', 'f853 0e04', 'r0=55667788'],
  ['ldr.w r0, [r3, r4]', 'f853 0004', 'r0=55667788'],
  ['ldr.w r0, [r3, r2, lsl #2]', 'f853 0022', 'r0=100f2c8'],
  ['str.w r0, [r5, #0x123]', 'f8c5 0123', '[20000123]=123'],
  ['str.w r0, [r5, #-4]', 'f845 0c04', '[1ffffffc]=123'],
  ['str r0, [r5], #4', 'f845 0b04', '[20000000]=123 r5=20000004'],
  ['str r0, [r5], #-4', 'f845 0904', '[20000000]=123 r5=1ffffffc'],
  ['str r0, [r5, #4]!', 'f845 0f04', '[20000004]=123 r5=20000004'],
  ['str r0, [r5, #-4]!', 'f845 0d04', '[1ffffffc]=123 r5=1ffffffc'],
  ['strt r0, [r5, #4]', 'f845 0e04', '[20000004]=123'],
  ['str.w r0, [r5, r2, lsl #2]', 'f845 0022', '[20000014]=123'],
  ['str.w r0, [r6, #0x20], over the end of the address space', 'f8c6 0020', '[10]=123'],
  ['str.w r0, [r5], where r0 is not known', 'b208 f8c5 0000', '[20000000]=? r0=?'],
  ['str.w r2, [r0], where r0 is not known', 'b208 f8c0 2000', 'r0=?'],
  ['ldrb.w r0, [r3, #4]', 'f893 0004', 'r0=?'],
  ['ldrsb.w r0, [r3, #4]', 'f993 0004', 'r0=?'],
  ['ldrh.w r0, [r3], #4', 'f833 0b04', 'r0=? r3=8008004'],
  ['ldrsh.w r0, [r3, r4]', 'f933 0004', 'r0=?'],
  ['strb.w r0, [r5], #4', 'f805 0b04', 'r5=20000004'],
  ['strh.w r0, [r5, #-4]!', 'f825 0d04', 'r5=1ffffffc'],
  ['pld [r3]', 'f893 f000', 'no change'],
  ['lsl.w r0, r1, r2', 'fa01 f002', 'r0=?'],
  ['uxtb.w r0, r1', 'fa5f f081', 'r0=?'],
  ['clz r0, r1', 'fab1 f081', 'r0=?'],
  ['mul r0, r1, r2', 'fb01 f002', 'r0=?'],
  ['mla r0, r1, r2, r3', 'fb01 3002', 'r0=?'],
  ['umull r0, r1, r2, r3', 'fba2 0103', 'r0=? r1=?'],
  ['sdiv r0, r1, r2', 'fb91 f0f2', 'r0=?'],
  ['ldmia.w r3!, {r0, r1}', 'e8b3 0003', 'r0=? r1=? r3=?'],
  ['ldmia.w r3, {r0, r1, r8}', 'e893 0103', 'r0=? r1=? r8=?'],
  ['ldmdb r3!, {r0, r1}', 'e933 0003', 'r0=? r1=? r3=?'],
  ['ldmia.w r3, {r0, lr}', 'e893 4001', 'r0=? lr=?'],
  ['ldmia.w r3, {r0, pc}', 'e893 8001', ALL_UNKNOWN],
  ['stmia.w r5!, {r0, r8}', 'e8a5 0101', 'r5=?'],
  ['stmia.w r5, {r0, r8}', 'e885 0101', 'no change'],
  ['push.w {r4, r8, lr}', 'e92d 4110', 'sp=?'],
  // No such instruction, but bytes that are no code may look like it.
  ['stmia.w r5, {r0, pc}', 'e885 8001', 'no change'],
  ['e800, which is half of an instruction', 'e800 2001', 'no change'],
  ['ldrd r0, r1, [r3, #8]', 'e9d3 0102', 'r0=? r1=?'],
  ['ldrd r0, r1, [r3], #8', 'e8f3 0102', 'r0=? r1=? r3=?'],
  ['strd r0, r1, [r5, #8]', 'e9c5 0102', '[20000008]=123 [2000000c]=80000481'],
  ['strd r0, r1, [r5, #-8]', 'e945 0102', '[1ffffff8]=123 [1ffffffc]=80000481'],
  ['strd r0, r1, [r5, #8]!', 'e9e5 0102', '[20000008]=123 [2000000c]=80000481 r5=?'],
  ['strd r0, r1, [r5], #8', 'e8e5 0102', '[20000000]=123 [20000004]=80000481 r5=?'],
  ['ldrex r0, [r3]', 'e853 0f00', 'r0=?'],
  ['strex r0, r1, [r5]', 'e845 1000', 'r0=? r1=?'],
  ['ldrexb r0, [r3]', 'e8d3 0f4f', 'r0=?'],
  ['strexb r0, r1, [r5]', 'e8c5 1f40', 'r0=? r1=?'],
];

// biome-ignore format: a table is read by its rows
const LITERALS: readonly Row[] = [
  ['ldr r0, =0x01234567', '4800 bf00 4567 0123', 'literal 1234567 r0=1234567'],
  ['ldr.w r0, =0x01234567', 'f8df 0004 bf00 bf00 4567 0123', 'literal 1234567 r0=1234567'],
  ['a literal that looks like movs r6, #6; movs r4, #9 is none', '4800 bf00 2606 2409', 'literal 24092606 r0=24092606'],
  ['nor if a jump seems to go there', '4801 d001 bf00 bf00 2606 2409', 'literal 24092606 r0=24092606'],
  ['what follows it is code', '4800 bf00 2606 2409 2205', 'literal 24092606 r0=24092606'],
  ['what follows it is code, and changes a register', '4800 bf00 2606 2409 2209', 'literal 24092606 r0=24092606 r2=9'],
  ['behind the end of the image', '48ff', 'r0=?'],
];

// biome-ignore format: a table is read by its rows
const BLOCKS: readonly Row[] = [
  ['it ne; movne r0, #1: either', 'bf18 2001', 'r0=?'],
  ['it ne; movwne r0, #0x123: the same either way', 'bf18 f240 1023', 'no change'],
  ['it ne; movne r0, #1, where r0 is not known', 'b208 bf18 2001', 'r0=1'],
  ['it ne has one instruction', 'bf18 2001 2206', 'r0=? r2=6'],
  ['itt ne has two', 'bf1c 2001 2206 2407', 'r0=? r2=? r4=7'],
  ['ite eq has two', 'bf0c 2001 2206 2407', 'r0=? r2=? r4=7'],
  ['ittt ne has three', 'bf1e 2001 2206 2407 2701', 'r0=? r2=? r4=? r7=1'],
  ['itttt ne has four', 'bf1f 2001 2206 2407 2701 2601', 'r0=? r2=? r4=? r6=1 r7=?'],
  ['itt eq; strbeq r0, [r1]: of what changes no register, too', 'bf04 7008 2001 2206', 'r0=? r2=6'],
  ['it ne; bxne lr: or goes on', 'bf18 4770', 'no change'],
  ['it ne; popne {r0, pc}', 'bf18 bd01', 'r0=?'],
  ['it ne; bne over movs r0, #1', 'bf18 e000 2001', 'r0=?'],
];

// biome-ignore format: a table is read by its rows
const ARRIVALS: readonly Row[] = [
  ['beq to movs r0, #1', 'd000 bf00 2001', 'r0=1'],
  ['beq over movs r0, #1: either', 'd000 2001', 'r0=?'],
  ['beq over movs r0, #1, where r0 is not known', 'b208 d000 2001', 'r0=1'],
  ['beq over sxth r0, r1', 'd000 b208', 'r0=?'],
  ['beq over bx lr', 'd000 4770', 'no change'],
  ['b over bytes that are no code', 'e001 ffff ffff', 'no change'],
  ['b over bytes that are no code; what is not known stays so', 'b209 e001 ffff ffff', 'r1=?'],
  ['b over movs r0, #1, which something may come to all the same', 'e000 2001', 'r0=?'],
  ['beq over sxth r0, r1, behind what a jump comes to', 'e000 4770 d000 b208', 'r0=?'],
  ['b to where another jump has brought something else', 'd002 2001 e000 4770', 'r0=?'],
  ['b to where another jump has brought the same', 'd001 e000 4770', 'no change'],
  ['b to where a jump comes from code that nobody comes to', 'd001 4770 d001 e000 4770', ALL_UNKNOWN],
];

const TABLES = { NARROW, WIDE, LITERALS, BLOCKS, ARRIVALS };

describe.each(Object.entries(TABLES))('%s', (_, rows) => {
  test.each(rows)('%s', (_text, code, expected) => {
    expect(effect(halfWords(code))).toBe(expected);
  });
});

/** NOPs up to where a jump goes, and BX LR just before: what arrives too early is lost. */
function jumpOver(code: string, distance: number): number[] {
  const words = halfWords(code);
  const padding = distance / 2 - words.length;
  return [...words, ...new Array<number>(padding).fill(0xbf00).with(-1, 0x4770)];
}

// biome-ignore format: a table is read by its rows
const JUMPS = [
  ['b', 'e000', 4],
  ['b', 'e001', 6],
  ['b', 'e3ff', 2050],
  ['beq', 'd000', 4],
  ['bne', 'd103', 10],
  ['beq', 'd07f', 258],
  ['cbz', 'b100', 4],
  ['cbz', 'b1f8', 66],
  ['cbz', 'b300', 68],
  ['cbnz', 'b900', 4],
  ['b.w', 'f000 b802', 8],
  ['b.w', 'f000 bffe', 4096],
  ['beq.w', 'f000 8002', 8],
  ['beq.w', 'f000 87fe', 4096],
] as const;

/** And where something would arrive if it were read otherwise */
// biome-ignore format: a table is read by its rows
const ELSEWHERE = [
  ['b.w', 'f001 b802', 8],
  ['b.w', 'f000 9802', 8],
  ['b.w', 'f000 b002', 8],
  ['b.w', 'f400 b802', 8],
  ['b.w, two bytes more than a function has', 'f000 bfff', 4098],
  ['beq.w', 'f001 8002', 8],
  ['beq.w', 'f000 8802', 8],
  ['beq.w', 'f000 a002', 8],
  ['beq.w', 'f400 8002', 8],
  ['b, to itself', 'e7fe', 4],
  ['b, back', 'e7fc', 4],
  ['beq, back', 'd0fc', 4],
  ['msr apsr_g, r0', 'f380 8400', 2052],
] as const;

describe('a jump goes', () => {
  test.each(JUMPS)('%s (%s) over %i bytes, and no shorter', (_, code, distance) => {
    expect(effect(jumpOver(code, distance))).toBe('no change');
    expect(effect(jumpOver(code, distance + 2))).toBe(ALL_UNKNOWN);
  });

  test.each(ELSEWHERE)('%s (%s) elsewhere: nothing arrives', (_, code, distance) => {
    expect(effect(jumpOver(code, distance))).toBe(ALL_UNKNOWN);
  });
});

test('each instruction is found in the table from the first time on that code is read', async () => {
  vi.resetModules();
  const { runThumb: fresh } = await import('../../host/check/thumb.js');
  const rows = Object.values(TABLES).flat();
  const found = rows.map(([name, code]) => [name, code, effect(halfWords(code), fresh)]);
  expect(found).toEqual(rows);
  const jump = ([, code, distance]: (typeof JUMPS | typeof ELSEWHERE)[number]): string =>
    effect(jumpOver(code, distance), fresh);
  expect(new Set(JUMPS.map(jump))).toEqual(new Set(['no change']));
  expect(new Set(ELSEWHERE.map(jump))).toEqual(new Set([ALL_UNKNOWN]));
});

describe('the end of an image', () => {
  const bytesOf = (...words: number[]): Uint8Array =>
    new Uint8Array(Uint16Array.from(words).buffer);

  test('within an instruction, within a half-word, and before any', () => {
    const ends = [bytesOf(0xbf00, 0xf8d0), bytesOf(0xbf00, 0xbf00).subarray(0, 3), bytesOf()];
    for (const bytes of ends) expect(() => runThumb({ base: BASE, bytes }, {}, 0)).not.toThrow();
  });

  test('is read up to the last instruction, of whatever length', () => {
    const stores = (...words: number[]): number[] => {
      const found: number[] = [];
      const watch = { store: ({ at }: { at: number }) => void found.push(at - BASE) };
      runThumb({ base: BASE, bytes: bytesOf(...words) }, watch, 0);
      return found;
    };
    // STR.W R0, [PC]; MOVS R0, #4 and STR R0, [R0]
    expect(stores(0xbf00, 0xf8cf, 0)).toEqual([2]);
    expect(stores(0x2004, 0x6000)).toEqual([2]);
  });

  test('nobody has to watch', () => {
    const words = [...SETUP, ...halfWords('6028 4800 bf00 4567 0123')];
    expect(() => runThumb({ base: BASE, bytes: bytesOf(...words) }, {}, 0)).not.toThrow();
  });
});

describe('the vector table register', () => {
  // LDR R3, =VTOR + offset; MOVS R0, #value for each; STR R0, [R3]
  const storing = (values: readonly number[], offset = 0): Uint8Array => {
    const code = values.flatMap((value) => [0x2000 | value, 0x6018]);
    const address = 0xe000_ed08 + offset;
    const words = [0, 0, 0, 0, 0x4b00, 0xe001, address & 0xffff, address >>> 16, ...code];
    return new Uint8Array(Uint16Array.from(words).buffer);
  };
  const list = (length: number): number[] => Array.from({ length }, (_, i) => i);

  test('each store to it is told, up to sixteen, or as many as somebody wants', () => {
    for (const [count, told] of [
      [0, 0],
      [3, 3],
      [16, 16],
      [17, 16],
    ] as const) {
      const { vtor } = readCode({ base: BASE, bytes: storing(list(count)) });
      expect(vtor.map(({ value }) => value)).toEqual(list(told));
    }
    expect(readCode({ base: BASE, bytes: storing(list(5)) }, 2).vtor).toEqual([
      { at: BASE + 18, address: 0xe000_ed08, value: 0 },
      { at: BASE + 22, address: 0xe000_ed08, value: 1 },
    ]);
  });

  test.each([-8, -4, 4])('none to what is %i bytes from it', (offset) => {
    const { vtor, literals } = readCode({ base: BASE, bytes: storing([1], offset) });
    expect(vtor).toEqual([]);
    expect([...literals]).toEqual([0xe000_ed08 + offset]);
  });

  test('what is made without a literal is told', () => {
    const words = [0, 0, 0, 0, ...move(0xf240, 1, 0x1234), ...move(0xf2c0, 1, 0x0800)];
    const bytes = new Uint8Array(Uint16Array.from(words).buffer);
    expect(readCode({ base: BASE, bytes })).toEqual({
      vtor: [],
      literals: new Set(),
      made: [0x0800_1234],
    });
  });
});
