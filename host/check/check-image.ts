// Does this image fit this device? Everything the device would refuse, and all that "iap check" calls an error, said before it is disturbed.
import { Capability, Mode, type Security } from '../../protocol/index.js';
import type { Image } from '../image/image.js';
import { PARTS } from '../parts/parts.generated.js';
import { ALLOWABLE, type Allowable, tolerated } from './allow.js';
import type { Finding, FindingId } from './finding.js';
import { judge } from './judge.js';
import type { KitTarget } from './kit-facts.js';
import type { DeviceIdentity } from './package.js';

/** What HELLO says, as far as an image must fit it */
export interface Target {
  /**
   * Name of a part, which the app kit must be for; if this package knows it, its RAM, interrupt vectors and core are held against the
   * image. An image that is packed may be for any.
   */
  readonly part?: string;
  readonly appBase: number;
  readonly appEnd: number;
  readonly pageSize?: number;
  readonly product: Uint8Array;
  readonly hardware: number;
  readonly identityFlags: number;
  readonly uniqueId: Uint8Array;
  /** An application does not know what its bootloader can do: with mode APP this is not judged */
  readonly capabilities: number;
  readonly mode?: number;
  /** Its line, where that is known otherwise: a bootloader that does not say HALF_DUPLEX may be older than that */
  readonly halfDuplex?: boolean;
  /** Only a bootloader that takes signed images alone says it */
  readonly security?: Security;
}

/** An application that runs tells its kit's facts, and that may be compiled for another board. */
const BY_FACTS: readonly FindingId[] = ['wrong-address', 'too-large', 'kit-other-board'];
const APP_SAYS =
  '; the running application says what this device is: if that is wrong, reset it under "--wait", and its bootloader says';

/**
 * @param allow errors that do not keep the image from being written
 * @returns what is left to tell: warnings, and errors that are allowed
 * @throws IapError IMAGE_… for the first error that "iap check" would tell
 */
export function checkImage(image: Image, target: Target, allow?: readonly Allowable[]): Finding[] {
  const { capabilities: _, ...known } = target;
  const byApp = target.mode === Mode.APP;
  return tolerated(findingsOf(image, target, byApp ? known : target), allow);
}

/**
 * For a comparison: its bytes alone are judged. What a header asks for, and who has to sign it, says who takes the image, not who has it.
 * @throws IapError IMAGE_… for bytes that no device can have
 */
export function checkComparable({ header: _, ...image }: Image, target: Target): void {
  tolerated(findingsOf(image, target, {}), ALLOWABLE);
}

/** Undefined: an application that does not say so may have forgotten it. */
function halfDuplexOf({ capabilities, mode, halfDuplex }: Target): KitTarget['halfDuplex'] {
  if (halfDuplex !== undefined) return halfDuplex;
  if ((capabilities & Capability.HALF_DUPLEX) !== 0) return true;
  return mode === Mode.BOOTLOADER ? 'unsaid' : undefined;
}

function findingsOf(image: Image, target: Target, identity: DeviceIdentity): Finding[] {
  const part = PARTS.find(({ name }) => name === target.part);
  const { findings } = judge(
    { ...image.file, image },
    {
      area: target,
      identity,
      kit: target.part === undefined ? {} : { ...target, halfDuplex: halfDuplexOf(target) },
      ...(part ? { part } : {}),
    },
  );
  return findings.map((finding) =>
    target.mode === Mode.APP && BY_FACTS.includes(finding.id)
      ? { ...finding, hint: finding.hint + APP_SAYS }
      : finding,
  );
}
