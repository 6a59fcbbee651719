// The commands, typed: one method a request. Knows layouts, limits and refusals; no procedure.
import {
  APP_ANSWER_MS,
  BaudRequest,
  BaudResponse,
  BeginRequest,
  BeginResponse,
  BootResponse,
  Capability,
  Command,
  DataFlag,
  DataRequest,
  DataResponse,
  decode,
  EndRequest,
  EndResponse,
  encode,
  HelloFlag,
  HelloRequest,
  HelloResponse,
  type Layout,
  LayoutError,
  MAX_PAYLOAD,
  PagesRequest,
  PagesResponse,
  PROTOCOL_MAJOR,
  PROTOCOL_MINOR,
  Security,
  Status,
} from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { nameOf } from '../base/text.js';
import type { RequestOptions, Session } from '../link/session.js';
import { badAnswer, badField, believable, believableSecurity } from './believable.js';
import { isRefusal, refusalError } from './refusal.js';

export { badAnswer, badField } from './believable.js';

/** What a device says of itself. */
export interface DeviceInfo extends HelloResponse {
  /** Only from a bootloader that takes signed images alone */
  readonly security?: Security;
}

/** The longest answer to HELLO that this version knows [bytes] */
export const HELLO_ANSWER_SIZE = HelloResponse.size + Security.size;

const NOTHING = new Uint8Array();
/** A bootloader answers this fast if it is idle (protocol § 4) [ms]. */
const IDLE_ANSWER_MS = 50;
/** Further off, no UART understands the other. */
const RATE_TOLERANCE = 0.05;
/** PAGES with fewer does not get through more often: its answer is not much larger than the frame around it. */
const FEWEST_PAGES = 8;

export class Device {
  readonly session: Session;
  /** What the last HELLO said */
  info: DeviceInfo;

  constructor(session: Session, info: DeviceInfo) {
    this.session = session;
    this.info = info;
  }

  async hello(hold: boolean, attempts?: number): Promise<DeviceInfo> {
    const limit = { limitMs: APP_ANSWER_MS, answerSize: HELLO_ANSWER_SIZE, quick: true };
    const options = attempts === undefined ? limit : { ...limit, attempts };
    const answer = await this.session.request(Command.HELLO, helloRequest(hold), options);
    this.info = heeded(this.session, decodeHello(answer));
    return this.info;
  }

  /** Asks for another rate; the device changes after its answer. Returns the rate it will really have. */
  async baud(rate: number, attempts?: number): Promise<number> {
    const payload = encode(BaudRequest, { rate });
    const limit = { limitMs: IDLE_ANSWER_MS, answerSize: BaudResponse.size, quick: true };
    const options = attempts === undefined ? limit : { ...limit, attempts };
    const { rate: made } = await this.#ask('BAUD', payload, BaudResponse, options);
    if (Math.abs(made - rate) > RATE_TOLERANCE * rate) {
      throw badField('BAUD', 'rate', made, `${rate}, within ${100 * RATE_TOLERANCE} %`);
    }
    return made;
  }

  /** CRC-32 of `count` pages from `first`, in as few requests as the device's limits and the line allow. */
  async pages(first: number, count: number): Promise<number[]> {
    const limit = Math.floor(
      (Math.min(this.info.maxPayload, MAX_PAYLOAD) - PagesResponse.size) / 4,
    );
    const out: number[] = [];
    let range = Math.max(1, limit);
    while (out.length < count) {
      const wanted = Math.min(range, count - out.length);
      const before = this.session.stats.repeats;
      out.push(...(await this.#pages(first + out.length, wanted)));
      // A long answer is hit by noise more often than a short one.
      if (this.session.stats.repeats > before) range = Math.max(FEWEST_PAGES, range >> 1);
    }
    return out;
  }

  async #pages(first: number, count: number): Promise<readonly number[]> {
    const answer = await this.#ask('PAGES', encode(PagesRequest, { first, count }), PagesResponse, {
      limitMs: this.info.pagesMs,
      answerSize: PagesResponse.size + 4 * count,
    });
    if (answer.first !== first || answer.count !== count || answer.crc32.length < count) {
      const found = `${answer.count} from ${answer.first}`;
      throw badField('PAGES', 'count', found, `${count} from ${first}, each with its CRC-32`);
    }
    return answer.crc32.slice(0, count);
  }

  async begin(header: Uint8Array, flags: number): Promise<BeginResponse> {
    return this.#ask('BEGIN', encode(BeginRequest, { flags, header }), BeginResponse, {
      limitMs: this.info.beginMs,
      answerSize: BeginResponse.size,
    });
  }

  /**
   * Asks where the device is, with a DATA frame that carries nothing. For when all that was sent must have been worked
   * through: it may be busy with one page more, not with a window full of them.
   */
  async progress(number: number): Promise<DataResponse> {
    const request = { number, flags: DataFlag.ASK, body: NOTHING };
    return this.#ask('DATA', encode(DataRequest, request), DataResponse, {
      limitMs: this.info.pageMs,
      answerSize: DataResponse.size,
      // A device that lost its power comes back to a listening window: better to be calling by then.
      attempts: 3,
    });
  }

  async end(count: number): Promise<EndResponse> {
    return this.#ask('END', encode(EndRequest, { count }), EndResponse, {
      limitMs: this.info.endMs,
      answerSize: EndResponse.size,
    });
  }

  async boot(attempts?: number): Promise<void> {
    const limit = { limitMs: this.info.beginMs, answerSize: BootResponse.size };
    const options = attempts === undefined ? limit : { ...limit, attempts };
    await this.#ask('BOOT', NOTHING, BootResponse, options);
  }

  async abort(): Promise<void> {
    await this.#ask('ABORT', NOTHING, BootResponse, {
      limitMs: this.info.beginMs,
      answerSize: BootResponse.size,
    });
  }

  async enter(attempts?: number): Promise<void> {
    const limit = { limitMs: APP_ANSWER_MS, answerSize: BootResponse.size };
    const options = attempts === undefined ? limit : { ...limit, attempts };
    await this.#ask('ENTER', NOTHING, BootResponse, options);
  }

  async #ask<T>(
    name: keyof typeof Command,
    payload: Uint8Array,
    layout: Layout<T>,
    options: RequestOptions,
  ): Promise<T> {
    return decodeAnswer(name, await this.session.request(Command[name], payload, options), layout);
  }
}

/** What a device says of the line holds for the session from then on. */
export function heeded(session: Session, info: DeviceInfo): DeviceInfo {
  if ((info.capabilities & Capability.HALF_DUPLEX) !== 0) session.halfDuplex = true;
  return info;
}

export function helloRequest(hold: boolean): Uint8Array {
  return encode(HelloRequest, {
    major: PROTOCOL_MAJOR,
    minor: PROTOCOL_MINOR,
    flags: hold ? HelloFlag.HOLD : 0,
    reserved: 0,
  });
}

/**
 * Reads an answer to HELLO. Its first three bytes mean the same in every version, so the version is looked at first.
 * @throws IapError PROTOCOL_VERSION, BAD_ANSWER or REFUSED
 */
export function decodeHello(payload: Uint8Array): DeviceInfo {
  if (isRefusal(payload)) throw refusalError(payload, 'HELLO');
  const [, major, minor] = payload;
  if (major !== undefined && major !== PROTOCOL_MAJOR) {
    throw new IapError(
      'PROTOCOL_VERSION',
      `the device speaks version ${major}.${minor ?? 0} of the protocol; this program knows ${PROTOCOL_MAJOR}.x only`,
      {
        hint:
          major > PROTOCOL_MAJOR
            ? 'install a newer version of this program; this one writes nothing to such a device'
            : 'take the version of this program that the device was delivered with; this one writes nothing to such a device',
        details: { deviceMajor: major, hostMajor: PROTOCOL_MAJOR },
      },
    );
  }
  const info = believable(decodeAnswer('HELLO', payload, HelloResponse));
  if (payload.length < HELLO_ANSWER_SIZE) return info;
  const security = decode(Security, payload.subarray(HelloResponse.size));
  return { ...info, security: believableSecurity(security) };
}

/** Reads an answer, or throws what the device refuses it for. */
export function decodeAnswer<T>(command: string, payload: Uint8Array, layout: Layout<T>): T {
  if (isRefusal(payload)) throw refusalError(payload, command);
  try {
    return decode(layout, payload);
  } catch (error) {
    if (error instanceof LayoutError) throw badAnswer(command, error.message);
    throw error;
  }
}

/** For messages of unexpected states. */
export function statusName(status: number): string {
  return nameOf(Status, status);
}

/** Of the device whose update was begun, and that is not there any more */
export function otherDevice(): IapError {
  return new IapError(
    'OTHER_DEVICE',
    'another device answers than the one whose update was interrupted; it was left as it is',
    {
      hint: 'connect the first device again and run the same command: it goes on where it stopped',
    },
  );
}
