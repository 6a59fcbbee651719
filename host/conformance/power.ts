// The switch that cuts the device's power: an interruption does not wait for it, and it is not left off.
import type { Wire } from './wire.js';

/** What can cut and restore the device's power */
export interface Power {
  off(): Promise<void>;
  on(): Promise<void>;
}

export class PowerSwitch implements Power {
  readonly #power: Power;
  readonly #wire: Wire;
  /** Perhaps only half-way */
  #cut = false;
  #moving: Promise<void> = Promise.resolve();

  constructor(power: Power, wire: Wire) {
    this.#power = power;
    this.#wire = wire;
  }

  async off(): Promise<void> {
    await this.#move(() => {
      this.#cut = true;
      return this.#power.off();
    });
  }

  async on(): Promise<void> {
    await this.#move(() => this.#power.on());
    this.#cut = false;
  }

  /** Whether power is on again, after a run that broke off; undefined if it was on. */
  async restore(): Promise<boolean | undefined> {
    if (!this.#cut) return undefined;
    try {
      await this.#moving.catch(() => {});
      await this.#power.on();
      return true;
    } catch {
      return false;
    }
  }

  async #move(action: () => Promise<void>): Promise<void> {
    this.#wire.check();
    this.#moving = action();
    await this.#wire.unless(this.#moving);
  }
}
