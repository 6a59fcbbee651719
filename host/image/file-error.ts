// What is wrong with an image file, and where: the error of every loader.
import { IapError } from '../base/errors.js';
import { hex32, printable } from '../base/text.js';

/** Stable names of what can be wrong with a file; `details.problem` of the error. */
export type FileProblem =
  | 'empty'
  | 'misnamed'
  | 'other-format'
  | 'cut-off'
  | 'not-a-record'
  | 'record-type'
  | 'record-length'
  | 'record-address'
  | 'checksum'
  | 'record-count'
  | 'no-end'
  | 'after-end'
  | 'overlap'
  | 'outside-flash'
  | 'too-far'
  | 'too-much'
  | 'elf-class'
  | 'elf-machine'
  | 'elf-not-linked'
  | 'elf-headers'
  | 'package-format'
  | 'package-size'
  | 'package-damaged';

/** Where it is wrong, as far as known */
export interface Place {
  /** The file's name */
  readonly file?: string | undefined;
  /** Of a text file, from 1 */
  readonly line?: number | undefined;
  /** Of the first byte concerned */
  readonly address?: number | undefined;
}

const DAMAGED =
  'build or download the file again; it may have been cut off or converted on the way';

/**
 * @param what the kind of file, for example "Intel HEX file"
 * @param why what was found, and what was expected
 * @param hint what to do; that the file is damaged, if missing
 */
export function fileError(
  problem: FileProblem,
  what: string,
  why: string,
  place: Place = {},
  hint: string = DAMAGED,
): IapError {
  const { file = '', line, address } = place;
  const name = file === '' ? `the ${what}` : `${printable(file)} (${what})`;
  const at = line === undefined ? '' : `line ${line}: `;
  return new IapError('IMAGE_FORMAT', `${name} can not be used: ${at}${why}`, {
    hint,
    details: {
      problem,
      ...(line === undefined ? {} : { line }),
      ...(address === undefined ? {} : { address: hex32(address) }),
    },
  });
}
