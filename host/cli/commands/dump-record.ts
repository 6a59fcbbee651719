// iap dump-record: what a copy of the flash says of the device: identity, boot record, and what would start.
import { BOOTLOADER_BASE, Identity } from '../../../protocol/index.js';
import { IapError } from '../../base/errors.js';
import { hex32 } from '../../base/text.js';
import { readIdentity } from '../../factory/identity.js';
import { boardNames, loadBoard } from '../../node/board-file.js';
import { readBytes } from '../../node/files.js';
import { type FlashDump, loadDump } from '../../record/dump.js';
import { placesBelow, RECORD_SIZE } from '../../record/places.js';
import { readRecord } from '../../record/record.js';
import { type BootFacts, decideStart, UNKNOWN_BOARD } from '../../record/start.js';
import { boardInFlash } from '../board-in-flash.js';
import { command } from '../command.js';
import type { Context } from '../link.js';
import type { ArgumentsOf } from '../option.js';
import { parseAddress } from '../options.js';
import { recordJson, recordTable } from '../record-text.js';

const POSITIONALS = {
  dump: {
    type: 'string',
    demandOption: true,
    complete: 'file',
    describe: 'The flash as a debugger reads it: .bin, .hex or .srec',
  },
} as const;

const OPTIONS = {
  base: {
    type: 'string',
    requiresArg: true,
    describe: "Address of a raw dump's first byte; 0x08000000 if missing",
  },
  board: {
    type: 'string',
    requiresArg: true,
    complete: boardNames,
    describe: 'Board it is from; told by the bootloader in the dump if missing',
  },
} as const;

export type DumpArguments = ArgumentsOf<typeof POSITIONALS & typeof OPTIONS>;

export const DUMP_RECORD = command({
  name: 'dump-record <dump>',
  description: 'Read the boot record out of a copy of the flash',
  positionals: POSITIONALS,
  options: OPTIONS,
  examples: [['dump-record flash.bin', 'what is installed, and what would start']],
  handler: dumpRecord,
});

async function dumpRecord(args: DumpArguments, { output }: Pick<Context, 'output'>): Promise<void> {
  const { dump: path, base } = args;
  const file = await readBytes(path, 'dump', 'IMAGE_UNREADABLE');
  const dump = loadDump(file, {
    name: path,
    ...(base === undefined ? {} : { base: parseAddress('--base', base) }),
  });
  const board = args.board === undefined ? await boardInFlash(dump) : await loadBoard(args.board);
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
