// Is a figure worth anything? Not while other programs want the computer too.
import { availableParallelism, loadavg } from 'node:os';

/** More wants to run than there are processors, over the last minute: what took too long need not be this software. */
export function tooBusy(): boolean {
  return (loadavg()[0] ?? 0) > availableParallelism() + 0.5;
}
