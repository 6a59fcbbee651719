// What work on a part in its ROM bootloader tells while it goes on.

export type RomPhase = 'write' | 'verify' | 'read';

export type RomEvent =
  /** Of all pages, before each of several commands; undefined is everything */
  | { readonly event: 'erasing'; readonly pages: number | undefined; readonly pagesDone: number }
  /** All of them; the part has acknowledged it */
  | { readonly event: 'erased'; readonly pages: number | undefined }
  | { readonly event: 'writing'; readonly bytes: number }
  | { readonly event: 'verifying'; readonly bytes: number }
  | {
      readonly event: 'progress';
      readonly phase: RomPhase;
      readonly bytesDone: number;
      readonly bytesTotal: number;
      /** Bytes a second */
      readonly rate: number;
      readonly secondsLeft: number;
    }
  /** The part resets itself to take over option bytes, and is looked for again */
  | { readonly event: 'resetting'; readonly why: string };

/** Work that tells how it goes on, and ends with a result */
export type RomWork<T> = AsyncGenerator<RomEvent, T, undefined>;
