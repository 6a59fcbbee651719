// What stands before a page's bytes in its first DATA frame.
import { encode, PageFlag, PageHead } from '../../protocol/index.js';
import type { EncodedPage } from '../compress/page-encoder.js';
import type { Page } from '../image/pages.js';

/** @param forced it is written although flash may read as it should */
export function pageHead(
  page: Page,
  { encoding, bytes }: EncodedPage,
  forced: boolean,
): Uint8Array {
  return encode(PageHead, {
    page: page.number,
    encoding,
    flags: forced ? PageFlag.FORCE : 0,
    decodedLength: page.bytes.length,
    encodedLength: bytes.length,
    crc32: page.crc32,
  });
}
