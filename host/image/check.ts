// Does this image fit this device? Everything the device would refuse, and all that "iap check" calls an error, said before it is disturbed.
import { Mode } from '../../protocol/index.js';
import { type Allowable, tolerated } from '../check/allow.js';
import type { Finding } from '../check/finding.js';
import { judge } from '../check/judge.js';
import { PARTS } from '../parts.generated.js';
import type { Image } from './image.js';

/** What HELLO says, as far as an image must fit it */
export interface Target {
  /** Name of a part: if this package knows it, its RAM, interrupt vectors and core are held against the image */
  readonly part?: string;
  readonly appBase: number;
  readonly appEnd: number;
  readonly product: Uint8Array;
  readonly hardware: number;
  readonly identityFlags: number;
  readonly uniqueId: Uint8Array;
  /** An application does not know what its bootloader can do: with mode APP this is not judged */
  readonly capabilities: number;
  readonly mode?: number;
}

/**
 * @param allow errors that do not keep the image from being written
 * @returns what is left to tell: warnings, and errors that are allowed
 * @throws IapError IMAGE_… for the first error that "iap check" would tell
 */
export function checkImage(
  image: Image,
  target: Target,
  allow: readonly Allowable[] = [],
): Finding[] {
  const { capabilities: _, ...known } = target;
  const identity = target.mode === Mode.APP ? known : target;
  const part = PARTS.find(({ name }) => name === target.part);
  const expected = { area: target, identity, ...(part ? { part } : {}) };
  return tolerated(judge({ gaps: [], ...image.file, image }, expected).findings, allow);
}
