// The proof of a rate: long frames, as many at once as the device holds, and every answer to them.
import { describe, expect, test } from 'vitest';
import { connect } from '../../host/device/connect.js';
import type { Device } from '../../host/device/device.js';
import { openSession } from '../../host/device/open.js';
import { Session } from '../../host/link/session.js';
import { rateHolds } from '../../host/update/rate-proof.js';
import {
  Command,
  decode,
  FrameDecoder,
  HelloFlag,
  HelloRequest,
  MIN_WINDOW,
} from '../../protocol/index.js';
import type { BenchOptions } from '../support/bench.js';
import { bench, start } from '../support/one-bench.js';

const PAYLOAD = 256;
const FRAME = Session.wireSize(PAYLOAD);
const isLong = (bytes: Uint8Array): boolean => bytes.length > PAYLOAD;

interface Proof {
  readonly holds: boolean;
  readonly ms: number;
  /** Long frames in each burst */
  readonly bursts: readonly number[];
}

/** @param prepare is called once the device is found */
async function proven(
  options: BenchOptions = {},
  prepare: (device: Device) => void = () => {},
): Promise<Proof> {
  start(options);
  const { line, clock } = bench;
  const session = openSession(line, { clock });
  const device = await connect(session, { hold: true });
  const bursts: number[] = [];
  const write = line.write.bind(line);
  line.write = (bytes) => {
    bursts.push(new FrameDecoder().push(bytes).filter(({ kind }) => kind === 'frame').length);
    return write(bytes);
  };
  prepare(device);
  const since = clock.now();
  const holds = await rateHolds(device);
  return { holds, ms: clock.now() - since, bursts };
}

/** So many of the long frames that are sent, counted from 1, do not arrive. */
function loses(...lost: number[]): () => void {
  return () => {
    let count = 0;
    bench.line.toDevice = (bytes) => (isLong(bytes) && lost.includes(++count) ? [] : [bytes]);
  };
}

describe('a rate holds', () => {
  test('when eight long frames and their answers arrive, as fast as the line carries them', async () => {
    const { holds, ms, bursts } = await proven();
    expect(holds).toBe(true);
    expect(bursts).toEqual([8]);
    // The answers come while the frames are still on the way: 8 frames of 268 bytes, and an answer of about 250
    expect(ms).toBeLessThan((9.5 * FRAME * 10_000) / 115_200);
  });

  test('when what noise took once arrives the second time', async () => {
    expect(await proven({}, loses(3))).toMatchObject({ holds: true, bursts: [8, 8] });
    expect(await proven({}, loses(8))).toMatchObject({ holds: true, bursts: [8, 8] });
  });

  test('although an adapter holds answers back', async () => {
    const late = { helloMs: 20, faults: { latencyMs: 100 }, info: { window: MIN_WINDOW } };
    expect(await proven(late)).toMatchObject({ holds: true, bursts: [3, 3, 2] });
  });
});

describe('a rate does not hold', () => {
  test('when a frame is lost each time', async () => {
    expect(await proven({}, loses(3, 11))).toMatchObject({ holds: false, bursts: [8, 8] });
  });

  test('when an answer is lost each time', async () => {
    const { holds } = await proven({}, () => {
      let count = 0;
      bench.line.toHost = (bytes) => (bytes.length > 10 && ++count % 8 === 5 ? [] : [bytes]);
    });
    expect(holds).toBe(false);
  });

  test('when nobody is there any more', async () => {
    const { holds } = await proven({}, () => {
      bench.device.alive = false;
    });
    expect(holds).toBe(false);
  });
});

describe('no more is on the way than the device holds', () => {
  test.each([
    ['as little as there may be', MIN_WINDOW, [3, 3, 2]],
    ['less than there may be', 0, [3, 3, 2]],
    // A burst begins with a delimiter.
    ['four frames and a byte', 4 * FRAME + 1, [4, 4]],
    ['a byte less', 4 * FRAME, [3, 3, 2]],
    ['more than is sent', 65_536, [8]],
  ])('%s', async (_, window, bursts) => {
    const proof = await proven({}, (device) => {
      device.info = { ...device.info, window };
    });
    expect(proof).toMatchObject({ holds: true, bursts });
  });

  test('what was lost counts until a newer frame is answered: one at least is sent', async () => {
    const options = { info: { window: MIN_WINDOW } };
    const proof = await proven(options, loses(1, 2, 3));
    expect(proof).toMatchObject({ holds: true, bursts: [3, 1, 3, 3, 1] });
  });

  test('one at a time on a half-duplex pair', async () => {
    const proof = await proven({ faults: { halfDuplex: {} }, turnRoundMs: 1 }, (device) => {
      device.session.halfDuplex = true;
    });
    expect(proof).toMatchObject({ holds: true, bursts: Array(8).fill(1) });
  });
});

test('the frames: they hold the device, and bring what a bad line gets wrong', async () => {
  await proven();
  const payloads = bench.line.checker.sent
    .filter(({ type, payload }) => type === Command.HELLO && payload.length > HelloRequest.size)
    .map(({ payload }) => payload);
  expect(payloads).toHaveLength(8);
  const [payload = new Uint8Array()] = payloads;
  expect(payload).toHaveLength(PAYLOAD);
  expect(decode(HelloRequest, payload).flags).toBe(HelloFlag.HOLD);
  const pattern = payload.subarray(HelloRequest.size);
  const quarter = (n: number): number[] => [
    ...pattern.subarray((n * pattern.length) / 4, ((n + 1) * pattern.length) / 4),
  ];
  // As many edges as there can be, none but the start bits, single bits, and something of everything
  expect(new Set(quarter(0))).toEqual(new Set([0x55]));
  expect(new Set(quarter(1))).toEqual(new Set([0xff]));
  expect(new Set(quarter(2))).toEqual(new Set([0x01, 0x80, 0x7f, 0xfe]));
  expect(new Set(quarter(3)).size).toBeGreaterThan(40);
});
