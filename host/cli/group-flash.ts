// iap flash --addresses: one image to many devices on a shared pair, told as it goes, and what became of each.
import { type ExitCode, IapError } from '../base/errors.js';
import { hexBytes } from '../base/text.js';
import type { Allowable } from '../check/allow.js';
import type { Image } from '../image/image.js';
import type { ProductionLog } from '../node/production-log.js';
import { updateGroup } from '../update/group.js';
import type { GroupEvent, GroupResult, MemberResult } from '../update/group-events.js';
import { addressesText } from './addresses.js';
import type { Sending } from './compression.js';
import { logMember } from './flash-log.js';
import { exitCodeAt } from './interrupt.js';
import { type Context, withPort } from './link.js';
import type { LinkArguments } from './options.js';
import { errorJson, Output } from './output.js';
import type { ProgressLine } from './progress-text.js';
import { severityOf } from './severity.js';
import { tableOf } from './table.js';
import { tellUpdate } from './tell-update.js';
import type { UnitWork } from './unit-log.js';

export interface GroupWanted {
  readonly addresses: readonly number[];
  readonly image: Image;
  readonly allow: readonly Allowable[];
  readonly rate: number | 'auto' | undefined;
  readonly sending: Sending;
  readonly log: ProductionLog | undefined;
  readonly flashing: UnitWork;
}

export type GroupArguments = LinkArguments & { readonly boot: boolean; readonly waitApp: boolean };

/** @throws IapError of the device that fared worst, with the code that decides the exit code */
export async function flashGroup(
  args: GroupArguments,
  context: Context,
  { addresses, image, allow, rate, sending, log, flashing }: GroupWanted,
): Promise<void> {
  const { output, clock } = context;
  const from = clock.now();
  if (args.address !== 0) {
    throw new IapError('USAGE', '--address and --addresses name devices both: give one of them');
  }
  if (rate === 'auto') {
    throw new IapError('USAGE', '--baud auto tries rates with one device, not with several', {
      hint: 'name the rate with --baud, or leave it out',
    });
  }
  await withPort(args, context, async (transport, options) => {
    const { address: _, ...others } = options;
    const run = updateGroup(transport, image, addresses, {
      ...others,
      boot: args.boot,
      waitApp: args.waitApp,
      allow,
      ...(rate === undefined ? {} : { rate }),
      ...(sending.compression ? { compression: sending.compression } : {}),
    });
    // Until it is known that the port is not left out
    const unlogged: MemberResult[] = [];
    for (;;) {
      const step = await run.next();
      if (step.done) {
        await keep(sending, step.value);
        finish(output, step.value);
        return;
      }
      const event = step.value;
      if (event.event === 'found' || isSeveral(event)) flashing.presence.foundMember();
      if (log && event.event === 'member') unlogged.push(event);
      if (log && !flashing.presence.isUnknown) {
        const seconds = Math.round(clock.now() - from) / 1000;
        for (const one of unlogged.splice(0)) await logMember(log, flashing, one, seconds);
      }
      await tell(output, event, args.port, (error) => exitCodeAt(error, context.signal));
    }
  });
}

/** Devices that are not told apart are there all the same. */
function isSeveral(event: GroupEvent): boolean {
  return event.event === 'member' && event.error?.code === 'SEVERAL_DEVICES';
}

async function tell(
  output: Output,
  event: GroupEvent,
  port: string | undefined,
  codeOf: (error: IapError) => ExitCode,
): Promise<void> {
  switch (event.event) {
    case 'alone':
      output.event('alone', { address: event.address, reason: event.reason });
      output.warn(
        `address ${event.address}: ${event.reason}; the others go on, it is updated by itself afterwards`,
      );
      break;
    case 'member':
      output.event('member', memberJson(event, codeOf));
      break;
    default: {
      const { address, ...plain } = event;
      await tellUpdate(
        address === undefined ? output : new OfAddress(output, address),
        plain,
        port,
      );
    }
  }
}

async function keep(sending: Sending, { members }: GroupResult): Promise<void> {
  const done = members.find(({ device, error }) => device && !error);
  if (done?.device) await sending.installed(done.device);
}

function memberJson(
  { address, device, error, changed, boot, together }: MemberResult,
  codeOf: (error: IapError) => ExitCode,
): object {
  const who = device ? { part: device.part, serial: device.serial, uniqueId: device.uniqueId } : {};
  const outcome = { address, ok: error === undefined, changed, boot, together, ...who };
  return error ? { ...outcome, ...errorJson(error, codeOf(error)) } : outcome;
}

function finish(output: Output, result: GroupResult): void {
  const { members, ...values } = result;
  const failed = members.filter(({ error }) => error);
  for (const row of tableOf([HEAD, ...members.map(rowOf)])) output.line(row);
  for (const { address, error } of failed) {
    if (error?.hint !== undefined) output.line(`address ${address}: ${error.hint}`);
  }
  const { pagesSent, bytes, seconds } = result;
  if (failed.length > 0) throw worst(result, failed);
  output.line(
    `${members.length} of ${members.length} devices done in ${seconds.toFixed(1)} s: ${bytes} bytes, ${pagesSent} pages sent once for all`,
  );
  output.result({ ...values, devices: members.length });
}

const HEAD = ['address', 'part', 'serial', 'unique id', 'outcome'];

function rowOf(member: MemberResult): string[] {
  const { address, device } = member;
  const who = device ? [device.part, device.serial, hexBytes(device.uniqueId)] : ['', '', ''];
  return [String(address), ...who, outcomeOf(member)];
}

function outcomeOf({ error, changed, boot, together }: MemberResult): string {
  if (error) return `failed: ${error.message}`;
  const what = changed ? 'updated' : 'had this image already';
  const how = together ? '' : ', by itself';
  const app = { started: ', started', unconfirmed: ', start not confirmed', no: '' }[boot];
  return `${what}${how}${app}`;
}

function worst({ members }: GroupResult, failed: readonly MemberResult[]): IapError {
  const errors = failed.flatMap(({ error }) => (error ? [error] : []));
  const [first] = errors.toSorted((a, b) => severityOf(b) - severityOf(a));
  const addresses = addressesText(failed.map(({ address }) => address));
  return new IapError(
    first?.code ?? 'LINK_LOST',
    `${failed.length} of ${members.length} devices failed: address ${addresses}`,
    {
      hint: 'run the same command again: what is done takes a moment, and what was begun goes on',
      details: { devices: members.length, failed: failed.length, addresses },
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
