// Does this image fit this device? Everything the device would refuse, and all that "iap check" calls an error, said before it is disturbed.
import { Mode } from '../../protocol/index.js';
import { errorOf, type FindingId } from '../check/finding.js';
import { judge } from '../check/judge.js';
import type { Part } from '../parts.js';
import type { Image } from './image.js';

/** What HELLO says, as far as an image must fit it */
export interface Target {
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

export interface CheckOptions {
  /** Of the name in HELLO; without it RAM, interrupt vectors and core are judged for any part */
  readonly part?: Part | undefined;
  /** Findings that somebody has looked at, and takes */
  readonly allow?: readonly FindingId[] | undefined;
}

/** @throws IapError IMAGE_… for the first error that "iap check" would tell */
export function checkImage(
  image: Image,
  target: Target,
  { part, allow = [] }: CheckOptions = {},
): void {
  const { capabilities: _, ...known } = target;
  const identity = target.mode === Mode.APP ? known : target;
  const format = image.header ? 'package' : 'binary';
  const expected = { area: target, identity, ...(part ? { part } : {}) };
  const { findings } = judge({ format, image }, expected);
  const first = findings.find(({ id, severity }) => severity === 'error' && !allow.includes(id));
  if (first) throw errorOf(first);
}
