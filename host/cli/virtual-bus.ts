// Several virtual boards on one half-duplex pair: what the board program is told of each.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { ADDRESS_BROADCAST } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { hex32 } from '../base/text.js';
import { buildIdentity } from '../factory/identity.js';
import { loadBoard } from '../node/board-file.js';
import { placesBelow } from '../record/places.js';
import { type FlashChoice, factoryFlash, silicon } from './virtual-board.js';

/** What a pair carries, electrically */
const MOST_BOARDS = 32;
const PRODUCT_SIZE = 16;

/**
 * The addresses of "1-3" or "1,5".
 * @throws IapError USAGE
 */
export function parseAddresses(text: string): number[] {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [, from, to] = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(part.trim()) ?? [];
    const first = Number(from);
    const last = Number(to ?? from);
    if (!(first >= 1 && last < ADDRESS_BROADCAST && first <= last)) throw notAddresses(text);
    for (let address = first; address <= last; address++) found.add(address);
  }
  if (found.size > MOST_BOARDS) throw notAddresses(text);
  return [...found];
}

function notAddresses(text: string): IapError {
  return new IapError(
    'USAGE',
    `--bus takes addresses from 1 to ${ADDRESS_BROADCAST - 1}, ${MOST_BOARDS} at most; got "${text}"`,
    { hint: 'for example --bus 1-3, or --bus 1,5' },
  );
}

/** Without an option that has a value, however it is written */
function without(words: readonly string[], option: string): string[] {
  return words.filter(
    (word, i) => word !== option && !word.startsWith(`${option}=`) && words[i - 1] !== option,
  );
}

/** A flash file of its own for each address: unit.bin becomes unit-3.bin. */
function flashOf(path: string, address: number): string {
  const { dir, name, ext } = parse(path);
  return join(dir, `${name}-${address}${ext}`);
}

/**
 * Runs `use` with the options of boards with these addresses, one behind the other; what they need besides is gone afterwards.
 * @param words as they were typed
 * @throws IapError USAGE
 */
export async function withBus(
  words: readonly string[],
  choice: FlashChoice,
  addresses: string,
  use: (options: readonly string[]) => Promise<number>,
): Promise<number> {
  const all = parseAddresses(addresses);
  const { appBase } = await loadBoard(choice.part);
  const shared = silicon(without(without(words, '--bus'), '--flash'), choice.part);
  if (!shared.includes('--de')) {
    throw new IapError('USAGE', `board ${choice.part} is not on a half-duplex pair`, {
      hint: 'a board of bootloader-c/boards with "rs485" is, or name the pin of its driver: --de PA8:high',
    });
  }
  const product = new Uint8Array(PRODUCT_SIZE);
  product.set(new TextEncoder().encode('virtual board'));
  const dir = mkdtempSync(join(tmpdir(), 'iap-bus-'));
  try {
    const units = all.map((address) => {
      const file = join(dir, `${address}.bin`);
      writeFileSync(file, buildIdentity({ product, address, serial: `address ${address}` }));
      const flash = choice.flash === undefined ? {} : { flash: flashOf(choice.flash, address) };
      return [
        ...factoryFlash({ ...choice, ...flash }),
        ...['--load', `${file}@${hex32(placesBelow(appBase).identity)}`],
        ...(flash.flash === undefined ? [] : ['--flash', flash.flash]),
      ];
    });
    const [first = [], ...others] = units;
    return await use([...shared, ...first, ...others.flatMap((unit) => ['--next', ...unit])]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
