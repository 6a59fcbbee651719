// Images that go out to devices: read, and held against everything "iap check" knows.

import { IapError } from '../base/errors.js';
import {
  ALLOWABLE,
  ALLOWABLE_IN_FLASH,
  allowedIds,
  tolerated,
  toleratedText,
} from '../check/allow.js';
import type { Finding, FindingId } from '../check/finding.js';
import { flashFindings } from '../check/flash-contents.js';
import { type Expected, inspect } from '../check/inspect.js';
import { FLASH_BASE } from '../image/areas.js';
import type { Image } from '../image/image.js';
import { loadImage } from '../image/load.js';
import type { Segment } from '../image/segments.js';
import { readWhole } from '../node/files.js';
import { FlashDump } from '../record/dump.js';
import { boardInFlash } from './board-in-flash.js';
import { checkBase, type ImageArguments, loadOptions } from './image-file.js';
import { parseAllow } from './options.js';
import type { Output } from './output.js';

export interface CheckedArguments extends ImageArguments {
  readonly allow?: string | readonly string[] | undefined;
}

export interface CheckedImage {
  readonly image: Image;
  /** Errors that it has, and that --allow names */
  readonly allowed: readonly FindingId[];
}

/**
 * Warnings, and errors that are allowed, are told.
 * @throws IapError IMAGE_… for the first error
 */
export async function readCheckedImage(
  args: CheckedArguments,
  expected: Expected,
  output: Output,
): Promise<CheckedImage> {
  const allow = parseAllow(args.allow, ALLOWABLE);
  const bytes = await readWhole(args.image, 'image', 'IMAGE_UNREADABLE');
  const options = loadOptions(args);
  const { findings } = inspect(bytes, options, expected);
  const left = explained(expected, () => tolerated(findings, allow));
  tellFindings(output, left);
  const image = loadImage(bytes, options);
  checkBase(options, image.base);
  return { image, allowed: allowedIds(left) };
}

/**
 * What a programmer is to write, held against the places where programs begin; told as {@link readCheckedImage} does.
 * @returns errors that --allow names
 * @throws IapError IMAGE_… for the first other error
 */
export async function checkSegments(
  segments: readonly Segment[],
  typed: CheckedArguments['allow'],
  output: Output,
): Promise<FindingId[]> {
  const allow = parseAllow(typed, ALLOWABLE_IN_FLASH);
  const first = segments.find(({ address }) => address === FLASH_BASE);
  const board = first && (await boardInFlash(new FlashDump(first.address, first.bytes)));
  const left = tolerated(flashFindings(segments, board), allow, ALLOWABLE_IN_FLASH);
  tellFindings(output, left);
  return allowedIds(left);
}

function tellFindings(output: Output, findings: readonly Finding[]): void {
  for (const finding of findings) {
    const { id, allowed } = finding;
    output.warning(toleratedText(finding), { finding: id, ...(allowed ? { allowed } : {}) });
  }
}

/** Where no board is named, its absence may be the mistake. */
function explained<T>({ area }: Expected, judge: () => T): T {
  try {
    return judge();
  } catch (error) {
    if (!(error instanceof IapError) || error.code !== 'IMAGE_WRONG_ADDRESS' || area) throw error;
    const { code, message, hint, details } = error;
    const board = 'if the applications of your board start elsewhere, name it with --board';
    throw new IapError(code, message, { hint: `${hint}; ${board}`, details });
  }
}
