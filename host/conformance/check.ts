// What a check of the bootloader specification is.
import type { Bench } from './bench.js';

export interface Check {
  /** As docs/bootloader-spec.md names it, without "conformance:" */
  readonly id: string;
  /** Numbers of docs/bootloader-spec.md */
  readonly requirements: readonly string[];
  readonly title: string;
  /** Ends normally if the device keeps to it; throws Deviation or NotTestable. */
  readonly run: (bench: Bench) => Promise<void>;
}
