// Bytes at addresses → a file for programmers and debuggers, in the format that its name says.
import { extname } from 'node:path';
import { IapError } from '../base/errors.js';
import { writeBinary } from '../image/binary.js';
import { writeIntelHex } from '../image/intel-hex.js';
import { writeSRecord } from '../image/s-record.js';
import type { Segment } from '../image/segments.js';
import { writeBytes } from '../node/files.js';

type Writer = (segments: readonly Segment[]) => Uint8Array | string;

const hex: Writer = (segments) => writeIntelHex(segments);
const srec: Writer = (segments) => writeSRecord(segments);
const bin: Writer = (segments) => writeBinary(segments).bytes;

const WRITERS: Readonly<Record<string, Writer>> = {
  '.hex': hex,
  '.ihex': hex,
  '.srec': srec,
  '.s19': srec,
  '.s28': srec,
  '.s37': srec,
  '.mot': srec,
  '.bin': bin,
};

/** @throws IapError USAGE before any work is done */
export function checkOutput(path: string, withOptionBytes: boolean): void {
  const writer = writerFor(path);
  if (withOptionBytes && writer !== hex) {
    throw new IapError('USAGE', 'option bytes can only be written into a .hex file', {
      hint: 'choose an output that ends in .hex, or leave --write-protect away',
    });
  }
}

export async function writeSegments(path: string, segments: readonly Segment[]): Promise<void> {
  await writeBytes(path, writerFor(path)(segments));
}

function writerFor(path: string): Writer {
  const extension = extname(path).toLowerCase();
  const writer = WRITERS[extension];
  if (writer) return writer;
  throw new IapError(
    'USAGE',
    `the output's name must end in ${Object.keys(WRITERS).join(', ')}; got "${extension}"`,
  );
}
