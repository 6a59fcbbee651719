// Pages that do not get into flash, counted until it is enough.
import { Rejection, Status } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { hex32, nameOf } from '../base/text.js';
import { type DeviceInfo, statusName } from '../device/device.js';

/** A page that fails this often will not get better (protocol § 6). */
const MOST_FAILURES = 3;

const HINT =
  'the flash may be worn out or write-protected there; the device stays in the bootloader and can be updated again';

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
        ? flashFails(this.#info, detail)
        : `it is rejected (${nameOf(Rejection, detail)})`;
    throw new IapError(
      'PAGE_FAILED',
      `the page at ${hex32(address)} could not be written in ${failures} attempts: ${reason}`,
      {
        hint: HINT,
        details: { page, address, status: statusName(status), detail },
      },
    );
  }
}

/**
 * At END: what a signed image must not leave behind it does not erase (bootloader-spec S-12).
 * @param address as END's detail tells it
 */
export function notErased(info: DeviceInfo, address: number): IapError {
  return new IapError(
    'PAGE_FAILED',
    `what is behind the image could not be erased: ${flashFails(info, address)}`,
    {
      hint: HINT,
      details: { address, status: statusName(Status.FLASH_FAILED), detail: address },
    },
  );
}

function flashFails({ appBase }: DeviceInfo, address: number): string {
  return `${address < appBase ? 'the boot record in ' : ''}flash fails at ${hex32(address)}`;
}
