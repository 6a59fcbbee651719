// Node.js' own zlib as the library wants it.
import { constants, deflateRawSync } from 'node:zlib';
import type { Deflate } from '../compress/deflate.js';

export const deflate: Deflate = (bytes, dictionary) =>
  new Uint8Array(
    deflateRawSync(bytes, {
      level: constants.Z_BEST_COMPRESSION,
      memLevel: 9,
      ...(dictionary.length > 0 ? { dictionary } : {}),
    }),
  );
