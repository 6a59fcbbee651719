// Who is at a port, as far as a command has found out: with --all, whether the port is one that it is for.
import { IapError, type IapErrorCode } from '../base/errors.js';

/** Of a device, before anything is done with it */
const OTHER_PRODUCT: readonly IapErrorCode[] = ['IMAGE_WRONG_PRODUCT'];

const NOBODY: readonly IapErrorCode[] = [
  ...OTHER_PRODUCT,
  'NO_ANSWER',
  'NOT_OUR_DEVICE',
  'ECHO',
  'PORT_NOT_FOUND',
  'PORT_PERMISSION',
  'PORT_BUSY',
  'PORT_FAILED',
];

export class Presence {
  readonly #named: boolean;
  /** With these errors nobody is there for whom the command is */
  #notMeant = NOBODY;

  /** @param named whether the port was asked for by its name */
  constructor(named: boolean) {
    this.#named = named;
  }

  /** A device answers: what becomes of it is told, unless it is of another product. */
  found(): void {
    this.#notMeant = OTHER_PRODUCT;
  }

  /** One of those answers that were asked for by their addresses: what becomes of all of them is told. */
  foundMember(): void {
    this.#notMeant = [];
  }

  /** The port was not named, and no device was found there. */
  get isUnknown(): boolean {
    return !this.#named && this.#notMeant === NOBODY;
  }

  /** Whether the port is left out for this error */
  isLeftOut(error: unknown): boolean {
    return !this.#named && error instanceof IapError && this.#notMeant.includes(error.code);
  }
}
