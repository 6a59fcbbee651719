// Consistent Overhead Byte Stuffing: no zero byte inside, at most one byte more for every 254. Pure.

/** Longest run of non-zero bytes one code byte can announce. */
const RUN = 254;

/** Encoded size of `length` bytes in the worst case, without the delimiter. */
export function maxEncodedSize(length: number): number {
  return length + Math.floor(length / RUN) + 1;
}

/** Encodes `data`, without a delimiter. A run of 254 at the very end gets no empty block after it. */
export function cobsEncode(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(maxEncodedSize(data.length));
  let code = 0;
  let at = 1;
  data.forEach((byte, i) => {
    if (byte !== 0) out[at++] = byte;
    const full = at - code === RUN + 1;
    if (byte === 0 || (full && i < data.length - 1)) {
      out[code] = at - code;
      code = at++;
    }
  });
  out[code] = at - code;
  return out.subarray(0, at);
}
