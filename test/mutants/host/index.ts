// Deliberately broken hosts, each with the test of test/host that must notice. Numbers are those of docs/protocol.md § 13.
import type { Mutant } from '../mutant.js';
import { BELIEF } from './belief.js';
import { COMPRESS } from './compress.js';
import { CONVERSATION } from './conversation.js';
import { HALF_DUPLEX } from './half-duplex.js';
import { PAIR } from './pair.js';
import { STATUS } from './status.js';
import { TRANSFER } from './transfer.js';
import { UPDATE } from './update.js';

export const HOST_MUTANTS: readonly Mutant[] = [
  ...CONVERSATION,
  ...TRANSFER,
  ...UPDATE,
  ...STATUS,
  ...BELIEF,
  ...COMPRESS,
  ...HALF_DUPLEX,
  ...PAIR,
];
