// Values in registers, as far as they are constants.

/** Undefined if it is not a constant */
export type Value = number | undefined;

/** A value of two, if both are constants */
export function both(a: Value, b: Value, join: (a: number, b: number) => number): Value {
  return a === undefined || b === undefined ? undefined : join(a, b) >>> 0;
}

export function signed(value: number, bits: number): number {
  return (value << (32 - bits)) >> (32 - bits);
}
