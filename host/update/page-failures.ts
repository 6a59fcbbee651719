// Pages that do not get into flash, counted until it is enough.
import { Rejection, Status } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { hex32, nameOf } from '../base/text.js';
import { type DeviceInfo, statusName } from '../device/device.js';

/** A page that fails this often will not get better (protocol § 6). */
const MOST_FAILURES = 3;

export class PageFailures {
  readonly #info: DeviceInfo;
  readonly #counts = new Map<number, number>();

  constructor(info: DeviceInfo) {
    this.#info = info;
  }

  /** @throws IapError PAGE_FAILED when it is one too many */
  add(page: number, status: number, detail: number): void {
    const failures = (this.#counts.get(page) ?? 0) + 1;
    this.#counts.set(page, failures);
    if (failures < MOST_FAILURES) return;
    const address = this.#info.appBase + page * this.#info.pageSize;
    const reason =
      status === Status.FLASH_FAILED
        ? `${detail < this.#info.appBase ? 'the boot record in ' : ''}flash fails at ${hex32(detail)}`
        : `it is rejected (${nameOf(Rejection, detail)})`;
    throw new IapError(
      'PAGE_FAILED',
      `the page at ${hex32(address)} could not be written in ${failures} attempts: ${reason}`,
      {
        hint: 'the flash may be worn out or write-protected there; the device stays in the bootloader and can be updated again',
        details: { page, address, status: statusName(status), detail },
      },
    );
  }
}
