// How a check says what it found.

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
