// Boards and their parts from the JSON files of this package.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { IapError } from '../base/errors.js';
import type { Board, Part } from '../parts/parts.js';
import { readBytes } from './files.js';
import { packageRoot } from './package-root.js';

const FOLDER = join(packageRoot(), 'bootloader-c');

/** Names of the boards there are files for */
export function boardNames(): string[] {
  return namesIn('boards');
}

/** Names of the parts there are files for */
export function partNames(): string[] {
  return namesIn('parts');
}

/** @throws IapError USAGE, FILE_UNREADABLE or DESCRIPTION_WRONG */
export async function loadBoard(name: string): Promise<Board> {
  checkName('board', name, boardNames());
  const path = join(FOLDER, 'boards', `${name}.json`);
  const { parseBoard } = await parser();
  return parseBoard(await text(path), path, await schema('board.schema.json'), loadPart);
}

/** @throws IapError USAGE, FILE_UNREADABLE or DESCRIPTION_WRONG */
export async function loadPart(name: string): Promise<Part> {
  checkName('part', name, partNames());
  const path = join(FOLDER, 'parts', `${name}.json`);
  const { parsePart } = await parser();
  return parsePart(await text(path), path, await schema('part.schema.json'));
}

/** Loaded when it is needed: a schema validator is a tenth of the time that a command takes to start. */
function parser(): Promise<typeof import('../parts/parts.js')> {
  return import('../parts/parts.js');
}

function checkName(what: string, name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  throw new IapError('USAGE', `there is no ${what} "${name}"; there are ${names.join(', ')}`, {
    hint: `copy a file in bootloader-c/${what}s/ for a ${what} of your own`,
  });
}

function namesIn(kind: string): string[] {
  const folder = join(FOLDER, kind);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

const schemas = new Map<string, Promise<object>>();

/** The same object each time: it is compiled once. */
function schema(file: string): Promise<object> {
  const known =
    schemas.get(file) ?? text(join(FOLDER, file)).then((json) => JSON.parse(json) as object);
  schemas.set(file, known);
  return known;
}

async function text(path: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(path, 'file'));
}
