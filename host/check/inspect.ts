// Everything that can be told of an image file without a device: facts, and all that is wrong. Pure.
import { crc32, decode, Header, type KitFacts, type Version } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { sha256 } from '../base/sha256.js';
import { hex32 } from '../base/text.js';
import { type ImageFile, type ImageFormat, type LoadOptions, loadFile } from '../image/load.js';
import { wordAt } from '../image/vector-table.js';
import type { Part } from '../parts/parts.js';
import { type SignatureFacts, signatureFacts } from '../signing/header.js';
import { builtFor } from './core.js';
import type { Finding, FindingId } from './finding.js';
import { type Expected, type Judgement, judge } from './judge.js';
import type { Store } from './thumb-cpu.js';

export type { Expected } from './judge.js';

export interface Facts {
  readonly format: ImageFormat;
  readonly base: number;
  readonly size: number;
  readonly crc32: number;
  readonly sha256: Uint8Array;
  readonly stack: number;
  readonly reset: number;
  /** Of a package */
  readonly version?: Version;
  /** Of a package; what is signed is not verified here. */
  readonly signature?: SignatureFacts;
  /** Architecture it was compiled for; only an ELF file says */
  readonly builtFor?: string;
  /** What the app kit in it says of itself; missing where none does */
  readonly kit?: KitFacts;
  /** Where code sets SCB->VTOR, as far as the code tells */
  readonly vtor: readonly Store[];
  /** Bytes free behind it in the application area; these two if the part is known and the address right */
  readonly free?: number;
  /** Flash pages of the application area */
  readonly pages?: { readonly size: number; readonly used: number; readonly total: number };
}

export interface Inspection {
  /** No errors; warnings there may be */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  /** What was taken for granted, because neither the image nor the caller told */
  readonly assumed: readonly string[];
  /** Missing if the file could not be read */
  readonly facts?: Facts;
}

/** Judges a file by its bytes; never throws for what is in them. */
export function inspect(
  file: Uint8Array,
  options: LoadOptions = {},
  expected: Expected = {},
): Inspection {
  try {
    return inspectImage(loadFile(file, options), expected);
  } catch (error) {
    if (!(error instanceof IapError)) throw error;
    return { ok: false, findings: [findingOf(error)], assumed: [] };
  }
}

/** A file that could not be loaded, as a finding */
export function findingOf({ code, message, hint = '', details }: IapError): Finding {
  const { problem, ...rest } = details;
  // Loaders name the problem; what they do not name is a file of the wrong kind or no file at all.
  const fallback: FindingId = code === 'IMAGE_UNREADABLE' ? 'unreadable' : 'package-damaged';
  return {
    id: (problem as FindingId | undefined) ?? fallback,
    severity: 'error',
    code,
    message,
    found: message,
    expected: 'a whole .bin, .hex, .srec or .elf file, or a package',
    hint,
    details: rest,
  };
}

function inspectImage(loaded: ImageFile, expected: Expected): Inspection {
  const judgement = judge(loaded, expected);
  return {
    ok: judgement.findings.every(({ severity }) => severity !== 'error'),
    findings: judgement.findings,
    assumed: assumptions(loaded, expected, judgement),
    facts: factsOf(loaded, expected.part, judgement),
  };
}

function assumptions(
  { image, elf }: ImageFile,
  { part, area, identity }: Expected,
  { area: { appBase }, attributes, kits }: Judgement,
): string[] {
  const assumed: string[] = [];
  if (kits.length === 0) {
    assumed.push(
      'no app kit, unless an older one: the application answers no host, and an update waits for a reset (iap flash --wait)',
    );
  }
  if (!area) assumed.push(`applications start at ${hex32(appBase)}`);
  if (!part) {
    assumed.push(
      'the part is not known: flash size, RAM size, interrupt vectors and core unchecked',
    );
  } else {
    if (!area) assumed.push(`they may fill the flash of ${part.name}`);
    if (!attributes) {
      assumed.push(
        elf
          ? 'the ELF file does not say for which core it is compiled'
          : `compiled for the core of ${part.name}: only an ELF file says`,
      );
    }
    if (part.core === 'cortex-m0' && !elf) {
      assumed.push('where RAM begins is guessed from the code: only an ELF file says');
    }
  }
  if (image.base === undefined) {
    assumed.push(`a raw binary is linked where it will be written, at ${hex32(appBase)}`);
  }
  if (image.header && identity?.product === undefined) assumed.push('the product is the right one');
  return assumed;
}

function factsOf(
  { format, image }: ImageFile,
  part: Part | undefined,
  { area, attributes, vtor, kits: [kit] }: Judgement,
): Facts {
  const { bytes, header, base = area.appBase } = image;
  const room = area.appEnd - area.appBase;
  return {
    format,
    base,
    size: bytes.length,
    crc32: crc32(bytes),
    sha256: sha256(bytes),
    stack: wordAt(bytes, 0),
    reset: wordAt(bytes, 4),
    vtor,
    ...(kit ? { kit } : {}),
    ...(header ? packageFacts(decode(Header, header)) : {}),
    ...(attributes ? { builtFor: builtFor(attributes) } : {}),
    ...(part && base === area.appBase
      ? {
          free: Math.max(0, room - bytes.length),
          pages: {
            size: part.page,
            used: Math.ceil(bytes.length / part.page),
            total: Math.floor(room / part.page),
          },
        }
      : {}),
  };
}

function packageFacts(header: Header): Pick<Facts, 'version' | 'signature'> {
  return { version: header.version, signature: signatureFacts(header) };
}
