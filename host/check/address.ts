// Whether an image is linked where applications are, and whether the file has the application alone.
import { hex32 } from '../base/text.js';
import { FLASH_BASE, inFlash } from '../image/areas.js';
import type { Image } from '../image/image.js';
import { isAlias, looksLikeVectors, wordAt } from '../image/vector-table.js';
import type { Finding, Fixes } from './finding.js';
import type { Candidate, Linked } from './linked.js';
import { type ApplicationArea, isOpen } from './place.js';

/** First address that an Intel HEX file with extended segment addresses can not name */
const SEGMENT_REACH = 0x10_fff0;
/** Initial stack pointer and reset vector [bytes] */
const VECTORS = 8;
/** Smallest page: applications begin with one */
const PAGE = 0x400;

/** @param linked by what the image holds, held against the file's address, or the application's if it has none */
export function addressFinding(
  image: Image,
  area: ApplicationArea,
  linked: Linked,
): Finding | undefined {
  const { base = area.appBase, bytes } = image;
  const { verdict, other, certain } = linked;
  if (verdict === 'elsewhere' && other) {
    if (!certain) return notHere(area, linked);
    return other.base === area.appBase ? misplaced(base, area) : linkedAt(other, area, linked);
  }
  if (base !== area.appBase) {
    const elsewhere = !looksLikeVectors(bytes, base) && looksLikeVectors(bytes, area.appBase);
    return elsewhere ? misplaced(base, area) : placedAt(base, area);
  }
  const reset = wordAt(bytes, 4);
  const inside = reset >= base && reset < base + bytes.length;
  const guess = inside ? undefined : onlyPlace(reset, bytes.length);
  if (!inside && (inFlash(reset) || guess !== undefined)) return notAtReset(reset, guess, area);
  // A file that names the address has answered the question.
  return verdict === 'open' && image.base === undefined ? unclear(area, linked) : undefined;
}

/** The place of a reset handler, if there is only one page in flash, or at its alias, where the image may begin */
function onlyPlace(reset: number, size: number): number | undefined {
  if (isAlias(reset, size)) return 0;
  if (!inFlash(reset)) return undefined;
  const last = Math.floor((reset - VECTORS) / PAGE) * PAGE;
  const first = Math.max(FLASH_BASE, Math.ceil((reset + 1 - size) / PAGE) * PAGE);
  return first === last ? first : undefined;
}

function misplaced(base: number, area: ApplicationArea): Finding {
  const { appBase } = area;
  const { fixes: _, ...common } = wrongAddress(area);
  return {
    ...common,
    message: `the file puts the image at ${hex32(base)}, but its vectors are for ${hex32(appBase)}, where applications of this device start`,
    found: `placed at ${hex32(base)}, linked for ${hex32(appBase)}`,
    hint: 'give the ELF file, or convert it again without an offset or a change of addresses',
    details: { base, appBase },
  };
}

function placedAt(base: number, area: ApplicationArea): Finding {
  const { appBase } = area;
  const common = wrongAddress(area);
  return {
    ...common,
    message: `the image is linked at ${hex32(base)}; applications of this device start at ${hex32(appBase)}`,
    found: `linked at ${hex32(base)}`,
    hint: common.hint + otherMistakes(base, appBase),
    details: { base, appBase },
  };
}

function notAtReset(reset: number, guess: number | undefined, area: ApplicationArea): Finding {
  const { appBase } = area;
  const seems = guess === undefined ? '' : `, so it seems linked at ${hex32(guess)}`;
  return {
    ...wrongAddress(area),
    message: `the image is not linked for ${hex32(appBase)}: its reset vector is ${hex32(reset)}${seems}`,
    found: `reset vector ${hex32(reset)}${seems}`,
    details: { reset, appBase },
  };
}

function linkedAt(other: Candidate, area: ApplicationArea, linked: Linked): Finding {
  return {
    ...wrongAddress(area),
    message: `the image is linked at ${hex32(other.base)}; applications of this device start at ${hex32(area.appBase)}: ${evidence(linked)}`,
    found: `linked at ${hex32(other.base)}`,
    details: { base: other.base, ...numbers(area, linked) },
  };
}

function notHere(area: ApplicationArea, linked: Linked): Finding {
  const { appBase } = area;
  return {
    ...wrongAddress(area),
    message: `the image is not linked at ${hex32(linked.here.base)}: ${evidence(linked)}`,
    found: `not linked at ${hex32(linked.here.base)}`,
    details: { appBase, ...numbers(area, linked) },
  };
}

/** A question: an error, because what is written on a guess may not start again. */
function unclear(area: ApplicationArea, linked: Linked): Finding {
  const { appBase } = area;
  return {
    ...wrongAddress(area),
    id: 'linked-unclear',
    message: `is the image linked at ${hex32(appBase)}? It does not tell: ${evidence(linked)}`,
    found: 'a raw binary that may be linked elsewhere',
    hint: `look in the map file; if it is linked at ${hex32(appBase)}, give the ELF or HEX file, or add --base ${hex32(appBase)}; else set FLASH ORIGIN to ${hex32(appBase)} in the linker script`,
    details: numbers(area, linked),
  };
}

/** The parts of the score, in words */
function evidence({ addresses, here, other }: Linked): string {
  const of = ({ base, begins, outside, vtor }: Candidate): string =>
    `linked at ${hex32(base)}, ${begins} of them begin a function or a text${outside > 0 ? ` and ${outside} are outside of it` : ''}${vtor ? ', and code sets SCB->VTOR to it' : ''}`;
  return `it holds ${addresses} addresses in flash; ${[here, ...(other ? [other] : [])].map(of).join('; ')}`;
}

function numbers(
  { appBase }: ApplicationArea,
  { addresses, here, other }: Linked,
): Record<string, number> {
  return {
    appBase,
    addresses,
    begins: here.begins,
    outside: here.outside,
    ...(other ? { other: other.base, otherBegins: other.begins, otherOutside: other.outside } : {}),
  };
}

function otherMistakes(base: number, appBase: number): string {
  if (base < appBase && base >= FLASH_BASE) {
    return '; if a bootloader is in the file, give the application alone';
  }
  return base > 0 && base < SEGMENT_REACH
    ? '; or the file was converted with 16-bit addresses, which lose the upper half'
    : '';
}

/** What all findings of a wrong address have in common */
function wrongAddress(area: ApplicationArea): Omit<Finding, 'message' | 'found'> {
  const { appBase } = area;
  return {
    id: 'wrong-address',
    severity: 'error',
    code: 'IMAGE_WRONG_ADDRESS',
    expected: `linked at ${hex32(appBase)}`,
    hint: `set FLASH ORIGIN to ${hex32(appBase)} in the linker script`,
    fixes: flashFixes(area),
  };
}

function flashFixes(area: ApplicationArea): Fixes {
  const { appBase, appEnd } = area;
  const start = hex32(appBase);
  if (isOpen(area)) {
    const less = `the flash less ${(appBase - FLASH_BASE) / 1024}K`;
    return {
      gcc: `in the .ld file, MEMORY: FLASH (rx) : ORIGIN = ${start}, LENGTH = ${less}`,
      keil: `Options for Target, Target: IROM1 Start ${start}, Size ${less}`,
      iar: `Linker, Config, Edit: .intvec start and ROM start ${start}`,
    };
  }
  const size = appEnd - appBase;
  return {
    gcc: `in the .ld file, MEMORY: FLASH (rx) : ORIGIN = ${start}, LENGTH = ${size / 1024}K`,
    keil: `Options for Target, Target: IROM1 Start ${start}, Size 0x${size.toString(16).toUpperCase()}`,
    iar: `Linker, Config, Edit: .intvec start and ROM start ${start}, ROM end ${hex32(appEnd - 1)}`,
  };
}

/** More than the application: the whole flash, bootloader and all, or data below it */
export function mergedFinding({ base, bytes }: Image, area: ApplicationArea): Finding | undefined {
  const { appBase } = area;
  if (base === undefined || base >= appBase) return undefined;
  if (!looksLikeVectors(bytes.subarray(appBase - base), appBase)) return undefined;
  const { fixes: _, ...common } = wrongAddress(area);
  const details = { base, appBase };
  const expected = `the application alone, from ${hex32(appBase)}`;
  if (looksLikeVectors(bytes, base)) {
    return {
      ...common,
      id: 'bootloader-inside',
      message: `the image begins at ${hex32(base)} and holds another application at ${hex32(appBase)}: a bootloader and an application in one file`,
      found: `two vector tables, at ${hex32(base)} and ${hex32(appBase)}`,
      expected,
      hint: 'give the application alone; a file for the whole flash is for a programmer or debugger',
      details,
    };
  }
  return {
    ...common,
    message: `the file begins at ${hex32(base)}, below the application at ${hex32(appBase)}`,
    found: `data from ${hex32(base)} on`,
    expected,
    hint: `give the application alone: an update writes nothing below ${hex32(appBase)}`,
    details,
  };
}
