// What a device with this flash would start, and why: the bootloader's decision as far as flash decides it
// (docs/bootloader-spec.md § 5, docs/design.md, rows 6 to 10). A button, a call or a fault may keep it all the same.
import { APP_BASE, crc32, ImageFlag, Stay } from '../../protocol/index.js';
import { sameBytes } from '../base/bytes.js';
import { sha256 } from '../base/sha256.js';
import { ANY_SRAM, isStack, wordAt } from '../image/vector-table.js';
import type { AddressRange } from '../parts/parts.js';
import type { FlashDump } from './dump.js';
import type { BootRecord } from './record.js';
import type { Entry } from './slots.js';

/** What the bootloader was built for; undefined members are not known and not checked. */
export interface BootFacts {
  readonly appBase: number;
  readonly appEnd?: number;
  readonly ram?: AddressRange;
  /** Trial boots of an image that wants confirmation */
  readonly trials?: number;
}

/** Any part, any board */
export const UNKNOWN_BOARD: BootFacts = { appBase: APP_BASE };

/** An image in flash against its header */
export interface ImageCheck {
  readonly crc32: boolean;
  readonly sha256: boolean;
  readonly vectors: boolean;
}

export interface Start {
  /** True: the image is started; false: the bootloader stays; undefined: the dump does not tell */
  readonly starts: boolean | undefined;
  /** As HELLO says it; NONE if the image is started or the dump does not tell */
  readonly stay: Stay;
  readonly why: string;
  /** Undefined if the image is not in the dump, or its header makes no sense */
  readonly check?: ImageCheck;
}

const SMALLEST_IMAGE = 8;

export function decideStart(
  { installed, active }: BootRecord,
  dump: FlashDump,
  facts: BootFacts = UNKNOWN_BOARD,
): Start {
  if (!installed) {
    return stays(
      Stay.NO_RECORD,
      active
        ? 'no image was ever installed: no entry is TOUCHED'
        : 'no image was ever installed: neither record area is good',
    );
  }
  if (!installed.marks.valid) {
    return stays(
      Stay.IN_PROGRESS,
      `the update of entry ${installed.sequence} is not finished: not VALID`,
    );
  }
  const fault = headerFault(installed, facts);
  if (fault !== undefined) return stays(Stay.IMAGE_BAD, fault);
  const { imageSize } = installed.header;
  const image = dump.read(facts.appBase, imageSize);
  if (!image) {
    return {
      starts: undefined,
      stay: Stay.NONE,
      why: `the record has a verified image, but not all of its ${imageSize} bytes are in the dump`,
    };
  }
  const check = checkInFlash(image, installed, facts);
  if (!check.crc32) return { ...stays(Stay.IMAGE_BAD, "the image's CRC-32 is wrong"), check };
  if (!check.vectors) {
    const why =
      'its stack pointer is not in RAM, or its reset vector is not odd and inside the image';
    return { ...stays(Stay.IMAGE_BAD, why), check };
  }
  return { ...trialOf(installed, facts), check };
}

function stays(stay: Stay, why: string): Start {
  return { starts: false, stay, why };
}

function headerFault({ header }: Entry, { appBase, appEnd }: BootFacts): string | undefined {
  const { loadAddress, imageSize } = header;
  if (loadAddress !== appBase) return 'its header has another load address than this device';
  const limit = appEnd === undefined ? Number.POSITIVE_INFINITY : appEnd - appBase;
  if (imageSize >= SMALLEST_IMAGE && imageSize <= limit) return undefined;
  return `its header says ${imageSize} bytes, which can not be`;
}

function checkInFlash(image: Uint8Array, { header }: Entry, facts: BootFacts): ImageCheck {
  const stack = wordAt(image, 0);
  const reset = wordAt(image, 4);
  const { appBase, ram = ANY_SRAM } = facts;
  return {
    crc32: crc32(image) === header.imageCrc32,
    sha256: sameBytes(sha256(image), header.imageSha256),
    vectors:
      stack % 4 === 0 &&
      isStack(stack, [ram]) &&
      reset % 2 === 1 &&
      reset > appBase &&
      reset < appBase + image.length,
  };
}

function trialOf({ header, marks, trials }: Entry, facts: BootFacts): Start {
  const verified = 'verified, and its CRC-32 and vectors are right';
  if ((header.flags & ImageFlag.CONFIRM) === 0) return starts(verified);
  if (marks.confirmed) return starts(`${verified}; it has confirmed itself`);
  const counted = `${trials} trial boot${trials === 1 ? '' : 's'} counted`;
  if (facts.trials === undefined) {
    return starts(`${verified}; not confirmed, ${counted}, the board says how many it may have`);
  }
  if (trials >= facts.trials) {
    return stays(
      Stay.TRIALS_USED,
      `it never confirmed itself in ${facts.trials} trial boots; after a minute it is started all the same`,
    );
  }
  return starts(`${verified}; not confirmed, ${counted} of ${facts.trials}`);
}

function starts(why: string): Start {
  return { starts: true, stay: Stay.NONE, why };
}
