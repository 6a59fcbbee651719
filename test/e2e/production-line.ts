// A production line for tests: packages and units made by the command, and boards that have nothing else in their flash.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BOOTLOADER_BASE } from '../../protocol/index.js';
import { type Board, demoImage, type Part } from '../support/board.js';
import { iap } from '../support/iap.js';
import { expectDone, on, powerUp, tempDir } from './bench.js';

const SIZE = 20_001;

export interface Line {
  /** Runs "iap factory" for one unit; returns the file. */
  unit(name: string, ...args: string[]): Promise<string>;
  pack(name: string, app: string, ...args: string[]): Promise<string>;
  read(name: string): Uint8Array;
  readonly app: string;
  readonly app2: string;
}

export function productionLine(part: Part, size = SIZE): Line {
  const dir = tempDir();
  return {
    app: dir.write('app.bin', demoImage(part, 1, size)),
    app2: dir.write('app2.bin', demoImage(part, 2, size)),
    read: (name) => dir.read(name),
    unit: async (name, ...args) => {
      const file = join(dir.path, name);
      expectDone(await iap('factory', ...args, '--board', part, '-o', file, '--json'));
      return file;
    },
    pack: async (name, app, ...args) => {
      const file = join(dir.path, name);
      expectDone(await iap('pack', app, ...args, '-o', file, '--json'));
      return file;
    },
  };
}

/** A board as it leaves the line: nothing in flash but the factory image */
export async function firstPowerUp(part: Part, file: string): Promise<Board> {
  const load = new Map([[BOOTLOADER_BASE, new Uint8Array(readFileSync(file))]]);
  return powerUp(part, { flash: join(tempDir().path, 'new.bin'), load });
}

export async function infoOf(board: Board): Promise<Record<string, unknown>> {
  const outcome = await on(board, 'info');
  expectDone(outcome);
  return outcome.result?.device as unknown as Record<string, unknown>;
}

export function readFileUint8(file: string): Uint8Array {
  return new Uint8Array(readFileSync(file));
}
