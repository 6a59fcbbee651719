// What the bytes of an image say of where it belongs. Half a megabyte takes a fifth of a second, and an update judges the same image
// for the file alone, for the running application and for its bootloader.
import { crc32 } from '../../protocol/index.js';
import type { Core } from '../parts/parts.js';
import { type Linked, whereLinked } from './linked.js';
import { type Reading, readCode } from './reading.js';
import type { Store } from './thumb-cpu.js';

export interface Evidence {
  readonly reading: Reading;
  /** Where code sets SCB->VTOR; a Cortex-M0 has no such register */
  readonly vtor: readonly Store[];
  readonly linked: Linked;
}

interface Found extends Evidence {
  readonly base: number;
  readonly hasVtor: boolean;
  /** Who owns the bytes may have put others there since. */
  readonly crc32: number;
}

const lastFound = new WeakMap<Uint8Array, Found>();

/**
 * @param base where the file puts the image, or where a device would
 * @param core undefined if nobody says
 */
export function evidenceOf(bytes: Uint8Array, base: number, core: Core | undefined): Evidence {
  const asked = { base, hasVtor: core !== 'cortex-m0', crc32: crc32(bytes) };
  const last = lastFound.get(bytes);
  if (last?.base === base && last.hasVtor === asked.hasVtor && last.crc32 === asked.crc32) {
    return last;
  }
  const reading = readCode({ base, bytes });
  const vtor = asked.hasVtor ? reading.vtor : [];
  const values = vtor.map(({ value }) => value);
  const linked = whereLinked(bytes, base, { made: reading.made, vtor: values });
  const found = { ...asked, reading, vtor, linked };
  lastFound.set(bytes, found);
  return found;
}
