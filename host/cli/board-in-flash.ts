// Which board a copy of the flash, or an image of all of it, is for: told by the bootloader in it, and its application's kit.
import { BOOTLOADER_BASE } from '../../protocol/index.js';
import { kitFacts } from '../check/kit-facts.js';
import { boardNames, loadBoard, partNames } from '../node/board-file.js';
import type { Board } from '../parts/parts.js';
import type { FlashDump } from '../record/dump.js';
import { placesBelow, RECORD_SIZE } from '../record/places.js';
import { readRecord } from '../record/record.js';

/** Of a board's name, so much is in the facts. */
const NAME = 24;

/** Undefined if there is no bootloader of a board of bootloader-c/boards in it, or one that could be of several */
export async function boardInFlash(dump: FlashDump): Promise<Board | undefined> {
  const text = (size: number): string =>
    new TextDecoder('latin1').decode(dump.read(BOOTLOADER_BASE, size));
  // Reading all boards takes a tenth of a second, and most images have no bootloader.
  const all = text(dump.end - BOOTLOADER_BASE);
  if (!partNames().some((name) => all.includes(name))) return undefined;
  const boards = await Promise.all(boardNames().map(loadBoard));
  const ofPart = boards.filter(({ part, appBase }) =>
    text(placesBelow(appBase).codeSize).includes(part.name),
  );
  const kits = kitFacts(dump.read(BOOTLOADER_BASE, dump.end - BOOTLOADER_BASE) ?? new Uint8Array());
  const ofKit = ofPart.filter(({ name }) =>
    kits.some(({ board }) => board === name.slice(0, NAME)),
  );
  if (ofKit.length === 1) return ofKit[0];
  // A line driver changes nothing of where things are: a board with one is named only where no other has them there.
  const fitting = ofPart.filter(
    ({ halfDuplex, appBase }) =>
      !halfDuplex || ofPart.every((other) => other.halfDuplex || other.appBase !== appBase),
  );
  if (fitting.length === 1) return withoutLine(fitting[0]);
  // Boards of one part may differ in where applications begin; their records are not at the same place then.
  const recorded = fitting.filter(({ appBase }) => {
    const { record } = placesBelow(appBase);
    const bytes = dump.read(record, RECORD_SIZE);
    return bytes !== undefined && readRecord(bytes, record).active !== undefined;
  });
  return recorded.length === 1 ? withoutLine(recorded[0]) : undefined;
}

/** Of the line no bootloader tells anything but in HELLO. */
function withoutLine(board: Board | undefined): Board | undefined {
  if (!board) return undefined;
  const { halfDuplex: _, ...others } = board;
  return others;
}
