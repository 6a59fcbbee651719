// Boards and their parts from the JSON files of this package.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { IapError } from '../errors.js';
import type { FactoryBoard } from '../factory/factory.js';
import { parseJson } from '../json.js';
import { readBytes } from './files.js';
import { packageRoot } from './package-root.js';

/** What is used here of linker/board.schema.json */
interface BoardText {
  readonly part: string;
  readonly clock: { readonly hz: number };
  readonly usart: { readonly maxRate: number };
  readonly appBase: string;
  readonly appEnd: string | null;
  readonly trials: number;
}

/** What is used here of linker/part.schema.json */
interface PartText {
  readonly family: string;
  readonly flash: { readonly base: string; readonly size: number; readonly page: number };
  readonly ram: { readonly base: string; readonly size: number };
}

export interface BoardFacts extends FactoryBoard {
  /** Trial boots of an image that wants confirmation */
  readonly trials: number;
}

const FOLDER = join(packageRoot(), 'linker');

/** Names of the boards there are files for */
export function boardNames(): string[] {
  const folder = join(FOLDER, 'boards');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** @throws IapError USAGE, FILE_UNREADABLE or DESCRIPTION_WRONG */
export async function loadBoard(name: string): Promise<BoardFacts> {
  if (!boardNames().includes(name)) {
    throw new IapError(
      'USAGE',
      `there is no board "${name}"; there are ${boardNames().join(', ')}`,
      {
        hint: 'copy a file in linker/boards/ for a board of your own',
      },
    );
  }
  const board = await load<BoardText>(join('boards', `${name}.json`), 'board.schema.json');
  const part = await load<PartText>(join('parts', `${board.part}.json`), 'part.schema.json');
  const ram = Number(part.ram.base);
  return {
    name,
    part: board.part,
    family: part.family,
    flash: { size: part.flash.size, page: part.flash.page },
    ram: { from: ram, to: ram + part.ram.size },
    appBase: Number(board.appBase),
    appEnd: Number(board.appEnd ?? Number(part.flash.base) + part.flash.size),
    clockHz: board.clock.hz,
    maxRate: board.usart.maxRate,
    trials: board.trials,
  };
}

async function load<T>(file: string, schemaFile: string): Promise<T> {
  const path = join(FOLDER, file);
  const schema = JSON.parse(await text(join(FOLDER, schemaFile))) as object;
  return parseJson<T>(await text(path), path, schema);
}

async function text(path: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(path, 'file'));
}
