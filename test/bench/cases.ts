// What the benchmark measures, one row a case. Tests of speed take their images from here too.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadImage } from '../../host/image/load.js';
import { built, demoImage, type Part } from '../support/board.js';

/** The part with the largest flash of those that the virtual board knows: 512 KB, pages of 2 KB */
export const PART: Part = 'stm32f103xe';
/** Where the firmware is taken from: another checkout is measured with ours. */
const ROOT = process.env.IAP_BENCH_IMAGES ?? '.';

/** An application that runs, and what it prints when it does */
export interface Program {
  readonly bytes: Uint8Array;
  readonly prints: string;
}

/** The demo application, and random bytes behind it: nothing that could be compressed. */
function random(version: 1 | 2, kib: number): Program {
  return { bytes: demoImage(PART, version, kib * 1024), prints: `demo ${version}: tick` };
}

/** Of test/firmware; "plain": linked in the order in which the linker meets things */
function firmware(name: string): Program {
  const file = built(join(ROOT, 'build', 'firmware', `${name}.elf`));
  const { bytes } = loadImage(new Uint8Array(readFileSync(file)));
  return { bytes, prints: `${name.split('-')[0]}: running` };
}

function onePageChanged(): Program {
  const { bytes, prints } = random(1, 480);
  const at = bytes.length / 2;
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  return { bytes, prints };
}

export const PROGRAMS = {
  'random-100': () => random(1, 100),
  'random-100-other': () => random(2, 100),
  'random-480': () => random(1, 480),
  'random-480-other': () => random(2, 480),
  'random-480-one-page': onePageChanged,
  newlib: () => firmware('newlib'),
  'newlib-edited': () => firmware('newlib-edited'),
  'newlib-plain': () => firmware('newlib-plain'),
  'newlib-edited-plain': () => firmware('newlib-edited-plain'),
  other: () => firmware('other-plain'),
} as const satisfies Readonly<Record<string, () => Program>>;

export type ProgramName = keyof typeof PROGRAMS;

/** An update by the whole command, while the old application runs */
export interface UpdateCase {
  readonly kind: 'update';
  readonly what: string;
  /** What is installed; missing: nothing, flash is blank */
  readonly from?: ProgramName;
  readonly to: ProgramName;
  readonly baud: number;
}

/** From power-on to the application's first byte, in the board's own time */
export interface StartCase {
  readonly kind: 'start';
  readonly what: string;
  readonly of: ProgramName;
}

/** A blank part becomes a product through its ROM bootloader. */
export interface FactoryCase {
  readonly kind: 'factory';
  readonly what: string;
  readonly to: ProgramName;
  /** Of the adapter [ms] */
  readonly latencyMs: number;
}

export type Case = UpdateCase | StartCase | FactoryCase;

const ONE_LINE = { kind: 'update', from: 'newlib-plain', to: 'newlib-edited-plain' } as const;
const factory = (latencyMs: number): FactoryCase => ({
  kind: 'factory',
  what: `blank part to 100 KB product, adapter ${latencyMs} ms`,
  to: 'random-100',
  latencyMs,
});
const update = (what: string, from: ProgramName | undefined, to: ProgramName, baud = 115_200) =>
  ({ kind: 'update', what, ...(from === undefined ? {} : { from }), to, baud }) as const;

export const CASES: Readonly<Record<string, Case>> = {
  'one-line': { ...ONE_LINE, what: '113 KB, one line added, all pages move', baud: 115_200 },
  'one-line-app-ld': update('the same edit linked by app.ld', 'newlib', 'newlib-edited'),
  other: update('75 KB of other firmware', 'newlib-plain', 'other'),
  'random-100': update('100 KB of random bytes', 'random-100-other', 'random-100'),
  'random-480': update('480 KB of random bytes', 'random-480-other', 'random-480'),
  'over-100': update(
    '100 KB over another image, 921600 baud',
    'random-100-other',
    'random-100',
    921_600,
  ),
  'over-480': update(
    '480 KB over another image, 921600 baud',
    'random-480-other',
    'random-480',
    921_600,
  ),
  'blank-100': update('100 KB onto blank flash, 921600 baud', undefined, 'random-100', 921_600),
  'blank-480': update('480 KB onto blank flash, 921600 baud', undefined, 'random-480', 921_600),
  'one-page': update('one page of 480 KB changed', 'random-480', 'random-480-one-page'),
  same: update('the same 480 KB again', 'random-480', 'random-480'),
  start: { kind: 'start', what: 'power-on to the first byte of 480 KB', of: 'random-480' },
  'one-line-9600': { ...ONE_LINE, what: '113 KB, one line added, 9600 baud', baud: 9600 },
  'factory-0': factory(0),
  'factory-1': factory(1),
  'factory-16': factory(16),
};
