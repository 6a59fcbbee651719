// All checks, in the order in which they run: what others rest on first, what takes long last.
import type { Check } from '../check.js';
import { ADDRESS_CHECKS } from './addresses.js';
import { BEGIN_CHECKS } from './begin.js';
import { COMPRESSED_CHECKS } from './compressed.js';
import { COUNTER_CHECKS } from './counter.js';
import { DATA_CHECKS } from './data.js';
import { END_CHECKS } from './end.js';
import { FRAME_CHECKS } from './frames.js';
import { HALF_DUPLEX_CHECKS } from './half-duplex.js';
import { LINE_CHECKS } from './line.js';
import { POWER_CHECKS } from './power.js';
import { SIGNED_CHECKS } from './signed.js';
import { START_CHECKS } from './start.js';
import { TRIAL_CHECKS } from './trials.js';
import { WINDOW_CHECKS } from './window.js';

export const CHECKS: readonly Check[] = [
  ...FRAME_CHECKS,
  ...ADDRESS_CHECKS,
  ...LINE_CHECKS,
  ...HALF_DUPLEX_CHECKS,
  ...COUNTER_CHECKS,
  ...BEGIN_CHECKS,
  ...SIGNED_CHECKS,
  ...WINDOW_CHECKS,
  ...DATA_CHECKS,
  ...COMPRESSED_CHECKS,
  ...END_CHECKS,
  ...START_CHECKS,
  ...TRIAL_CHECKS,
  ...POWER_CHECKS,
];
