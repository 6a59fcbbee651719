// A host that says what it is told, one request after the other, in the board's own time. It asks nobody whether a device would want it.
import {
  BeginRequest,
  Command,
  crc32,
  DataFlag,
  DataRequest,
  decode,
  Encoding,
  EndRequest,
  encode,
  encodeFrame,
  FrameDecoder,
  HelloRequest,
  HelloResponse,
  PageHead,
  PROTOCOL_MAJOR,
  PROTOCOL_MINOR,
} from '../../protocol/index.js';
import type { SteppedBoard } from './board.js';

/** No answer takes longer, in the board's time. */
const LONGEST_US = 30_000_000;
const IDLE_US = 100_000;
/** The bootloader listens by then. */
const START_UP_US = 20_000;

export class Bare {
  us = 0;
  readonly info: HelloResponse;
  readonly #board: SteppedBoard;
  #seq = 0;

  private constructor(board: SteppedBoard, info: HelloResponse) {
    this.#board = board;
    this.info = info;
  }

  /** Calls in the listening window. */
  static async call(board: SteppedBoard): Promise<Bare> {
    const hello = encode(HelloRequest, {
      ...{ major: PROTOCOL_MAJOR, minor: PROTOCOL_MINOR, flags: 1, reserved: 0 },
    });
    await board.run(START_UP_US);
    const first = new Bare(board, undefined as unknown as HelloResponse);
    const info = decode(HelloResponse, await first.ask(Command.HELLO, hello));
    const device = new Bare(board, info);
    device.us = first.us;
    return device;
  }

  begin(header: Uint8Array): Promise<Uint8Array> {
    return this.ask(Command.BEGIN, encode(BeginRequest, { flags: 0, header }));
  }

  /** All pages of an image, to a session that begins with frame 0; the number of the frame that would come next */
  async pages(image: Uint8Array): Promise<number> {
    const { pageSize, maxPayload } = this.info;
    let number = 0;
    for (let page = 0; page * pageSize < image.length; page++) {
      const bytes = image.subarray(page * pageSize, (page + 1) * pageSize);
      const flash = new Uint8Array(pageSize).fill(0xff);
      flash.set(bytes);
      const head = encode(PageHead, {
        ...{ page, encoding: Encoding.RAW, flags: 0, crc32: crc32(flash) },
        ...{ decodedLength: bytes.length, encodedLength: bytes.length },
      });
      const whole = Uint8Array.of(...head, ...bytes);
      const room = maxPayload - DataRequest.size;
      for (let at = 0; at < whole.length; at += room, number++) {
        const flags = DataFlag.ASK | (at === 0 ? DataFlag.HEAD : 0);
        const body = whole.subarray(at, at + room);
        const answer = await this.ask(Command.DATA, encode(DataRequest, { number, flags, body }));
        if (answer[0] !== 0) throw new Error(`page ${page}: status ${answer[0]}`);
      }
    }
    return number;
  }

  end(count: number): Promise<Uint8Array> {
    return this.ask(Command.END, encode(EndRequest, { count }));
  }

  /** The payload of the answer */
  async ask(type: number, payload: Uint8Array): Promise<Uint8Array> {
    this.#seq = (this.#seq + 1) & 0xff;
    await this.#board.send(encodeFrame({ address: 0, type, seq: this.#seq, payload }));
    const decoder = new FrameDecoder();
    const sent = this.us;
    while (this.us - sent < LONGEST_US) {
      const { timeUs, bytes } = await this.#board.runUntilByte(IDLE_US);
      this.us = timeUs;
      const [found] = decoder.push(bytes);
      if (found?.kind === 'frame') return found.frame.payload;
    }
    throw new Error('no answer');
  }
}
