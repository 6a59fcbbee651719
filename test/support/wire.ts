// A host that sends single frames to one fake device, as docs/protocol.md has them, and looks at every answer.

import { concat } from '../../host/base/bytes.js';
import { headerFor } from '../../host/image/image.js';
import { FakeDevice, type FakeDeviceOptions } from '../../host/testing/fake-device.js';
import { FakeLine, type Faults } from '../../host/testing/fake-line.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import {
  APP_BASE,
  BeginRequest,
  BeginResponse,
  BURST_START,
  Command,
  crc32,
  DataFlag,
  DataRequest,
  DataResponse,
  decode,
  Encoding,
  EndRequest,
  EndResponse,
  encode,
  encodeFrame,
  type Frame,
  FrameDecoder,
  HelloRequest,
  HelloResponse,
  type Layout,
  PageHead,
  Refusal,
} from '../../protocol/index.js';

export interface Heard {
  /** When its last byte was there [ms] */
  readonly at: number;
  readonly frame: Frame;
}

export interface WireOptions extends FakeDeviceOptions {
  readonly rate?: number;
  readonly faults?: Faults;
}

/** Longer than a device takes for anything by default, and shorter than it keeps a rate [ms] */
const LONG_MS = 300;

export class Wire {
  readonly clock = new VirtualClock();
  readonly line: FakeLine;
  readonly device: FakeDevice;
  readonly heard: Heard[] = [];
  /** Of the next frame */
  seq = 7;

  constructor({ rate = 1_000_000, faults = {}, ...options }: WireOptions = {}) {
    this.line = new FakeLine(this.clock, rate, faults);
    this.device = new FakeDevice(this.clock, this.line, options);
    const decoder = new FrameDecoder();
    this.line.onBytes((bytes) => {
      for (const item of decoder.push(bytes)) {
        if (item.kind === 'frame') this.heard.push({ at: this.clock.now(), frame: item.frame });
      }
    });
  }

  pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(ms, resolve);
    });
  }

  /** One burst of one frame */
  send(type: number, payload: Uint8Array = new Uint8Array(), address = 0): void {
    const frame = { address, type, seq: this.seq++ & 0xff, payload };
    void this.line.write(concat([BURST_START, encodeFrame(frame)]));
  }

  /** The payloads that come to it */
  async answers(type: number, payload?: Uint8Array, address?: number): Promise<Uint8Array[]> {
    const before = this.heard.length;
    this.send(type, payload, address);
    await this.pass(LONG_MS);
    return this.heard.slice(before).map(({ frame }) => frame.payload);
  }

  /** The one answer */
  async answer(type: number, payload?: Uint8Array, address?: number): Promise<Uint8Array> {
    const [answer, another] = await this.answers(type, payload, address);
    if (!answer || another) throw new Error('not one answer');
    return answer;
  }

  async ask<T>(layout: Layout<T>, type: number, payload?: Uint8Array): Promise<T> {
    return decode(layout, await this.answer(type, payload));
  }

  refusal(type: number, payload?: Uint8Array): Promise<Refusal> {
    return this.ask(Refusal, type, payload);
  }

  hello(flags = 0): Promise<HelloResponse> {
    return this.ask(HelloResponse, Command.HELLO, helloRequest(flags));
  }

  begin(image: Uint8Array, flags = 0): Promise<BeginResponse> {
    const header = headerFor({ base: APP_BASE, bytes: image }, APP_BASE);
    return this.ask(BeginResponse, Command.BEGIN, encode(BeginRequest, { flags, header }));
  }

  /** What DATA says, of a frame that asks */
  data(number: number, body: Uint8Array = new Uint8Array(), flags = 0): Promise<DataResponse> {
    const request = encode(DataRequest, { number, flags: flags | DataFlag.ASK, body });
    return this.ask(DataResponse, Command.DATA, request);
  }

  end(count: number): Promise<EndResponse> {
    return this.ask(EndResponse, Command.END, encode(EndRequest, { count }));
  }

  /** All pages of an image, each in a frame; returns the number of the next. */
  async pages(image: Uint8Array, from = 0): Promise<number> {
    const { pageSize } = this.device.info;
    const count = Math.ceil(image.length / pageSize);
    for (let page = 0; page < count; page++) {
      await this.data(from + page, pageBody(image, page, pageSize), DataFlag.HEAD);
    }
    return from + count;
  }

  /** An update from BEGIN to END */
  async install(image: Uint8Array): Promise<void> {
    const { next } = await this.begin(image);
    const { status } = await this.end(await this.pages(image, next));
    if (status !== 0) throw new Error(`END says ${status}`);
  }
}

export function helloRequest(flags = 0): Uint8Array {
  return encode(HelloRequest, { major: 1, minor: 0, flags, reserved: 0 });
}

/** Head and bytes of a page, as they are */
export function pageBody(
  image: Uint8Array,
  page: number,
  pageSize: number,
  changed: Partial<PageHead> = {},
): Uint8Array {
  const bytes = image.subarray(page * pageSize, (page + 1) * pageSize);
  return concat([headOf(bytes, page, pageSize, changed), bytes]);
}

export function headOf(
  bytes: Uint8Array,
  page: number,
  pageSize: number,
  changed: Partial<PageHead> = {},
): Uint8Array {
  const whole = new Uint8Array(pageSize).fill(0xff);
  whole.set(bytes);
  return encode(PageHead, {
    page,
    encoding: Encoding.RAW,
    flags: 0,
    decodedLength: bytes.length,
    encodedLength: bytes.length,
    crc32: crc32(whole),
    ...changed,
  });
}
