// Which rate held with a device, from one update to the next.

export interface KnownRate {
  /** It held [baud] */
  readonly rate: number;
  /** It did not; missing if there was none to try [baud] */
  readonly failed?: number;
}

/** Of one adapter, by the part of the device. It is a hint: what it says is proven anew, and nothing that it does may throw. */
export interface RateMemory {
  recall(part: string): Promise<KnownRate | undefined>;
  keep(part: string, known: KnownRate): Promise<void>;
}
