// What a programmer writes into flash: the program that a reset starts, and the application behind a bootloader. Each must be linked
// for the place that it is put at.
import { APP_BASE } from '../../protocol/index.js';
import { hex32 } from '../base/text.js';
import { FLASH_BASE, FLASH_LIMIT, isBlank } from '../image/areas.js';
import type { Segment } from '../image/segments.js';
import { ANY_RAM, isStack, wordAt } from '../image/vector-table.js';
import type { Board } from '../parts/parts.js';
import type { Finding } from './finding.js';
import { judge } from './judge.js';

/** Initial stack pointer and reset vector [bytes] */
const VECTORS = 8;

/** @param board whose bootloader is at the start of flash, if it is one that this package knows */
export function flashFindings(segments: readonly Segment[], board: Board | undefined): Finding[] {
  return [...startFindings(segments, board), ...applicationFindings(segments, board)];
}

/** Only whether it is linked there: a program without bootloader is nobody's business here. */
function startFindings(segments: readonly Segment[], board: Board | undefined): Finding[] {
  const bytes = bytesFrom(segments, FLASH_BASE);
  if (!bytes || board) return [];
  const area = { appBase: FLASH_BASE, appEnd: FLASH_LIMIT };
  const { findings } = judge({ image: { base: FLASH_BASE, bytes } }, { area });
  return findings.filter(({ id }) => id === 'wrong-address').map(notForStart);
}

function notForStart({ fixes: _, details = {}, ...common }: Finding): Finding {
  const { base } = details;
  const linked = typeof base === 'number' ? hex32(base) : undefined;
  const there = hex32(FLASH_BASE);
  return {
    ...common,
    message: `what is for ${there}, where a reset starts, is not linked there${linked ? ` but at ${linked}` : ''}`,
    found: linked ? `linked at ${linked}` : `not linked at ${there}`,
    expected: `linked at ${there}`,
    hint: `an application is written to its own address${linked ? ` (--base ${linked})` : ''}, behind a bootloader`,
    details,
  };
}

/** All that "iap check" finds: the bootloader would start it. */
function applicationFindings(
  segments: readonly Segment[],
  board: Board | undefined,
): readonly Finding[] {
  const { appBase, appEnd } = board ?? { appBase: APP_BASE, appEnd: FLASH_LIMIT };
  const bytes = bytesFrom(segments, appBase);
  if (!bytes || awaitsUpdate(bytes) || !(board || isApplication(segments, appBase, bytes)))
    return [];
  // A unit's own data may follow the application area.
  const image = { base: appBase, bytes: bytes.subarray(0, appEnd - appBase) };
  const known = board ? { part: board.part } : {};
  return judge({ image }, { area: { appBase, appEnd }, ...known }).findings;
}

/** From an address to the end of the piece that it is in */
function bytesFrom(segments: readonly Segment[], from: number): Uint8Array | undefined {
  const piece = segments.find(
    ({ address, bytes }) => address <= from && from < address + bytes.length,
  );
  return piece?.bytes.subarray(from - piece.address);
}

/** The file begins there, or a piece of it does that begins with a stack pointer: other pieces are anybody's. */
function isApplication(segments: readonly Segment[], appBase: number, bytes: Uint8Array): boolean {
  const begins = segments.some(({ address }) => address === appBase);
  const first = segments.every(({ address }) => address >= appBase);
  return begins && (first || isStack(wordAt(bytes, 0), ANY_RAM));
}

/** A unit that waits for its first update */
function awaitsUpdate(bytes: Uint8Array): boolean {
  return isBlank(bytes.subarray(0, VECTORS));
}
