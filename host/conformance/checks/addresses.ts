// Section 1: addresses, requests that are too short, unknown or longer than known.
import {
  ADDRESS_BROADCAST,
  ADDRESS_ONLY,
  BaudRequest,
  BeginRequest,
  Begun,
  BURST_START,
  Command,
  DataFlag,
  DataRequest,
  EndRequest,
  encode,
  encodeFrame,
  HelloRequest,
  type HelloResponse,
  PagesRequest,
  PROTOCOL_MINOR,
  RESPONSE_BIT,
  Status,
} from '../../../protocol/index.js';
import { concat } from '../../base/bytes.js';
import { hexBytes } from '../../base/text.js';
import { helloRequest } from '../../device/device.js';
import type { Bench } from '../bench.js';
import type { Check } from '../check.js';
import { expectEqual } from '../deviation.js';
import { begin, beginPayload, dataFrame, expectStatus, progress } from '../update.js';

const NOTHING: Uint8Array = new Uint8Array();
const HIGHEST_TYPE = 0x7f;
const BROADCAST_TYPES: readonly number[] = [Command.ENTER, Command.BOOT, Command.ABORT];
/** Commands with a request, and its size [bytes] */
const SIZES: readonly (readonly [number, number])[] = [
  [Command.HELLO, HelloRequest.size],
  [Command.BAUD, BaudRequest.size],
  [Command.PAGES, PagesRequest.size],
  [Command.BEGIN, BeginRequest.size],
  [Command.DATA, DataRequest.size],
  [Command.END, EndRequest.size],
];

/** What a request that changes nothing must leave as it is */
export function memory({ installed, pending }: HelloResponse): string {
  return [installed, pending]
    .map(({ sequence, state, sha256 }) => `${sequence}:${state & 0x0f}:${hexBytes(sha256)}`)
    .join(' ');
}

async function otherAddresses(bench: Bench): Promise<void> {
  const { address, ...rest } = await bench.hello();
  const before = memory({ address, ...rest });
  const header = bench.image({ seed: 9 }).header;
  const others = Array.from({ length: ADDRESS_BROADCAST - 1 }, (_, i) => i + 1).filter(
    (a) => a !== address,
  );
  for (let i = 0; i < others.length; i += 16) {
    const frames = others
      .slice(i, i + 16)
      .map((to) => encodeFrame(bench.frame(Command.HELLO, helloRequest(true), { address: to })));
    await bench.expectUnanswered(
      `HELLO to addresses other than ${address} and 0`,
      concat([BURST_START, ...frames]),
    );
  }
  for (const to of others.slice(0, 2)) {
    const frame = encodeFrame(bench.frame(Command.BEGIN, beginPayload(header), { address: to }));
    await bench.expectUnanswered(`BEGIN to address ${to}`, concat([BURST_START, frame]));
  }
  if (address !== ADDRESS_ONLY) {
    await bench.hello(true, { address });
    await bench.hello(true, { address: ADDRESS_ONLY });
  }
  const responses = Array.from({ length: HIGHEST_TYPE + 1 }, (_, type) =>
    encodeFrame(bench.frame(type | RESPONSE_BIT, helloRequest(true))),
  );
  for (let i = 0; i < responses.length; i += 16) {
    await bench.expectUnanswered(
      'a frame with bit 7 of its type set',
      concat([BURST_START, ...responses.slice(i, i + 16)]),
    );
  }
  const own = encodeFrame(bench.frame(Command.BEGIN | RESPONSE_BIT, beginPayload(header)));
  const after = await bench.expectUnanswered('a response to BEGIN', concat([BURST_START, own]));
  expectEqual('record', memory(after), before);
}

async function broadcasts(bench: Bench): Promise<void> {
  const address = ADDRESS_BROADCAST;
  const before = memory(await bench.hello());
  for (let type = 0; type <= HIGHEST_TYPE; type++) {
    if (BROADCAST_TYPES.includes(type)) continue;
    const payload =
      type === Command.BEGIN ? beginPayload(bench.image({ seed: 9 }).header) : new Uint8Array(16);
    if (type === Command.BAUD)
      payload.set(encode(BaudRequest, { rate: bench.info.defaultRate / 2 }));
    const frame = encodeFrame(bench.frame(type, payload, { address }));
    const after = await bench.expectUnanswered(
      `type ${type} to address 255`,
      concat([BURST_START, frame]),
    );
    expectEqual(`record after type ${type} to address 255:`, memory(after), before);
  }
  const enter = encodeFrame(bench.frame(Command.ENTER, NOTHING, { address }));
  await bench.expectUnanswered('ENTER to address 255', concat([BURST_START, enter]));
  if (bench.closed !== undefined) return;
  await begin(bench, bench.image({ seed: 9 }));
  // With an unfinished image there may still be an older one to start: BOOT is not tried here.
  const abort = encodeFrame(bench.frame(Command.ABORT, NOTHING, { address }));
  const after = await bench.expectUnanswered('ABORT to address 255', concat([BURST_START, abort]));
  expectEqual('state of the pending image after ABORT to address 255', after.pending.state, 0);
  const ask = dataFrame(bench, 0, DataFlag.ASK);
  await bench.refused(Status.NO_SESSION, Command.DATA, ask.payload);
}

async function shortRequests(bench: Bench): Promise<void> {
  const before = memory(await bench.hello());
  for (const [type, size] of SIZES) {
    const lengths =
      size < 8 ? Array.from({ length: size }, (_, i) => i) : [0, 1, size >> 1, size - 1];
    for (const length of lengths) {
      await bench.refused(Status.BAD_REQUEST, type, new Uint8Array(length), {
        limitMs: bench.info.beginMs,
      });
    }
  }
  // A newer device may know more than this program does.
  if (bench.info.minor <= PROTOCOL_MINOR) {
    for (const type of [0, ...Array.from({ length: HIGHEST_TYPE - 9 }, (_, i) => i + 10)]) {
      for (const payload of [NOTHING, new Uint8Array(20)])
        await bench.refused(Status.UNKNOWN_COMMAND, type, payload);
    }
  }
  expectEqual('record', memory(await bench.hello()), before);
}

async function longRequests(bench: Bench): Promise<void> {
  const more = new Uint8Array(11).fill(0xa5);
  const longer = (payload: Uint8Array): Uint8Array => concat([payload, more]);
  const ok = async (type: number, payload: Uint8Array, limitMs: number): Promise<Uint8Array> => {
    const answer = await bench.ask(type, payload, { limitMs });
    expectStatus(`type ${type} with ${payload.length} bytes`, answer[0] ?? 0xff, Status.OK);
    return answer;
  };
  const { beginMs, pagesMs } = bench.info;
  await ok(Command.HELLO, longer(helloRequest(true)), beginMs);
  await ok(Command.ENTER, more, beginMs);
  await ok(Command.ABORT, more, beginMs);
  if (bench.closed !== undefined) return;
  const image = bench.image({ seed: 9 });
  await ok(Command.BEGIN, longer(beginPayload(image.header)), beginMs);
  await ok(Command.PAGES, longer(encode(PagesRequest, { first: 0, count: 1 })), pagesMs);
  expectEqual('next', (await progress(bench)).next, 0);
  const end = await bench.ask(Command.END, longer(encode(EndRequest, { count: 7 })), {
    limitMs: bench.info.endMs,
  });
  expectStatus('END with frames missing and more bytes', end[0] ?? 0xff, Status.GAP);
  const again = await begin(bench, image);
  expectEqual('BEGIN again answered with begun', again.begun, Begun.RESUMED);
  await bench.abort();
}

export const ADDRESS_CHECKS: readonly Check[] = [
  {
    id: 'other-address',
    requirements: ['B-5'],
    title: 'frames for others, and responses, are ignored',
    run: otherAddresses,
  },
  {
    id: 'broadcast',
    requirements: ['B-6'],
    title: 'broadcasts are not answered, and few are acted on',
    run: broadcasts,
  },
  {
    id: 'short-requests',
    requirements: ['B-7'],
    title: 'short and unknown requests are refused',
    run: shortRequests,
  },
  {
    id: 'long-requests',
    requirements: ['B-8'],
    title: 'bytes after a known request are ignored',
    run: longRequests,
  },
];
