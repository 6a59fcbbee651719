// Frames ↔ bytes: COBS(address, type, seq, payload, CRC-32) and a delimiter. Incremental and bounded; no I/O, no clock.
import { cobsEncode, maxEncodedSize } from './cobs.js';
import { crc32 } from './crc.js';
import {
  FRAME_CRC_SIZE,
  FRAME_DELIMITER,
  FRAME_HEADER_SIZE,
  MAX_PAYLOAD,
} from './definition.generated.js';

export interface Frame {
  readonly address: number;
  readonly type: number;
  readonly seq: number;
  readonly payload: Uint8Array;
}

/** Why a stretch of the stream was not a frame. */
export type DiscardReason = 'cobs' | 'short' | 'long' | 'crc';

/** Output of the decoder: noise is counted and typed, never thrown. */
export type Decoded =
  | { readonly kind: 'frame'; readonly frame: Frame }
  | {
      readonly kind: 'discarded';
      readonly reason: DiscardReason;
      /** Encoded bytes thrown away, without the delimiter. */
      readonly bytes: number;
    };

const OVERHEAD = FRAME_HEADER_SIZE + FRAME_CRC_SIZE;

/**
 * One frame, ready for the wire, its delimiter included. A burst begins with one more delimiter: see BURST_START.
 * @throws RangeError if the payload is longer than MAX_PAYLOAD
 */
export function encodeFrame(frame: Frame): Uint8Array {
  const { payload } = frame;
  if (payload.length > MAX_PAYLOAD) {
    throw new RangeError(`payload must have at most ${MAX_PAYLOAD} bytes, got ${payload.length}`);
  }
  const data = new Uint8Array(OVERHEAD + payload.length);
  data.set([frame.address, frame.type, frame.seq]);
  data.set(payload, FRAME_HEADER_SIZE);
  const body = data.length - FRAME_CRC_SIZE;
  new DataView(data.buffer).setUint32(body, crc32(data.subarray(0, body)), true);
  const encoded = cobsEncode(data);
  const out = new Uint8Array(encoded.length + 1);
  out.set(encoded);
  out[encoded.length] = FRAME_DELIMITER;
  return out;
}

/** Bytes of a frame on the wire, its delimiter included, at most */
export function maxFrameSize(payloadSize: number): number {
  return maxEncodedSize(OVERHEAD + payloadSize) + 1;
}

/** Sent before the first frame of a burst, so that noise or log text before it costs nothing. */
export const BURST_START: Uint8Array = Uint8Array.of(FRAME_DELIMITER);

/** Turns a byte stream into frames and counted discards, in any chunking. */
export class FrameDecoder {
  readonly #data: Uint8Array;
  /** Decoded bytes so far; one more than the buffer holds once the frame is too long. */
  #length = 0;
  /** Encoded bytes since the last delimiter. */
  #encoded = 0;
  /** Bytes left in the current COBS block. */
  #left = 0;
  /** The current block is followed by a zero byte, if anything follows. */
  #zeroAfter = false;

  /** @param maxPayload longest payload to accept; longer frames are discarded */
  constructor(maxPayload: number = MAX_PAYLOAD) {
    this.#data = new Uint8Array(OVERHEAD + maxPayload);
  }

  /** What has been decoded of a frame that is not whole yet, until the next push(); empty if it is too long already */
  get partial(): Uint8Array {
    return this.#data.subarray(0, this.#length > this.#data.length ? 0 : this.#length);
  }

  push(bytes: Uint8Array): Decoded[] {
    const out: Decoded[] = [];
    for (const byte of bytes) {
      if (byte === FRAME_DELIMITER) {
        const decoded = this.#finish();
        if (decoded) out.push(decoded);
      } else {
        this.#take(byte);
      }
    }
    return out;
  }

  #take(byte: number): void {
    this.#encoded++;
    if (this.#left > 0) {
      this.#left--;
      this.#store(byte);
      return;
    }
    if (this.#zeroAfter) this.#store(0);
    this.#left = byte - 1;
    this.#zeroAfter = byte !== 0xff;
  }

  #store(byte: number): void {
    if (this.#length < this.#data.length) this.#data[this.#length++] = byte;
    else this.#length = this.#data.length + 1;
  }

  #finish(): Decoded | undefined {
    const bytes = this.#encoded;
    const length = this.#length;
    const truncated = this.#left > 0;
    this.#encoded = this.#length = this.#left = 0;
    this.#zeroAfter = false;
    if (bytes === 0) return undefined;
    const discarded = (reason: DiscardReason): Decoded => ({ kind: 'discarded', reason, bytes });
    if (length > this.#data.length) return discarded('long');
    if (truncated) return discarded('cobs');
    if (length < OVERHEAD) return discarded('short');
    const body = length - FRAME_CRC_SIZE;
    const view = new DataView(this.#data.buffer);
    if (view.getUint32(body, true) !== crc32(this.#data.subarray(0, body))) return discarded('crc');
    return {
      kind: 'frame',
      frame: {
        address: view.getUint8(0),
        type: view.getUint8(1),
        seq: view.getUint8(2),
        payload: this.#data.slice(FRAME_HEADER_SIZE, body),
      },
    };
  }
}
