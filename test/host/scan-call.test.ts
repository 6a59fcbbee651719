// Devices that listen for a moment only: called in turn, to the millisecond, and kept where they were heard.
import { describe, expect, test } from 'vitest';
import { HELLO_ANSWER_SIZE } from '../../host/device/device.js';
import { type Heard, Scan, type ScanEvent } from '../../host/device/scan.js';
import { Session } from '../../host/link/session.js';
import {
  APP_ANSWER_MS,
  Command,
  decode,
  HelloFlag,
  HelloRequest,
  HelloResponse,
  HOLD_REFRESH_MS,
  LISTEN_MS,
} from '../../protocol/index.js';
import { Conversation } from '../support/conversation.js';
import { Pair, type PairOptions } from '../support/pair.js';

/** Fast enough to be nothing beside the pauses [baud] */
const FAST = 10_000_000;

interface Calling {
  readonly pair: Pair;
  readonly session: Session;
  readonly events: ScanEvent[];
  /** When who was called [ms] */
  readonly calls: [ms: number, address: number][];
  scan(hold?: boolean, keep?: () => Promise<void>): Scan;
}

function calling(options: PairOptions, halfDuplex = false): Calling {
  const pair = new Pair({ rate: FAST, ...options });
  const calls: [number, number][] = [];
  const write = pair.line.write.bind(pair.line);
  pair.line.write = async (bytes) => {
    await write(bytes);
    calls.push([Math.round(pair.clock.now()), pair.line.checker.sent.at(-1)?.address ?? 0]);
  };
  const session = new Session(pair.line, { clock: pair.clock, halfDuplex });
  const events: ScanEvent[] = [];
  return {
    ...{ pair, session, events, calls },
    scan: (hold = true, keep) => new Scan(session, hold, (event) => void events.push(event), keep),
  };
}

const found = (heard: readonly Heard[]): number[] => heard.map(({ address }) => address);

describe('called in turn', () => {
  test('nobody: so often that each is called every 20 ms, until the time is over', async () => {
    const { scan, calls, pair, session } = calling({ addresses: [] });
    expect(await scan().call([3, 4], 50)).toEqual([]);
    expect(calls).toEqual([
      [0, 3],
      [10, 4],
      [20, 3],
      [30, 4],
      [40, 3],
    ]);
    expect(pair.clock.now()).toBe(50);
    expect(session.bytesUnexplained).toBe(0);
  });

  test.each([
    [true, HelloFlag.HOLD],
    [false, 0],
  ])('they are to stay: %s', async (hold, flag) => {
    const { scan, pair } = calling({ addresses: [] });
    await scan(hold).call([3], 50);
    const said = pair.line.checker.sent.map(
      ({ payload }) => decode(HelloRequest, payload).flags & HelloFlag.HOLD,
    );
    expect(said).toEqual([flag, flag, flag]);
    expect(pair.line.checker.count(Command.HELLO)).toBe(3);
  });

  test('on a slow line with an idle moment between two calls', async () => {
    const { scan, calls } = calling({ addresses: [], rate: 10_000 });
    await scan().call([3, 4], 50);
    // 14 bytes, and two more characters
    expect(calls.map(([ms]) => ms)).toEqual([0, 16, 32, 48]);
  });

  test('once all are heard, no longer', async () => {
    const { scan, calls, pair, session } = calling({ addresses: [3, 4] });
    expect(found(await scan().call([3, 4], 1000))).toEqual([3, 4]);
    expect(calls).toEqual([
      [0, 3],
      [10, 4],
    ]);
    // Both have their pause, and the answer its time on the line.
    const answer = session.lineTime(Session.wireSize(HELLO_ANSWER_SIZE));
    expect(pair.clock.now()).toBeCloseTo(30 + answer, 6);
  });

  test('once somebody is heard, the others for as long as they listen', async () => {
    const { scan, calls, pair } = calling({ addresses: [3] });
    expect(found(await scan().call([3, 4], 1000))).toEqual([3]);
    const first = 10;
    expect(calls[0]).toEqual([0, 3]);
    expect(calls[1]?.[1]).toBe(4);
    expect(calls.slice(2).map(([ms]) => ms)).toEqual([30, 50, 70, 90]);
    expect(new Set(calls.slice(1).map(([, address]) => address))).toEqual(new Set([4]));
    expect(pair.clock.now()).toBeGreaterThanOrEqual(first + LISTEN_MS);
    expect(pair.clock.now()).toBeLessThan(first + LISTEN_MS + 2);
  });

  test('also when what is heard is no frame', async () => {
    const { scan, pair, calls } = calling({ addresses: [] });
    pair.clock.after(35, () => pair.line.answer(Uint8Array.of(7, 8, 9, 0), FAST));
    expect(await scan().call([3], 1000)).toEqual([]);
    expect(calls.at(-1)).toEqual([120, 3]);
    expect(pair.clock.now()).toBeLessThan(145);
  });

  test.each([
    ['less than an answer is not looked into', HelloResponse.size - 1, []],
    ['an answer asks each of the silent ones again, alone', HelloResponse.size, [4]],
  ])('noise of %s', async (_, bytes, expected) => {
    const { scan, pair } = calling({ addresses: [4] });
    pair.at(4).hook = () => (pair.clock.now() < 115 ? 'drop' : undefined);
    const noise = new Uint8Array(bytes).fill(0x55, 0, -1);
    pair.clock.after(5, () => pair.line.answer(noise, FAST));
    expect(found(await scan().call([4], 50))).toEqual(expected);
  });

  test('somebody who answers after the last call is heard: it is waited for', async () => {
    const { scan, pair } = calling({ addresses: [3, 4], rate: 115_200 });
    pair.at(4).hook = () => (pair.clock.now() < 95 ? 'drop' : undefined);
    expect(found(await scan().call([3, 4], 1000))).toEqual([3, 4]);
  });

  test('noise from before the call is none', async () => {
    const { scan, pair, session } = calling({ addresses: [] });
    pair.clock.after(1, () => pair.line.answer(new Uint8Array(500).fill(0x55, 0, -1), FAST));
    await session.sleep(100);
    await scan().call([4], 60);
    expect(pair.clock.now()).toBe(160);
  });

  test('nobody listens any more when it is over', async () => {
    const { scan, session, pair, events } = calling({ addresses: [3, 4] });
    const one = scan();
    await one.call([3], 100);
    expect(events).toHaveLength(1);
    await session.post([
      { type: Command.HELLO, payload: new Uint8Array(HelloRequest.size), address: 4 },
    ]);
    await session.sleep(100);
    expect(pair.at(4).log).toEqual(['HELLO']);
    expect(events).toHaveLength(1);
  });

  test('on a half-duplex pair none is called into an answer that has begun', async () => {
    const { scan, pair, calls } = calling(
      {
        addresses: [3],
        rate: 4800,
        helloMs: 20,
        faults: { halfDuplex: {} },
      },
      true,
    );
    expect(found(await scan().call([3, 4], 1000))).toEqual([3]);
    expect(pair.line.checker.violations).toEqual([]);
    expect(calls.length).toBeGreaterThan(1);
  });

  test('where there are two directions an answer that has begun holds up nobody', async () => {
    const { session, line, clock } = new Conversation();
    const bytes = Conversation.bytesOf({ seq: 0, address: 3, payload: new Uint8Array(200) });
    clock.after(5, () => line.answer(bytes.subarray(0, 4), line.rate));
    clock.after(90, () => line.answer(bytes.subarray(4), line.rate));
    const at: number[] = [];
    line.toDevice = (sent) => {
      if (sent.length > 1) at.push(clock.now());
      return [];
    };
    await new Scan(session, true, () => {}).call([3], 60);
    expect(at.slice(0, 3)).toEqual([0, 20, 40]);
  });
});

describe('those that were heard are kept', () => {
  /** Who is asked, and `keep` where they are all told to stay */
  async function asked(known: number[], silent: number): Promise<(number | 'keep')[]> {
    const { pair, scan, session } = calling({ addresses: known });
    const log: (number | 'keep')[] = [];
    const write = pair.line.write.bind(pair.line);
    pair.line.write = async (bytes) => {
      await write(bytes);
      log.push(pair.line.checker.sent.at(-1)?.address ?? 0);
    };
    const keep = (): Promise<void> => {
      log.push('keep');
      return Promise.resolve();
    };
    await session.sleep(1000);
    const all = Array.from({ length: silent }, (_, i) => 10 + i);
    await scan(true, keep).run([...known, ...all]);
    return log;
  }

  /** So many silent addresses take the time until they must be told again. */
  const MANY = HOLD_REFRESH_MS / 50;

  test('not before it is time', async () => {
    expect(await asked([3], MANY - 2)).not.toContain('keep');
  });

  test('one of them is asked, and all are told', async () => {
    const log = await asked([3, 4], 2 * MANY + 6);
    const at = log.flatMap((entry, i) => (entry === 'keep' ? [i] : []));
    expect(at).toHaveLength(2);
    for (const i of at) expect(log[i - 1]).toBe(3);
    // What that takes counts.
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBe(2 + (HOLD_REFRESH_MS - APP_ANSWER_MS) / 50);
  });

  test('where nobody was heard nobody is told', async () => {
    expect(await asked([], MANY + 10)).not.toContain('keep');
  });
});
