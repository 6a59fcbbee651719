// What an answer may say: each field that memory, loops or waiting depend on is held against what there can be before it is used.
import {
  BOOTLOADER_BASE,
  type HelloResponse,
  MIN_PAYLOAD_LIMIT,
  MIN_WINDOW,
  Mode,
  type Security,
  SecurityFlag,
} from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { hex32 } from '../base/text.js';

/** Pages of any flash that is erased in pages [bytes] */
const SMALLEST_PAGE = 128;
const LARGEST_PAGE = 0x1_0000;
/** Where flash is on all of these controllers; none has more than 16 MB. */
const FLASH_BASE = BOOTLOADER_BASE;
const FLASH_END = FLASH_BASE + 0x0100_0000;
/** Of any UART [baud] */
const LOWEST_RATE = 300;
const HIGHEST_RATE = 20_000_000;
/** However slow its clock and its flash are, a device does not need longer for all of an image, or for one page [ms]. */
const LONGEST_MS = 30_000;
const LONGEST_PAGE_MS = 5000;

export function badAnswer(
  command: string,
  why: string,
  details: Readonly<Record<string, string | number>> = {},
): IapError {
  return new IapError('BAD_ANSWER', `the device's answer to ${command} makes no sense: ${why}`, {
    hint: 'its bootloader does not keep to the protocol; run with --verbose and report it',
    details: { command, ...details },
  });
}

/** @param field as the protocol names it */
export function badField(
  command: string,
  field: string,
  found: number | string,
  expected: string,
): IapError {
  const details = { field, found, expected };
  return badAnswer(command, `${field} is ${found}, expected ${expected}`, details);
}

/**
 * An answer to HELLO with its times bounded. What a newer version appends is not looked at.
 * @throws IapError BAD_ANSWER
 */
export function believable(info: HelloResponse): HelloResponse {
  const { mode, pageSize } = info;
  if (mode !== Mode.BOOTLOADER && mode !== Mode.APP) {
    throw bad('mode', mode, `${Mode.BOOTLOADER} (bootloader) or ${Mode.APP} (application)`);
  }
  const isPage =
    pageSize >= SMALLEST_PAGE && pageSize <= LARGEST_PAGE && (pageSize & (pageSize - 1)) === 0;
  if (!isPage) {
    throw bad('page_size', pageSize, `a power of two from ${SMALLEST_PAGE} to ${LARGEST_PAGE}`);
  }
  checkArea(info);
  checkRate(info.defaultRate);
  if (mode === Mode.BOOTLOADER) checkRoom(info);
  return {
    ...info,
    beginMs: Math.min(info.beginMs, LONGEST_MS),
    pageMs: Math.min(info.pageMs, LONGEST_PAGE_MS),
    pagesMs: Math.min(info.pagesMs, LONGEST_MS),
    endMs: Math.min(info.endMs, LONGEST_MS),
  };
}

/**
 * Roles that this version does not know may come; what says two things at once must not pass for protected.
 * @throws IapError BAD_ANSWER
 */
export function believableSecurity(security: Security): Security {
  const { flags } = security;
  const locked = (flags & SecurityFlag.READ_LOCKED) !== 0;
  if (!locked || (flags & SecurityFlag.READ_PROTECTED) !== 0) return security;
  throw bad('flags', `0x${flags.toString(16)}`, 'READ_LOCKED with READ_PROTECTED only');
}

function bad(field: string, found: number | string, expected: string): IapError {
  return badField('HELLO', field, found, expected);
}

function checkArea({ appBase, appEnd, pageSize }: HelloResponse): void {
  // An application may not know where it lies: then it says of both the same.
  if (appBase === appEnd) return;
  if (appBase < FLASH_BASE || appBase >= FLASH_END || appBase % pageSize !== 0) {
    const flash = `from ${hex32(FLASH_BASE)} to ${hex32(FLASH_END)}`;
    throw bad('app_base', hex32(appBase), `the start of a page of ${pageSize} bytes ${flash}`);
  }
  if (appEnd < appBase || appEnd > FLASH_END || appEnd % pageSize !== 0) {
    const range = `from ${hex32(appBase)} to ${hex32(FLASH_END)}`;
    throw bad('app_end', hex32(appEnd), `the end of a page of ${pageSize} bytes ${range}`);
  }
}

/** 0: the same as now */
function checkRate(rate: number): void {
  if (rate === 0 || (rate >= LOWEST_RATE && rate <= HIGHEST_RATE)) return;
  throw bad('default_rate', rate, `0, or ${LOWEST_RATE} to ${HIGHEST_RATE} baud`);
}

/** An application takes no more than HELLO and ENTER. */
function checkRoom({ maxPayload, window }: HelloResponse): void {
  if (maxPayload < MIN_PAYLOAD_LIMIT) {
    throw bad('max_payload', maxPayload, `at least ${MIN_PAYLOAD_LIMIT} bytes`);
  }
  if (window < MIN_WINDOW) throw bad('window', window, `at least ${MIN_WINDOW} bytes`);
}
