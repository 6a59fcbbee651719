// What makes pages small: whoever has a DEFLATE brings it, Node.js its own, a browser a library's.

/**
 * Raw DEFLATE (RFC 1951).
 * @param bytes what the stream shall decode to
 * @param dictionary what it may copy from as if it came before them, at most 32 KB; empty: nothing
 * @returns the stream
 */
export type Deflate = (bytes: Uint8Array, dictionary: Uint8Array) => Uint8Array;

/** Where images may be found that a device has now: a cache, or files that a person names. */
export interface OldImages {
  /**
   * The likeliest first. A wrong one costs time, and nothing else.
   * @param sha256 of the image that the device calls installed; all zero if there is none
   */
  candidates(sha256: Uint8Array): Promise<readonly Uint8Array[]>;
}

export interface Compression {
  readonly deflate: Deflate;
  readonly old?: OldImages;
}
