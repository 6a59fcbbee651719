// Timers, and what time it is, as a test says: for code that asks the browser for them.
import { vi } from 'vitest';

/** From now on; where it is so already, time goes on: the library's clock has looked at it. */
export function startTime(): void {
  if (vi.isFakeTimers()) return;
  vi.useFakeTimers({
    toFake: [
      ...(['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const),
      ...(['setImmediate', 'clearImmediate', 'performance', 'Date'] as const),
    ],
  });
}

/** A step in which little happens [ms] */
const STEP_MS = 20;
/** Longer than anything here takes [ms] */
const ENOUGH_MS = 120_000;

/** Lets time pass until `found` gives something. */
export async function waited<T>(found: () => T | undefined): Promise<T> {
  for (let ms = 0; ms < ENOUGH_MS; ms += STEP_MS) {
    const it = found();
    if (it !== undefined) return it;
    await vi.advanceTimersByTimeAsync(STEP_MS);
  }
  throw new Error('it never came');
}
