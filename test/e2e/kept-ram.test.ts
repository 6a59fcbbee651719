// What the bootloader does with RAM over a reset, an update included: how much stack it takes, and what it leaves alone.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { built, demoImage, PART_NAMES, PARTS, type Part } from '../support/board.js';
import { SignedUnit } from '../support/signed-unit.js';
import { expectDone, flash, powerUp } from './bench.js';

const RAM = 0x2000_0000;
const MAILBOX = 0x2000_1fe0;
/** Vectors of a Cortex-M0's application */
const VECTORS = 192;
type Kind = 'bootloader' | 'bootloader-signed';
/** Bytes that linker/bootloader.ld keeps for the stack */
const STACK = { bootloader: 1280, 'bootloader-signed': 1792 } as const;
/** Of it the bootloader that runs may be using while RAM is painted. */
const IN_USE = 700;
/** Bytes that the control command takes at once */
const PIECE = 4096;
const PAINT = 'a5';

function symbols(part: Part, kind: Kind): { bssEnd: number; stackTop: number } {
  const text = execFileSync('arm-none-eabi-nm', [built('build', part, `${kind}.elf`)], {
    encoding: 'utf8',
  });
  const at = (name: string): number =>
    Number.parseInt(new RegExp(`^([0-9a-f]+) . ${name}$`, 'm').exec(text)?.[1] ?? '', 16);
  return { bssEnd: at('link_bss_end'), stackTop: at('link_stack_top') };
}

/** Rows "| board | 0x… to 0x… | 0x… to 0x… |" of docs/memory-map.md: what is kept over a reset, unsigned and signed */
const documented = new Map(
  [
    ...readFileSync(join('docs', 'memory-map.md'), 'utf8').matchAll(
      /^\| ([\w-]+) \| (0x[0-9A-F]{8}) to (0x[0-9A-F]{8}) \| (?:(0x[0-9A-F]{8}) to (0x[0-9A-F]{8})|the same) \|/gm,
    ),
  ].map(([, name = '', from, to, signedFrom = from, signedTo = to]) => [
    name,
    {
      bootloader: [Number(from), Number(to) + 1],
      'bootloader-signed': [Number(signedFrom), Number(signedTo) + 1],
    },
  ]),
);

describe.each(PART_NAMES)('%s', (part) => {
  const { core } = PARTS[part];
  // With more than 8 KB neither reaches down to what is kept.
  const small = symbols(part, 'bootloader').bssEnd <= MAILBOX;
  const kinds: readonly Kind[] = small ? ['bootloader', 'bootloader-signed'] : ['bootloader'];

  test.each(kinds)(
    '%s: an update keeps to its stack, and leaves alone what the documents say',
    async (kind) => {
      const { bssEnd, stackTop } = symbols(part, kind);
      const unit = kind === 'bootloader' ? undefined : new SignedUnit(part);
      const image = (version: 1 | 2): Uint8Array =>
        unit?.package(demoImage(part, version)) ?? demoImage(part, version);
      const board = await powerUp(part, unit ? { load: unit.flash() } : {});
      const low = RAM + (core === 'cortex-m0' ? VECTORS : 0);
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
      expectDone(await flash(board, image(1), '--no-boot'));
      expectDone(await flash(board, image(2), '--no-boot'));
      let lowest = stackTop - IN_USE;
      for (const { at, size } of pieces) {
        const { hex } = await board.command(`peek ${at} ${size}`);
        const first = (String(hex).match(/../g) ?? []).findIndex((byte) => byte !== PAINT);
        if (first >= 0) lowest = Math.min(lowest, at + first);
      }
      console.log(`${part}, ${kind}: ${stackTop - lowest} bytes of stack or less`);
      expect(stackTop - lowest).toBeLessThanOrEqual(STACK[kind] - 256);

      const [from = 0, to = 0] = documented.get(part)?.[kind] ?? [];
      const kept = bssEnd > MAILBOX ? [low, MAILBOX] : [bssEnd, stackTop - STACK[kind]];
      expect(from).toBeGreaterThanOrEqual(kept[0] ?? 0);
      expect(to).toBeLessThanOrEqual(kept[1] ?? 0);
      expect(to - from).toBeGreaterThanOrEqual(1024);
    },
  );
});
