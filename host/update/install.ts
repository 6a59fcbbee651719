// From BEGIN to a verified image: compare, send what differs, let the device verify. Once; what breaks off is thrown.

import { Check, Status } from '../../protocol/index.js';
import { sizeOf } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import { ProgressMeter } from '../base/progress.js';
import { AS_THEY_ARE, type Packer } from '../compress/packer.js';
import { badAnswer, type Device, statusName } from '../device/device.js';
import { isBlank } from '../image/areas.js';
import type { Page } from '../image/pages.js';
import type { AutoRate } from './auto-rate.js';
import { beginUpdate } from './begin.js';
import { comparePages, mayDrift } from './compare.js';
import { confirmInstalled } from './confirm.js';
import type { Emit } from './events.js';
import { notErased } from './page-failures.js';
import { Transfer } from './transfer.js';

/** Compared before anything is sent; the others while these are on the way, so that the line never waits for CRCs. */
const FIRST_PAGES = 8;

export class Installer {
  /** BEGIN was sent: there may be an update in the device's boot record. */
  begun = false;
  /** The device did not have this very header, or not the image */
  changed = false;
  /** END was sent, and not answered: the device may have verified the image. */
  ending = false;
  /** Pages may have been changed on the device, and it is not verified yet. */
  writing = false;
  /** In flash by this run, repeats after a reset included */
  pagesSent = 0;
  bytesSent = 0;
  bytesEncoded = 0;
  readonly #device: Device;
  readonly #header: Uint8Array;
  readonly #pages: readonly Page[];
  readonly #emit: Emit;
  readonly #packerOf: () => Promise<Packer>;
  readonly #rates: AutoRate | undefined;

  constructor(
    device: Device,
    header: Uint8Array,
    pages: readonly Page[],
    emit: Emit,
    packerOf: () => Promise<Packer>,
    rates?: AutoRate,
  ) {
    this.#device = device;
    this.#header = header;
    this.#pages = pages;
    this.#emit = emit;
    this.#packerOf = packerOf;
    this.#rates = rates;
  }

  async run(): Promise<void> {
    this.begun = true;
    const begun = await beginUpdate(this.#device, this.#header);
    this.ending = false;
    if (begun) {
      this.changed = true;
      await this.#sendAndVerify(begun.next, begun.resumed);
    }
    this.writing = false;
  }

  async #sendAndVerify(next: number, resumed: boolean): Promise<void> {
    const { info } = this.#device;
    const distrusted = (page: Page): boolean => isBlank(page.bytes) && mayDrift(info, page);
    this.#emit({ event: 'comparing', pages: this.#pages.length });
    const compared = await this.#settleRate(distrusted);
    const packer = await this.#packerOf();
    const transfer = this.#transfer(next, packer, distrusted);
    await this.#compareAndSend(transfer, packer, resumed, distrusted, compared);
    if ((await this.#verify(transfer)) === 0) return;
    this.#emit({
      event: 'warning',
      code: 'VERIFY_AGAIN',
      message:
        'the image in flash is not right although every page seemed to be; sending all pages again',
    });
    const again = this.#transfer(transfer.next, AS_THEY_ARE, () => true);
    this.#plan(this.#pages, true);
    again.add(this.#pages);
    await again.run();
    const checks = await this.#verify(again);
    if (checks === 0) return;
    throw checks === Check.VECTORS ? notForThisPart() : notWhatWasSent(checks);
  }

  /** How fast is worth the while only what is to be sent tells: then all is compared first. */
  async #settleRate(distrusted: (page: Page) => boolean): Promise<Compared | undefined> {
    const { halfDuplex } = this.#device.session; // where PAGES can not be answered while pages are sent
    if (!this.#rates && !halfDuplex) return undefined;
    const compared = await comparePages(this.#device, this.#pages, distrusted);
    await this.#rates?.settle(sizeOf(compared.differing));
    return compared;
  }

  /** The first pages are sent while the device computes the CRCs of the others. */
  async #compareAndSend(
    transfer: Transfer,
    packer: Packer,
    resumed: boolean,
    distrusted: (page: Page) => boolean,
    compared: Compared | undefined,
  ): Promise<void> {
    const toSend = async (pages: readonly Page[]): Promise<Page[]> => {
      if (pages.length === 0) return []; // all were planned at once
      const { found, differing } =
        compared ?? (await comparePages(this.#device, pages, distrusted));
      return packer.plan(pages, found, differing);
    };
    const firstPages = compared || packer.delta ? this.#pages.length : FIRST_PAGES;
    const first = await toSend(this.#pages.slice(0, firstPages));
    transfer.add(first);
    transfer.open = true;
    const others = toSend(this.#pages.slice(firstPages)).then(
      (pages) => {
        this.#plan([...first, ...pages], resumed);
        transfer.add(pages);
        transfer.open = false;
      },
      (error: unknown) => transfer.abandon(error),
    );
    try {
      await transfer.run();
    } finally {
      await others;
    }
  }

  #plan(pages: readonly Page[], resumed: boolean): void {
    this.#emit({
      event: 'plan',
      pagesTotal: this.#pages.length,
      pagesToSend: pages.length,
      bytesToSend: sizeOf(pages),
      resumed,
    });
  }

  #transfer(next: number, packer: Packer, force: (page: Page) => boolean): Transfer {
    this.writing = true;
    const before = { pages: this.pagesSent, bytes: this.bytesSent, encoded: this.bytesEncoded };
    const meter = new ProgressMeter(this.#device.session.clock);
    const transfer = new Transfer(this.#device, next, packer, force, (done) => {
      this.pagesSent = before.pages + done.pages;
      this.bytesSent = before.bytes + done.bytes;
      this.bytesEncoded = before.encoded + done.bytesEncoded;
      const progress = meter.at(done.bytes, done.bytesTotal);
      // As long as pages are still compared, nobody knows how much there is to do.
      if (!done.open) this.#emit({ event: 'progress', ...progress });
    });
    transfer.givesUp = () => this.#rates?.raised ?? false;
    return transfer;
  }

  /**
   * Lets the device verify the image. Returns the checks that failed. That a frame is missing it can not say: it has told of each that
   * it is taken.
   */
  async #verify(transfer: Transfer): Promise<number> {
    this.#emit({ event: 'verifying' });
    this.ending = true;
    const { status, detail, next } = await this.#device.end(transfer.next);
    if (status === Status.OK) {
      await confirmInstalled(this.#device, this.#header, next, transfer.next);
    }
    this.ending = false;
    if (status === Status.OK) return 0;
    if (status === Status.FLASH_FAILED) throw notErased(this.#device.info, detail);
    if (status === Status.VERIFY_FAILED) return detail === 0 ? UNSPECIFIED : detail;
    throw badAnswer('END', `status ${statusName(status)}`);
  }
}

type Compared = Awaited<ReturnType<typeof comparePages>>;

/** VERIFY_FAILED without a check bit would be a fault of the bootloader, but no success. */
const UNSPECIFIED = 0xffff_ffff;

function notWhatWasSent(checks: number): IapError {
  return new IapError(
    'VERIFY_FAILED',
    'the image in flash is not what was sent, even after sending all of it twice',
    {
      hint: 'the flash of this device can not be trusted; it stays in the bootloader and does not start the application',
      details: { checks },
    },
  );
}

function notForThisPart(): IapError {
  return new IapError(
    'VERIFY_FAILED',
    'the image is in flash as it was sent, but the device can not start it: its vector table is wrong for this part',
    {
      hint: 'the image is probably linked for another part: check RAM size (initial stack pointer) and reset vector; the device stays in the bootloader',
      details: { checks: Check.VECTORS },
    },
  );
}
