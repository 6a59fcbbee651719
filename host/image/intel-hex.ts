// Intel HEX files.
import nrfIntelHex from 'nrf-intel-hex';
import { IapError } from '../errors.js';
import { type Image, merge } from './image.js';
import { LARGEST_IMAGE } from './limits.js';

// Its types describe an ES module's default export, but what is published is CommonJS: the import is the class itself.
const MemoryMap = nrfIntelHex as unknown as typeof nrfIntelHex.default;

/** Bytes in the records that carry no data of the image, by their type, both as in the file */
const FIXED_LENGTHS: Readonly<Record<string, string>> = {
  '01': '00', // end of file
  '02': '02', // extended segment address
  '03': '04', // start segment address
  '04': '02', // extended linear address
  '05': '04', // start linear address
};

export function isIntelHex(bytes: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(bytes.subarray(0, 256)).trimStart().startsWith(':');
}

export function readIntelHex(bytes: Uint8Array): Image {
  const lines = new TextDecoder('latin1').decode(bytes).split(/\r\n|\r|\n/);
  // The parser counts records; with one record a line kept in order, a record's line can be told.
  const records = lines
    .map((text, i) => ({ text: text.trim(), line: i + 1 }))
    .filter(({ text }) => text !== '');
  for (const { text, line } of records) {
    if (!/^:(?:[0-9A-Fa-f]{2}){5,}$/.test(text)) {
      const shown = text.slice(0, 24).replace(/[^\x20-\x7e]/g, '?');
      throw malformed(`line ${line} is no record: "${shown}"`);
    }
    const [length, type] = [text.slice(1, 3), text.slice(7, 9)];
    const expected = FIXED_LENGTHS[type];
    // The parser takes what is there for the address, even nothing.
    if (expected !== undefined && length !== expected) {
      throw malformed(
        `line ${line}: a record of type ${type} has ${expected} bytes, not ${length}`,
      );
    }
  }
  try {
    const map = MemoryMap.fromHex(records.map(({ text }) => text).join('\n'));
    const segments = [...map].map(([address, data]) => ({ address, bytes: data }));
    const { address, bytes: merged } = merge(segments, LARGEST_IMAGE);
    return { base: address, bytes: merged };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const record = /\b[Rr]ecord (\d+)/.exec(error.message)?.[1];
    const line = record === undefined ? undefined : records[Number(record) - 1]?.line;
    throw malformed(`${line === undefined ? '' : `line ${line}: `}${error.message}`, error);
  }
}

function malformed(why: string, cause?: unknown): IapError {
  return new IapError('IMAGE_FORMAT', `the Intel HEX file is damaged: ${why}`, {
    hint: 'build or download the file again; it may have been cut off or converted on the way',
    cause,
  });
}
