// Everything that can be told of an image file without a device: facts, and all that is wrong. Pure.
import {
  APP_BASE,
  crc32,
  decode,
  Header,
  type KitFacts,
  type Version,
} from '../../protocol/index.js';
import { IapError } from '../errors.js';
import { FLASH_LIMIT } from '../image/areas.js';
import type { Elf } from '../image/elf.js';
import { type Image, sha256 } from '../image/image.js';
import { type ImageFile, type ImageFormat, type LoadOptions, loadFile } from '../image/load.js';
import type { Core, Part, Range } from '../parts.js';
import { hex32 } from '../text.js';
import { type BuildAttributes, buildAttributes } from './arm-attributes.js';
import { builtFor, coreFinding } from './core.js';
import type { Finding, FindingId } from './finding.js';
import { type KitTarget, kitFacts, kitFinding, mailboxFinding } from './kit-facts.js';
import { type Identity, packageFindings } from './package.js';
import {
  type Area,
  addressFinding,
  blankFinding,
  mergedFinding,
  misnamedFinding,
  sizeFinding,
} from './place.js';
import { ramVectorsFinding } from './ram-vectors.js';
import type { Store } from './thumb.js';
import { ANY_RAM, wordAt } from './vector-table.js';
import { handlerFindings, resetFinding, stackFinding } from './vectors.js';
import { vtorFindings, vtorStores } from './vtor.js';

/** What the image is meant for, as far as known */
export interface Expected {
  readonly part?: Part;
  /** Of the board; the protocol's application base to the end of flash, if missing */
  readonly area?: Area;
  readonly identity?: Identity;
}

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
  const { part } = expected;
  const area = expected.area ?? { appBase: APP_BASE, appEnd: part?.flash.to ?? FLASH_LIMIT };
  const { image, elf } = loaded;
  const attributes = elf && buildAttributes(elf);
  const core = part?.core ?? coreOf(attributes);
  const merged = mergedFinding(image, area);
  const app = merged ? applicationOf(image, area) : image;
  const base = app.base ?? area.appBase;
  // A Cortex-M0 has no such register.
  const stores = core === 'cortex-m0' ? [] : vtorStores({ base, bytes: app.bytes });
  const nothing = blankFinding(image) ?? misnamedFinding(loaded);
  const kits = kitFacts(app.bytes);
  const findings = [
    ...packageFindings(image, expected.identity ?? {}),
    ...(nothing
      ? [nothing]
      : [merged, ...imageFindings(app, { part, elf, area, base, core, stores })]),
    ...(part && attributes ? [coreFinding(attributes, part.core)] : []),
    kitFinding(kits, kitTarget(expected)),
    kits.length > 0 ? mailboxFinding(app.bytes, elf) : undefined,
  ].filter((finding) => finding !== undefined);
  return {
    ok: findings.every(({ severity }) => severity !== 'error'),
    findings,
    assumed: assumptions(loaded, expected, area, attributes, kits),
    facts: factsOf(loaded, { area, part, attributes, stores, kit: kits[0] }),
  };
}

function kitTarget({ part, area }: Expected): KitTarget {
  return { part: part?.name, pageSize: part?.page, appBase: area?.appBase, appEnd: area?.appEnd };
}

/** What is at the application's place in a file that has more than the application */
function applicationOf(image: Image, { appBase }: Area): Image {
  return { base: appBase, bytes: image.bytes.subarray(appBase - (image.base ?? appBase)) };
}

interface Context {
  readonly area: Area;
  /** Where the code expects to be: as the file says, or where a device would put it */
  readonly base: number;
  readonly part: Part | undefined;
  readonly elf: Elf | undefined;
  readonly core: Core;
  readonly stores: readonly Store[];
}

function imageFindings(
  image: Image,
  { area, base, part, elf, core, stores }: Context,
): (Finding | undefined)[] {
  const { bytes } = image;
  const address = addressFinding(image, area);
  const size = sizeFinding(image, area);
  if (size?.id === 'too-short') return [address, size];
  const rams = part ? ramsOf(part) : ANY_RAM;
  const reset = resetFinding(bytes, base, area);
  const table = { linked: base, rams, core, vectors: part?.vectors };
  return [
    address,
    size,
    stackFinding(bytes, rams),
    // One wrong address is one mistake, however it shows.
    address && reset?.id === 'wrong-address' ? undefined : reset,
    // Without a reset vector there is no table to look at.
    ...(reset && reset.id !== 'reset-even' ? [] : handlerFindings(bytes, table)),
    part && ramVectorsFinding(bytes, part, elf),
    ...vtorFindings(stores, area.appBase, rams),
  ];
}

function ramsOf({ ram, ccm }: Part): Range[] {
  return ccm ? [ram, ccm] : [ram];
}

/** The smallest that runs it; with nothing known the one in the middle */
function coreOf(attributes: BuildAttributes | undefined): Core {
  if (attributes?.architecture === 11 || attributes?.architecture === 12) return 'cortex-m0';
  return attributes?.architecture === 13 ? 'cortex-m4' : 'cortex-m3';
}

function assumptions(
  { image, elf, format }: ImageFile,
  { part, area, identity }: Expected,
  { appBase }: Area,
  attributes: BuildAttributes | undefined,
  kits: readonly KitFacts[],
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
  if (format === 'binary' && image.base === undefined) {
    assumed.push(`a raw binary is linked where it will be written, at ${hex32(appBase)}`);
  }
  if (image.header && identity?.product === undefined) assumed.push('the product is the right one');
  return assumed;
}

function factsOf(
  { format, image }: ImageFile,
  context: {
    readonly area: Area;
    readonly part: Part | undefined;
    readonly attributes: BuildAttributes | undefined;
    readonly stores: readonly Store[];
    readonly kit: KitFacts | undefined;
  },
): Facts {
  const { area, part, attributes, stores, kit } = context;
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
    vtor: stores,
    ...(kit ? { kit } : {}),
    ...(header ? { version: decode(Header, header).version } : {}),
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
