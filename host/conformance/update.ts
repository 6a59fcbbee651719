// Steps of an update, one request each, right in every detail unless a check asks for something else.
import {
  BeginRequest,
  BeginResponse,
  Capability,
  Command,
  crc32,
  DataFlag,
  DataRequest,
  DataResponse,
  Encoding,
  EndRequest,
  EndResponse,
  encode,
  type Frame,
  ImageState,
  PageHead,
  PagesRequest,
  PagesResponse,
  Status,
} from '../../protocol/index.js';
import { concat } from '../base/bytes.js';
import { nameOf } from '../base/text.js';
import type { Bench } from './bench.js';
import { Deviation, expectEqual } from './deviation.js';
import { SMALLEST, type TestImage } from './image.js';
import { Wire } from './wire.js';

/** Offset of the flags in a DATA request */
const ASK_AT = 2;
const NOTHING: Uint8Array = new Uint8Array();

export function beginPayload(header: Uint8Array, flags = 0): Uint8Array {
  return encode(BeginRequest, { flags, header });
}

export async function begin(bench: Bench, image: TestImage, flags = 0): Promise<BeginResponse> {
  const answer = await bench.answer(
    Command.BEGIN,
    beginPayload(image.header, flags),
    BeginResponse,
    { limitMs: bench.info.beginMs },
  );
  expectStatus('BEGIN', answer.status, Status.OK);
  bench.firstPageMs = bench.info.beginMs;
  return answer;
}

/** A page of an image as it shall be in flash */
export function paddedPage(bench: Bench, image: TestImage, page: number): Uint8Array {
  const { pageSize } = bench.info;
  const out = new Uint8Array(pageSize).fill(0xff);
  out.set(image.bytes.subarray(page * pageSize, (page + 1) * pageSize));
  return out;
}

export function pageCrc(bench: Bench, image: TestImage, page: number): number {
  return crc32(paddedPage(bench, image, page));
}

export interface PageOptions {
  readonly flags?: number;
  /** Fields of the head, where they shall differ */
  readonly head?: Partial<PageHead>;
  /** What travels of a compressed page */
  readonly packed?: Uint8Array;
  /** Bytes of the page in one frame, at most */
  readonly chunk?: number;
  /** The last frame asks for an answer; true unless told */
  readonly ask?: boolean;
}

/** The DATA frames of a page; the first has number `number`. */
export function pageFrames(
  bench: Bench,
  image: TestImage,
  page: number,
  number: number,
  options: PageOptions = {},
): Frame[] {
  const { pageSize, maxPayload } = bench.info;
  const bytes = image.bytes.subarray(page * pageSize, (page + 1) * pageSize);
  const encoded = options.packed ?? bytes;
  const head = encode(PageHead, {
    page,
    encoding: options.packed ? Encoding.DEFLATE : Encoding.RAW,
    flags: options.flags ?? 0,
    decodedLength: bytes.length,
    encodedLength: encoded.length,
    crc32: pageCrc(bench, image, page),
    ...options.head,
  });
  const room = maxPayload - DataRequest.size;
  const first = Math.min(options.chunk ?? room, room - PageHead.size);
  const bodies = [concat([head, encoded.subarray(0, first)])];
  for (let at = first; at < encoded.length; at += options.chunk ?? room) {
    bodies.push(encoded.subarray(at, at + Math.min(options.chunk ?? room, room)));
  }
  return bodies.map((body, i) => {
    const last = i === bodies.length - 1 && options.ask !== false;
    const flags = (i === 0 ? DataFlag.HEAD : 0) | (last ? DataFlag.ASK : 0);
    return dataFrame(bench, (number + i) & 0xffff, flags, body);
  });
}

export function dataFrame(bench: Bench, number: number, flags: number, body = NOTHING): Frame {
  return bench.frame(Command.DATA, encode(DataRequest, { number, flags, body }));
}

/** Sends frames, the last of which asks, and returns what it is answered. Asks in between where the window wants it. */
export async function sendData(bench: Bench, frames: readonly Frame[]): Promise<DataResponse> {
  let batch: Frame[] = [];
  let bytes = 1;
  for (const frame of frames) {
    const size = Wire.size(frame.payload.length);
    const last = batch.at(-1);
    if (last && bytes + size > bench.info.window) {
      last.payload[ASK_AT] = (last.payload[ASK_AT] ?? 0) | DataFlag.ASK;
      await answered(bench, batch);
      batch = [];
      bytes = 1;
    }
    batch.push(frame);
    bytes += size;
  }
  return answered(bench, batch);
}

async function answered(bench: Bench, frames: readonly Frame[]): Promise<DataResponse> {
  await bench.wire.post(...frames);
  const limitMs = bench.info.pageMs + bench.firstPageMs;
  const response = readData(await bench.answerTo(frames.at(-1) as Frame, limitMs));
  if (response.pages > 0) bench.firstPageMs = 0;
  return response;
}

export function readData(bytes: Uint8Array): DataResponse {
  const status = bytes[0] ?? 0xff;
  if (status >= Status.UNKNOWN_COMMAND || bytes.length < DataResponse.size) {
    throw new Deviation('a DATA response', nameOf(Status, status));
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    status,
    next: view.getUint16(1, true),
    pages: view.getUint16(3, true),
    detail: view.getUint32(5, true),
  };
}

/** Sends one page that must be taken; returns the next number. */
export async function sendPage(
  bench: Bench,
  image: TestImage,
  page: number,
  number: number,
  options: PageOptions = {},
): Promise<number> {
  const frames = pageFrames(bench, image, page, number, options);
  const answer = await sendData(bench, frames);
  const next = (number + frames.length) & 0xffff;
  expectStatus(`DATA of page ${page}`, answer.status, Status.OK);
  expectEqual('DATA answered with next', answer.next, next);
  return next;
}

/** Asks where the session is. */
export function progress(bench: Bench): Promise<DataResponse> {
  return sendData(bench, [dataFrame(bench, 0, DataFlag.ASK)]);
}

export function end(bench: Bench, count: number): Promise<EndResponse> {
  return bench.answer(Command.END, encode(EndRequest, { count }), EndResponse, {
    limitMs: bench.info.endMs,
  });
}

export async function pages(bench: Bench, first: number, count: number): Promise<number[]> {
  const answer = await bench.answer(
    Command.PAGES,
    encode(PagesRequest, { first, count }),
    PagesResponse,
    {
      limitMs: bench.info.pagesMs,
    },
  );
  expectEqual('PAGES answered with first', answer.first, first);
  expectEqual('PAGES answered with count', answer.count, count);
  expectEqual('CRCs in the answer to PAGES', answer.crc32.length, count);
  return [...answer.crc32];
}

/** What PAGES answers without a session: of the installed image, but from a device that takes signed images alone nothing. */
export async function expectPages(
  bench: Bench,
  what: string,
  first: number,
  wanted: readonly number[],
): Promise<void> {
  if ((bench.info.capabilities & Capability.SIGNATURE) === 0) {
    expectEqual(what, String(await pages(bench, first, wanted.length)), String(wanted));
    return;
  }
  const request = encode(PagesRequest, { first, count: Math.max(1, wanted.length) });
  const limitMs = bench.info.pagesMs;
  await bench.refused(Status.NO_SESSION, Command.PAGES, request, { limitMs });
}

export function pagesOf(bench: Bench, image: TestImage): number {
  return Math.ceil(image.bytes.length / bench.info.pageSize);
}

/** Sends all pages of a begun image; returns the number that END needs. */
export async function sendAll(bench: Bench, image: TestImage, flags = 0): Promise<number> {
  let number = 0;
  for (let page = 0; page < pagesOf(bench, image); page++) {
    number = await sendPage(bench, image, page, number, { flags });
  }
  return number;
}

/** A whole update that must succeed. */
export async function install(bench: Bench, image: TestImage, flags = 0): Promise<void> {
  const { begun, next } = await begin(bench, image, flags);
  expectEqual(
    'BEGIN of a new image answered with begun',
    begun === 2 ? 'INSTALLED' : 'open',
    'open',
  );
  expectEqual('BEGIN answered with next', next, 0);
  const { status, detail } = await end(bench, await sendAll(bench, image));
  expectStatus('END', status, Status.OK, detail);
}

/** The image that checks find installed; installed if it is not there. */
export async function home(bench: Bench): Promise<TestImage> {
  bench.needUpdates();
  const image = bench.image({ seed: 1, size: SMALLEST + 4 });
  await bench.hello();
  const whole = ImageState.VALID | ImageState.GOOD;
  if (!bench.has(image) || (bench.info.installed.state & whole) !== whole) {
    await install(bench, image);
    await bench.hello();
  }
  return image;
}

export function expectStatus(
  what: string,
  status: number,
  expected: Status,
  detail?: number,
): void {
  if (status === expected) return;
  const more = detail === undefined ? '' : `, detail 0x${detail.toString(16)}`;
  throw new Deviation(`${what}: ${nameOf(Status, expected)}`, `${nameOf(Status, status)}${more}`);
}
