// iap factory: one image with everything a new unit needs.
import {
  ADDRESS_BROADCAST,
  crc32,
  decode,
  Header,
  ImageFlag,
  KeyRole,
} from '../../../protocol/index.js';
import { sizeOf } from '../../base/bytes.js';
import { IapError } from '../../base/errors.js';
import { sha256 } from '../../base/sha256.js';
import { hex32, hexBytes, printable } from '../../base/text.js';
import { ALLOWABLE } from '../../check/allow.js';
import { errorOf } from '../../check/finding.js';
import { signerFinding } from '../../check/signature.js';
import { knowsAppBase } from '../../factory/bootloader.js';
import { factoryImage, type Region, recordRegion } from '../../factory/factory.js';
import type { UnitIdentity } from '../../factory/identity.js';
import { checkOwners, checkRoles, type UnitKey, type UnitKeys } from '../../factory/unit-keys.js';
import { headerFor, type Image, LARGEST_REVISION } from '../../image/image.js';
import { checkRaw, loadImage } from '../../image/load.js';
import { nameText } from '../../image/names.js';
import type { Segment } from '../../image/segments.js';
import { versionText } from '../../image/version.js';
import { boardNames, loadBoard } from '../../node/board-file.js';
import { readWhole } from '../../node/files.js';
import { readPublicKey, verifySignature } from '../../node/key-file.js';
import { readSecret } from '../../node/secret-file.js';
import { parseProduct } from '../../pack/description.js';
import type { Board } from '../../parts/parts.js';
import { rawSignature } from '../../signing/ecdsa.js';
import { fingerprintOf } from '../../signing/public-key.js';
import { bootloaderOf } from '../board-bootloader.js';
import { readCheckedImage } from '../checked-image.js';
import { command } from '../command.js';
import type { Context } from '../link.js';
import type { ArgumentsOf } from '../option.js';
import {
  ALLOW_OPTION,
  BASE_OPTION,
  IMAGE,
  OUTPUT_OPTION,
  parseAddress,
  parseAllow,
  RATES,
} from '../options.js';
import type { Output } from '../output.js';
import { checkOutput, writeSegments } from '../segment-file.js';

const POSITIONALS = {
  image: { type: 'string', complete: 'file', describe: IMAGE.image.describe },
} as const;

function keyOption(what: string) {
  return {
    type: 'string',
    requiresArg: true,
    complete: 'file',
    describe: `Public key (PEM) ${what}; with keys the unit takes signed images alone`,
  } as const;
}

const OPTIONS = {
  board: {
    type: 'string',
    requiresArg: true,
    complete: boardNames,
    demandOption: true,
    describe: 'Board, as in bootloader-c/boards',
  },
  bootloader: {
    type: 'string',
    requiresArg: true,
    complete: 'file',
    describe: 'Bootloader to use, instead of the one built for the board',
  },
  'blank-app': {
    type: 'boolean',
    default: false,
    describe: 'No application: the unit waits for its first update',
  },
  'record-only': {
    type: 'boolean',
    default: false,
    describe: 'Only the boot record, for an application that a debugger writes',
  },
  'write-protect': {
    type: 'boolean',
    default: false,
    describe: 'Add option bytes that protect the bootloader (only .hex)',
  },
  product: {
    type: 'string',
    requiresArg: true,
    describe: 'Product id: text of up to 16 bytes, padded with zero, or 32 hex digits',
  },
  hardware: {
    type: 'number',
    least: 0,
    most: LARGEST_REVISION,
    requiresArg: true,
    describe: 'Hardware revision of this unit',
  },
  serial: {
    type: 'string',
    requiresArg: true,
    describe: 'Serial number, up to 16 characters',
  },
  address: {
    type: 'number',
    least: 0,
    most: ADDRESS_BROADCAST - 1,
    requiresArg: true,
    describe: 'Bus address, 1 to 254',
  },
  'default-baud': {
    type: 'number',
    ...RATES,
    requiresArg: true,
    describe: "Rate after a reset, instead of the board's",
  },
  'packages-only': {
    type: 'boolean',
    default: false,
    describe: 'This unit takes no plain images, only packages of its product',
  },
  'root-key': keyOption('that may revoke the others'),
  'release-key': keyOption('that signs releases'),
  'spare-key': keyOption('that signs once the release key is lost or revoked'),
  'development-key': keyOption('of the bench; needs --development'),
  development: {
    type: 'boolean',
    default: false,
    describe: 'This unit stays in the house: development keys, no proofs',
  },
  proof: {
    type: 'string',
    many: true,
    requiresArg: true,
    complete: 'file',
    describe: 'What "iap keys prove" has written, for each key; may be given again',
  },
  data: {
    type: 'string',
    many: true,
    requiresArg: true,
    describe: "ADDRESS=FILE: the unit's own data above the application area; may be given again",
  },
  ...OUTPUT_OPTION,
  ...BASE_OPTION,
  ...ALLOW_OPTION,
} as const;

export type FactoryArguments = ArgumentsOf<typeof POSITIONALS & typeof OPTIONS>;

export const FACTORY = command({
  name: 'factory [image]',
  description: 'Make the first image of a unit: bootloader, application, boot record, identity',
  positionals: POSITIONALS,
  options: OPTIONS,
  examples: [
    ['factory app.iap -o unit.hex --board stm32f103xb --product PUMP-2 --serial A0001', 'one unit'],
    ['factory --blank-app -o boot.hex --board stm32f103xb', 'bootloader only'],
    [
      'factory app.iap -o unit.hex --board stm32f103xb --product PUMP-2 --root-key root.pub --release-key release.pub --proof root.proof',
      'takes signed images alone',
    ],
  ],
  handler: factory,
});

async function factory(args: FactoryArguments, { output }: Pick<Context, 'output'>): Promise<void> {
  const path = args.output;
  checkOutput(path, args.writeProtect);
  checkCombination(args);
  const board = await loadBoard(args.board);
  const identity = identityOf(args);
  const expected = { part: board.part, area: board };
  const checked =
    args.image === undefined
      ? undefined
      : await readCheckedImage({ ...args, image: args.image }, expected, output);
  const app = checked?.image;
  const allow = parseAllow(args.allow, ALLOWABLE);
  const keys = await keysOf(args);
  if (keys) await checkKeys(keys, app, args);
  const bootloader = args.recordOnly
    ? undefined
    : await readBootloader(args, board, keys !== undefined, output);
  const regions = !bootloader
    ? [recordRegion(board, app, identity, allow, keys)]
    : factoryImage({
        board,
        bootloader: bootloader.image,
        ...(app ? { app } : {}),
        ...(identity ? { identity } : {}),
        ...(keys ? { keys } : {}),
        allow,
        data: await readData(args.data),
        writeProtect: args.writeProtect,
      });
  // What is wrong with the application comes first: its signature is a proof, too.
  if (keys && !args.development && !args.recordOnly) await checkProofs(keys, app, args);
  await writeSegments(path, regions);
  for (const row of mapOf(regions, { board, app, identity, keys })) output.line(row);
  if (keys && args.development) {
    output.warning(
      'whoever has a development key can make images for this unit: it must not leave the house',
    );
  }
  for (const region of regions) output.event('region', regionJson(region));
  if (app && needsConfirmation(app, board)) {
    output.line('the application must confirm itself: its first starts count as trial boots');
  }
  if (!identity && !args.recordOnly) {
    output.warning('no product id: this unit takes the packages of every product');
  }
  if (app && args.recordOnly) {
    const { length } = app.bytes;
    output.line(
      `only for this application at ${hex32(board.appBase)}: ${length} bytes, CRC-32 ${crcText(app.bytes)}`,
    );
  }
  const bytes = sizeOf(regions);
  output.line(`written to ${path}`);
  const { allowed = [] } = checked ?? {};
  output.result({
    path,
    board: board.name,
    regions: regions.length,
    bytes,
    allowed,
    bootloader: bootloader ? { from: bootloader.from, path: bootloader.path } : null,
  });
}

function checkCombination(args: FactoryArguments): void {
  const { image, blankApp, recordOnly, writeProtect, data } = args;
  if ((image === undefined) !== blankApp) {
    throw new IapError(
      'USAGE',
      blankApp
        ? '--blank-app is for a unit without application, and an application is given'
        : 'no application is given',
      { hint: 'give the application, or --blank-app for a unit that waits for its first update' },
    );
  }
  if (recordOnly && blankApp) {
    throw new IapError('USAGE', '--record-only needs the application that the record is for');
  }
  if (KEYS.every(({ option }) => args[option] === undefined)) {
    if (args.development || args.proof !== undefined) {
      throw new IapError('USAGE', '--development and --proof belong to the keys of a unit', {
        hint: 'give --root-key and --release-key, or leave them away',
      });
    }
  }
  if (recordOnly && (writeProtect || data !== undefined || identityOf(args))) {
    throw new IapError('USAGE', '--record-only writes nothing but the boot record', {
      hint: 'leave identity, --data and --write-protect away, or --record-only',
    });
  }
}

/** By number */
const KEYS = [
  { option: 'rootKey', name: 'root', role: KeyRole.ROOT },
  { option: 'releaseKey', name: 'release', role: KeyRole.RELEASE },
  { option: 'spareKey', name: 'spare', role: KeyRole.RELEASE },
  { option: 'developmentKey', name: 'development', role: KeyRole.DEVELOPMENT },
] as const;

/** Undefined: a unit that takes unsigned images */
async function keysOf(args: FactoryArguments): Promise<UnitKeys | undefined> {
  const keys = await Promise.all(
    KEYS.map(async ({ option, name, role }): Promise<UnitKey | undefined> => {
      const path = args[option];
      return path === undefined ? undefined : { ...(await readPublicKey(path)), name, role };
    }),
  );
  return keys.some((key) => key !== undefined) ? keys : undefined;
}

async function checkKeys(
  keys: UnitKeys,
  app: Image | undefined,
  { development }: FactoryArguments,
): Promise<void> {
  checkRoles(keys, development);
  const signer = app?.header && keys[decode(Header, app.header).keyId];
  if (!app || !signer) return;
  const finding = await signerFinding(app, signer.point, verifySignature);
  if (finding) throw errorOf(finding);
}

async function checkProofs(
  keys: UnitKeys,
  app: Image | undefined,
  { proof = [] }: FactoryArguments,
): Promise<void> {
  const proofs = await Promise.all(
    proof.map(async (path) => {
      const { bytes } = await readSecret(path, 'proof');
      try {
        return rawSignature(bytes);
      } catch (error) {
        if (!(error instanceof IapError)) throw error;
        throw new IapError(
          error.code,
          `the proof ${printable(path)} can not be used: ${error.message}`,
          {
            hint: '"iap keys prove" writes it',
            details: { path },
          },
        );
      }
    }),
  );
  await checkOwners(keys, app, proofs, verifySignature);
}

/** A unit's identity needs a product id; the rest has defaults. */
function identityOf(args: FactoryArguments): UnitIdentity | undefined {
  const { product, hardware, address, defaultBaud, packagesOnly, serial } = args;
  const others = { hardware, address, 'default-baud': defaultBaud, serial };
  const given = Object.entries(others).filter(([, value]) => value !== undefined);
  if (product === undefined) {
    const first = given[0]?.[0] ?? (packagesOnly ? 'packages-only' : undefined);
    if (first === undefined) return undefined;
    throw new IapError(
      'USAGE',
      `--${first} is part of the unit's identity, which needs --product`,
      {
        hint: 'give the product id that the packages of this product have',
      },
    );
  }
  return {
    product: parseProduct(product),
    packagesOnly,
    ...(hardware === undefined ? {} : { hardware }),
    ...(address === undefined ? {} : { address }),
    ...(defaultBaud === undefined ? {} : { defaultRate: defaultBaud }),
    ...(serial === undefined ? {} : { serial }),
  };
}

interface BootloaderFile {
  readonly image: Image;
  readonly path: string;
  readonly from: 'file' | 'build' | 'package';
}

/** The given one, or the one that was built for the board, as "iap board" takes it */
async function readBootloader(
  { bootloader }: FactoryArguments,
  board: Board,
  signedOnly: boolean,
  output: Output,
): Promise<BootloaderFile> {
  const { name, appBase } = board;
  const { path, bytes, from } =
    bootloader === undefined
      ? await bootloaderOf(name, signedOnly)
      : {
          path: bootloader,
          bytes: await readWhole(bootloader, 'bootloader'),
          from: 'file' as const,
        };
  const image = loadImage(bytes, { name: path });
  if (!knowsAppBase(image, board)) {
    output.warning(
      `the bootloader does not seem to know ${hex32(appBase)}, where applications of ${name} begin: try one unit first`,
    );
  }
  return { image, from, path };
}

/** ADDRESS=FILE, raw bytes */
async function readData(data: FactoryArguments['data']): Promise<Segment[]> {
  return Promise.all(
    (data ?? []).map(async (text) => {
      const [, address, path] = /^([^=]+)=(.+)$/.exec(text) ?? [];
      if (address === undefined || path === undefined) {
        throw new IapError('USAGE', `--data is ADDRESS=FILE, got "${text}"`);
      }
      const bytes = await readWhole(path, 'data');
      if (bytes.length === 0) throw new IapError('USAGE', `the data ${path} is empty`);
      checkRaw(bytes, path);
      return { address: parseAddress('--data', address), bytes };
    }),
  );
}

interface Told {
  readonly board: Board;
  readonly app: Image | undefined;
  readonly identity: UnitIdentity | undefined;
  readonly keys: UnitKeys | undefined;
}

/** The CRC-32 of identity and record says nothing, because they end in one of their own: the hash tells units apart. */
function mapOf(regions: readonly Region[], told: Told): string[] {
  return [
    'address        bytes  CRC-32    SHA-256   what',
    ...regions.map((region) => {
      const { address, bytes } = region;
      const size = String(bytes.length).padStart(8);
      return `${hex32(address)} ${size}  ${crcText(bytes)}  ${hexBytes(sha256(bytes).subarray(0, 4))}  ${regionText(region, told)}`;
    }),
  ];
}

function regionText({ kind, used }: Region, { board, app, identity, keys }: Told): string {
  switch (kind) {
    case 'bootloader':
      return `bootloader of ${board.name}, ${used} bytes`;
    case 'keys':
      return `keys: ${(keys ?? []).flatMap((key, id) => (key ? [keyText(key, id)] : [])).join(', ')}`;
    case 'identity':
      return identity ? `identity: ${identityText(identity)}` : 'identity: blank';
    case 'record':
      return app ? 'boot record: application installed and verified' : 'boot record: blank';
    case 'application':
      return `application ${appVersion(app, board)}, ${used} bytes`;
    case 'data':
      return `data, ${used} bytes`;
    case 'options':
      return 'option bytes: bootloader write-protected, flash readable';
  }
}

function keyText({ name, point }: UnitKey, id: number): string {
  return `${id} ${name} ${hexBytes(fingerprintOf(point))}`;
}

function identityText({
  product,
  hardware = 0,
  address,
  serial,
  packagesOnly,
}: UnitIdentity): string {
  const parts = [`product ${nameText(product)}`, `hardware revision ${hardware}`];
  if (serial) parts.push(`serial ${serial}`);
  if (address) parts.push(`bus address ${address}`);
  if (packagesOnly) parts.push('packages only');
  return parts.join(', ');
}

function appVersion(app: Image | undefined, board: Board): string {
  return app?.header ? versionText(headerOf(app, board).version) : 'without package';
}

function needsConfirmation(app: Image, board: Board): boolean {
  return (headerOf(app, board).flags & ImageFlag.CONFIRM) !== 0;
}

function headerOf(app: Image, { appBase }: Board): Header {
  return decode(Header, headerFor(app, appBase));
}

function regionJson({ kind, address, bytes, used }: Region): object {
  return {
    kind,
    address,
    size: bytes.length,
    used,
    crc32: crc32(bytes),
    sha256: hexBytes(sha256(bytes)),
  };
}

function crcText(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}
