// Identity, boot record and what would start: for people and for programs.
import {
  type Identity,
  IdentityFlag,
  ImageFlag,
  RECORD_SLOTS,
  Stay,
} from '../../protocol/index.js';
import { hex32, hexBytes, nameOf } from '../base/text.js';
import { hasRate, type IdentityState } from '../factory/identity.js';
import { nameText, textOf } from '../image/names.js';
import { versionText } from '../image/version.js';
import type { BootRecord } from '../record/record.js';
import type { Area, Entry, Mark } from '../record/slots.js';
import type { Start } from '../record/start.js';
import { headerJson } from './header-json.js';

export interface RecordReport {
  /** Undefined if not known */
  readonly board: string | undefined;
  /** Undefined if not in the dump */
  readonly identity: IdentityState | undefined;
  readonly record: BootRecord;
  readonly start: Start;
}

/** WRITTEN is what makes it an entry, so it need not be said. */
const SHOWN_MARKS: readonly Mark[] = ['touched', 'valid', 'sealed', 'confirmed', 'closed'];

export function recordTable({ board, identity, record, start }: RecordReport): string[] {
  const { active, installed, pending } = record;
  const rows: [string, string][] = [
    ['board', board ?? 'not known; --board tells what it allows'],
    ['identity', identityText(identity)],
    ['at power-up', startText(start)],
    ['installed', installed ? `${entryText(installed)}${checkText(start)}` : 'nothing'],
    ['pending', pending ? entryText(pending) : 'nothing'],
    ['active area', active ? `${active.name}, generation ${active.generation}` : 'none'],
    ...record.areas.map((area): [string, string] => [`area ${area.name}`, areaText(area)]),
  ];
  const history = historyOf(record);
  return [
    ...rows.map(([name, value]) => `${name.padEnd(18)} ${value}`),
    history.length === 0 ? 'no entries' : 'entries, oldest first:',
    ...history.flatMap(({ area, entry }) => historyText(area, entry)),
    ...record.areas.flatMap((area) =>
      area.broken.map(
        ({ index, address, why }) =>
          `  area ${area.name} slot ${index} at ${hex32(address)} does not count: ${why}`,
      ),
    ),
  ];
}

function identityText(identity: IdentityState | undefined): string {
  if (!identity) return 'not in the dump';
  if (identity.state === 'blank') return 'blank: fits any product';
  if (identity.state === 'damaged') return `damaged, fits any product: ${identity.why}`;
  const { product, hardware, address, serial, flags, defaultRate } = identity.identity;
  const parts = [`product ${nameText(product)}`, `hardware revision ${hardware}`];
  parts.push(`serial ${serial || '(none)'}`, `bus address ${address}`);
  if (hasRate(identity.identity)) parts.push(`${defaultRate} baud`);
  if ((flags & IdentityFlag.ANY_IMAGE) === 0) parts.push('packages only');
  return parts.join(', ');
}

function startText({ starts, stay, why }: Start): string {
  if (starts === undefined) return `not known: ${why}`;
  return starts
    ? `the image is started: ${why}`
    : `the bootloader stays, ${nameOf(Stay, stay)}: ${why}`;
}

function entryText({ sequence, header }: Entry): string {
  const { version, imageSize, imageSha256 } = header;
  return `entry ${sequence}: ${versionText(version)}, ${imageSize} bytes, SHA-256 ${hexBytes(imageSha256)}`;
}

function checkText({ check }: Start): string {
  if (!check) return '';
  const word = (right: boolean): string => (right ? 'right' : 'WRONG');
  return `; in flash: CRC-32 ${word(check.crc32)}, SHA-256 ${word(check.sha256)}, vectors ${word(check.vectors)}`;
}

function areaText({ address, good, why, generation, entries, blankSlots }: Area): string {
  if (why === 'blank' && blankSlots === RECORD_SLOTS) return `${hex32(address)}, blank`;
  const used = `${entries.length} entries, ${blankSlots} of ${RECORD_SLOTS} slots blank`;
  return good
    ? `${hex32(address)}, good, generation ${generation}, ${used}`
    : `${hex32(address)}, does not count: ${why}; ${used}`;
}

interface Placed {
  readonly area: Area;
  readonly entry: Entry;
}

/** Entries of both areas by their number; a copy made by the change of areas comes after its original. */
function historyOf({ areas }: BootRecord): Placed[] {
  return [...areas]
    .sort((a, b) => a.generation - b.generation)
    .flatMap((area) => area.entries.map((entry) => ({ area, entry })))
    .sort((a, b) => a.entry.sequence - b.entry.sequence);
}

function historyText(area: Area, entry: Entry): string[] {
  const { sequence, header, marks, trials, doubtful, index } = entry;
  const set = SHOWN_MARKS.filter((mark) => marks[mark]).map((mark) => mark.toUpperCase());
  if (trials > 0) set.push(`${trials} trial${trials === 1 ? '' : 's'}`);
  if ((header.flags & ImageFlag.CONFIRM) !== 0) set.push('(wants confirmation)');
  const hash = hexBytes(header.imageSha256.subarray(0, 4));
  const what = `${versionText(header.version)}, ${header.imageSize} bytes, ${hash}`;
  const where = `area ${area.name} slot ${index}`;
  return [
    `  ${String(sequence).padStart(6)}  ${where}  ${what}  ${set.join(' ') || 'begun, no page touched'}`,
    ...doubtful.map((text) => `          half-programmed: ${text}`),
  ];
}

export function recordJson({ board, identity, record, start }: RecordReport): object {
  const { active, installed, pending } = record;
  return {
    board: board ?? null,
    identity: identityJson(identity),
    starts: start.starts ?? null,
    stay: nameOf(Stay, start.stay),
    why: start.why,
    check: start.check ?? null,
    activeArea: active ? active.name : null,
    installed: installed?.sequence ?? null,
    pending: pending?.sequence ?? null,
    areas: record.areas.map((area) => ({
      area: area.name,
      address: area.address,
      good: area.good,
      why: area.why,
      generation: area.good ? area.generation : null,
      blankSlots: area.blankSlots,
      broken: area.broken,
    })),
    entries: historyOf(record).map(({ area, entry }) => entryJson(area, entry)),
  };
}

function identityJson(identity: IdentityState | undefined): object | null {
  if (!identity) return null;
  if (identity.state !== 'good') return identity;
  return { state: 'good', ...identityFields(identity.identity) };
}

function identityFields(identity: Identity): object {
  const { product, hardware, address, serial, flags, defaultRate } = identity;
  return {
    product: hexBytes(product),
    productText: textOf(product) ?? null,
    hardware,
    address,
    serial,
    packagesOnly: (flags & IdentityFlag.ANY_IMAGE) === 0,
    defaultRate: hasRate(identity) ? defaultRate : null,
  };
}

function entryJson(area: Area, entry: Entry): object {
  const { address, index, sequence, crc32, marks, trials, doubtful, header } = entry;
  return {
    area: area.name,
    slot: index,
    address,
    sequence,
    crc32,
    marks: SHOWN_MARKS.filter((mark) => marks[mark]).map((mark) => mark.toUpperCase()),
    trials,
    doubtful,
    image: headerJson(header),
  };
}
