// Time that only passes when it is told to, for what looks at the clock of Node.js itself.
import { expect, vi } from 'vitest';

/** @param run is given what lets time pass [ms]; no timer may be left behind. */
export async function still(
  run: (pass: (ms: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    await run(async (ms) => {
      await vi.advanceTimersByTimeAsync(ms);
    });
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
}

/** What has become of it so far: 'waits', its value or 'done', its error */
export function watched<T>(promise: Promise<T>): { readonly state: () => unknown } {
  let state: unknown = 'waits';
  promise.then(
    (value) => {
      state = value === undefined ? 'done' : value;
    },
    (error: unknown) => {
      state = error;
    },
  );
  return { state: () => state };
}
