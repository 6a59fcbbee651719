// iap pack: an image and what is said of it → a package.
import { join } from 'node:path';
import { decode, Header, ImageFlag, KEY_SLOTS } from '../../../protocol/index.js';
import { isZero } from '../../base/bytes.js';
import { IapError } from '../../base/errors.js';
import { hex32, hexBytes } from '../../base/text.js';
import { ALLOWABLE } from '../../check/allow.js';
import { LARGEST_REVISION } from '../../image/image.js';
import { nameText } from '../../image/names.js';
import { versionText } from '../../image/version.js';
import { boardNames, loadBoard } from '../../node/board-file.js';
import { readBytes, writeBytes } from '../../node/files.js';
import { packageRoot } from '../../node/package-root.js';
import { type DescriptionText, parseDescription } from '../../pack/description.js';
import { makePackage } from '../../pack/pack.js';
import { signatureFacts, signatureState } from '../../signing/header.js';
import { readCheckedImage } from '../checked-image.js';
import { command } from '../command.js';
import { headerJson, signatureText } from '../header-json.js';
import type { Context } from '../link.js';
import type { ArgumentsOf } from '../option.js';
import { ALLOW_OPTION, BASE_OPTION, IMAGE, OUTPUT_OPTION, parseAllow } from '../options.js';
import { packagePath } from '../package-file.js';
import { wholeNumber } from '../values.js';

const LARGEST_WORD = 0xffff_ffff;
const LARGEST_KEY_ID = KEY_SLOTS - 1;

const POSITIONALS = {
  image: { ...IMAGE.image, describe: 'Application: .bin, .hex, .srec or .elf' },
} as const;

const OPTIONS = {
  version: {
    type: 'string',
    requiresArg: true,
    describe: 'Version of the image: 1.4.0, or 1.4.0+17',
  },
  product: {
    type: 'string',
    requiresArg: true,
    describe: 'Product id: text of up to 16 bytes, padded with zero, or 32 hex digits',
  },
  hardware: {
    type: 'string',
    requiresArg: true,
    describe: 'Hardware revision it runs on, or FIRST-LAST',
  },
  confirm: {
    type: 'boolean',
    describe: 'The application must confirm itself within its trial boots',
  },
  'security-counter': {
    type: 'number',
    least: 0,
    most: LARGEST_WORD,
    requiresArg: true,
    describe: 'Devices never go back below the highest they have seen',
  },
  needs: {
    type: 'string',
    requiresArg: true,
    describe: 'Capabilities that the bootloader must have, separated by commas',
  },
  'build-id': {
    type: 'string',
    requiresArg: true,
    describe: 'Free: text of up to 20 bytes, or 40 hex digits such as a commit hash',
  },
  'unique-id': {
    type: 'string',
    requiresArg: true,
    describe: 'Only for this device: the 24 hex digits that "iap info" prints',
  },
  'key-id': {
    type: 'number',
    least: 0,
    most: LARGEST_KEY_ID,
    requiresArg: true,
    describe: 'Number of the key that is going to sign it ("iap sign")',
  },
  revoke: {
    type: 'string',
    requiresArg: true,
    describe: 'Numbers of keys that are revoked, separated by commas; only a root key may',
  },
  from: {
    type: 'string',
    requiresArg: true,
    complete: 'file',
    describe: 'JSON file with these values (protocol/package.schema.json); options win',
  },
  board: {
    type: 'string',
    requiresArg: true,
    complete: boardNames,
    describe: 'Board it is for: checks address and size against its application area',
  },
  ...OUTPUT_OPTION,
  ...BASE_OPTION,
  ...ALLOW_OPTION,
} as const;

export type PackArguments = ArgumentsOf<typeof POSITIONALS & typeof OPTIONS>;

export const PACK = command({
  name: 'pack <image>',
  description: 'Make a package: an image with product, hardware and version',
  positionals: POSITIONALS,
  options: OPTIONS,
  examples: [
    [
      'pack app.hex -o app.iap --product PUMP-2 --hardware 1-3 --version 1.4.0',
      'for three hardware revisions',
    ],
    ['pack app.hex -o app.iap --from pump.json --version 1.4.1', 'from a file'],
    ['pack app.hex -o app.iap --from pump.json --key-id 1', 'to be signed with "iap sign"'],
  ],
  handler: pack,
});

const SCHEMA = join('protocol', 'package.schema.json');

async function pack(args: PackArguments, { output }: Pick<Context, 'output'>): Promise<void> {
  const path = packagePath(args.output);
  const text = args.from === undefined ? {} : await readDescription(args.from);
  const description = parseDescription({ ...text, ...optionsOf(args) });
  const board = args.board === undefined ? undefined : await loadBoard(args.board);
  const { image, allowed } = await readCheckedImage(
    args,
    board ? { part: board.part, area: board } : {},
    output,
  );
  const bytes = makePackage(image, description, board, parseAllow(args.allow, ALLOWABLE));
  await writeBytes(path, bytes);
  const header = decode(Header, bytes);
  for (const row of headerTable(header)) output.line(row);
  if (isZero(header.product)) {
    output.warning('no product id: every device takes this package, whatever product it is');
  }
  if (signatureState(header) === 'to-be-signed') {
    output.warning(
      `it has to be signed with key ${header.keyId} before any device takes it: "iap sign" does that`,
    );
  }
  output.line(`written to ${path}: ${bytes.length} bytes`);
  output.result({ path, bytes: bytes.length, ...headerJson(header), allowed });
}

async function readDescription(path: string): Promise<DescriptionText> {
  // Loaded when it is needed: a schema validator is a fifth of the time that a command takes to start.
  const { parseJson } = await import('../../base/json.js');
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const schema = JSON.parse(text(await readBytes(join(packageRoot(), SCHEMA), 'schema'))) as object;
  return parseJson(text(await readBytes(path, 'description')), path, schema);
}

/** Options win over the file. */
function optionsOf(args: PackArguments): DescriptionText {
  const values = {
    product: args.product,
    hardware: args.hardware === undefined ? undefined : revisions(args.hardware),
    version: args.version,
    confirm: args.confirm,
    securityCounter: args.securityCounter,
    capabilities: args.needs === undefined ? undefined : args.needs.split(','),
    buildId: args.buildId,
    uniqueId: args.uniqueId,
    keyId: args.keyId,
    revoke: args.revoke === undefined ? undefined : keyIds(args.revoke),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** 3, or 1-3 */
function revisions(text: string): number[] {
  const found = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (!found) throw new IapError('USAGE', `--hardware is a revision or FIRST-LAST, got "${text}"`);
  const bounds = { least: 0, most: LARGEST_REVISION };
  return found
    .slice(1)
    .flatMap((n) => (n === undefined ? [] : [wholeNumber('--hardware', n, bounds)]));
}

/** 0,1 */
function keyIds(text: string): number[] {
  const bounds = { least: 0, most: LARGEST_KEY_ID };
  return text.split(',').map((id) => wholeNumber('--revoke', id, bounds));
}

function headerTable(header: Header): string[] {
  const { hardwareMin: min, hardwareMax: max } = header;
  const any = min === 0 && max === LARGEST_REVISION;
  const rows: [string, string][] = [
    ['product', isZero(header.product) ? 'any' : nameText(header.product)],
    [
      'hardware',
      any ? 'any revision' : min === max ? `revision ${min}` : `revisions ${min} to ${max}`,
    ],
    ['version', versionText(header.version)],
    ['security counter', String(header.securityCounter)],
    ['confirmation', needsConfirmation(header) ? 'needed' : 'not needed'],
    ['image', `${header.imageSize} bytes at ${hex32(header.loadAddress)}`],
    ['SHA-256', hexBytes(header.imageSha256)],
    ['signature', signatureText(signatureFacts(header))],
  ];
  if (!isZero(header.buildId)) rows.push(['build id', nameText(header.buildId)]);
  if (!isZero(header.uniqueId)) rows.push(['only for device', hexBytes(header.uniqueId)]);
  return rows.map(([name, value]) => `${name.padEnd(18)} ${value}`);
}

function needsConfirmation({ flags }: Header): boolean {
  return (flags & ImageFlag.CONFIRM) !== 0;
}
