// Who of a group is there, whom the image fits, and from their applications to their bootloaders.
import { HOLD_REFRESH_MS, Mode, Status } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { warningOf } from '../check/allow.js';
import { checkImage } from '../check/check-image.js';
import type { Finding } from '../check/finding.js';
import { severalDevices } from '../device/census.js';
import { checked, connect, DEFAULT_TIMEOUT_MS, NOBODY } from '../device/connect.js';
import { isForAnother, isRefusedWith } from '../device/refusal.js';
import { type Heard, Scan } from '../device/scan.js';
import type { Image } from '../image/image.js';
import { startApplication } from './boot.js';
import { endsAll, isLost, late, nobody } from './group-errors.js';
import { checkSame } from './group-match.js';
import type { Group, Present } from './group-steps.js';
import type { UpdateOptions } from './update.js';

/** Times that those are called that were not heard */
const CALLS = 3;

interface FindOptions extends Pick<UpdateOptions, 'wait' | 'timeoutMs' | 'allow'> {
  readonly verified?: ReadonlySet<number>;
}

export class GroupFinder {
  readonly #group: Group;
  readonly #image: Image;
  readonly #options: FindOptions;
  /** All that are active can take the same frames. */
  #alike = false;
  /** What is wrong with the image, and does not keep it from being written */
  findings: readonly Finding[] = [];

  constructor(group: Group, image: Image, options: FindOptions) {
    this.#group = group;
    this.#image = image;
    this.#options = options;
  }

  /** Those that answer and that the image fits are in their bootloaders, and alike. */
  async run(): Promise<void> {
    await this.#find();
    this.#judge();
    await this.#enter();
    try {
      this.#judge();
    } finally {
      await this.startRefused();
    }
  }

  /** Keeps those that are in their bootloader there. Nobody is asked to leave. */
  async #find(): Promise<void> {
    const { wait = false, timeoutMs, verified } = this.#options;
    const { session, members } = this.#group;
    const end = session.clock.now() + (timeoutMs ?? (wait ? Number.POSITIVE_INFINITY : 0));
    const scan = this.#scan();
    for (let calls = 0; ; calls++) {
      const called = members.filter(({ address }) => calls < CALLS || !verified?.has(address));
      const missing = called.filter(({ device, error }) => !device && !error);
      if (missing.length === 0 || (calls >= CALLS && session.clock.now() >= end)) break;
      if (calls > 0) await this.#keepFound();
      const addresses = missing.map(({ address }) => address);
      const ms = Math.min(HOLD_REFRESH_MS, end - session.clock.now());
      this.#take(await (wait && calls > 0 ? scan.call(addresses, ms) : scan.run(addresses)));
    }
    for (const member of members) {
      if (!member.device && !member.error) member.error = nobody(member.address);
    }
  }

  /** After calls that nobody answers, the answer of one of them makes room for frames that are not answered (protocol § 2). */
  async #keepFound(): Promise<void> {
    const [one] = this.#group.active;
    if (!one) return;
    this.#group.session.address = one.address;
    try {
      await one.device.hello(true, 1);
      one.member.checkUnit();
    } catch (error) {
      if (!isLost(error)) this.#group.failOr(one.member, error);
    }
    await this.#group.keepAlive(0);
  }

  /** Those that were silent are called once more when the others are done. */
  async findLate(): Promise<void> {
    const { session, members, firstRate, rate } = this.#group;
    const missing = members.filter(({ device, error }) => !device && error?.code === 'NO_ANSWER');
    if (missing.length === 0) return;
    if (rate !== firstRate) await session.setRate(firstRate);
    for (const member of missing) member.error = undefined;
    this.#take(await this.#scan().run(missing.map(({ address }) => address)));
    for (const member of missing) {
      if (member.device) this.#group.fail(member, late());
      else member.error ??= nobody(member.address);
    }
  }

  #scan(): Scan {
    const group = this.#group;
    return new Scan(
      group.session,
      true,
      () => {},
      () => group.keepAlive(0),
    );
  }

  #take(heard: readonly Heard[]): void {
    const { session, members } = this.#group;
    for (const { address, devices, garbled } of heard) {
      const member = members.find((one) => one.address === address);
      const [info] = devices;
      if (!member || member.error || member.device) continue;
      if (devices.length > 1 || garbled) {
        this.#group.fail(member, severalDevices(devices, address));
      } else if (info) {
        member.found(session, info);
        this.#group.tellOf(member, { event: 'found', device: info });
        this.#group.attemptNow(member, () => member.checkUnit());
      }
    }
  }

  /** Before anything is changed: those that the image does not fit are left as they are; the others must be alike. */
  #judge(): void {
    const { allow } = this.#options;
    // An application may not know where it ends: its bootloader is judged.
    const known = (): Present[] =>
      this.#group.active.filter(({ device: { info } }) => info.appEnd > info.appBase);
    for (const { member, device } of known()) {
      const { info } = device;
      this.#group.attemptNow(member, () => {
        const told = new Set(this.findings.map(({ message }) => message));
        this.findings = checkImage(this.#image, info, allow);
        for (const finding of this.findings) {
          if (told.has(finding.message)) continue;
          this.#group.tellOf(member, { event: 'warning', code: 'IMAGE', ...warningOf(finding) });
        }
      });
    }
    this.#alike = false;
    checkSame(known().map(({ address, device }) => ({ address, info: device.info })));
    this.#alike = true;
  }

  /** All that run are asked to leave, then each is waited for: they reset at the same time. */
  async #enter(): Promise<void> {
    const group = this.#group;
    const { session } = group;
    const running = group.active.filter(({ device: { info } }) => info.mode === Mode.APP);
    const own = running[0]?.device.info.defaultRate;
    group.bootRate = session.transport.fixedRate ? group.firstRate : own || group.firstRate;
    const changes = group.rate !== group.bootRate;
    for (const { member, device } of running) {
      session.address = member.address;
      member.entered = true;
      group.tellOf(member, { event: 'entering', device: device.info });
      try {
        await device.enter(1);
      } catch (error) {
        if (!(error instanceof IapError) || endsAll(error)) throw error;
        // At one rate whoever waits for it asks again, and tells why it does not; at another the application is not heard any more.
        if (changes && error.code === 'REFUSED') {
          member.entered = false;
          group.fail(member, error);
        }
      }
    }
    for (const { member } of running.filter((one) => one.member.active)) {
      await group.attempt(member, async () => {
        if (group.rate !== group.bootRate) await session.setRate(group.bootRate);
        const { info } = await connect(session, { hold: true, timeoutMs: DEFAULT_TIMEOUT_MS });
        member.found(session, info);
        member.checkUnit();
        group.tellOf(member, { event: 'found', device: info });
      });
      if (changes && member.error && NOBODY.has(member.error.code)) {
        // It may not have heard that it was asked, and run at its own rate.
        member.entered = false;
        group.fail(member, late());
      }
    }
    for (const { member, device } of group.active) {
      await group.attempt(member, () => checked(device));
    }
  }

  /** What is refused by the bootloader after all must not cost an application that was asked to leave for it. */
  async startRefused(): Promise<void> {
    for (const member of this.#group.members) {
      const { device, entered, error, together } = member;
      const low = !together && isRefusedWith(error, Status.SUPPLY_LOW);
      const refused = !this.#alike || low || (error !== undefined && isForAnother(error));
      if (!device || !entered || !refused) continue;
      member.entered = false;
      this.#group.session.address = member.address;
      await startApplication(device, () => {}).catch(() => {}); // it leaves by itself, only later
    }
  }
}
