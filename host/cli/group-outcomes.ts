// What became of each of several devices, as far as it is known: a table for people, an event and a line in the log for each.
import type { ExitCode, IapError } from '../base/errors.js';
import { hexBytes } from '../base/text.js';
import type { MemberResult } from '../update/group-events.js';
import { errorJson, type Output } from './output.js';
import { tableOf } from './table.js';

const HEAD = ['address', 'part', 'serial', 'unique id', 'outcome'];

export class GroupOutcomes {
  readonly #addresses: readonly number[];
  /** They are to be started */
  readonly #boot: boolean;
  readonly #members = new Map<number, MemberResult>();

  constructor(addresses: readonly number[], boot: boolean) {
    this.#addresses = addresses;
    this.#boot = boot;
  }

  add(member: MemberResult): void {
    this.#members.set(member.address, member);
  }

  /** In the order in which they were named */
  get all(): MemberResult[] {
    return this.#addresses.flatMap((address) => this.#members.get(address) ?? []);
  }

  get failed(): MemberResult[] {
    return this.all.filter(({ error }) => error);
  }

  tell(output: Output): void {
    const rows = this.all.map((member) => rowOf(member, this.#boot));
    for (const row of tableOf([HEAD, ...rows])) output.line(row);
  }
}

function rowOf(member: MemberResult, boot: boolean): string[] {
  const { address, device } = member;
  const who = device ? [device.part, device.serial, hexBytes(device.uniqueId)] : ['', '', ''];
  return [String(address), ...who, outcomeOf(member, boot)];
}

function outcomeOf(
  { error, changed, boot: started, together }: MemberResult,
  boot: boolean,
): string {
  if (error) return error.code === 'INTERRUPTED' ? error.message : `failed: ${error.message}`;
  const what = changed ? 'updated' : 'had this image already';
  const how = together ? '' : ', by itself';
  const no = boot ? ', not started' : '';
  const app = { started: ', started', unconfirmed: ', start not confirmed', no }[started];
  return `${what}${how}${app}`;
}

export function memberJson(
  { address, device, error, changed, boot, together }: MemberResult,
  codeOf: (error: IapError) => ExitCode,
): object {
  const who = device ? { part: device.part, serial: device.serial, uniqueId: device.uniqueId } : {};
  const outcome = { address, ok: error === undefined, changed, boot, together, ...who };
  return error ? { ...outcome, ...errorJson(error, codeOf(error)) } : outcome;
}
