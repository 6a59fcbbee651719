// Deliberately broken bootloaders, each with the check that must notice.
import type { Mutant } from '../mutant.js';
import { BEGIN } from './begin.js';
import { COMPRESSED } from './compressed.js';
import { DATA } from './data.js';
import { END } from './end.js';
import { FRAMES } from './frames.js';
import { HALF_DUPLEX } from './half-duplex.js';
import { POWER } from './power.js';
import { RECORD } from './record.js';
import { REQUESTS } from './requests.js';
import { SIGNED } from './signed.js';
import { START } from './start.js';

export const BOOTLOADER_MUTANTS: readonly Mutant[] = [
  ...FRAMES,
  ...REQUESTS,
  ...BEGIN,
  ...DATA,
  ...COMPRESSED,
  ...END,
  ...RECORD,
  ...START,
  ...POWER,
  ...SIGNED,
  ...HALF_DUPLEX,
];

/** Requirements without a mutant, and why */
export const WITHOUT: Readonly<Record<string, string>> = {};
