// Which board a copy of the flash, or an image of all of it, is for: told by the bootloader in it.
import { BOOTLOADER_BASE } from '../../protocol/index.js';
import { boardNames, loadBoard, partNames } from '../node/board-file.js';
import type { Board } from '../parts/parts.js';
import type { FlashDump } from '../record/dump.js';
import { placesBelow, RECORD_SIZE } from '../record/places.js';
import { readRecord } from '../record/record.js';

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
  // A line driver changes nothing of where things are: a board with one is named only where no other has them there.
  const fitting = ofPart.filter(
    ({ halfDuplex, appBase }) =>
      !halfDuplex || ofPart.every((other) => other.halfDuplex || other.appBase !== appBase),
  );
  if (fitting.length === 1) return fitting[0];
  // Boards of one part may differ in where applications begin; their records are not at the same place then.
  const recorded = fitting.filter(({ appBase }) => {
    const { record } = placesBelow(appBase);
    const bytes = dump.read(record, RECORD_SIZE);
    return bytes !== undefined && readRecord(bytes, record).active !== undefined;
  });
  return recorded.length === 1 ? recorded[0] : undefined;
}
