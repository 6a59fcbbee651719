// Images that go out to devices: read, and held against everything "iap check" knows.
import { IapError } from '../base/errors.js';
import { ALLOWABLE, ALLOWABLE_IN_FLASH, allowedIds, tolerated, warningOf } from '../check/allow.js';
import { errorOf, type Finding, type FindingId } from '../check/finding.js';
import { flashFindings } from '../check/flash-contents.js';
import { findingOf } from '../check/inspect.js';
import { type Expected, judge } from '../check/judge.js';
import { FLASH_BASE } from '../image/areas.js';
import type { Image } from '../image/image.js';
import { type ImageFile, imageOf, type LoadOptions, loadFile } from '../image/load.js';
import type { Segment } from '../image/segments.js';
import { readWhole } from '../node/files.js';
import type { Board } from '../parts/parts.js';
import { FlashDump } from '../record/dump.js';
import { boardInFlash } from './board-in-flash.js';
import { checkBase, loadOptions } from './image-file.js';
import { type AllowArguments, type ImageArguments, parseAllow } from './options.js';
import type { Output } from './output.js';

export type CheckedArguments = ImageArguments & AllowArguments;

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
  const loaded = loadedFile(bytes, options);
  const left = explained(expected, () => tolerated(judge(loaded, expected).findings, allow));
  tellFindings(output, left);
  const image = imageOf(loaded);
  checkBase(options, image.base);
  return { image, allowed: allowedIds(left) };
}

export interface CheckedSegments {
  /** Errors that they have, and that --allow names */
  readonly allowed: readonly FindingId[];
  /** Whose bootloader is in them, if it can be told */
  readonly board: Board | undefined;
}

/**
 * What a programmer is to write, held against the places where programs begin; told as {@link readCheckedImage} does.
 * @throws IapError IMAGE_… for the first other error
 */
export async function checkSegments(
  segments: readonly Segment[],
  typed: CheckedArguments['allow'],
  output: Output,
): Promise<CheckedSegments> {
  const allow = parseAllow(typed, ALLOWABLE_IN_FLASH);
  const first = segments.find(({ address }) => address === FLASH_BASE);
  const board = first && (await boardInFlash(new FlashDump(first.address, first.bytes)));
  const left = tolerated(flashFindings(segments, board), allow, ALLOWABLE_IN_FLASH);
  tellFindings(output, left);
  return { allowed: allowedIds(left), board };
}

/** @throws IapError as for a finding of "iap check" */
function loadedFile(bytes: Uint8Array, options: LoadOptions): ImageFile {
  try {
    return loadFile(bytes, options);
  } catch (error) {
    throw error instanceof IapError ? errorOf(findingOf(error)) : error;
  }
}

function tellFindings(output: Output, findings: readonly Finding[]): void {
  for (const finding of findings) {
    const { message, ...fields } = warningOf(finding);
    output.warning(message, fields);
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
