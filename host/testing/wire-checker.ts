// Watches what a host sends, before any fault, and notes every breach of docs/protocol.md.
import {
  ADDRESS_ONLY,
  BURST_START,
  Command,
  DataFlag,
  DataRequest,
  decode,
  encodeFrame,
  type Frame,
  FrameDecoder,
  MAX_UNANSWERED,
  RESPONSE_BIT,
} from '../../protocol/index.js';

interface SentFrame {
  readonly seq: number;
  readonly type: number;
  readonly index: number;
  readonly end: number;
}

export class WireChecker {
  readonly violations: string[] = [];
  readonly sent: Frame[] = [];
  /** More than one device is on the line: what is sent to all of them nobody may answer, and nobody need be asked about at once. */
  shared = false;
  /** Encoded bytes that the device has announced to hold */
  window = Number.POSITIVE_INFINITY;
  /** On a half-duplex pair a burst asks in its last frame alone. */
  halfDuplex = false;
  #bytes = 0;
  #frames: SentFrame[] = [];
  #answered = { index: -1, end: 0 };
  #lastAskEnd = 0;
  #lastNumber: number | undefined;
  #previousSeq: number | undefined;
  #count = 0;

  /** Another host program starts on the same line. */
  newHost(): void {
    this.#previousSeq = undefined;
    this.#frames = [];
    this.#answered = { index: this.#count - 1, end: this.#bytes };
    this.#lastAskEnd = this.#bytes;
  }

  /** One write of the host */
  burst(bytes: Uint8Array): void {
    if (bytes[0] !== BURST_START[0]) this.violations.push('a burst without a delimiter first');
    const before = this.#bytes;
    this.#bytes += bytes.length;
    const decoded = new FrameDecoder().push(bytes);
    let end = before + 1;
    for (const [i, item] of decoded.entries()) {
      if (item.kind !== 'frame') {
        this.violations.push(`the host sent what is no frame: ${item.reason}`);
        continue;
      }
      end += encodeFrame(item.frame).length;
      this.#frame(item.frame, end, i === decoded.length - 1);
    }
  }

  #frame(frame: Frame, end: number, lastOfBurst: boolean): void {
    const previous = this.#previousSeq;
    if (previous !== undefined && frame.seq !== ((previous + 1) & 0xff)) {
      this.violations.push('a seq used again or skipped');
    }
    this.#previousSeq = frame.seq;
    this.sent.push(frame);
    const index = this.#count++;
    this.#frames.push({ seq: frame.seq, type: frame.type, index, end });
    if (frame.type === Command.BEGIN) this.#lastNumber = undefined;
    if (frame.type === Command.DATA) this.#data(frame, end, index, lastOfBurst);
    else this.#lastAskEnd = end;
  }

  #data(frame: Frame, end: number, index: number, lastOfBurst: boolean): void {
    if (index - this.#answered.index > MAX_UNANSWERED) this.violations.push('too many unanswered');
    const { number, flags, body } = decode(DataRequest, frame.payload);
    const asks = (flags & DataFlag.ASK) !== 0;
    if (this.shared && frame.address === ADDRESS_ONLY) {
      if (asks) this.violations.push('all devices asked at once');
      return;
    }
    if (lastOfBurst && !asks) this.violations.push('a burst that ends without asking');
    if (this.halfDuplex) {
      if (asks && !lastOfBurst) this.violations.push('a burst that asks before its end');
    } else if (!asks && end - this.#lastAskEnd > this.window / 4) {
      this.violations.push('more than a quarter window without asking');
    }
    // Of what goes to all of them a device itself says whether it is too much.
    const counts = !this.shared || body.length > 0;
    if (counts && end - this.#answered.end > this.window) this.violations.push('window overrun');
    if (asks) this.#lastAskEnd = end;
    if (body.length === 0) return;
    if (this.#lastNumber !== undefined) {
      const step = ((number - this.#lastNumber) << 16) >> 16;
      if (step > 1) this.violations.push(`frame number ${number} after ${this.#lastNumber}`);
    }
    this.#lastNumber = number;
  }

  /** A response reached the host undamaged. */
  answered(frame: Frame): void {
    const found = this.#frames.findLast(
      ({ seq, type }) => seq === frame.seq && (type | RESPONSE_BIT) === frame.type,
    );
    if (found && found.index > this.#answered.index) this.#answered = found;
  }

  count(type: number): number {
    return this.sent.filter((frame) => frame.type === type).length;
  }
}
