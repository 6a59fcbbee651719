// The devices of a group: who is still in it, a step of one of them while the others are kept, and what becomes of its error.
import {
  ADDRESS_ONLY,
  Command,
  DataRequest,
  encode,
  HOLD_REFRESH_MS,
} from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import type { Session } from '../link/session.js';
import type { UpdateEvent } from './events.js';
import { endsAll, isLost, mayWorkAlone } from './group-errors.js';
import type { TellGroup } from './group-events.js';
import type { Member } from './group-member.js';
import type { Addressed } from './group-rate.js';

/** Of a step of one of them, while the others wait: between them a short question tells whether it is there at all */
const ATTEMPTS = 3;
/** Of that question */
const QUESTIONS = 2;
/** What nobody answers: longer than the frames that an application takes, which would [bytes] */
const KEEP_ALIVE_BODY = new Uint8Array(64);

/** One of the group that was found */
export interface Present extends Addressed {
  readonly member: Member;
}

export class Group {
  readonly session: Session;
  readonly members: readonly Member[];
  readonly tell: TellGroup;
  /** Of the port at first [baud] */
  readonly firstRate: number;
  /** Where bootloaders are after a reset [baud] */
  bootRate: number;
  /** Number of a DATA frame that every session takes for a repeat */
  ignored = 0xffff;
  #keptAliveAt = Number.NEGATIVE_INFINITY;

  constructor(session: Session, members: readonly Member[], tell: TellGroup) {
    this.session = session;
    this.members = members;
    this.tell = tell;
    this.firstRate = this.bootRate = session.transport.rate;
  }

  get rate(): number {
    return this.session.transport.rate;
  }

  /** Those that take part in what all do together */
  get active(): Present[] {
    return this.members.flatMap((member) => {
      const { address, device } = member;
      return device && member.active ? [{ address, device, member }] : [];
    });
  }

  /** With its address; what comes of an error of its own is told. */
  async attempt(member: Member, what: () => Promise<void>): Promise<void> {
    this.session.address = member.address;
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          await this.keepAlive(HOLD_REFRESH_MS);
          await what();
          member.checkUnit();
          return;
        } catch (error) {
          if (!isLost(error) || attempt === ATTEMPTS) throw error;
          await this.#question(member);
        }
      }
    } catch (error) {
      this.failOr(member, error);
    }
  }

  attemptNow(member: Member, what: () => void): void {
    try {
      what();
    } catch (error) {
      this.failOr(member, error);
    }
  }

  fail(member: Member, error: IapError): void {
    member.error = error;
    if (!mayWorkAlone(member)) return;
    this.tell({ event: 'alone', address: member.address, reason: error.message });
  }

  /** All of them have heard something that nobody answers, not longer ago than this [ms]. */
  async keepAlive(agoMs: number): Promise<void> {
    const now = this.session.clock.now();
    if (now - this.#keptAliveAt < agoMs) return;
    this.#keptAliveAt = now;
    const payload = encode(DataRequest, { number: this.ignored, flags: 0, body: KEEP_ALIVE_BODY });
    await this.session.post([{ type: Command.DATA, payload, address: ADDRESS_ONLY }]);
  }

  tellOf({ address }: Member, event: UpdateEvent): void {
    this.tell({ ...event, address });
  }

  /** Whether it is there at all; the others hear something between the questions. */
  async #question(member: Member): Promise<void> {
    for (let question = 1; ; question++) {
      await this.keepAlive(HOLD_REFRESH_MS);
      try {
        await member.device?.hello(true, 1);
        member.checkUnit();
        return;
      } catch (error) {
        if (!isLost(error) || question === QUESTIONS) throw error;
      }
    }
  }

  /** What ends it for all is thrown. */
  failOr(member: Member, error: unknown): void {
    if (!(error instanceof IapError) || endsAll(error)) throw error;
    this.fail(member, error);
  }
}
