// What the linker reserves for a bootloader's stack. The virtual board watches that no more is used.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Part } from './boards.js';

const known = new Map<string, number>();

/** Bytes, of the bootloader that takes signed images alone or of the other one */
export function reservedStack(part: Part, signed: boolean): number {
  const own = join('build', part, signed ? 'bootloader-signed.elf' : 'bootloader.elf');
  const elf = existsSync(own) ? own : join('build', part, 'bootloader.elf');
  const bytes = known.get(elf) ?? symbol(elf, 'link_stack_needed');
  known.set(elf, bytes);
  return bytes;
}

/** Value of a symbol of a linked program */
export function symbol(elf: string, name: string): number {
  const text = execFileSync('arm-none-eabi-nm', [elf], { encoding: 'utf8' });
  const [, value = ''] = new RegExp(`^([0-9a-f]+) . ${name}$`, 'm').exec(text) ?? [];
  if (value === '') throw new Error(`${elf} has no symbol ${name}`);
  return Number.parseInt(value, 16);
}
