// All rules, applied to one image: "iap check" tells what they find, an update ends at the first error. One place, so that nothing is
// flashed that a check refuses.
import { APP_BASE, type KitFacts } from '../../protocol/index.js';
import { FLASH_LIMIT } from '../image/areas.js';
import type { Elf } from '../image/elf.js';
import type { Image } from '../image/image.js';
import type { ImageFile } from '../image/load.js';
import { ANY_RAM, wordAt } from '../image/vector-table.js';
import type { AddressRange, Core, Part } from '../parts/parts.js';
import { addressFinding, mergedFinding } from './address.js';
import { type BuildAttributes, buildAttributes } from './arm-attributes.js';
import { coreFinding } from './core.js';
import { type Evidence, evidenceOf } from './evidence.js';
import type { Finding } from './finding.js';
import { type KitTarget, kitFacts, kitFinding, mailboxFinding } from './kit-facts.js';
import { type DeviceIdentity, packageFindings } from './package.js';
import { type ApplicationArea, blankFinding, gapFinding, isOpen, sizeFinding } from './place.js';
import { ramVectorsFinding } from './ram-vectors.js';
import type { Store } from './thumb-cpu.js';
import { handlerFindings, resetFinding, stackFinding } from './vectors.js';
import { vtorFindings } from './vtor.js';

/** What the image is meant for, as far as known */
export interface Expected {
  readonly part?: Part;
  /** Of the board; the protocol's application base to the end of flash, if missing */
  readonly area?: ApplicationArea & { readonly halfDuplex?: boolean };
  readonly identity?: DeviceIdentity;
  /** What the app kit must be compiled for; part and area, if missing */
  readonly kit?: KitTarget;
}

export interface Judgement {
  /** In the order in which they matter */
  readonly findings: readonly Finding[];
  readonly area: ApplicationArea;
  /** Only an ELF file has some */
  readonly attributes?: BuildAttributes;
  /** Where code sets SCB->VTOR */
  readonly vtor: readonly Store[];
  readonly kits: readonly KitFacts[];
}

export function judge(
  file: Pick<ImageFile, 'image' | 'elf'> & Partial<Pick<ImageFile, 'gaps'>>,
  expected: Expected,
): Judgement {
  const { part } = expected;
  const { image, elf, gaps } = file;
  const area = expected.area ?? { appBase: APP_BASE, appEnd: part?.flash.to ?? FLASH_LIMIT };
  const attributes = elf && buildAttributes(elf);
  const merged = mergedFinding(image, area);
  const app = merged ? applicationOf(image, area) : image;
  const base = app.base ?? area.appBase;
  const core = part?.core ?? coreOf(attributes);
  const evidence = evidenceOf(app.bytes, base, core);
  const nothing = blankFinding(image);
  const kits = kitFacts(app.bytes);
  const findings = [
    ...packageFindings(image, expected.identity ?? {}),
    ...(nothing
      ? [nothing]
      : [merged, ...imageFindings(app, { area, base, part, elf, core, evidence })]),
    ...(part && attributes ? [coreFinding(attributes, part.core)] : []),
    kitFinding(kits, expected.kit ?? kitTarget(expected)),
    kits.length > 0 ? mailboxFinding(app.bytes, elf) : undefined,
    merged ? undefined : gapFinding(gaps),
  ].filter((finding) => finding !== undefined);
  return { findings, area, vtor: evidence.vtor, kits, ...(attributes ? { attributes } : {}) };
}

function kitTarget({ part, area }: Expected): KitTarget {
  const { appBase, appEnd, halfDuplex } = area ?? {};
  const end = area && isOpen(area) ? undefined : appEnd;
  return { part: part?.name, pageSize: part?.page, appBase, appEnd: end, halfDuplex };
}

/** What is at the application's place in a file that has more than the application */
function applicationOf(image: Image, { appBase }: ApplicationArea): Image {
  return { base: appBase, bytes: image.bytes.subarray(appBase - (image.base ?? appBase)) };
}

interface Circumstances {
  readonly area: ApplicationArea;
  /** Where the file puts the image, or where a device would */
  readonly base: number;
  readonly part: Part | undefined;
  readonly elf: Elf | undefined;
  readonly core: Core | undefined;
  readonly evidence: Evidence;
}

function imageFindings(image: Image, circumstances: Circumstances): (Finding | undefined)[] {
  const { area, base, part, elf, core, evidence } = circumstances;
  const { bytes } = image;
  const { reading, vtor, linked } = evidence;
  const address = addressFinding(image, area, linked);
  const size = sizeFinding(image, area);
  if (size?.id === 'too-short') return [address, size];
  const rams = part ? ramsOf(part) : ANY_RAM;
  const at = linked.certain && linked.other ? linked.other.base : base;
  const reset = resetFinding(bytes, at, area);
  const table = { linked: at, rams, core, vectors: part?.vectors };
  return [
    address,
    size,
    stackFinding(bytes, rams),
    reset,
    // Without a reset vector there is no table to look at.
    ...(hasReset(bytes, at) ? handlerFindings(bytes, table) : []),
    part && ramVectorsFinding(bytes, part, elf, reading.literals),
    ...vtorFindings(vtor, area.appBase, rams),
  ];
}

function hasReset(bytes: Uint8Array, base: number): boolean {
  const reset = wordAt(bytes, 4);
  return reset >= base && reset < base + bytes.length;
}

function ramsOf({ ram, ccm }: Part): AddressRange[] {
  return ccm ? [ram, ccm] : [ram];
}

/** A Cortex-M0 by ARMv6-M and ARMv6S-M; the vectors of larger ones are alike. Undefined if the file does not say */
function coreOf(attributes: BuildAttributes | undefined): Core | undefined {
  if (attributes === undefined) return undefined;
  const { architecture } = attributes;
  return architecture === 11 || architecture === 12 ? 'cortex-m0' : 'cortex-m3';
}
