// Who else answers a call to address 0, which everybody on a pair takes for its own: noticed before anything is stopped or written.
import {
  ADDRESS_ONLY,
  APP_ANSWER_MS,
  Command,
  type Frame,
  HelloResponse,
  RESPONSE_BIT,
} from '../../protocol/index.js';
import { sameBytes } from '../base/bytes.js';
import { IapError } from '../base/errors.js';
import { hexBytes } from '../base/text.js';
import { Session } from '../link/session.js';
import { type DeviceInfo, decodeHello, HELLO_ANSWER_SIZE, helloRequest } from './device.js';

/** Noise damages an answer, too: with a lone device nothing else is heard in one of these … */
const ATTEMPTS = 5;
/** … or of these, while what is heard begins like an answer and is no longer than one: noise in half of all answers */
const NOISY_ATTEMPTS = 12;
/** Calls that are answered and never understood, before that is taken for several at once */
const GARBLED = 3;
/** With its delimiter [bytes] */
const ANSWER_SIZE = Session.wireSize(HELLO_ANSWER_SIZE) + 1;

/** From before the first call to address 0 until all answers to the last one can have come. */
export class Census {
  readonly #session: Session;
  readonly #units: DeviceInfo[] = [];
  /** One answers that can not be read: of another major version */
  #foreign = false;
  readonly #leave: () => void;
  /** When all answers to the newest call have come */
  #over = Number.POSITIVE_INFINITY;
  #watching = false;
  /** Before the first call [bytes] */
  readonly #unexplained: number;

  constructor(session: Session) {
    this.#session = session;
    this.#unexplained = session.bytesUnexplained;
    this.#leave = session.listen((frame) => this.#hear(frame));
  }

  /** A call was answered by this one: others may still be about to. */
  answered(info: DeviceInfo): void {
    this.#add(info);
    this.#called();
    if (this.#watching) this.#judge();
  }

  /** Waits for nothing: ends the session if a second unit answers in time. */
  watch(): void {
    this.#watching = true;
    this.#judge();
  }

  close(): void {
    this.#leave();
  }

  /**
   * Waits until everybody can have answered.
   * @throws IapError SEVERAL_DEVICES
   */
  async settle(): Promise<void> {
    const session = this.#session;
    let before = this.#unexplained;
    let strange = 0;
    for (let attempt = 0; attempt < NOISY_ATTEMPTS && strange < ATTEMPTS; attempt++) {
      if (attempt > 0) await this.#call();
      const { answersDamaged } = session.stats;
      await session.until(this.#over, () => this.#areSeveral);
      if (this.#areSeveral) throw severalDevices(this.#units);
      const unexplained = session.bytesUnexplained - before;
      if (unexplained < HelloResponse.size) return;
      const likeOne = session.stats.answersDamaged > answersDamaged && unexplained <= ANSWER_SIZE;
      if (!likeOne) strange++;
      before = session.bytesUnexplained;
    }
    // What is heard without a call is an application that prints.
    if ((await this.#hearing()).unexplained < HelloResponse.size) throw severalDevices(this.#units);
  }

  /**
   * After a search in which something was received and nobody found: whether that was several at once. Either they are told apart now
   * that one call comes after the other; or each call is answered, and never understood: with more than one answer has, or with what
   * does not look like one, which noise does not do. What is heard without a call is another matter.
   */
  async several(): Promise<IapError | undefined> {
    this.#over = Number.POSITIVE_INFINITY;
    if ((await this.#hearing()).bytes > 0) return undefined;
    const { answersDamaged } = this.#session.stats;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < GARBLED; i++) {
      await this.#call();
      const { unexplained, frames } = await this.#hearing();
      if (this.#areSeveral) return severalDevices(this.#units);
      least = Math.min(least, frames > 0 ? 0 : unexplained);
    }
    const likeOne = this.#session.stats.answersDamaged > answersDamaged;
    const several = least > ANSWER_SIZE || (least >= HelloResponse.size && !likeOne);
    return several ? severalDevices([]) : undefined;
  }

  /** As long as an answer may take */
  async #hearing(): Promise<Record<'bytes' | 'unexplained' | 'frames', number>> {
    const session = this.#session;
    const { stats } = session;
    const now = (): Record<'bytes' | 'unexplained' | 'frames', number> => ({
      bytes: stats.bytesReceived,
      unexplained: session.bytesUnexplained,
      frames: stats.framesReceived + stats.staleAnswers,
    });
    const before = now();
    await session.sleep(APP_ANSWER_MS + session.lineTime(ANSWER_SIZE));
    const after = now();
    return {
      bytes: after.bytes - before.bytes,
      unexplained: after.unexplained - before.unexplained,
      frames: after.frames - before.frames,
    };
  }

  #called(): void {
    const { lineFreeAt } = this.#session;
    this.#over = lineFreeAt + APP_ANSWER_MS + 2 * this.#session.lineTime(ANSWER_SIZE);
  }

  async #call(): Promise<void> {
    const hello = { type: Command.HELLO, payload: helloRequest(false), address: ADDRESS_ONLY };
    await this.#session.post([hello]);
    this.#called();
  }

  #hear({ address, type, payload }: Frame): void {
    if (address !== ADDRESS_ONLY || type !== (Command.HELLO | RESPONSE_BIT)) return;
    if (this.#session.clock.now() > this.#over) return;
    try {
      this.#add(decodeHello(payload));
    } catch (error) {
      // Whoever waits for this answer is told.
      if (!(error instanceof IapError)) throw error;
      this.#foreign ||= error.code === 'PROTOCOL_VERSION';
    }
    if (this.#watching) this.#judge();
  }

  #add(info: DeviceInfo): void {
    if (this.#units.some(({ uniqueId }) => sameBytes(uniqueId, info.uniqueId))) return;
    this.#units.push(info);
  }

  get #areSeveral(): boolean {
    return this.#units.length + (this.#foreign ? 1 : 0) > 1;
  }

  #judge(): void {
    if (this.#areSeveral) this.#session.fail(severalDevices(this.#units));
  }
}

/**
 * @param units that answered in whole; fewer than two if their answers garble each other
 * @param address that they were called by
 */
export function severalDevices(
  units: readonly DeviceInfo[],
  address: number = ADDRESS_ONLY,
): IapError {
  const shared = address !== ADDRESS_ONLY;
  const where = shared ? `at address ${address}` : 'on this line';
  const found = units.map(unitText).join(', ');
  const prints =
    units.length === 0
      ? '; an application that prints without being asked garbles others, too'
      : '';
  const who =
    units.length > 1
      ? `${units.length} devices answer ${where}: ${found}`
      : `more than one device seems to answer ${where}: ${found || 'nothing is understood of them'}`;
  return new IapError('SEVERAL_DEVICES', who, {
    hint: shared
      ? `connect them one by one, and give each an address of its own with "iap factory"${prints}`
      : 'say which is meant with --address, or several with --addresses; "iap scan" finds who is there',
    details: {
      found: units.length,
      addresses: units.map(({ address }) => address).join(' '),
      uniqueIds: units.map(({ uniqueId }) => hexBytes(uniqueId)).join(' '),
    },
  });
}

/** For example: address 3 (stm32f103xe, SN-0042, unique id 0a0b…) */
export function unitText({ address, part, serial, uniqueId }: DeviceInfo): string {
  const words = [part || 'device', ...(serial === '' ? [] : [serial]), hexBytes(uniqueId)];
  return `${address === ADDRESS_ONLY ? 'without address' : `address ${address}`} (${words.join(', ')})`;
}
