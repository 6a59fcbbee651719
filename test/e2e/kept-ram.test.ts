// What the bootloader does with RAM over a reset, an update included: how much stack it takes, and what it leaves alone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { built, demoImage, PART_NAMES, PARTS, type Part } from '../support/board.js';
import { symbol } from '../support/stack.js';
import { expectDone, flash, powerUp } from './bench.js';

const RAM = 0x2000_0000;
const MAILBOX = 0x2000_1fe0;
/** Vectors of a Cortex-M0's application */
const VECTORS = 192;
/** Of its stack the bootloader that runs may be using while RAM is painted. */
const IN_USE = 700;
/** Bytes that the control command takes at once */
const PIECE = 4096;
const PAINT = 'a5';

interface Symbols {
  readonly bssEnd: number;
  readonly stackTop: number;
  /** Bytes that the linker keeps for the stack */
  readonly stack: number;
}

function symbols(part: Part, name: string): Symbols {
  const elf = built('build', part, `${name}.elf`);
  return {
    bssEnd: symbol(elf, 'link_bss_end'),
    stackTop: symbol(elf, 'link_stack_top'),
    stack: symbol(elf, 'link_stack_needed'),
  };
}

type Range = readonly [from: number, to: number];

const RANGE = '(0x[0-9A-F]{8}) to (0x[0-9A-F]{8})';

/** Rows "| board | 0x… to 0x… | the same, or another range |" of docs/memory-map.md, what is kept over a reset */
const documented = new Map<string, { readonly plain: Range; readonly signed: Range }>(
  [
    ...readFileSync(join('docs', 'memory-map.md'), 'utf8').matchAll(
      new RegExp(`^\\| ([\\w-]+) \\| ${RANGE} \\| (?:the same|${RANGE}) \\|`, 'gm'),
    ),
  ].map(([, name = '', from, to, fromSigned = from, toSigned = to]) => [
    name,
    {
      plain: [Number(from), Number(to) + 1],
      signed: [Number(fromSigned), Number(toSigned) + 1],
    },
  ]),
);

describe.each(PART_NAMES)('%s', (part) => {
  const { core } = PARTS[part];
  const low = RAM + (core === 'cortex-m0' ? VECTORS : 0);
  const { bssEnd, stackTop, stack } = symbols(part, 'bootloader');

  test.each([
    ['plain', 'bootloader'],
    ['signed', 'bootloader-signed'],
  ] as const)('what the documents say is kept: %s', (column, name) => {
    const [from, to] = documented.get(part)?.[column] ?? [0, 0];
    const its = symbols(part, name);
    const kept = its.bssEnd > MAILBOX ? [low, MAILBOX] : [its.bssEnd, its.stackTop - its.stack];
    expect(from).toBeGreaterThanOrEqual(kept[0] ?? 0);
    expect(to).toBeLessThanOrEqual(kept[1] ?? 0);
    expect(to - from).toBeGreaterThanOrEqual(1024);
  });

  test('an update keeps to its stack', async () => {
    const board = await powerUp(part);
    const painted: [number, number][] = [[bssEnd, stackTop - IN_USE]];
    if (bssEnd > MAILBOX) painted.push([low, MAILBOX]);
    const pieces = painted.flatMap(([from, to]) =>
      Array.from({ length: Math.ceil((to - from) / PIECE) }, (_, i) => {
        const at = from + i * PIECE;
        return { at, size: Math.min(PIECE, to - at) };
      }),
    );
    for (const { at, size } of pieces) await board.command(`poke ${at} ${PAINT.repeat(size)}`);
    await board.command('reset');
    expectDone(await flash(board, demoImage(part, 1), '--no-boot'));
    expectDone(await flash(board, demoImage(part, 2), '--no-boot'));
    let lowest = stackTop - IN_USE;
    for (const { at, size } of pieces) {
      const { hex } = await board.command(`peek ${at} ${size}`);
      const first = (String(hex).match(/../g) ?? []).findIndex((byte) => byte !== PAINT);
      if (first >= 0) lowest = Math.min(lowest, at + first);
    }
    console.log(`${part}: ${stackTop - lowest} bytes of stack or less`);
    expect(stackTop - lowest).toBeLessThanOrEqual(stack - 240);
  });
});
