// One image to many devices on a shared pair: found, compared, sent once for all, verified and started one by one.

import {
  ADDRESS_BROADCAST,
  ADDRESS_ONLY,
  Command,
  DataRequest,
  encode,
  HOLD_REFRESH_MS,
  Mode,
  Status,
} from '../../protocol/index.js';
import { sizeOf } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import { ProgressMeter } from '../base/progress.js';
import { sha256 } from '../base/sha256.js';
import { Work } from '../base/work.js';
import { allowedIds, warningOf } from '../check/allow.js';
import { checkImage } from '../check/check-image.js';
import type { Finding } from '../check/finding.js';
import { isInForce } from '../check/signature.js';
import { severalDevices } from '../device/census.js';
import { checked, connect, DEFAULT_TIMEOUT_MS, waitForApp } from '../device/connect.js';
import type { Device, DeviceInfo } from '../device/device.js';
import { isInstalled } from '../device/installed.js';
import { openSession } from '../device/open.js';
import { isForAnother, isRefusedWith } from '../device/refusal.js';
import { type Heard, Scan } from '../device/scan.js';
import { headerFor, type Image } from '../image/image.js';
import { type Page, pagesOf } from '../image/pages.js';
import { restoreRate } from '../link/restore-rate.js';
import type { Session } from '../link/session.js';
import type { Transport } from '../link/transport.js';
import { beginUpdate } from './begin.js';
import { startApplication } from './boot.js';
import { confirmInstalled } from './confirm.js';
import type { UpdateEvent } from './events.js';
import {
  endsAll,
  isLost,
  late,
  mayWorkAlone,
  nobody,
  notYet,
  otherNumber,
} from './group-errors.js';
import type { GroupEvent, GroupResult, TellGroup } from './group-events.js';
import { checkSame } from './group-match.js';
import { type Member, membersAt } from './group-member.js';
import { type Compared, compareMember, planPages } from './group-pages.js';
import { type Addressed, changeGroupRate } from './group-rate.js';
import { GroupTransfer } from './group-transfer.js';
import { type UpdateOptions, updateOn } from './update.js';

/** As of one device; a rate that is found by trying is for one alone */
export interface GroupOptions extends Omit<UpdateOptions, 'address' | 'only' | 'rate' | 'rates'> {
  /** Rate of the transfer [baud]; the transport's own if missing */
  readonly rate?: number;
}

/** Times that those are called that were not heard */
const CALLS = 3;
/** Of a step of one of them, while the others wait: between them a short question tells whether it is there at all */
const ATTEMPTS = 3;
/** Of that question */
const QUESTIONS = 2;
/** One of the group that was found */
interface Present extends Addressed {
  readonly member: Member;
}
interface Begun extends Present {
  readonly next: number;
  readonly resumed: boolean;
}
/** What nobody answers: longer than the frames that an application takes, which would [bytes] */
const KEEP_ALIVE_BODY = new Uint8Array(64);
/** A session that was left open somewhere on the pair must not take these pages: it is ended so often, against noise. */
const ABORTS = 2;

/**
 * Updates the devices with these addresses, on the pair at the other end of `transport`, to `image`: what one of them lacks is sent
 * once, for all. One that fails does not hold the others up, and is tried again by itself. Stopping early leaves all of them
 * resumable.
 *
 * What became of each is in the result, its error too.
 * @param addresses 1 to 254
 * @throws IapError DEVICES_DIFFER before anything is changed, if they can not take the same frames; what ends it for all of them
 */
export function updateGroup(
  transport: Transport,
  image: Image,
  addresses: readonly number[],
  options: GroupOptions = {},
): Work<GroupEvent, GroupResult> {
  const members = membersAt(addresses);
  return new Work(async (tell, signal) => {
    const updater = new GroupUpdater(transport, image, members, { ...options, signal }, tell);
    return updater.run();
  }, options);
}

class GroupUpdater {
  readonly #transport: Transport;
  readonly #image: Image;
  readonly #members: readonly Member[];
  readonly #options: GroupOptions;
  readonly #tell: TellGroup;
  readonly #session: Session;
  readonly #sha256: Uint8Array;
  readonly #startedAt: number;
  readonly #firstRate: number;
  /** Where bootloaders are after a reset [baud] */
  #bootRate: number;
  /** All that are active can take the same frames. */
  #alike = false;
  #pages: readonly Page[] = [];
  /** Of a DATA frame that every session takes for a repeat */
  #ignored = 0xffff;
  #keptAliveAt = Number.NEGATIVE_INFINITY;
  #findings: readonly Finding[] = [];
  #sent = { pages: 0, bytes: 0, encoded: 0, rate: 0 };

  constructor(
    transport: Transport,
    image: Image,
    members: readonly Member[],
    options: GroupOptions,
    tell: TellGroup,
  ) {
    this.#transport = transport;
    this.#image = image;
    this.#members = members;
    this.#options = options;
    this.#tell = tell;
    this.#session = openSession(transport, options);
    this.#sha256 = sha256(image.bytes);
    this.#startedAt = this.#session.clock.now();
    this.#firstRate = this.#bootRate = transport.rate;
  }

  async run(): Promise<GroupResult> {
    const { attempts } = this.#session;
    try {
      this.#session.attempts = 1;
      await this.#together();
      await this.#findLate();
      this.#session.attempts = attempts;
      const again = this.#members.filter(mayWorkAlone);
      for (const member of this.#members) if (!again.includes(member)) this.#tellEnd(member);
      for (const member of again) {
        await this.#alone(member);
        this.#tellEnd(member);
      }
    } catch (error) {
      const ending = error instanceof IapError ? this.#explained(error) : error;
      for (const member of this.#members) this.#tellEnd(member, ending);
      throw ending;
    } finally {
      this.#session.close();
      await restoreRate(this.#transport, this.#session.clock, this.#firstRate);
    }
    return this.#result();
  }

  async #together(): Promise<void> {
    await this.#find();
    this.#judge();
    await this.#enter();
    try {
      this.#judge();
    } finally {
      await this.#startRefused();
    }
    const [first] = this.#active;
    if (!first) return;
    this.#pages = pagesOf(this.#image.bytes, first.device.info.pageSize);
    const wanting = this.#active.filter(({ device: { info } }) => this.#lacks(info));
    for (const { member } of this.#active) {
      if (wanting.some((one) => one.member === member)) continue;
      this.#isIn(member, false);
    }
    if (wanting.length > 0) await this.#install(wanting);
    await this.#start();
  }

  get #active(): Present[] {
    return this.#members.flatMap((member) => {
      const { address, device } = member;
      return device && member.active ? [{ address, device, member }] : [];
    });
  }

  /** Keeps those that are in their bootloader there. Nobody is asked to leave. */
  async #find(): Promise<void> {
    const { wait = false, timeoutMs } = this.#options;
    const { clock } = this.#session;
    const end = clock.now() + (timeoutMs ?? (wait ? Number.POSITIVE_INFINITY : 0));
    const scan = new Scan(this.#session, true, () => {});
    for (let calls = 0; ; calls++) {
      const missing = this.#members.filter(({ device, error }) => !device && !error);
      if (missing.length === 0 || (calls >= CALLS && clock.now() >= end)) break;
      if (calls > 0) await this.#keepAlive(HOLD_REFRESH_MS);
      this.#take(await scan.run(missing.map(({ address }) => address)));
    }
    for (const member of this.#members) {
      if (!member.device && !member.error) member.error = nobody(member.address);
    }
  }

  /** Those that were silent are called once more when the others are done. */
  async #findLate(): Promise<void> {
    const missing = this.#members.filter(
      ({ device, error }) => !device && error?.code === 'NO_ANSWER',
    );
    if (missing.length === 0) return;
    if (this.#transport.rate !== this.#firstRate) await this.#session.setRate(this.#firstRate);
    for (const member of missing) member.error = undefined;
    this.#take(
      await new Scan(this.#session, true, () => {}).run(missing.map(({ address }) => address)),
    );
    for (const member of missing) {
      if (member.device) this.#fail(member, late());
      else member.error ??= nobody(member.address);
    }
  }

  #take(heard: readonly Heard[]): void {
    for (const { address, devices, garbled } of heard) {
      const member = this.#members.find((one) => one.address === address);
      const [info] = devices;
      if (!member || member.error || member.device) continue;
      if (devices.length > 1 || garbled) {
        this.#fail(member, severalDevices(devices, address));
      } else if (info) {
        member.found(this.#session, info);
        this.#tellOf(member, { event: 'found', device: info });
      }
    }
  }

  /** Before anything is changed: those that the image does not fit are left as they are; the others must be alike. */
  #judge(): void {
    const { allow } = this.#options;
    // An application may not know where it ends: its bootloader is judged.
    const known = (): Present[] =>
      this.#active.filter(({ device: { info } }) => info.appEnd > info.appBase);
    for (const { member, device } of known()) {
      const { info } = device;
      this.#attemptNow(member, () => {
        const told = new Set(this.#findings.map(({ message }) => message));
        this.#findings = checkImage(this.#image, info, allow);
        for (const finding of this.#findings) {
          if (told.has(finding.message)) continue;
          this.#tellOf(member, { event: 'warning', code: 'IMAGE', ...warningOf(finding) });
        }
      });
    }
    this.#alike = false;
    checkSame(known().map(({ address, device }) => ({ address, info: device.info })));
    this.#alike = true;
  }

  /** All that run are asked to leave, then each is waited for: they reset at the same time. */
  async #enter(): Promise<void> {
    const session = this.#session;
    const running = this.#active.filter(({ device: { info } }) => info.mode === Mode.APP);
    for (const { member, device } of running) {
      session.address = member.address;
      member.entered = true;
      this.#tellOf(member, { event: 'entering', device: device.info });
      try {
        await device.enter(1);
      } catch (error) {
        // Whoever waits for it asks again, and tells why it does not.
        if (!(error instanceof IapError) || endsAll(error)) throw error;
      }
    }
    const own = running[0]?.device.info.defaultRate;
    this.#bootRate = this.#transport.fixedRate ? this.#firstRate : own || this.#firstRate;
    for (const { member } of running) {
      await this.#attempt(member, async () => {
        if (this.#transport.rate !== this.#bootRate) await session.setRate(this.#bootRate);
        const { info } = await connect(session, { hold: true, timeoutMs: DEFAULT_TIMEOUT_MS });
        member.found(session, info);
        member.checkUnit();
        this.#tellOf(member, { event: 'found', device: info });
      });
    }
    for (const { member, device } of this.#active) {
      await this.#attempt(member, () => checked(device));
    }
  }

  /** What is refused by the bootloader after all must not cost an application that was asked to leave for it. */
  async #startRefused(): Promise<void> {
    for (const member of this.#members) {
      const { device, entered, error, together } = member;
      const low = !together && isRefusedWith(error, Status.SUPPLY_LOW);
      const refused = !this.#alike || low || (error !== undefined && isForAnother(error));
      if (!device || !entered || !refused) continue;
      member.entered = false;
      this.#session.address = member.address;
      await startApplication(device, () => {}).catch(() => {}); // it leaves by itself, only later
    }
  }

  #lacks(info: DeviceInfo): boolean {
    return !isInstalled(info, this.#sha256) || !isInForce(info, this.#image.header);
  }

  async #install(wanting: readonly Present[]): Promise<void> {
    const { rate, compression } = this.#options;
    const session = this.#session;
    const transport = this.#transport;
    if (rate !== undefined) {
      const all = this.#active;
      await changeGroupRate(session, all, rate, () => this.#keepAlive(0), this.#tell);
      for (const { member } of all) this.#attemptNow(member, () => member.checkUnit());
    }
    this.#sent = { ...this.#sent, rate: transport.rate };
    const [first] = wanting;
    if (!first) return;
    const header = headerFor(this.#image, first.device.info.appBase);
    await this.#endSessions();
    const begun = await this.#begin(wanting, header);
    await this.#startRefused();
    if (begun.length === 0) return;
    this.#tell({ event: 'comparing', pages: this.#pages.length });
    const compared = await this.#compare(begun);
    const ready = begun.filter(({ member }) => compared.has(member));
    const [one] = ready;
    if (!one) return;
    const plan = await planPages(
      this.#pages,
      ready.flatMap(({ member }) => compared.get(member) ?? []),
      transport.rate,
      compression,
    );
    const bytesToSend = sizeOf(plan.pages);
    this.#tell({
      event: 'plan',
      pagesTotal: this.#pages.length,
      pagesToSend: plan.pages.length,
      bytesToSend,
      resumed: ready.some(({ resumed }) => resumed),
    });
    const meter = new ProgressMeter(session.clock);
    const transfer = new GroupTransfer({
      session,
      members: ready,
      start: one.next,
      ...plan,
      onProgress: (pages, encoded) => {
        const done = sizeOf(plan.pages.slice(0, pages));
        this.#sent = { ...this.#sent, pages, bytes: done, encoded };
        this.#tell({ event: 'progress', ...meter.at(done, bytesToSend) });
      },
      onLeave: (address, error) => {
        const member = this.#members.find((each) => each.address === address);
        if (member) this.#fail(member, error);
      },
    });
    await transfer.run();
    for (const { member, device } of ready) {
      if (!member.active) continue;
      await this.#attempt(member, () => this.#verify(member, device, header, transfer.next));
    }
  }

  /** Whatever was begun somewhere on the pair: nobody takes frames that are not for it, and all begin with the same number. */
  async #endSessions(): Promise<void> {
    const abort = { type: Command.ABORT, payload: NOTHING, address: ADDRESS_BROADCAST };
    for (let i = 0; i < ABORTS; i++) await this.#session.post([abort]);
  }

  async #begin(wanting: readonly Present[], header: Uint8Array): Promise<Begun[]> {
    const begun: Begun[] = [];
    for (const { address, device, member } of wanting) {
      if (!member.active) continue;
      await this.#attempt(member, async () => {
        member.begun = true;
        const beginning = await beginUpdate(device, header);
        if (!beginning) {
          this.#isIn(member, false);
          return;
        }
        const { next } = begun[0] ?? beginning;
        if (beginning.next !== next) throw otherNumber();
        this.#ignored = (next - 1) & 0xffff;
        begun.push({ address, device, member, ...beginning });
      });
    }
    return begun;
  }

  async #compare(begun: readonly Present[]): Promise<Map<Member, Compared>> {
    const compared = new Map<Member, Compared>();
    for (const { device, member } of begun) {
      await this.#attempt(member, async () => {
        compared.set(member, await compareMember(device, this.#pages));
      });
    }
    return compared;
  }

  async #verify(member: Member, device: Device, header: Uint8Array, count: number): Promise<void> {
    this.#tellOf(member, { event: 'verifying' });
    const { status, next } = await device.end(count);
    if (status !== Status.OK) throw notYet();
    await confirmInstalled(device, header, next, count);
    this.#isIn(member, true);
  }

  #isIn(member: Member, changed: boolean): void {
    member.installed = true;
    member.changed = changed;
    this.#tellOf(member, { event: changed ? 'installed' : 'unchanged' });
  }

  /** Those that have it start it, before the others are tried again; those of another image start what they have. */
  async #start(): Promise<void> {
    const { boot = true, waitApp = false, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    const started: Member[] = [];
    if (!boot) {
      await this.#backToBootRate();
      return;
    }
    for (const { member, device } of this.#active) {
      if (!member.installed) continue;
      await this.#attempt(member, async () => {
        const answered = await startApplication(device, (event) => this.#tellOf(member, event));
        member.boot = answered ? 'started' : 'unconfirmed';
        started.push(member);
      });
    }
    if (!waitApp) return;
    await this.#session.setRate(this.#firstRate);
    for (const member of started) {
      await this.#attempt(member, async () => {
        const device = await waitForApp(this.#session, timeoutMs);
        this.#tellOf(member, { event: 'app', device });
      });
    }
  }

  /** Who comes next looks for bootloaders at their own rate. */
  async #backToBootRate(): Promise<void> {
    if (this.#transport.rate === this.#bootRate) return;
    for (const { member, device } of this.#active) {
      await this.#attempt(member, async () => {
        await device.baud(this.#bootRate);
      });
    }
    await this.#session.drain();
    await this.#session.setRate(this.#bootRate);
  }

  /** As any other update of one device: it goes on where it stopped. */
  async #alone(member: Member): Promise<void> {
    const { address, device, error } = member;
    const session = this.#session;
    // It was there: only its application is waited for, until it lets itself be left.
    const wait = this.#options.wait === true && isRefusedWith(error, Status.NOT_NOW);
    member.together = false;
    member.error = undefined;
    const at = member.entered ? this.#bootRate : this.#firstRate;
    if (this.#transport.rate !== at) await session.setRate(at);
    session.address = address;
    try {
      const result = await updateOn(
        session,
        this.#image,
        {
          ...this.#options,
          wait,
          ...(device ? { only: device.info.uniqueId } : {}),
        },
        (event) => this.#tellOf(member, event),
      );
      member.installed = true;
      member.changed ||= result.changed;
      member.boot = result.boot;
    } catch (error) {
      if (!(error instanceof IapError) || endsAll(error)) throw error;
      member.error = error;
      await this.#startRefused();
    }
  }

  /** With its address; what comes of an error of its own is told. */
  async #attempt(member: Member, what: () => Promise<void>): Promise<void> {
    this.#session.address = member.address;
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          await this.#keepAlive(this.#patience);
          await what();
          member.checkUnit();
          return;
        } catch (error) {
          if (!isLost(error) || attempt === ATTEMPTS) throw error;
          await this.#question(member);
        }
      }
    } catch (error) {
      this.#failOr(member, error);
    }
  }

  /** Whether it is there at all; the others hear something between the questions. */
  async #question(member: Member): Promise<void> {
    for (let question = 1; ; question++) {
      await this.#keepAlive(this.#patience);
      try {
        await member.device?.hello(true, 1);
        member.checkUnit();
        return;
      } catch (error) {
        if (!isLost(error) || question === QUESTIONS) throw error;
      }
    }
  }

  /** At another rate all must hear something within RATE_IDLE_MS, however long one of them takes [ms]. */
  get #patience(): number {
    return this.#transport.rate === this.#bootRate ? HOLD_REFRESH_MS : 0;
  }

  #attemptNow(member: Member, what: () => void): void {
    try {
      what();
    } catch (error) {
      this.#failOr(member, error);
    }
  }

  #failOr(member: Member, error: unknown): void {
    if (!(error instanceof IapError) || endsAll(error)) throw error;
    this.#fail(member, error);
  }

  #fail(member: Member, error: IapError): void {
    member.error = error;
    if (!mayWorkAlone(member)) return;
    this.#tell({ event: 'alone', address: member.address, reason: error.message });
  }

  /** All of them have heard something that nobody answers, not longer ago than this [ms]. */
  async #keepAlive(agoMs: number): Promise<void> {
    const now = this.#session.clock.now();
    if (now - this.#keptAliveAt < agoMs) return;
    this.#keptAliveAt = now;
    const payload = encode(DataRequest, { number: this.#ignored, flags: 0, body: KEEP_ALIVE_BODY });
    await this.#session.post([{ type: Command.DATA, payload, address: ADDRESS_ONLY }]);
  }

  /**
   * What became of it, once.
   * @param ending what ended it for all before it had its turn
   */
  #tellEnd(member: Member, ending?: unknown): void {
    if (member.told) return;
    member.told = true;
    const { installed, error } = member;
    const open = !installed && (!error || mayWorkAlone(member));
    if (open && ending instanceof IapError) member.error = ending;
    if (installed || member.error) this.#tell({ event: 'member', ...member.result });
  }

  #tellOf({ address }: Member, event: UpdateEvent): void {
    this.#tell({ ...event, address });
  }

  #result(): GroupResult {
    const { pages, bytes, encoded, rate } = this.#sent;
    return {
      members: this.#members.map(({ result }) => result),
      bytes: this.#image.bytes.length,
      pagesTotal: this.#pages.length,
      pagesSent: pages,
      bytesSent: bytes,
      bytesEncoded: encoded,
      seconds: (this.#session.clock.now() - this.#startedAt) / 1000,
      rate: rate || this.#firstRate,
      allowed: allowedIds(this.#findings),
    };
  }

  /** What it leaves behind */
  #explained(error: IapError): IapError {
    const { code, message, hint, details } = error;
    if (!endsAll(error)) return error;
    const done = this.#members.filter(({ installed }) => installed);
    const begun =
      details.resumable === true ||
      this.#members.some((member) => member.begun && !member.installed);
    const what = code === 'INTERRUPTED' ? 'interrupted' : message;
    const left = begun ? 'the others can be updated' : 'nothing was written to the others';
    return new IapError(
      code,
      `${what}; the image is on ${done.length} of ${this.#members.length} devices, ${left}`,
      {
        hint: hint ?? 'run the same command again: it goes on where it stopped',
        details: {
          ...details,
          resumable: begun,
          installed: done.map(({ address }) => address).join(' '),
        },
        cause: error,
      },
    );
  }
}

const NOTHING = new Uint8Array();
