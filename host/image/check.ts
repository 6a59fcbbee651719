// Does this image fit this device? Everything the device would refuse, said before it is disturbed.
import { Mode } from '../../protocol/index.js';
import { errorOf, type Finding, type FindingId } from '../check/finding.js';
import { kitFacts, kitFinding } from '../check/kit-facts.js';
import { packageFindings } from '../check/package.js';
import { addressFinding, sizeFinding } from '../check/place.js';
import { resetFinding, stackFinding } from '../check/vectors.js';
import type { Image } from './image.js';

/** What HELLO says, as far as an image must fit it */
export interface Target {
  readonly appBase: number;
  readonly appEnd: number;
  /** Of a device; an image that is packed may be for any, and its kit is then not judged */
  readonly part?: string;
  readonly pageSize?: number;
  readonly product: Uint8Array;
  readonly hardware: number;
  readonly identityFlags: number;
  readonly uniqueId: Uint8Array;
  /** An application does not know what its bootloader can do: with mode APP this is not judged */
  readonly capabilities: number;
  readonly mode?: number;
}

/** An application that runs tells its kit's facts, and that may be compiled for another board. */
const BY_FACTS: readonly FindingId[] = ['wrong-address', 'too-large', 'kit-other-board'];
const APP_SAYS =
  '; the running application says what this device is: if that is wrong, reset it under "--wait", and its bootloader says';

/** @throws IapError IMAGE_… for the first thing that is wrong; "iap check" tells all */
export function checkImage(image: Image, target: Target): void {
  for (const finding of findings(image, target)) {
    if (finding?.severity !== 'error') continue;
    const byApp = target.mode === Mode.APP && BY_FACTS.includes(finding.id);
    throw errorOf(byApp ? { ...finding, hint: finding.hint + APP_SAYS } : finding);
  }
}

/** In this order, each only if there is nothing before it: what the next one judges must make sense. */
function* findings(image: Image, target: Target): Generator<Finding | undefined> {
  const { capabilities: _, ...known } = target;
  yield* packageFindings(image, target.mode === Mode.APP ? known : target);
  yield addressFinding(image, target);
  yield sizeFinding(image, target);
  yield stackFinding(image.bytes);
  yield resetFinding(image.bytes, target.appBase, target);
  if (target.part !== undefined) yield kitFinding(kitFacts(image.bytes), target);
}
