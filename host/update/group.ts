// One image to many devices on a shared pair: found, sent once for all, verified and started one by one.
import { Status } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { sha256 } from '../base/sha256.js';
import { Work } from '../base/work.js';
import { allowedIds } from '../check/allow.js';
import { isInForce } from '../check/signature.js';
import { DEFAULT_TIMEOUT_MS, waitForApp } from '../device/connect.js';
import type { DeviceInfo } from '../device/device.js';
import { isInstalled } from '../device/installed.js';
import { openSession } from '../device/open.js';
import { isRefusedWith } from '../device/refusal.js';
import { headerFor, type Image } from '../image/image.js';
import { type Page, pagesOf } from '../image/pages.js';
import { restoreRate } from '../link/restore-rate.js';
import type { Transport } from '../link/transport.js';
import { startApplication } from './boot.js';
import { endedForAll, endingOf, endsAll, mayWorkAlone } from './group-errors.js';
import type { GroupEvent, GroupResult, TellGroup } from './group-events.js';
import { GroupFinder } from './group-find.js';
import { GroupInstaller } from './group-install.js';
import { type Member, membersAt } from './group-member.js';
import { Group, type Present } from './group-steps.js';
import { type UpdateOptions, updateOn } from './update.js';

/** As of one device; with rate `auto` one is tried with, and all must hold what it does */
export interface GroupOptions extends Omit<UpdateOptions, 'address' | 'only'> {
  /** The only units that are meant, by their addresses [12 bytes each]: another one is left as it is, OTHER_DEVICE */
  readonly only?: ReadonlyMap<number, Uint8Array>;
  /** Addresses of those that an earlier run has verified: they may have started what is silent, and are not waited for */
  readonly verified?: ReadonlySet<number>;
}

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
  const members = membersAt(addresses, options.only);
  return new Work(async (tell, signal) => {
    const updater = new GroupUpdater(transport, image, members, { ...options, signal }, tell);
    return updater.run();
  }, options);
}

const NOTHING_SENT = { pages: 0, bytes: 0, encoded: 0, rate: 0 };

class GroupUpdater {
  readonly #image: Image;
  readonly #options: GroupOptions;
  readonly #group: Group;
  readonly #finder: GroupFinder;
  readonly #sha256: Uint8Array;
  readonly #startedAt: number;
  #pages: readonly Page[] = [];
  #installer: GroupInstaller | undefined;

  constructor(
    transport: Transport,
    image: Image,
    members: readonly Member[],
    options: GroupOptions,
    tell: TellGroup,
  ) {
    this.#image = image;
    this.#options = options;
    this.#group = new Group(openSession(transport, options), members, tell);
    this.#finder = new GroupFinder(this.#group, image, options);
    this.#sha256 = sha256(image.bytes);
    this.#startedAt = this.#group.session.clock.now();
  }

  async run(): Promise<GroupResult> {
    const { session, members, firstRate } = this.#group;
    const { attempts } = session;
    try {
      session.attempts = 1;
      await this.#together();
      await this.#finder.findLate();
      session.attempts = attempts;
      const again = members.filter(mayWorkAlone);
      for (const member of members) if (!again.includes(member)) this.#tellEnd(member);
      for (const member of again) {
        await this.#alone(member);
        this.#tellEnd(member);
      }
    } catch (error) {
      for (const member of members) this.#tellEnd(member, error);
      throw error instanceof IapError ? this.#explained(error) : error;
    } finally {
      session.close();
      await restoreRate(session.transport, session.clock, firstRate);
    }
    return this.#result();
  }

  async #together(): Promise<void> {
    await this.#finder.run();
    const { active } = this.#group;
    const [first] = active;
    if (!first) return;
    const { info } = first.device;
    this.#pages = pagesOf(this.#image.bytes, info.pageSize);
    const wanting = active.filter(({ device }) => this.#lacks(device.info));
    for (const one of active) {
      if (wanting.includes(one)) continue;
      one.member.isIn(false);
      this.#group.tellOf(one.member, { event: 'unchanged' });
    }
    if (wanting.length > 0) await this.#install(info, wanting);
    await this.#start();
  }

  #lacks(info: DeviceInfo): boolean {
    return !isInstalled(info, this.#sha256) || !isInForce(info, this.#image.header);
  }

  async #install({ appBase }: DeviceInfo, wanting: readonly Present[]): Promise<void> {
    const { rate, rates, compression } = this.#options;
    this.#installer = new GroupInstaller(this.#group, {
      header: headerFor(this.#image, appBase),
      pages: this.#pages,
      rate,
      rates,
      compression,
      onBegun: () => this.#finder.startRefused(),
    });
    await this.#installer.run(wanting);
  }

  /** Those that have it start it, before the others are tried again; those of another image start what they have. */
  async #start(): Promise<void> {
    const { boot = true, waitApp = false, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    const started: Member[] = [];
    if (!boot) return;
    for (const { member, device } of this.#group.active) {
      if (!member.installed) continue;
      await this.#group.attempt(member, async () => {
        const answered = await startApplication(device, (event) =>
          this.#group.tellOf(member, event),
        );
        member.boot = answered ? 'started' : 'unconfirmed';
        started.push(member);
      });
    }
    if (!waitApp) return;
    await this.#group.session.setRate(this.#group.firstRate);
    for (const member of started) {
      await this.#group.attempt(member, async () => {
        const device = await waitForApp(this.#group.session, timeoutMs);
        this.#group.tellOf(member, { event: 'app', device });
      });
    }
  }

  /** As any other update of one device: it goes on where it stopped. */
  async #alone(member: Member): Promise<void> {
    const { address, error, uniqueId } = member;
    const { session } = this.#group;
    // It was there: only its application is waited for, until it lets itself be left.
    const wait = this.#options.wait === true && isRefusedWith(error, Status.NOT_NOW);
    member.together = false;
    member.error = undefined;
    const at = member.entered ? this.#group.bootRate : this.#group.firstRate;
    if (this.#group.rate !== at) await session.setRate(at);
    session.address = address;
    const { only: _, ...options } = this.#options;
    try {
      const result = await updateOn(
        session,
        this.#image,
        { ...options, wait, ...(uniqueId ? { only: uniqueId } : {}) },
        (event) => {
          const { event: what } = event;
          // From then on it has the image, whatever keeps it from being started.
          if (what === 'installed' || what === 'unchanged') {
            member.isIn(member.changed || what === 'installed');
          }
          this.#group.tellOf(member, event);
        },
      );
      member.boot = result.boot;
    } catch (error) {
      if (!(error instanceof IapError)) throw error;
      if (error.details.resumable === true) member.begun = true;
      if (endsAll(error)) throw error;
      member.error = error;
      await this.#finder.startRefused();
    }
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
    if (open && ending instanceof IapError) member.error = endingOf(member, ending);
    if (installed || member.error) this.#group.tell({ event: 'member', ...member.result });
  }

  #result(): GroupResult {
    const { pages, bytes, encoded, rate } = this.#installer?.sent ?? NOTHING_SENT;
    return {
      members: this.#group.members.map(({ result }) => result),
      bytes: this.#image.bytes.length,
      pagesTotal: this.#pages.length,
      pagesSent: pages,
      bytesSent: bytes,
      bytesEncoded: encoded,
      seconds: (this.#group.session.clock.now() - this.#startedAt) / 1000,
      rate: rate || this.#group.firstRate,
      allowed: allowedIds(this.#finder.findings),
    };
  }

  /** What it leaves behind */
  #explained(error: IapError): IapError {
    const { code, message, hint, details } = error;
    if (!endsAll(error)) return error;
    const { members } = this.#group;
    const done = members.filter(({ installed }) => installed);
    const begun =
      details.resumable === true || members.some((member) => member.begun && !member.installed);
    const what = code === 'INTERRUPTED' ? 'interrupted' : message;
    return endedForAll(
      error,
      `${what}; the image is on ${done.length} of ${members.length} devices`,
      {
        done: done.map(({ address }) => address),
        others: done.length < members.length,
        resumable: begun,
      },
      hint,
    );
  }
}
