// iap flash --addresses: one image to many devices on a shared pair, told as it goes. With --wait the port may go away and come back.
import { Mode } from '../../protocol/index.js';
import { sameBytes } from '../base/bytes.js';
import { IapError, type IapErrorCode } from '../base/errors.js';
import { sha256 } from '../base/sha256.js';
import { hexBytes } from '../base/text.js';
import type { Allowable } from '../check/allow.js';
import type { DeviceInfo } from '../device/device.js';
import { isInstalled } from '../device/installed.js';
import type { Image } from '../image/image.js';
import type { ProductionLog } from '../node/production-log.js';
import { isRemote } from '../node/remote/address.js';
import { updateGroup } from '../update/group.js';
import { endedForAll, leftBegun } from '../update/group-errors.js';
import type { GroupEvent, GroupResult, MemberResult } from '../update/group-events.js';
import { addressesText } from './addresses.js';
import type { Sending } from './compression.js';
import { logMember } from './flash-log.js';
import { GroupOutcomes, memberJson } from './group-outcomes.js';
import { exitCodeAt } from './interrupt.js';
import { type Context, pause, RECONNECT_MS, withPort } from './link.js';
import type { LinkArguments } from './options.js';
import { Output } from './output.js';
import type { ProgressLine } from './progress-text.js';
import { rateMemoryOf } from './rate-memory.js';
import { severityOf } from './severity.js';
import { tellUpdate } from './tell-update.js';
import type { UnitWork } from './unit-log.js';

/** Of a device that an attempt did not get to */
const NOT_ITS_TURN: ReadonlySet<IapErrorCode> = new Set(['INTERRUPTED', 'NO_ANSWER', 'PORT_LOST']);

export interface GroupWanted {
  readonly addresses: readonly number[];
  readonly image: Image;
  readonly allow: readonly Allowable[];
  readonly rate: number | 'auto' | undefined;
  readonly sending: Sending;
  readonly log: ProductionLog | undefined;
  readonly flashing: UnitWork;
}

export type GroupArguments = LinkArguments & {
  readonly boot: boolean;
  readonly waitApp: boolean;
  /** What is found out is kept for the next time */
  readonly cache: boolean;
};

/** @throws IapError of the device that fared worst, with the code that decides the exit code; what ended it for all */
export async function flashGroup(
  args: GroupArguments,
  context: Context,
  wanted: GroupWanted,
): Promise<void> {
  if (args.address !== 0) {
    throw new IapError('USAGE', '--address and --addresses name devices both: give one of them');
  }
  await new GroupFlash(args, context, wanted).run();
}

class GroupFlash {
  readonly #args: GroupArguments;
  readonly #context: Context;
  readonly #wanted: GroupWanted;
  readonly #outcomes: GroupOutcomes;
  readonly #startedAt: number;
  /** Of the image */
  readonly #sha256: Uint8Array;
  /** Those that were found first, as they were then, by their addresses */
  readonly #found = new Map<number, DeviceInfo>();
  /** Addresses whose application has answered */
  readonly #running = new Set<number>();
  /** What may still change when the port comes back, by their addresses */
  readonly #open = new Map<number, MemberResult>();
  /** Addresses of those that were found without the image after they had been verified, if at all */
  readonly #without = new Set<number>();
  /** Until it is known that the port is not left out */
  readonly #unlogged: MemberResult[] = [];

  constructor(args: GroupArguments, context: Context, wanted: GroupWanted) {
    this.#args = args;
    this.#context = context;
    this.#wanted = wanted;
    this.#sha256 = sha256(wanted.image.bytes);
    this.#outcomes = new GroupOutcomes(wanted.addresses, args.boot);
    this.#startedAt = context.clock.now();
  }

  async run(): Promise<void> {
    let result: GroupResult;
    try {
      result = await this.#untilDone();
    } catch (error) {
      // Where all are left for the same reason, the error says it.
      if (this.#outcomes.all.some((one) => one.error !== error))
        this.#outcomes.tell(this.#context.output);
      throw error;
    }
    this.#finish(result);
  }

  /** With --wait, as often as the port goes away and comes back: with those that are not done. */
  async #untilDone(): Promise<GroupResult> {
    const { port, wait } = this.#args;
    const { output, clock } = this.#context;
    let { addresses } = this.#wanted;
    let again = false;
    for (;;) {
      try {
        const result = await this.#attempt(addresses);
        await this.#settleOpen();
        return result;
      } catch (error) {
        if (!wait || !(error instanceof IapError) || !this.#isGone(error)) {
          await this.#settleOpen();
          throw again ? this.#afterwards(error) : error;
        }
        again = true;
        if (this.#open.size > 0) addresses = [...this.#open.keys()];
        await tellUpdate(output, { event: 'reconnecting', reason: error.message }, port);
        if (isRemote(port)) await pause(RECONNECT_MS, clock);
      }
    }
  }

  /** As with one device: a server may close at once as long as another connection has its port. */
  #isGone({ code }: IapError): boolean {
    return code === 'PORT_LOST' && (isRemote(this.#args.port) || this.#found.size > 0);
  }

  /** What ended a later attempt, or kept the port from coming back, with what all attempts have left behind */
  #afterwards(error: unknown): unknown {
    if (!(error instanceof IapError)) return error;
    const { code, details } = error;
    const found = details.resumable !== undefined;
    const { message } = found ? rootOf(error) : error;
    const interrupted = found ? 'interrupted' : 'interrupted while the port was waited for';
    const { all, failed } = this.#outcomes;
    const done = all.filter((one) => !one.error).map(addressOf);
    const resumable = failed.some((one) => one.error?.details.resumable === true);
    return endedForAll(
      error,
      `${code === 'INTERRUPTED' ? interrupted : message}; ${done.length} of ${this.#wanted.addresses.length} devices are done`,
      { done, others: failed.length > 0, resumable },
    );
  }

  #attempt(addresses: readonly number[]): Promise<GroupResult> {
    const { boot, waitApp, cache, port } = this.#args;
    const { image, allow, rate, sending } = this.#wanted;
    return withPort(this.#args, this.#context, async (transport, options) => {
      const { address: _, ...others } = options;
      const rates = rate === 'auto' && cache ? await rateMemoryOf(port ?? '') : undefined;
      const run = updateGroup(transport, image, addresses, {
        ...others,
        boot,
        waitApp,
        allow,
        only: new Map([...this.#found].map(([address, { uniqueId }]) => [address, uniqueId])),
        verified: new Set(
          [...this.#open.values()].filter((one) => this.#isDone(one)).map(addressOf),
        ),
        ...(rate === undefined ? {} : { rate }),
        ...(rates === undefined ? {} : { rates }),
        ...(sending.compression ? { compression: sending.compression } : {}),
      });
      for (;;) {
        const step = await run.next();
        if (step.done) {
          const done = step.value.members.find(({ device, error }) => device && !error);
          if (done?.device) await sending.installed(done.device);
          return step.value;
        }
        await this.#take(step.value);
      }
    });
  }

  async #take(event: GroupEvent): Promise<void> {
    const { output } = this.#context;
    const { presence } = this.#wanted.flashing;
    if (event.event === 'found' || isSeveral(event)) presence.foundMember();
    switch (event.event) {
      case 'alone':
        output.event('alone', { address: event.address, reason: event.reason });
        output.warn(
          `address ${event.address}: ${event.reason}; the others go on, it is updated by itself afterwards`,
        );
        break;
      case 'member':
        if (this.#args.wait && this.#mayChange(event)) this.#keepOpen(event);
        else await this.#settle(event);
        break;
      default: {
        const { address, ...plain } = event;
        if (address !== undefined) this.#note(address, plain);
        const out = address === undefined ? output : new OfAddress(output, address);
        await tellUpdate(out, plain, this.#args.port);
      }
    }
    await this.#log();
  }

  #note(address: number, event: Exclude<GroupEvent, { readonly event: 'alone' | 'member' }>): void {
    if (event.event === 'app') this.#running.add(address);
    if (event.event !== 'found') return;
    const { device } = event;
    if (isInstalled(device, this.#sha256)) this.#without.delete(address);
    else this.#without.add(address);
    const { mode = Mode.APP, uniqueId = device.uniqueId } = this.#found.get(address) ?? {};
    // What a later attempt finds may be half an update; only the bootloader knows all of what was there before.
    if (mode === Mode.APP && sameBytes(uniqueId, device.uniqueId)) this.#found.set(address, device);
  }

  #keepOpen(member: MemberResult): void {
    if (!member.error) this.#without.delete(member.address);
    this.#open.set(member.address, this.#known(member));
  }

  /** If the port goes away now and comes back */
  #mayChange({ address, error, boot }: MemberResult): boolean {
    if (error) return error.code === 'PORT_LOST';
    if (!this.#args.boot) return false;
    return boot === 'no' || (this.#args.waitApp && !this.#running.has(address));
  }

  async #settleOpen(): Promise<void> {
    for (const member of [...this.#open.values()]) await this.#settle(member);
  }

  #isDone({ address, error }: MemberResult): boolean {
    return !error && !this.#without.has(address);
  }

  /** What an earlier attempt did to it still holds; one that did not get to it says nothing new. */
  #known(member: MemberResult): MemberResult {
    const before = this.#open.get(member.address);
    const { address, changed, error } = member;
    const device = this.#found.get(address) ?? member.device;
    const found = { ...member, ...(device ? { device } : {}) };
    if (!before) return found;
    const known = { ...found, changed: changed || before.changed };
    if (!error || error.details.resumable === true || !NOT_ITS_TURN.has(error.code)) return known;
    if (!this.#isDone(before)) {
      const begun = before.error?.details.resumable === true;
      return begun ? { ...known, error: leftBegun(rootOf(error)) } : known;
    }
    if (error.code !== 'NO_ANSWER') return before;
    // It was verified, and starts by itself: what it runs may be silent.
    return this.#args.waitApp ? known : { ...before, boot: 'unconfirmed' };
  }

  async #settle(member: MemberResult): Promise<void> {
    const { output, signal } = this.#context;
    const known = this.#known(member);
    this.#open.delete(member.address);
    this.#outcomes.add(known);
    output.event(
      'member',
      memberJson(known, (error) => exitCodeAt(error, signal)),
    );
    this.#unlogged.push(known);
    await this.#log();
  }

  async #log(): Promise<void> {
    const { log, flashing } = this.#wanted;
    if (!log || flashing.presence.isUnknown) return;
    const seconds = Math.round(this.#context.clock.now() - this.#startedAt) / 1000;
    for (const one of this.#unlogged.splice(0)) {
      await logMember(log, flashing, hexBytes(this.#sha256), one, seconds);
    }
  }

  #finish(result: GroupResult): void {
    const { output, clock } = this.#context;
    const { all, failed } = this.#outcomes;
    this.#outcomes.tell(output);
    for (const hint of new Set(failed.flatMap(({ error }) => error?.hint ?? []))) {
      const told = failed.filter(({ error }) => error?.hint === hint);
      output.line(`address ${addressesText(told.map(({ address }) => address))}: ${hint}`);
    }
    if (failed.length > 0) throw worst(all, failed);
    const { members: _, ...values } = result;
    const seconds = (clock.now() - this.#startedAt) / 1000;
    output.line(
      `${all.length} of ${all.length} devices done in ${seconds.toFixed(1)} s: ${result.bytes} bytes, ${result.pagesSent} pages sent once for all`,
    );
    output.result({ ...values, seconds, devices: all.length });
  }
}

function addressOf({ address }: MemberResult): number {
  return address;
}

/** Without what was added of the devices */
function rootOf(error: IapError): IapError {
  return error.cause instanceof IapError ? error.cause : error;
}

/** Devices that are not told apart are there all the same. */
function isSeveral(event: GroupEvent): boolean {
  return event.event === 'member' && event.error?.code === 'SEVERAL_DEVICES';
}

function worst(all: readonly MemberResult[], failed: readonly MemberResult[]): IapError {
  const errors = failed.flatMap(({ error }) => (error ? [error] : []));
  const [first] = errors.toSorted((a, b) => severityOf(b) - severityOf(a));
  const addresses = addressesText(failed.map(({ address }) => address));
  // Where nobody has anything of it, the same once more would end the same.
  const again = failed.length < all.length || errors.some(({ details }) => details.resumable);
  return new IapError(
    first?.code ?? 'LINK_LOST',
    `${failed.length} of ${all.length} devices failed: address ${addresses}`,
    {
      ...(again
        ? {
            hint: 'run the same command again: what is done takes a moment, and what was begun goes on',
          }
        : {}),
      details: { devices: all.length, failed: failed.length, addresses },
      cause: first,
    },
  );
}

/** What a device tells, with its address */
class OfAddress extends Output {
  readonly #all: Output;
  readonly #address: number;

  constructor(all: Output, address: number) {
    super(all.json);
    this.#all = all;
    this.#address = address;
  }

  override event(event: string, values: object = {}): void {
    this.#all.event(event, { address: this.#address, ...values });
  }

  override line(text: string): void {
    this.#all.line(`address ${this.#address}: ${text}`);
  }

  override warn(message: string): void {
    this.#all.warn(`address ${this.#address}: ${message}`);
  }

  override progress(line: ProgressLine): void {
    this.#all.progress(line);
  }
}
