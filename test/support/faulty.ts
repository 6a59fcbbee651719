// A transport that does to bytes what bad lines do, both ways, repeatable for a seed.
import type { Transport } from '../../host/link/transport.js';
import { randomFrom } from './random.js';

/** Probability a byte, and what becomes of it. */
export interface LineFaults {
  readonly flipped?: number;
  readonly lost?: number;
  readonly inserted?: number;
  /** Probability a chunk, in place of a byte: it comes twice, or not at all */
  readonly twice?: number;
  readonly gone?: number;
  /** While this says so nothing gets through in either direction. */
  readonly dead?: () => boolean;
}

/** `did` is called for each fault. */
export function faulty(
  transport: Transport,
  faults: LineFaults,
  seed: number,
  did: () => void = () => {},
): Transport {
  const random = randomFrom(seed);
  const happens = (kind: Exclude<keyof LineFaults, 'dead'>): boolean => {
    const happened = random() < (faults[kind] ?? 0);
    if (happened) did();
    return happened;
  };
  const byte = (): number => Math.floor(random() * 256);

  function spoil(bytes: Uint8Array): Uint8Array[] {
    if (faults.dead?.()) {
      did();
      return [];
    }
    if (happens('gone')) return [];
    const out: number[] = [];
    for (const value of bytes) {
      if (happens('inserted')) out.push(byte());
      if (happens('lost')) continue;
      out.push(happens('flipped') ? value ^ (1 << Math.floor(random() * 8)) : value);
    }
    const chunk = Uint8Array.from(out);
    return happens('twice') ? [chunk, chunk] : [chunk];
  }

  return {
    get rate() {
      return transport.rate;
    },
    write: async (bytes) => {
      for (const chunk of spoil(bytes)) if (chunk.length > 0) await transport.write(chunk);
    },
    onBytes: (listener) => {
      transport.onBytes((bytes) => {
        for (const chunk of spoil(bytes)) if (chunk.length > 0) listener(chunk);
      });
    },
    onClose: (listener) => transport.onClose(listener),
    setRate: (baud) => transport.setRate(baud),
    drain: () => transport.drain(),
    close: () => transport.close(),
  };
}
