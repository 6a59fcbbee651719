// What a fake device keeps over a reset: application flash and a boot record reduced to its two newest entries.

import { crc32, decode, Header, Image, ImageState } from '../../protocol/index.js';
import { sameBytes } from '../base/bytes.js';
import { sha256 } from '../base/sha256.js';

export interface Entry {
  readonly header: Uint8Array;
  touched: boolean;
  valid: boolean;
  sequence: number;
}

const NO_IMAGE = decode(Image, new Uint8Array(Image.size));

export class FakeFlash {
  readonly bytes: Uint8Array;
  readonly pageSize: number;
  installed: Entry | undefined;
  pending: Entry | undefined;
  /** Pages really erased and programmed */
  pagesWritten = 0;

  constructor(size: number, pageSize: number) {
    this.bytes = new Uint8Array(size).fill(0xff);
    this.pageSize = pageSize;
  }

  page(number: number): Uint8Array {
    return this.bytes.subarray(number * this.pageSize, (number + 1) * this.pageSize);
  }

  append(header: Uint8Array): Entry {
    const sequence = Math.max(this.installed?.sequence ?? 0, this.pending?.sequence ?? 0) + 1;
    this.pending = { header: header.slice(), touched: false, valid: false, sequence };
    return this.pending;
  }

  /** Before the first page of an update is written */
  touch(entry: Entry): void {
    entry.touched = true;
    if (this.pending === entry) {
      this.installed = entry;
      this.pending = undefined;
    }
  }

  holds(header: Uint8Array): boolean {
    const { imageSize, imageSha256 } = decode(Header, header);
    return sameBytes(sha256(this.bytes.subarray(0, imageSize)), imageSha256);
  }

  get bootable(): boolean {
    return this.installed?.valid === true && this.holds(this.installed.header);
  }

  describe(entry: Entry | undefined, checked = true): Image {
    if (!entry) return NO_IMAGE;
    const header = decode(Header, entry.header);
    const good = checked && entry.valid && this.holds(entry.header);
    return {
      state:
        ImageState.PRESENT |
        (entry.touched ? ImageState.TOUCHED : 0) |
        (entry.valid ? ImageState.VALID : 0) |
        (entry.valid && checked ? ImageState.CHECKED : 0) |
        (good ? ImageState.GOOD : 0),
      trials: 0,
      reserved: 0,
      sequence: entry.sequence,
      size: header.imageSize,
      crc32: header.imageCrc32,
      sha256: header.imageSha256,
      version: header.version,
    };
  }

  pageCrc(number: number): number {
    return crc32(this.page(number));
  }
}
