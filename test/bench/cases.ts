// What the benchmark measures, one row a case. Tests of speed take their images from here too.
import { demoImage, type Part } from '../support/board.js';

/** The part with the largest flash and the fastest clock of those that the virtual board knows: 512 KB, pages of 2 KB */
export const PART: Part = 'stm32f103xe';

/** An application that runs, and what it prints when it does */
export interface Program {
  readonly bytes: Uint8Array;
  readonly prints: string;
}

/** The demo application, and random bytes behind it: nothing that could be compressed. */
function random(version: 1 | 2, kib: number): Program {
  return { bytes: demoImage(PART, version, kib * 1024), prints: `demo ${version}: tick` };
}

export const PROGRAMS = {
  'random-100': () => random(1, 100),
  'random-100-other': () => random(2, 100),
  'random-480': () => random(1, 480),
} as const satisfies Readonly<Record<string, () => Program>>;

export type ProgramName = keyof typeof PROGRAMS;

/** An update by the whole command, with the old application running */
export interface UpdateCase {
  readonly kind: 'update';
  readonly what: string;
  /** What is installed; missing: nothing, flash is blank */
  readonly from?: ProgramName;
  readonly to: ProgramName;
  readonly baud: number;
}

export type Case = UpdateCase;

export const CASES: Readonly<Record<string, Case>> = {
  'random-100': {
    kind: 'update',
    what: '100 KB of random bytes, 115200',
    from: 'random-100-other',
    to: 'random-100',
    baud: 115_200,
  },
  same: {
    kind: 'update',
    what: 'the same image of 480 KB again',
    from: 'random-480',
    to: 'random-480',
    baud: 115_200,
  },
};
