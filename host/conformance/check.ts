// What a check of the bootloader specification is, and how it says what it found.
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

/** The device does something else than the specification says. */
export class Deviation extends Error {
  override readonly name = 'Deviation';
  readonly expected: string;
  readonly found: string;

  constructor(expected: string, found: string) {
    super(`expected ${expected}, found ${found}`);
    this.expected = expected;
    this.found = found;
  }
}

/** Nothing can be said of this device, here and now. */
export class NotTestable extends Error {
  override readonly name = 'NotTestable';
}

/** @throws Deviation */
export function expectEqual(what: string, found: unknown, expected: unknown): void {
  if (found === expected) return;
  throw new Deviation(`${what} ${String(expected)}`, String(found));
}

/** @throws Deviation */
export function expectTrue(what: string, holds: boolean, found: string): void {
  if (!holds) throw new Deviation(what, found);
}
