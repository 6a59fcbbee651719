// What is refused, and why.
import { IapError } from '../../host/base/errors.js';

/** The IapError that `run` throws; anything else, or nothing, fails the test. */
export function refusal(run: () => unknown): IapError {
  try {
    run();
  } catch (error) {
    if (error instanceof IapError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
