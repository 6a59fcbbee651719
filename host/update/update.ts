// The update procedure: find, compare, send what differs, verify, start. The same for install, update, resume and repair.
import { Status } from '../../protocol/index.js';
import { sameBytes } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import { sha256 } from '../base/sha256.js';
import { Work } from '../base/work.js';
import { type Allowable, allowedIds, warningOf } from '../check/allow.js';
import { checkImage } from '../check/check-image.js';
import type { Finding } from '../check/finding.js';
import { isInForce } from '../check/signature.js';
import type { Compression } from '../compress/deflate.js';
import { packerFor } from '../compress/packer.js';
import { connect, DEFAULT_TIMEOUT_MS, NOBODY, waitForApp } from '../device/connect.js';
import { type Device, type DeviceInfo, otherDevice } from '../device/device.js';
import { isInstalled } from '../device/installed.js';
import { type LinkOptions, openSession } from '../device/open.js';
import { isForAnother, isRefusedWith } from '../device/refusal.js';
import { headerFor, type Image } from '../image/image.js';
import { type Page, pagesOf } from '../image/pages.js';
import { noiseOf } from '../link/noise.js';
import type { RateMemory } from '../link/rate-memory.js';
import { restoreRate } from '../link/restore-rate.js';
import type { Session } from '../link/session.js';
import type { Transport } from '../link/transport.js';
import { AutoRate } from './auto-rate.js';
import { startApplication } from './boot.js';
import type { Emit, UpdateEvent, UpdateResult } from './events.js';
import { Installer } from './install.js';
import { latencyCost } from './latency-cost.js';
import { changeRate } from './rate.js';
import { SupplyWait } from './supply.js';
import { TooManyErrors } from './transfer.js';

export interface UpdateOptions extends LinkOptions {
  /** Rate of the transfer [baud]; `auto`: the fastest that holds; the transport's own if missing */
  readonly rate?: number | 'auto';
  /** With rate `auto`: where it is kept for the next update */
  readonly rates?: RateMemory;
  /** Start the application afterwards; yes if missing */
  readonly boot?: boolean;
  /** After the start, wait until the application answers */
  readonly waitApp?: boolean;
  /** The only device that is meant, by its unique id [12 bytes]: another one is left as it is, OTHER_DEVICE */
  readonly only?: Uint8Array;
  /** Errors of the image that do not keep it from being written */
  readonly allow?: readonly Allowable[];
  /** Sends pages compressed, to devices that take them; as they are if missing */
  readonly compression?: Compression;
}

/** Resets in mid-update that are followed up, as long as each time at least one page more got into flash. */
const MOST_FRUITLESS_STARTS = 3;
/** Each page is sent once, and all once more if they do not verify. A device that takes more has kept nothing of it. */
const MOST_SENDS = 4;
/** A device that is given up in mid-update waits for a person: longer than one is looked for at first, at each rate [ms]. */
const SEARCH_MS = 3 * DEFAULT_TIMEOUT_MS;

/**
 * Updates the device at the other end of `transport` to `image`, yielding events.
 * Stopping early (return, or the signal) leaves the device resumable: the same update goes on where it stopped.
 * @throws IapError
 */
export function update(
  transport: Transport,
  image: Image,
  options: UpdateOptions = {},
): Work<UpdateEvent, UpdateResult> {
  return new Work(async (tell, signal) => {
    const session = openSession(transport, { ...options, signal });
    try {
      return await updateOn(session, image, options, tell);
    } finally {
      session.close();
    }
  }, options);
}

/** The same in a session that is open, with the device at its address. */
export function updateOn(
  session: Session,
  image: Image,
  options: UpdateOptions,
  tell: Emit,
): Promise<UpdateResult> {
  return new Updater(session, image, options, tell).run();
}

class Updater {
  readonly #session: Session;
  readonly #image: Image;
  readonly #options: UpdateOptions;
  readonly #emit: Emit;
  readonly #sha256: Uint8Array;
  readonly #startedAt: number;
  /** Where the device was found: its application's rate, perhaps [baud] */
  readonly #firstRate: number;
  /** Where its bootloader is after a reset [baud] */
  #bootRate: number;
  #pages: readonly Page[] = [];
  #installer: Installer | undefined;
  #rates: AutoRate | undefined;
  /** At the end of the transfer [baud] */
  #lastRate: number;
  /** The image is installed and verified. */
  #inFlash = false;
  /** An application was running, and was asked to leave */
  #entered = false;
  /** What is wrong with the image, and does not keep it from being written */
  #findings: readonly Finding[] = [];

  constructor(session: Session, image: Image, options: UpdateOptions, emit: Emit) {
    this.#session = session;
    this.#image = image;
    this.#options = options;
    this.#emit = emit;
    this.#sha256 = sha256(image.bytes);
    this.#startedAt = session.clock.now();
    this.#firstRate = session.transport.rate;
    this.#bootRate = session.transport.rate;
    this.#lastRate = session.transport.rate;
  }

  async run(): Promise<UpdateResult> {
    try {
      const result = await this.#run();
      const cost = latencyCost(this.#session.roundTrips, 1000 * result.seconds);
      if (cost) this.#emit({ event: 'latency', ...cost });
      return result;
    } catch (error) {
      await restoreRate(this.#session.transport, this.#session.clock, this.#bootRate);
      throw error instanceof IapError ? this.#explained(error) : error;
    }
  }

  /** What is left behind. No ABORT is sent: the entry in the boot record is what makes the update resumable. */
  #explained(error: IapError): IapError {
    const { code, message, hint, details } = error;
    const interrupted = code === 'INTERRUPTED';
    if (!interrupted && !BROKEN_OFF.has(code) && !NOBODY.has(code)) return error;
    const installer = this.#installer;
    if (this.#inFlash) return interrupted ? this.#inPlace(error) : error;
    if (!installer?.begun) {
      return interrupted ? new IapError(code, this.#untouched(), { cause: error }) : error;
    }
    // Nobody is found any more: the same, whatever was heard instead.
    if (NOBODY.has(code)) return this.#explained(this.#goneFor(Number(details.timeoutMs), error));
    return new IapError(code, interrupted ? midUpdate(installer) : message, {
      hint: hint ?? 'run the same command again: it goes on where it stopped',
      details: { ...details, resumable: true, pagesSent: installer.pagesSent },
      cause: error,
    });
  }

  #untouched(): string {
    const nothing = 'interrupted; nothing was changed on the device';
    return this.#entered ? `${nothing}, but its application was asked to leave` : nothing;
  }

  /** The image is on the device; only its start was interrupted. */
  #inPlace(cause: IapError): IapError {
    const { boot = true } = this.#options;
    const what = this.#installer
      ? 'the image is installed and verified'
      : 'this image was installed already, and nothing was written';
    const started = boot ? ', but whether it was started is not known' : '';
    return new IapError('INTERRUPTED', `interrupted; ${what}${started}`, {
      hint: 'run the same command again: it sends nothing more',
      details: { installed: true, resumable: false, pagesSent: this.#installer?.pagesSent ?? 0 },
      cause,
    });
  }

  async #run(): Promise<UpdateResult> {
    const { boot = true, rate } = this.#options;
    const device = await this.#connect();
    const { info } = device;
    const wanted = !isInstalled(info, this.#sha256) || !isInForce(info, this.#image.header);
    try {
      this.#check(info);
      this.#pages = pagesOf(this.#image.bytes, info.pageSize);
      if (wanted) {
        if (typeof rate === 'number') await changeRate(device, rate, this.#emit);
        await this.#install(device);
      }
    } catch (error) {
      await this.#startAgain(device, error);
      throw error;
    }
    this.#inFlash = true;
    this.#lastRate = this.#session.transport.rate;
    const changed = this.#installer?.changed ?? false;
    this.#emit({ event: changed ? 'installed' : 'unchanged' });
    if (boot) return this.#result(device, changed, await this.#boot(device));
    // Who comes next looks for a bootloader at its own rate.
    await changeRate(device, this.#bootRate, () => {});
    return this.#result(device, changed, 'no');
  }

  async #connect(): Promise<Device> {
    const { wait, timeoutMs } = this.#options;
    const device = await connect(this.#session, {
      hold: true,
      ...(wait === undefined ? {} : { wait }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      beforeEnter: (info) => {
        this.#checkUnit(info);
        this.#checkFits(info);
        return true;
      },
      onEntering: (info) => {
        this.#entered = true;
        this.#emit({ event: 'found', device: info });
        this.#emit({ event: 'entering', device: info });
      },
      onNotNow: (detail) => this.#emit({ event: 'not-now', detail }),
    });
    this.#bootRate = this.#session.transport.rate;
    this.#checkUnit(device.info);
    this.#emit({ event: 'found', device: device.info });
    return device;
  }

  /** Tells each finding once, although the application is asked first and its bootloader again. */
  #check(info: DeviceInfo): void {
    const told = new Set(this.#findings.map(({ message }) => message));
    this.#findings = checkImage(this.#image, info, this.#options.allow);
    for (const finding of this.#findings) {
      if (told.has(finding.message)) continue;
      this.#emit({ event: 'warning', code: 'IMAGE', ...warningOf(finding) });
    }
  }

  #checkUnit({ uniqueId }: DeviceInfo): void {
    const { only } = this.#options;
    if (only && !sameBytes(uniqueId, only)) throw otherDevice();
  }

  /**
   * A running application is not disturbed for an image that does not fit. For the one that it is itself, it is: only the
   * bootloader looks at the flash as it is now.
   */
  #checkFits(info: DeviceInfo): void {
    if (info.appEnd > info.appBase) this.#check(info);
  }

  /** Until the image is verified in flash. A reset or a broken line on the way only costs time. */
  async #install(device: Device): Promise<void> {
    const header = headerFor(this.#image, device.info.appBase);
    const { rate, rates } = this.#options;
    this.#rates = rate === 'auto' ? new AutoRate(device, this.#emit, rates) : undefined;
    const packerOf = (): ReturnType<typeof packerFor> =>
      packerFor(device.info, this.#session.transport.rate, this.#options.compression);
    const installer = new Installer(device, header, this.#pages, this.#emit, packerOf, this.#rates);
    this.#installer = installer;
    const supply = new SupplyWait(this.#session, this.#emit);
    let fruitless = 0;
    for (;;) {
      const before = installer.pagesSent;
      try {
        await installer.run();
        return;
      } catch (error) {
        if (isRefusedWith(error, Status.SUPPLY_LOW)) {
          await supply.next(error, installer.pagesSent);
          continue;
        }
        if (!isInterruption(error)) throw error;
        if (error instanceof TooManyErrors && (await this.#lower())) continue;
        const { pagesSent } = installer;
        const useful = pagesSent > before && pagesSent <= MOST_SENDS * this.#pages.length;
        fruitless = useful ? 0 : fruitless + 1;
        if (fruitless >= MOST_FRUITLESS_STARTS) throw error;
        await this.#reconnect(device, error);
      }
    }
  }

  /** To a slower rate. False: the line is so bad that not even that is understood any more. */
  async #lower(): Promise<boolean> {
    try {
      await this.#rates?.lower();
      return true;
    } catch (error) {
      if (isInterruption(error)) return false;
      throw error;
    }
  }

  /** Finds the device again: at the rate where it is, or where it is after a reset. */
  async #reconnect(device: Device, reason: IapError): Promise<void> {
    this.#emit({ event: 'reconnecting', reason: reason.message });
    const { transport } = this.#session;
    const rate = transport.rate;
    if (reason.code === 'LINK_LOST' && rate !== this.#bootRate) {
      await this.#session.setRate(this.#bootRate);
    }
    const found = await this.#findAgain(device.info.defaultRate);
    if (!sameBytes(found.info.uniqueId, device.info.uniqueId)) throw otherDevice();
    device.info = found.info;
    if (this.#rates) await this.#rates.lost(rate);
    else if (rate !== transport.rate) await changeRate(device, rate, this.#emit);
  }

  /** In its bootloader; or, if no page was written before a reset, in its application at its own rate. */
  async #findAgain(defaultRate: number): Promise<Device> {
    const { transport } = this.#session;
    const timeoutMs = Math.max(this.#options.timeoutMs ?? 0, SEARCH_MS);
    const { rate, fixedRate } = transport;
    const rates = new Set([
      rate,
      ...(fixedRate ? [] : [defaultRate || this.#bootRate, this.#firstRate]),
    ]);
    for (const rate of rates) {
      if (transport.rate !== rate) await this.#session.setRate(rate);
      try {
        return await connect(this.#session, {
          hold: true,
          wait: true,
          alone: true,
          timeoutMs,
          onNotNow: (detail) => this.#emit({ event: 'not-now', detail }),
        });
      } catch (error) {
        if (!(error instanceof IapError) || !NOBODY.has(error.code)) throw error;
      }
    }
    throw this.#goneFor(timeoutMs * rates.size);
  }

  #goneFor(ms: number, cause?: IapError): IapError {
    const noise = noiseOf(this.#session.stats);
    const gone = `the device stopped answering, and was looked for during ${ms / 1000} s in vain`;
    return new IapError('LINK_LOST', noise ? `${gone}: ${noise.found}` : gone, {
      hint: `${noise?.remedy ?? 'check cable and supply'}; then run the same command again: it goes on where it stopped`,
      details: { timeoutMs: ms, ...noise?.details },
      cause,
    });
  }

  async #boot(device: Device): Promise<UpdateResult['boot']> {
    const answered = await startApplication(device, this.#emit);
    if (this.#session.transport.rate !== this.#firstRate) {
      await this.#session.setRate(this.#firstRate);
    }
    if (this.#options.waitApp) {
      const app = await waitForApp(this.#session, this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
      this.#emit({ event: 'app', device: app });
    }
    return answered ? 'started' : 'unconfirmed';
  }

  /** An image that is refused must not cost the application that was asked to leave for it. */
  async #startAgain(device: Device, error: unknown): Promise<void> {
    const useless = isForAnother(error) || isRefusedWith(error, Status.SUPPLY_LOW);
    if (!this.#entered || !useless || this.#installer?.writing) return;
    await this.#boot(device).catch(() => {}); // it leaves by itself, only later
  }

  #result(device: Device, changed: boolean, boot: UpdateResult['boot']): UpdateResult {
    return {
      device: device.info,
      changed,
      boot,
      bytes: this.#image.bytes.length,
      pagesTotal: this.#pages.length,
      pagesSent: this.#installer?.pagesSent ?? 0,
      bytesSent: this.#installer?.bytesSent ?? 0,
      bytesEncoded: this.#installer?.bytesEncoded ?? 0,
      seconds: (this.#session.clock.now() - this.#startedAt) / 1000,
      rate: this.#lastRate,
      allowed: allowedIds(this.#findings),
    };
  }
}

function midUpdate({ writing, ending, pagesSent }: Installer): string {
  if (ending) return 'interrupted while the device verified the image: it may be installed';
  if (!writing) {
    return 'interrupted before any page was sent; nothing was changed on the device but that an update is begun';
  }
  // What is on its way may be written as well.
  const stays = pagesSent > 0 ? 'stays in its bootloader and ' : '';
  return `interrupted in mid-update; ${pagesSent} pages are acknowledged as written; the device ${stays}can be updated`;
}

/** The device is as it was when the line ended. */
const BROKEN_OFF: ReadonlySet<string> = new Set(['LINK_LOST', 'PORT_LOST', 'PORT_STALLED']);

/** Failures after which the device may well be found again. */
function isInterruption(error: unknown): error is IapError {
  if (!(error instanceof IapError)) return false;
  return (
    error.code === 'LINK_LOST' ||
    isRefusedWith(error, Status.NO_SESSION) ||
    isRefusedWith(error, Status.IN_APP)
  );
}
