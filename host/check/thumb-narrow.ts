// 16-bit Thumb instructions (ARMv7-M Architecture Reference Manual, A5.2).
import type { Instruction, Thumb } from './thumb-cpu.js';
import { both, signed, type Value } from './thumb-value.js';

const SP = 13;
const PC = 15;

const low = (op: number): number => op & 7;
const middle = (op: number): number => (op >> 3) & 7;
const high = (op: number): number => (op >> 6) & 7;
const upper = (op: number): number => (op >> 8) & 7;
const imm5 = (op: number): number => (op >> 6) & 31;
const imm8 = (op: number): number => op & 0xff;
const plus = (value: Value, more: Value): Value => both(value, more, (a, b) => a + b);

/** The first row that fits is the instruction; what is not here changes no register. */
export const NARROW: readonly Instruction[] = [
  // LSL, and MOVS of a register; LSR and ASR, where 0 means 32
  [0xf800, 0x0000, (cpu, op) => shift(cpu, op, (a) => a << imm5(op))],
  [0xf800, 0x0800, (cpu, op) => shift(cpu, op, (a) => (imm5(op) === 0 ? 0 : a >>> imm5(op)))],
  [0xf800, 0x1000, (cpu, op) => shift(cpu, op, (a) => a >> (imm5(op) || 31))],
  [0xfe00, 0x1800, (cpu, op) => cpu.set(low(op), plus(cpu.get(middle(op)), cpu.get(high(op))))],
  [0xfe00, 0x1a00, (cpu, op) => cpu.set(low(op), minus(cpu.get(middle(op)), cpu.get(high(op))))],
  [0xfe00, 0x1c00, (cpu, op) => cpu.set(low(op), plus(cpu.get(middle(op)), high(op)))],
  [0xfe00, 0x1e00, (cpu, op) => cpu.set(low(op), plus(cpu.get(middle(op)), -high(op)))],
  [0xf800, 0x2000, (cpu, op) => cpu.set(upper(op), imm8(op))],
  [0xf800, 0x3000, (cpu, op) => cpu.set(upper(op), plus(cpu.get(upper(op)), imm8(op)))],
  [0xf800, 0x3800, (cpu, op) => cpu.set(upper(op), plus(cpu.get(upper(op)), -imm8(op)))],
  [0xfc00, 0x4000, arithmetic],
  [0xff80, 0x4700, (cpu) => cpu.jump(undefined)],
  [0xff80, 0x4780, (cpu) => cpu.call()],
  [
    0xff00,
    0x4400,
    (cpu, op) => setAny(cpu, op, plus(cpu.get(targetOf(op)), cpu.get(sourceOf(op)))),
  ],
  [0xff00, 0x4600, (cpu, op) => setAny(cpu, op, cpu.get(sourceOf(op)))],
  [0xf800, 0x4800, (cpu, op) => cpu.loadLiteral(upper(op), cpu.pc + 4 * imm8(op))],
  // STR, LDR and the smaller loads with a register for offset
  [0xfe00, 0x5000, (cpu, op) => cpu.store(low(op), plus(cpu.get(middle(op)), cpu.get(high(op))))],
  [0xfe00, 0x5800, (cpu, op) => cpu.load(low(op), plus(cpu.get(middle(op)), cpu.get(high(op))))],
  [0xfe00, 0x5200, () => {}],
  [0xfe00, 0x5400, () => {}],
  [0xf000, 0x5000, (cpu, op) => cpu.set(low(op), undefined)],
  [0xf800, 0x6000, (cpu, op) => cpu.store(low(op), plus(cpu.get(middle(op)), 4 * imm5(op)))],
  [0xf800, 0x6800, (cpu, op) => cpu.load(low(op), plus(cpu.get(middle(op)), 4 * imm5(op)))],
  // LDRB, LDRH, LDR from the stack, ADD of SP
  [0xf800, 0x7800, (cpu, op) => cpu.set(low(op), undefined)],
  [0xf800, 0x8800, (cpu, op) => cpu.set(low(op), undefined)],
  [0xf800, 0x9800, (cpu, op) => cpu.set(upper(op), undefined)],
  [0xf800, 0xa800, (cpu, op) => cpu.set(upper(op), undefined)],
  // ADR
  [0xf800, 0xa000, (cpu, op) => cpu.set(upper(op), cpu.pc + 4 * imm8(op))],
  // CBZ, CBNZ
  [0xf500, 0xb100, (cpu, op) => cpu.branch(cpu.at + 4 + (((op >> 2) & 0x3e) | ((op >> 3) & 0x40)))],
  // Extensions, reversals
  [0xff00, 0xb200, (cpu, op) => cpu.set(low(op), undefined)],
  [0xff00, 0xba00, (cpu, op) => cpu.set(low(op), undefined)],
  [0xfe00, 0xbc00, pop],
  [0xff00, 0xbf00, (cpu, op) => cpu.ifThen(op & 15)],
  // STM, LDM
  [0xf800, 0xc000, (cpu, op) => cpu.set(upper(op), undefined)],
  [
    0xf800,
    0xc800,
    (cpu, op) => {
      cpu.forget(imm8(op));
      cpu.set(upper(op), undefined);
    },
  ],
  // SVC; UDF; conditional jump
  [0xff00, 0xdf00, (cpu) => cpu.call()],
  [0xff00, 0xde00, (cpu) => cpu.jump(undefined)],
  [0xf000, 0xd000, (cpu, op) => cpu.branch(cpu.at + 4 + 2 * signed(imm8(op), 8))],
  [0xf800, 0xe000, (cpu, op) => cpu.jump(cpu.at + 4 + 2 * signed(op & 0x7ff, 11))],
];

function shift(cpu: Thumb, op: number, by: (value: number) => number): void {
  cpu.set(low(op), both(cpu.get(middle(op)), 0, by));
}

function minus(a: Value, b: Value): Value {
  return both(a, b, (x, y) => x - y);
}

/** By the four bits that say which (A5.2.2); comparisons are not here, they change flags only. */
const ARITHMETIC: ReadonlyMap<number, (a: number, b: number) => number> = new Map([
  [0, (a, b) => a & b],
  [1, (a, b) => a ^ b],
  [9, (_, b) => -b],
  [12, (a, b) => a | b],
  [13, (a, b) => Math.imul(a, b)],
  [14, (a, b) => a & ~b],
  [15, (_, b) => ~b],
]);
const COMPARISONS = new Set([8, 10, 11]);

function arithmetic(cpu: Thumb, op: number): void {
  const kind = (op >> 6) & 15;
  if (COMPARISONS.has(kind)) return;
  const join = ARITHMETIC.get(kind);
  const onlySource = kind === 9 || kind === 15;
  const first = onlySource ? 0 : cpu.get(low(op));
  cpu.set(low(op), join && both(first, cpu.get(middle(op)), join));
}

/** Of instructions that name all registers (A5.2.3) */
function targetOf(op: number): number {
  return (op & 7) | ((op >> 4) & 8);
}

function sourceOf(op: number): number {
  return (op >> 3) & 15;
}

function setAny(cpu: Thumb, op: number, value: Value): void {
  const target = targetOf(op);
  if (target === PC) cpu.jump(undefined);
  else cpu.set(target, target === SP ? undefined : value);
}

function pop(cpu: Thumb, op: number): void {
  cpu.forget(imm8(op));
  if ((op & 0x100) !== 0) cpu.jump(undefined);
}
