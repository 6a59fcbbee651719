// iap check: what is wrong with images, told before anybody carries them to a device.
import { IapError } from '../../base/errors.js';
import { ALLOWABLE, type Allowable, isBlocking, marked } from '../../check/allow.js';
import { type Expected, findingOf, type Inspection, inspect } from '../../check/inspect.js';
import { signerFinding } from '../../check/signature.js';
import { type Image, LARGEST_REVISION } from '../../image/image.js';
import { type LoadOptions, loadImage } from '../../image/load.js';
import { boardNames, loadBoard, loadPart, partNames } from '../../node/board-file.js';
import { readBytes } from '../../node/files.js';
import { readPublicKey, verifySignature } from '../../node/key-file.js';
import { parseProduct } from '../../pack/description.js';
import type { PublicKey } from '../../signing/public-key.js';
import { inspectionJson, inspectionLines } from '../check-text.js';
import { command } from '../command.js';
import { checkBase } from '../image-file.js';
import type { Context } from '../link.js';
import type { ArgumentsOf } from '../option.js';
import {
  ALLOW_OPTION,
  BASE_OPTION,
  IMAGE,
  PUBLIC_KEY_OPTION,
  parseAddress,
  parseAllow,
} from '../options.js';

const IMAGES = { images: { ...IMAGE.image, array: true } } as const;

const OPTIONS = {
  part: {
    type: 'string',
    requiresArg: true,
    complete: partNames,
    conflicts: 'board',
    describe: 'Part it is for, as in bootloader-c/parts',
  },
  board: {
    type: 'string',
    requiresArg: true,
    complete: boardNames,
    describe: 'Board it is for, as in bootloader-c/boards: the part, and where applications lie',
  },
  product: {
    type: 'string',
    requiresArg: true,
    describe: 'Product id that packages must be for',
  },
  hardware: {
    type: 'number',
    least: 0,
    most: LARGEST_REVISION,
    requiresArg: true,
    describe: 'Hardware revision that packages must be for',
  },
  ...PUBLIC_KEY_OPTION,
  ...BASE_OPTION,
  ...ALLOW_OPTION,
} as const;

type CheckArguments = ArgumentsOf<typeof IMAGES & typeof OPTIONS>;

export const CHECK = command({
  name: 'check <images..>',
  description: 'Find what is wrong with images, without a device',
  positionals: IMAGES,
  options: OPTIONS,
  examples: [
    ['check app.elf --board stm32f103xb', 'everything that can be told'],
    ['check build/*.iap --part stm32f103xe', 'in CI: exit code 3 if one is wrong'],
    ['check app.iap --public-key release.pub', 'and that this key has signed it'],
  ],
  handler: check,
});

async function check(args: CheckArguments, { output }: Pick<Context, 'output'>): Promise<void> {
  const expected = await expectedBy(args);
  const base = args.base === undefined ? undefined : parseAddress('--base', args.base);
  const allow = parseAllow(args.allow, ALLOWABLE);
  const key = args.publicKey === undefined ? undefined : await readPublicKey(args.publicKey);
  const assumed = new Set<string>();
  let rejected = 0;
  let warnings = 0;
  for (const path of args.images) {
    const found = await inspectFile(path, base === undefined ? {} : { base }, expected, key);
    const inspection = withAllowed(found, allow);
    output.event('image', { path, ...inspectionJson(inspection) });
    for (const line of inspectionLines(path, inspection)) output.line(line);
    for (const text of inspection.assumed) assumed.add(text);
    if (!inspection.ok) rejected++;
    warnings += inspection.findings.filter(({ severity }) => severity === 'warning').length;
  }
  for (const text of assumed) output.line(`assumed: ${text}`);
  if (rejected > 0) throw failed(args.images.length, rejected);
  output.result({ images: args.images.length, warnings });
}

async function expectedBy({ part, board, product, hardware }: CheckArguments): Promise<Expected> {
  const identity = {
    ...(product === undefined ? {} : { product: parseProduct(product) }),
    ...(hardware === undefined ? {} : { hardware }),
  };
  if (board !== undefined) {
    const found = await loadBoard(board);
    return { part: found.part, area: found, identity };
  }
  if (part !== undefined) return { part: await loadPart(part), identity };
  return { identity };
}

async function inspectFile(
  path: string,
  options: LoadOptions,
  expected: Expected,
  key: PublicKey | undefined,
): Promise<Inspection> {
  try {
    const bytes = await readBytes(path, 'image', 'IMAGE_UNREADABLE');
    const inspection = inspect(bytes, { name: path, ...options }, expected);
    if (inspection.facts && options.base !== undefined)
      checkBase({ name: path, ...options }, loadImage(bytes, { name: path }).base);
    if (!inspection.facts || !key) return inspection;
    return await withSigner(inspection, loadImage(bytes, { name: path, ...options }), key);
  } catch (error) {
    // The others are checked all the same.
    if (!(error instanceof IapError) || error.code === 'USAGE') throw error;
    return { ok: false, findings: [findingOf(error)], assumed: [] };
  }
}

/** With whether this key has signed it */
async function withSigner(
  inspection: Inspection,
  image: Image,
  { point }: PublicKey,
): Promise<Inspection> {
  const wrong = await signerFinding(image, point, verifySignature);
  const { facts } = inspection;
  const signature = facts?.signature;
  const told =
    facts && signature
      ? { facts: { ...facts, signature: { ...signature, verified: !wrong } } }
      : {};
  if (!wrong) return { ...inspection, ...told };
  // A warning of the same says less.
  const others = inspection.findings.filter(({ id }) => id !== wrong.id);
  return { ...inspection, ...told, ok: false, findings: [wrong, ...others] };
}

/** An image all of whose errors are allowed is good enough, as it is for the commands that write it. */
function withAllowed(inspection: Inspection, allow: readonly Allowable[]): Inspection {
  const findings = marked(inspection.findings, allow);
  return { ...inspection, ok: !findings.some(isBlocking), findings };
}

function failed(images: number, rejected: number): IapError {
  const which = images === 1 ? 'the image' : `${rejected} of ${images} images`;
  return new IapError('CHECK_FAILED', `${which} can not be used as built`, {
    hint: 'docs/images.md explains each finding',
    details: { images, rejected },
  });
}
