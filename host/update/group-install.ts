// The image into the flash of a group: rate, BEGIN, comparison, what one of them lacks to all of them, verification.
import { ADDRESS_BROADCAST, Command, Status } from '../../protocol/index.js';
import { sizeOf } from '../base/bytes.js';
import { ProgressMeter } from '../base/progress.js';
import type { Compression } from '../compress/deflate.js';
import type { Device } from '../device/device.js';
import type { Page } from '../image/pages.js';
import type { RateMemory } from '../link/rate-memory.js';
import { beginUpdate } from './begin.js';
import { confirmInstalled } from './confirm.js';
import { findGroupRate, raiseGroupRate } from './group-auto-rate.js';
import { notYet, otherNumber } from './group-errors.js';
import type { Member } from './group-member.js';
import { type Compared, compareMember, type GroupPlan, planPages } from './group-pages.js';
import { changeGroupRate, LONGEST_WAIT_MS, leaveGroupRate } from './group-rate.js';
import type { Group, Present } from './group-steps.js';
import { GroupTransfer } from './group-transfer.js';

/** A session that was left open somewhere on the pair must not take these pages: it is ended so often, against noise. */
const ABORTS = 2;
/** It makes the update's entry in the boot record, which may take `begin_ms` more */
const FIRST_PAGE = 1;

interface Begun extends Present {
  readonly next: number;
  readonly resumed: boolean;
}

interface Ready extends Begun {
  readonly compared: Compared;
}

export interface GroupInstallOptions {
  readonly header: Uint8Array;
  readonly pages: readonly Page[];
  /** Of the transfer [baud]; `auto`: the fastest that holds; as it is if missing */
  readonly rate: number | 'auto' | undefined;
  readonly rates: RateMemory | undefined;
  readonly compression: Compression | undefined;
  /** After all were asked to begin: some may have refused */
  readonly onBegun: () => Promise<void>;
}

export class GroupInstaller {
  readonly #group: Group;
  readonly #options: GroupInstallOptions;
  /** To all of them together; bytes as they are and as they travelled, baud of the transfer */
  sent = { pages: 0, bytes: 0, encoded: 0, rate: 0 };

  constructor(group: Group, options: GroupInstallOptions) {
    this.#group = group;
    this.#options = options;
  }

  async run(wanting: readonly Present[]): Promise<void> {
    const { pages, onBegun, compression } = this.#options;
    const group = this.#group;
    await this.#endSessions();
    const begun = await this.#begin(wanting);
    await onBegun();
    if (begun.length === 0) return;
    group.tell({ event: 'comparing', pages: pages.length });
    const ready = await this.#compare(begun);
    const found = ready.map(({ compared }) => compared);
    const lacking = pages.filter((page) => found.some(({ differing }) => differing.has(page)));
    const rate = await this.#chooseRate(ready, sizeOf(lacking));
    const plan = await planPages(pages, found, rate, compression);
    const next = await this.#send(ready, plan, rate);
    for (const { member, device } of ready) {
      if (!member.active) continue;
      await group.attempt(member, () => this.#verify(member, device, next));
    }
  }

  /** Whatever was begun somewhere on the pair: nobody takes frames that are not for it, and all begin with the same number. */
  async #endSessions(): Promise<void> {
    const abort = { type: Command.ABORT, payload: new Uint8Array(), address: ADDRESS_BROADCAST };
    for (let i = 0; i < ABORTS; i++) await this.#group.session.post([abort]);
  }

  async #begin(wanting: readonly Present[]): Promise<Begun[]> {
    const group = this.#group;
    const begun: Begun[] = [];
    for (const { address, device, member } of wanting) {
      if (!member.active) continue;
      await group.attempt(member, async () => {
        // It may have been a while: a session on another unit would take the pages of all.
        await device.hello(true);
        member.checkUnit();
        member.begun = true;
        const beginning = await beginUpdate(device, this.#options.header);
        if (!beginning) {
          this.#isIn(member, false);
          return;
        }
        const { next } = begun[0] ?? beginning;
        if (beginning.next !== next) throw otherNumber();
        group.ignored = (next - 1) & 0xffff;
        begun.push({ address, device, member, ...beginning });
      });
    }
    return begun;
  }

  async #compare(begun: readonly Begun[]): Promise<Ready[]> {
    const ready: Ready[] = [];
    for (const one of begun) {
      await this.#group.attempt(one.member, async () => {
        ready.push({ ...one, compared: await compareMember(one.device, this.#options.pages) });
      });
    }
    return ready;
  }

  /** For so many bytes to all of them */
  async #chooseRate([one]: readonly Begun[], bytes: number): Promise<number> {
    const { rate, rates } = this.#options;
    const group = this.#group;
    if (!one || bytes === 0) return group.rate;
    return rate === 'auto' ? findGroupRate(group, one, bytes, rates) : (rate ?? group.rate);
  }

  /**
   * Another rate is for the pages alone: at their own the others miss nothing when one of them takes long. Returns the number of the
   * DATA frame that would come next.
   */
  async #send(ready: readonly Begun[], plan: GroupPlan, rate: number): Promise<number> {
    const group = this.#group;
    const { session } = group;
    const { pages, rates } = this.#options;
    const [one] = ready;
    if (!one) return 0;
    const bytesToSend = sizeOf(plan.pages);
    group.tell({
      event: 'plan',
      pagesTotal: pages.length,
      pagesToSend: plan.pages.length,
      bytesToSend,
      resumed: ready.some(({ resumed }) => resumed),
    });
    const transfer = this.#transfer(ready, plan, one.next, bytesToSend);
    this.sent.rate = group.rate;
    if (rate !== group.rate) {
      const slow = ready.some(({ device: { info } }) => info.beginMs > LONGEST_WAIT_MS);
      if (slow) await transfer.run(FIRST_PAGE);
      if (this.#options.rate === 'auto') await raiseGroupRate(group, rate, rates);
      else await changeGroupRate(session, group.active, rate, () => group.keepAlive(0), group.tell);
      this.sent.rate = group.rate;
    }
    await transfer.run();
    await leaveGroupRate(session, group.active, group.bootRate);
    return transfer.next;
  }

  #transfer(
    ready: readonly Begun[],
    plan: GroupPlan,
    start: number,
    bytesToSend: number,
  ): GroupTransfer {
    const group = this.#group;
    const meter = new ProgressMeter(group.session.clock);
    return new GroupTransfer({
      session: group.session,
      members: ready.filter(({ member }) => member.active),
      start,
      ...plan,
      keepAlive: (agoMs) => group.keepAlive(agoMs),
      onProgress: (pages, encoded) => {
        const bytes = sizeOf(plan.pages.slice(0, pages));
        this.sent = { ...this.sent, pages, bytes, encoded };
        group.tell({ event: 'progress', ...meter.at(bytes, bytesToSend) });
      },
      onLeave: (address, error) => {
        const member = group.members.find((each) => each.address === address);
        if (member) group.fail(member, error);
      },
    });
  }

  async #verify(member: Member, device: Device, count: number): Promise<void> {
    this.#group.tellOf(member, { event: 'verifying' });
    const { status, next } = await device.end(count);
    if (status !== Status.OK) throw notYet();
    await confirmInstalled(device, this.#options.header, next, count);
    this.#isIn(member, true);
  }

  #isIn(member: Member, changed: boolean): void {
    member.isIn(changed);
    this.#group.tellOf(member, { event: changed ? 'installed' : 'unchanged' });
  }
}
