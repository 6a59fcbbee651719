// What a mutant is: one known fault, put into a copy of the sources, and the check that must notice.

import type { Part } from '../support/boards.js';

/** One place of one file */
export interface Edit {
  /** Of a bootloader below bootloader-c/, of a host below the project's folder */
  readonly file: string;
  /** In the file exactly once */
  readonly find: string;
  readonly replace: string;
}

export interface Mutant extends Edit {
  /** What is broken; unique */
  readonly id: string;
  /** Numbers of docs/bootloader-spec.md, or of docs/protocol.md § 13, that it violates; the catcher checks one of them */
  readonly requirements: readonly string[];
  /** One more place, of hardware that fails or of the same fault */
  readonly also?: Edit;
  /** As in docs/bootloader-spec.md "core:name", "conformance:id", "explore:name" or "defect:id"; as in docs/protocol.md § 13 "host:title" */
  readonly caughtBy: string;
  /** It is broken in the bootloader that takes signed images alone; of those that a check of conformance catches. */
  readonly signed?: true;
  /** The board whose bootloader is broken, if not the usual one; of those that a check of conformance catches */
  readonly board?: Part;
  /** Arguments of explore, where the catcher is not a case of resets */
  readonly explore?: readonly string[];
}

export function editsOf(mutant: Mutant): Edit[] {
  return [mutant, ...(mutant.also ? [mutant.also] : [])];
}

/**
 * A source with one place of it replaced.
 * @throws Error if the place is missing or not the only one
 */
export function broken(source: string, { file, find, replace }: Edit): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`"${find}" is ${parts.length - 1} times in ${file}`);
  return parts.join(replace);
}
