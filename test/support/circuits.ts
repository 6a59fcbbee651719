// What RTS and DTR do to reset and BOOT0 on the boards that the presets are named after: from the circuits, not from the presets.
import type { Circuit } from './fake-rom.js';

export const CIRCUITS: Readonly<Record<string, Circuit>> = {
  // DTR# to NRST, RTS# to BOOT0
  'dtr-reset': ({ dtr, rts }) => (dtr ? (rts ? 'boot0' : 'run') : 'reset'),
  'rts-reset': ({ dtr, rts }) => (rts ? (dtr ? 'boot0' : 'run') : 'reset'),
  // One-key circuit: PNP from RTS# to BOOT0; NPN to NRST, base at DTR#, emitter at RTS#
  flymcu: ({ dtr, rts }) => (dtr && !rts ? 'reset' : rts ? 'run' : 'boot0'),
};
