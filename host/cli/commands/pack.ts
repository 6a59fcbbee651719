// iap pack: an image and what is said of it → a package.
import { extname, join } from 'node:path';
import { decode, Header, ImageFlag } from '../../../protocol/index.js';
import { isZero } from '../../base/bytes.js';
import { IapError } from '../../base/errors.js';
import { hex32, hexBytes } from '../../base/text.js';
import { ALLOWABLE } from '../../check/allow.js';
import { LARGEST_REVISION } from '../../image/image.js';
import { nameText } from '../../image/names.js';
import { versionText } from '../../image/version.js';
import { loadBoard } from '../../node/board-file.js';
import { readBytes, writeBytes } from '../../node/files.js';
import { packageRoot } from '../../node/package-root.js';
import { type DescriptionText, parseDescription } from '../../pack/description.js';
import { makePackage } from '../../pack/pack.js';
import { type CheckedArguments, readCheckedImage } from '../checked-image.js';
import { headerJson } from '../header-json.js';
import type { Context } from '../link.js';
import { checkInteger, once, parseAllow } from '../options.js';

export interface PackArguments extends CheckedArguments {
  readonly output: string;
  readonly board?: string | undefined;
  readonly from?: string | undefined;
  readonly product?: string | undefined;
  readonly hardware?: string | undefined;
  readonly version?: string | undefined;
  readonly confirm?: boolean | undefined;
  readonly securityCounter?: number | undefined;
  readonly needs?: string | undefined;
  readonly buildId?: string | undefined;
  readonly uniqueId?: string | undefined;
}

const SCHEMA = join('protocol', 'package.schema.json');
const LARGEST_WORD = 0xffff_ffff;

export async function pack(
  args: PackArguments,
  { output }: Pick<Context, 'output'>,
): Promise<void> {
  const path = packagePath(once('--output', args.output));
  const text = args.from === undefined ? {} : await readDescription(once('--from', args.from));
  const description = parseDescription({ ...text, ...optionsOf(args) });
  const board = args.board === undefined ? undefined : await loadBoard(once('--board', args.board));
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
  output.line(`written to ${path}: ${bytes.length} bytes`);
  output.result({ path, bytes: bytes.length, ...headerJson(header), allowed });
}

/** A package that is named like something else is taken for that by people, and refused by no program. */
function packagePath(path: string): string {
  const extension = extname(path).toLowerCase();
  if (extension === '.iap') return path;
  throw new IapError('USAGE', `the package's name must end in .iap; got "${extension}"`);
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
  if (args.securityCounter !== undefined) {
    checkInteger('--security-counter', args.securityCounter, 0, LARGEST_WORD);
  }
  const values = {
    product: args.product && once('--product', args.product),
    hardware:
      args.hardware === undefined ? undefined : revisions(once('--hardware', args.hardware)),
    version: args.version && once('--version', args.version),
    confirm: args.confirm,
    securityCounter: args.securityCounter,
    capabilities: args.needs === undefined ? undefined : once('--needs', args.needs).split(','),
    buildId: args.buildId && once('--build-id', args.buildId),
    uniqueId: args.uniqueId && once('--unique-id', args.uniqueId),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** 3, or 1-3 */
function revisions(text: string): number[] {
  const found = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (!found) throw new IapError('USAGE', `--hardware is a revision or FIRST-LAST, got "${text}"`);
  const all = found.slice(1).flatMap((n) => (n === undefined ? [] : [Number(n)]));
  for (const value of all) checkInteger('--hardware', value, 0, LARGEST_REVISION);
  return all;
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
  ];
  if (!isZero(header.buildId)) rows.push(['build id', nameText(header.buildId)]);
  if (!isZero(header.uniqueId)) rows.push(['only for device', hexBytes(header.uniqueId)]);
  return rows.map(([name, value]) => `${name.padEnd(18)} ${value}`);
}

function needsConfirmation({ flags }: Header): boolean {
  return (flags & ImageFlag.CONFIRM) !== 0;
}
