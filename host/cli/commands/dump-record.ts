// iap dump-record: what a copy of the flash says of the device: identity, boot record, and what would start.
import {
  BOOTLOADER_BASE,
  IDENTITY_ADDRESS,
  Identity,
  RECORD_A_ADDRESS,
} from '../../../protocol/index.js';
import { IapError } from '../../errors.js';
import { readIdentity } from '../../factory/identity.js';
import type { Board } from '../../parts.js';
import { type FlashDump, loadDump } from '../../record/dump.js';
import { RECORD_SIZE, readRecord } from '../../record/record.js';
import { type BootFacts, decideStart, UNKNOWN_BOARD } from '../../record/start.js';
import { hex32 } from '../../text.js';
import { boardNames, loadBoard } from '../board-file.js';
import { readBytes } from '../files.js';
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
    ...(base === undefined ? {} : { base: parseAddress('--base', once('--base', base)) }),
  });
  const bytes = dump.read(RECORD_A_ADDRESS, RECORD_SIZE);
  if (!bytes) throw withoutRecord(dump);
  const board = await boardOf(args, dump);
  const facts: BootFacts = board ? { ...board, ram: board.part.ram } : UNKNOWN_BOARD;
  const block = dump.read(IDENTITY_ADDRESS, Identity.size);
  const report = {
    board: board?.name,
    identity: block && readIdentity(block),
    record: readRecord(bytes),
    facts,
  };
  const start = decideStart(report.record, dump, facts);
  for (const row of recordTable({ ...report, start })) output.line(row);
  output.result(recordJson({ ...report, start }));
}

/** The board that is meant, or the one whose part the bootloader in the dump names */
async function boardOf({ board }: DumpArguments, dump: FlashDump): Promise<Board | undefined> {
  if (board !== undefined) return loadBoard(once('--board', board));
  const code = dump.read(BOOTLOADER_BASE, IDENTITY_ADDRESS - BOOTLOADER_BASE);
  if (!code) return undefined;
  const text = new TextDecoder('latin1').decode(code);
  const boards = await Promise.all(boardNames().map(loadBoard));
  const fitting = boards.filter(({ part }) => text.includes(part.name));
  return fitting.length === 1 ? fitting[0] : undefined;
}

function withoutRecord(dump: FlashDump): IapError {
  return new IapError(
    'IMAGE_FORMAT',
    `the boot record is not in this dump: it is at ${hex32(RECORD_A_ADDRESS)} to ${hex32(RECORD_A_ADDRESS + RECORD_SIZE - 1)}, the dump has ${hex32(dump.address)} to ${hex32(dump.end - 1)}`,
    {
      hint: `read the whole flash from ${hex32(BOOTLOADER_BASE)}, or tell with --base where the dump begins`,
    },
  );
}
