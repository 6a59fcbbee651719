// iap dump-record: what a copy of the flash says of the device: identity, boot record, and what would start.
import { BOOTLOADER_BASE, Identity } from '../../../protocol/index.js';
import { IapError } from '../../base/errors.js';
import { hex32 } from '../../base/text.js';
import { readIdentity } from '../../factory/identity.js';
import { loadBoard } from '../../node/board-file.js';
import { readBytes } from '../../node/files.js';
import { type FlashDump, loadDump } from '../../record/dump.js';
import { placesBelow, RECORD_SIZE } from '../../record/places.js';
import { readRecord } from '../../record/record.js';
import { type BootFacts, decideStart, UNKNOWN_BOARD } from '../../record/start.js';
import { boardInFlash } from '../board-in-flash.js';
import type { Context } from '../link.js';
import { once, parseAddress } from '../options.js';
import { recordJson, recordTable } from '../record-text.js';

export interface DumpArguments {
  readonly dump: string;
  readonly base?: string | undefined;
  readonly board?: string | undefined;
}

export async function dumpRecord(
  args: DumpArguments,
  { output }: Pick<Context, 'output'>,
): Promise<void> {
  const { dump: path, base } = args;
  const file = await readBytes(path, 'dump', 'IMAGE_UNREADABLE');
  const dump = loadDump(file, {
    name: path,
    ...(base === undefined ? {} : { base: parseAddress('--base', base) }),
  });
  const board =
    args.board === undefined
      ? await boardInFlash(dump)
      : await loadBoard(once('--board', args.board));
  const facts: BootFacts = board ? { ...board, ram: board.part.ram } : UNKNOWN_BOARD;
  const places = placesBelow(facts.appBase);
  const bytes = dump.read(places.record, RECORD_SIZE);
  if (!bytes) throw withoutRecord(dump, places.record);
  const block = dump.read(places.identity, Identity.size);
  const record = readRecord(bytes, places.record);
  const report = {
    board: board?.name,
    identity: block && readIdentity(block),
    record,
    start: decideStart(record, dump, facts),
  };
  for (const row of recordTable(report)) output.line(row);
  output.result(recordJson(report));
}

function withoutRecord(dump: FlashDump, record: number): IapError {
  return new IapError(
    'IMAGE_FORMAT',
    `the boot record is not in this dump: it is at ${hex32(record)} to ${hex32(record + RECORD_SIZE - 1)}, the dump has ${hex32(dump.address)} to ${hex32(dump.end - 1)}`,
    {
      hint: `read the whole flash from ${hex32(BOOTLOADER_BASE)}, or tell with --base where the dump begins`,
    },
  );
}
