// One pair for both directions: who may send when.
import type { Mutant } from '../mutant.js';

export const HALF_DUPLEX: readonly Mutant[] = [
  {
    id: 'does not heed HALF_DUPLEX',
    requirements: ['H-47'],
    file: 'host/device/device.ts',
    find: 'if ((info.capabilities & Capability.HALF_DUPLEX) !== 0) session.halfDuplex = true;',
    replace: '',
    caughtBy: 'host:is updated, and nobody sends while another does: %s',
  },
  {
    id: 'sends as soon as an answer is there',
    requirements: ['H-47'],
    file: 'host/link/session.ts',
    find: 'while (this.clock.now() < this.#lastByteAt + TURN_MS) {',
    replace: 'while (this.clock.now() < this.#lastByteAt) {',
    caughtBy: 'host:sends nothing before the device has let go',
  },
  {
    id: 'tries a rate with many frames at once on a pair',
    requirements: ['H-47'],
    file: 'host/update/rate-proof.ts',
    find: 'const most = session.halfDuplex ? 1 : FRAMES;',
    replace: 'const most = FRAMES;',
    caughtBy: 'host:a rate is tried and held without two at once',
  },
  {
    id: 'asks in the middle of a burst on a pair',
    requirements: ['H-48'],
    file: 'host/update/transfer.ts',
    find: 'const ask = last || (due && !alone);',
    replace: 'const ask = last || due;',
    caughtBy: 'host:asks once a burst, at its end',
  },
  {
    id: 'calls on a pair before an answer can have begun',
    requirements: ['H-49'],
    file: 'host/device/connect.ts',
    find: 'return session.halfDuplex ? Math.max(pause, begun) : pause;',
    replace: 'return pause;',
    caughtBy: 'host:an answer that begins late is not called over',
  },
];
