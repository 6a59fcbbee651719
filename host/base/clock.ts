// Time as an object, so that tests run without waiting.

export interface Clock {
  /** Milliseconds since some fixed moment; never goes back */
  now(): number;
  /** Calls `callback` once, `ms` from now. Returns how to cancel it. */
  after(ms: number, callback: () => void): () => void;
}

export const realClock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
