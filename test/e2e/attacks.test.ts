// What somebody with a wire to the UART, or with a file, can try against a device that takes signed images alone: the rows of the table in
// docs/security.md. Each is refused by the device itself, before a flash operation, with words of its own on the host; and the
// installed application starts. IAP_SIGNED=full tries them on a board of each core.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { refusalError } from '../../host/device/refusal.js';
import { loadImage } from '../../host/image/load.js';
import { placesBelow, RECORD_SIZE } from '../../host/record/places.js';
import {
  Command,
  decode,
  encode,
  Header,
  KeyBlock,
  offsetOf,
  PagesRequest,
  Refusal,
  Signature,
  SignatureFault,
  Status,
} from '../../protocol/index.js';
import { Bare } from '../support/bare.js';
import { demoImage, PARTS, type Part, type SteppedBoard } from '../support/board.js';
import { SignedUnit } from '../support/signed-unit.js';
import { powerUpStepped, tempDir } from './bench.js';

const BOARDS: readonly Part[] =
  process.env.IAP_SIGNED === 'full'
    ? ['stm32f030x8', 'stm32f103xb', 'stm32f303xc']
    : ['stm32f303xc'];
const ROOT = 0;
const LEAKED = 1;
const SPARE = 2;
/** Of the installed image, which root signed when the release key had leaked */
const COUNTER = 5;
const USABLE = 0xff & ~(1 << LEAKED);
const IN_FORCE = { securityCounter: COUNTER, usableKeys: USABLE };
/** The application runs by then [us of the board] */
const STARTED_US = 1_000_000;
const CODE_END = 0x1000_0000;

interface Attack {
  readonly name: string;
  readonly status: Status;
  /** Of BAD_SIGNATURE */
  readonly fault?: SignatureFault;
  header(unit: SignedUnit, image: Uint8Array): Uint8Array;
}

/** Signed by the spare key, as the next update would be, but for `fields` */
const next = (unit: SignedUnit, image: Uint8Array, fields: Partial<Header> = {}, key = SPARE) =>
  unit.header(image, key, { ...IN_FORCE, ...fields });

const bad = (fault: SignatureFault) => ({ status: Status.BAD_SIGNATURE, fault });

const ATTACKS: readonly Attack[] = [
  {
    name: 'unsigned',
    ...bad(SignatureFault.MISSING),
    header: (unit, image) => next(unit, image, { signatureAlgorithm: Signature.NONE }),
  },
  {
    name: "signed with a stranger's key",
    ...bad(SignatureFault.WRONG),
    header: (unit, image) => next(new SignedUnit(unit.part), image),
  },
  {
    name: 'signed with a key that the device does not have',
    ...bad(SignatureFault.NO_KEY),
    header: (unit, image) => edited(next(unit, image), { keyId: 3 }),
  },
  {
    name: 'of another algorithm than its key',
    ...bad(SignatureFault.ALGORITHM),
    header: (unit, image) => edited(next(unit, image), { signatureAlgorithm: 2 }),
  },
  {
    name: 'a bit flipped in the header',
    ...bad(SignatureFault.WRONG),
    header: (unit, image) => next(unit, image).map((byte, at) => byte ^ (at === 100 ? 0x10 : 0)),
  },
  {
    name: 'of a cut image',
    ...bad(SignatureFault.WRONG),
    header: (unit, image) => edited(next(unit, image), { imageSize: image.length - 4 }),
  },
  {
    name: 'of an image that something was added to',
    ...bad(SignatureFault.WRONG),
    header: (unit, image) => edited(next(unit, image), { imageSize: image.length + 4 }),
  },
  {
    name: 'replayed, below the security counter',
    status: Status.ROLLBACK,
    header: (unit, image) => next(unit, image, { securityCounter: COUNTER - 1 }),
  },
  {
    name: 'signed with a revoked key',
    ...bad(SignatureFault.REVOKED),
    header: (unit, image) => next(unit, image, {}, LEAKED),
  },
  {
    name: 'signed with a revoked key, before it was revoked',
    ...bad(SignatureFault.REVOKED),
    header: (unit, image) => next(unit, image, { usableKeys: 0xff }, LEAKED),
  },
  {
    name: 'gives the revoked key back',
    ...bad(SignatureFault.REVOCATION),
    header: (unit, image) => next(unit, image, { usableKeys: 0xff }),
  },
  {
    name: 'root gives the revoked key back',
    ...bad(SignatureFault.REVOCATION),
    header: (unit, image) => next(unit, image, { usableKeys: 0xff }, ROOT),
  },
  {
    name: 'the spare key revokes root',
    ...bad(SignatureFault.REVOCATION),
    header: (unit, image) => next(unit, image, { usableKeys: USABLE & ~(1 << ROOT) }),
  },
  {
    name: 'for another product',
    status: Status.WRONG_PRODUCT,
    header: (unit, image) =>
      next(unit, image, { product: new TextEncoder().encode('product number 2') }),
  },
  {
    name: 'for any product',
    status: Status.PACKAGE_ONLY,
    header: (unit, image) => next(unit, image, { product: new Uint8Array(16) }),
  },
  {
    name: 'for another hardware revision',
    status: Status.WRONG_HARDWARE,
    header: (unit, image) => next(unit, image, { hardwareMin: 2 }),
  },
  {
    name: 'for one other unit',
    status: Status.WRONG_DEVICE,
    header: (unit, image) => next(unit, image, { uniqueId: new Uint8Array(12).fill(7) }),
  },
  {
    name: 'linked for another address',
    status: Status.WRONG_ADDRESS,
    header: (unit, image) =>
      next(unit, image, { loadAddress: PARTS[unit.part].appBase - RECORD_SIZE }),
  },
  {
    name: 'larger than the flash',
    status: Status.WRONG_SIZE,
    header: (unit, image) => next(unit, image, { imageSize: PARTS[unit.part].appSize + 4 }),
  },
];

function edited(header: Uint8Array, fields: Partial<Header>): Uint8Array {
  return encode(Header, { ...decode(Header, header), ...fields });
}

/** A unit in the field: its first image is root's, which revokes the key that leaked. */
class Field {
  readonly unit: SignedUnit;
  readonly board: SteppedBoard;

  private constructor(unit: SignedUnit, board: SteppedBoard) {
    this.unit = unit;
    this.board = board;
  }

  static readonly #made = new Map<
    Part,
    { readonly unit: SignedUnit; readonly flash: Uint8Array }
  >();

  /** Updated once; each test has a copy of its own. */
  static async begin(part: Part): Promise<Field> {
    const made = Field.#made.get(part) ?? (await Field.#make(part));
    Field.#made.set(part, made);
    const flash = tempDir().write('flash.bin', made.flash);
    const board = powerUpStepped(part, { flash });
    return new Field(made.unit, board);
  }

  static async #make(part: Part): Promise<{ unit: SignedUnit; flash: Uint8Array }> {
    const unit = new SignedUnit(part);
    const board = powerUpStepped(part, { load: unit.flash() });
    const image = demoImage(part, 1);
    const device = await Bare.call(board);
    expect((await device.begin(unit.header(image, ROOT, IN_FORCE)))[0]).toBe(Status.OK);
    expect((await device.end(await device.pages(image)))[0]).toBe(Status.OK);
    const dir = tempDir();
    await board.command(`save ${join(dir.path, 'flash')}`);
    return { unit, flash: dir.read('flash') };
  }

  async call(): Promise<Bare> {
    await this.board.command('power cycle');
    const device = await Bare.call(this.board);
    await this.board.command('clear-counters');
    return device;
  }

  /** Nothing was written since the call, and the installed application starts. */
  async expectUnharmed(device: Bare): Promise<void> {
    expect((await this.board.counters()).flashOps).toBe(0);
    expect((await device.ask(Command.BOOT, new Uint8Array(0)))[0]).toBe(Status.OK);
    await this.board.run(STARTED_US);
    const { pc } = await this.board.command('counters');
    const { appBase } = PARTS[this.unit.part];
    expect(Number(pc)).toSatisfy((at: number) => at >= appBase && at < CODE_END);
  }
}

describe.each(BOARDS)('%s', (part) => {
  test('headers: each refused in its own words before anything is written, and the application goes on', async () => {
    const field = await Field.begin(part);
    const image = demoImage(part, 2);
    const words = new Map<string, string>();
    for (const { name, status, fault, header } of ATTACKS) {
      const device = await field.call();
      const answer = await device.begin(header(field.unit, image));
      const refusal = decode(Refusal, answer);
      expect([name, refusal.status]).toEqual([name, status]);
      if (fault !== undefined) expect([name, refusal.detail]).toEqual([name, fault]);
      const { code, message, hint } = refusalError(answer, 'BEGIN');
      expect([code, typeof hint]).toEqual(['REFUSED', 'string']);
      words.set(`${status} ${fault}`, message);
      await field.expectUnharmed(device);
    }
    expect(new Set(words.values()).size).toBe(words.size);
    // All of it was about what is wrong with them: the same without is taken.
    const device = await field.call();
    expect((await device.begin(next(field.unit, image)))[0]).toBe(Status.OK);
  });

  test('files: cut or with something behind, a package is none', () => {
    const file = new SignedUnit(part).package(demoImage(part, 1));
    const said = [file.subarray(0, 200), file.subarray(0, file.length - 1), longer(file)].map(
      (bytes) => {
        try {
          loadImage(bytes, { base: PARTS[part].appBase });
        } catch (error) {
          if (error instanceof IapError) return error.message;
        }
        return 'taken';
      },
    );
    expect(new Set(said).size).toBe(said.length);
    expect(said).not.toContain('taken');
  });

  test('half a header', async () => {
    const field = await Field.begin(part);
    const device = await field.call();
    const half = next(field.unit, demoImage(part, 2)).subarray(0, 128);
    expect((await device.ask(Command.BEGIN, Uint8Array.of(0, ...half)))[0]).toBe(
      Status.BAD_REQUEST,
    );
    await field.expectUnharmed(device);
  });

  test('two good packages begun in turn wear nothing out', async () => {
    const field = await Field.begin(part);
    const device = await field.call();
    const headers = [1, 2].map((major) => {
      const version = { major, minor: 0, patch: 0, build: 0 };
      return next(field.unit, demoImage(part, 2), { version });
    });
    for (const header of [...headers, ...headers])
      expect((await device.begin(header))[0]).toBe(Status.OK);
    await field.expectUnharmed(device);
  });

  test('PAGES tells nothing of other flash', async () => {
    const field = await Field.begin(part);
    const image = demoImage(part, 2);
    const device = await field.call();
    const pages = (first: number, count: number) =>
      device.ask(Command.PAGES, encode(PagesRequest, { first, count }));
    expect((await pages(0, 1))[0]).toBe(Status.NO_SESSION);
    await device.begin(next(field.unit, image));
    const count = Math.ceil(image.length / PARTS[part].pageSize);
    for (const [first, n] of [
      [count, 1],
      [count - 1, 2],
      [0xffff, 1],
      [0, 0],
    ] as const)
      expect([first, n, (await pages(first, n))[0]]).toEqual([first, n, Status.BAD_REQUEST]);
    expect((await pages(count - 1, 1))[0]).toBe(Status.OK);
    await field.expectUnharmed(device);
  });

  test.each(['damaged', 'blank'] as const)('a %s key block: nothing is taken', async (how) => {
    const field = await Field.begin(part);
    const { identity } = placesBelow(PARTS[part].appBase);
    const at = identity - KeyBlock.size;
    if (how === 'blank') await field.board.command(`poke ${at} ${'ff'.repeat(KeyBlock.size)}`);
    else await field.board.command(`poke ${at + 100} 1234`);
    const device = await field.call();
    const answer = await device.begin(next(field.unit, demoImage(part, 2)));
    expect(decode(Refusal, answer)).toEqual({
      status: Status.BAD_SIGNATURE,
      detail: SignatureFault.KEYS,
    });
    await field.expectUnharmed(device);
  });

  test('the header in the record changed between BEGIN and END: it does not become valid', async () => {
    const field = await Field.begin(part);
    const image = demoImage(part, 2);
    const header = next(field.unit, image);
    const device = await field.call();
    await device.begin(header);
    const count = await device.pages(image);
    await field.board.command(`poke ${await inRecord(field.board, part, header)} 12345678`);
    expect(decode(Refusal, await device.end(count))).toEqual({
      status: Status.BAD_SIGNATURE,
      detail: SignatureFault.WRONG,
    });
    expect((await device.ask(Command.BOOT, new Uint8Array(0)))[0]).toBe(Status.NOT_BOOTABLE);
  });
});

function longer(file: Uint8Array): Uint8Array {
  return Uint8Array.of(...file, 0x12);
}

/** Where the record has this header's build id, which nothing but the signature speaks for */
async function inRecord(board: SteppedBoard, part: Part, header: Uint8Array): Promise<number> {
  const { record } = placesBelow(PARTS[part].appBase);
  const { hex } = await board.command(`peek ${record} ${RECORD_SIZE}`);
  const at = String(hex).lastIndexOf(Buffer.from(header).toString('hex')) / 2;
  expect(at).toBeGreaterThan(0);
  return record + at + offsetOf(Header, 'buildId');
}
