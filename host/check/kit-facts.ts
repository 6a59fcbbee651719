// The board that an application's kit was compiled for, as the kit carries it in the image (structure kit_facts).
import {
  Capability,
  crc32,
  decode,
  KIT_MAGIC,
  KitFacts,
  MAILBOX_ADDRESS,
  Mailbox,
} from '../../protocol/index.js';
import { hex32 } from '../base/text.js';
import type { Elf } from '../image/elf.js';
import { variablesOf } from '../image/elf-variables.js';
import { wordAt } from '../image/vector-table.js';
import type { Finding } from './finding.js';

/** What is known of the device; what is not known is not judged. */
export interface KitTarget {
  readonly part?: string | undefined;
  readonly appBase?: number | undefined;
  readonly appEnd?: number | undefined;
  readonly pageSize?: number | undefined;
  /** 'unsaid': a wire each way, or a bootloader from before it was said, with a transceiver that switches itself */
  readonly halfDuplex?: boolean | 'unsaid' | undefined;
}

const CRC_SIZE = 4;
/** Of the first kits' structure, which ends before the capabilities [bytes] */
const LEAST = 76;
/** Of the word with format and size */
const SIZE_AT = 4;
/** A crafted image full of magic words must not keep us busy */
const LARGEST = 1024;

/** Usually one; none without the kit, with one that is older, or if the linker left it out because nothing starts it. */
export function kitFacts(bytes: Uint8Array): KitFacts[] {
  const found: KitFacts[] = [];
  // By its first byte: most words are not even looked at.
  for (let at = -1; ; ) {
    at = bytes.indexOf(KIT_MAGIC & 0xff, at + 1);
    if (at < 0) break;
    if (at % 4 !== 0 || wordAt(bytes, at) !== KIT_MAGIC) continue;
    const facts = factsIn(bytes.subarray(at));
    if (facts) found.push(facts);
  }
  return found;
}

/** A later format has the fields of this one, and more; what an earlier one has not is 0, and its size tells. */
function factsIn(bytes: Uint8Array): KitFacts | undefined {
  const size = wordAt(bytes, SIZE_AT) >>> 16;
  if (size < LEAST || size > Math.min(LARGEST, bytes.length)) return undefined;
  const body = bytes.subarray(0, size - CRC_SIZE);
  if (crc32(body) !== wordAt(bytes, body.length)) return undefined;
  const known = new Uint8Array(KitFacts.size);
  known.set(body.subarray(0, KitFacts.size - CRC_SIZE));
  known.set(bytes.subarray(body.length, size), KitFacts.size - CRC_SIZE);
  return decode(KitFacts, known);
}

/** An image may have others in it, which it programs elsewhere: one that fits is enough. */
export function kitFinding(all: readonly KitFacts[], target: KitTarget): Finding | undefined {
  const differing = all.map((facts) => ({ facts, differences: differencesOf(facts, target) }));
  const [first] = differing;
  if (!first || differing.some(({ differences }) => differences.length === 0)) return undefined;
  const { facts, differences } = first;
  const { appBase, appEnd, pageSize, part } = facts;
  const unsure = differences.every(({ sure }) => !sure);
  return {
    id: 'kit-other-board',
    severity: unsure ? 'warning' : 'error',
    code: 'IMAGE_WRONG_HARDWARE',
    message: `the app kit in it is compiled for board ${facts.board}: ${differences.map(({ what, found, wanted }) => `${what} ${found} instead of ${wanted}`).join(', ')}`,
    found: `board ${facts.board}`,
    expected: differences.map(({ what, wanted }) => `${what} ${wanted}`).join(', '),
    hint: unsure
      ? 'right if the device is on a pair and its bootloader older than that it says so; otherwise take the image for this device'
      : 'compile the application with iap_board.h of the device that it is for, or take the image for this device',
    details: { board: facts.board, part, appBase, appEnd, pageSize },
  };
}

interface Difference {
  readonly what: string;
  readonly found: string;
  readonly wanted: string;
  /** Not if what is wanted was never said */
  readonly sure: boolean;
}

function differencesOf(facts: KitFacts, target: KitTarget): Difference[] {
  const { part, appBase, appEnd, pageSize } = target;
  const differing = (what: string, found: string, wanted?: string, sure = true): Difference[] =>
    wanted === undefined || wanted === found ? [] : [{ what, found, wanted, sure }];
  const address = (value?: number): string | undefined =>
    value === undefined ? undefined : hex32(value);
  return [
    ...differing('part', facts.part, part === '' ? undefined : part),
    ...differing('first address', hex32(facts.appBase), address(appBase)),
    ...differing('end of the application area', hex32(facts.appEnd), address(appEnd)),
    ...differing('pages of', String(facts.pageSize), pageSize?.toString()),
    ...lineDifference(facts, target),
  ];
}

function lineDifference(facts: KitFacts, { halfDuplex }: KitTarget): Difference[] {
  if (halfDuplex === undefined || facts.size < KitFacts.size) return [];
  const line = (half: boolean): string => (half ? 'a half-duplex pair' : 'a wire each way');
  const isHalf = (facts.capabilities & Capability.HALF_DUPLEX) !== 0;
  const wanted = halfDuplex === true;
  if (isHalf === wanted) return [];
  return [
    { what: 'line', found: line(isHalf), wanted: line(wanted), sure: halfDuplex !== 'unsaid' },
  ];
}

/** The start-up code clears or fills what lies there before the kit has read it. */
export function mailboxFinding(bytes: Uint8Array, elf: Elf | undefined): Finding | undefined {
  const end = MAILBOX_ADDRESS + Mailbox.size;
  const stack = wordAt(bytes, 0);
  const over =
    elf &&
    variablesOf(elf).find(({ address, size }) => address < end && address + size > MAILBOX_ADDRESS);
  const what = over
    ? `variables from ${hex32(over.address)} to ${hex32(over.address + over.size)} lie`
    : stack > MAILBOX_ADDRESS && stack <= end
      ? `the stack, which begins at ${hex32(stack)}, lies`
      : undefined;
  if (what === undefined) return undefined;
  return {
    id: 'mailbox-overlap',
    severity: 'warning',
    code: 'IMAGE_VECTORS',
    message: `${what} over the mailbox at ${hex32(MAILBOX_ADDRESS)}: the kit works, but what the bootloader reports to it (struct iap_app, report) is lost`,
    found: `RAM in use at ${hex32(MAILBOX_ADDRESS)}`,
    expected: `${Mailbox.size} bytes of RAM from ${hex32(MAILBOX_ADDRESS)} on left free`,
    hint: 'leave it so if the application does not read the report; otherwise docs/integrating.md, step 3',
  };
}
