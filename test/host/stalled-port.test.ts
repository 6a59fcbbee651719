// A port that takes nothing, or never finishes: every command ends in its time, at an interruption at once, and says what is wrong.
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { connect } from '../../host/device/connect.js';
import { openSession } from '../../host/device/open.js';
import { Session } from '../../host/link/session.js';
import { closePort } from '../../host/link/stall.js';
import type { Transport } from '../../host/link/transport.js';
import { openSerial } from '../../host/node/serial.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { Bench } from '../support/bench.js';
import { iap } from '../support/cli.js';
import { CountedClock } from '../support/counted-clock.js';
import { appImage } from '../support/images.js';
import { Stranger } from '../support/stranger.js';

const never = (): Promise<never> => new Promise(() => {});

/** As implementations were before ports could be stopped: one listener each, that nobody can remove */
function stuck(): Transport {
  return {
    rate: 115_200,
    write: never,
    drain: never,
    setRate: never,
    close: never,
    onBytes: () => {},
    onClose: () => {},
  };
}

test.each([false, true])(
  'a search ends in its time when the port takes no bytes, wait: %s',
  async (wait) => {
    const clock = new VirtualClock();
    const session = openSession(stuck(), { clock });
    await expect(connect(session, { hold: true, wait, timeoutMs: 4000 })).rejects.toMatchObject({
      code: 'PORT_STALLED',
      message: expect.stringContaining('the port takes no bytes'),
      hint: expect.stringContaining('flow control'),
      details: { what: 'write', ms: 4000 },
    });
    expect(clock.now()).toBe(4000);
  },
);

test.each(['write', 'drain', 'setRate'] as const)('%s ends at an interruption', async (what) => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const session = new Session(stuck(), { clock, signal: stop.signal });
  clock.after(5, () => stop.abort());
  const start = {
    write: () => session.post([{ type: 1, payload: new Uint8Array(3) }]),
    drain: () => session.drain(),
    setRate: () => session.setRate(9600),
  };
  await expect(start[what]()).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(clock.now()).toBe(5);
});

test.each([
  ['drain', 'sends no bytes'],
  ['setRate', 'does not change its rate'],
] as const)('%s has an end, and a name for what it is', async (what, words) => {
  const clock = new VirtualClock();
  const session = new Session(stuck(), { clock });
  const error = await (what === 'drain' ? session.drain() : session.setRate(9600)).catch(
    (reason: unknown) => reason as IapError,
  );
  expect(error).toMatchObject({ code: 'PORT_STALLED', message: expect.stringContaining(words) });
  expect(clock.now()).toBe(10_000);
});

test('the transport is told to stop what has come to its end', async () => {
  const clock = new VirtualClock();
  let told = false;
  const transport: Transport = {
    ...stuck(),
    write: (_, options) => {
      options?.signal?.addEventListener('abort', () => {
        told = true;
      });
      return never();
    },
  };
  await new Session(transport, { clock }).post([], 100).catch(() => {});
  expect(told).toBe(true);
});

describe('a slow port is given time', () => {
  const BYTES = 1000;
  const lineMs = (BYTES * 10_000) / 9600;

  async function stalled(
    start: (session: Session) => Promise<void>,
    transport: Transport = stuck(),
  ): Promise<{ readonly error: IapError; readonly ms: number; readonly clock: CountedClock }> {
    const clock = new CountedClock();
    const session = new Session({ ...transport, rate: 9600 }, { clock });
    await session.sleep(70);
    const error = await start(session).then(
      () => expect.unreachable(),
      (reason: unknown) => reason as IapError,
    );
    return { error, ms: clock.now() - 70, clock };
  }

  test('sixteen times what its bytes take on the line, and ten seconds', async () => {
    const payload = new Uint8Array(BYTES).fill(1);
    let bytes = 0;
    const write: Transport['write'] = (burst) => {
      bytes = burst.length;
      return never();
    };
    const { error, ms, clock } = await stalled((session) => session.post([{ type: 1, payload }]), {
      ...stuck(),
      write,
    });
    expect(ms).toBeCloseTo(10_000 + (16 * lineMs * bytes) / BYTES, 6);
    expect(error).toMatchObject({
      code: 'PORT_STALLED',
      message: expect.stringContaining(`not done after ${(ms / 1000).toFixed(1)} s`),
      details: { what: 'write', ms: Math.round(ms) },
    });
    expect(clock.open).toBe(0);
  });

  test('the same for those that it has taken and not sent', async () => {
    const payload = new Uint8Array(BYTES).fill(1);
    let bytes = 0;
    const write: Transport['write'] = async (burst) => {
      bytes = burst.length;
    };
    const { error, ms } = await stalled(
      async (session) => {
        await session.post([{ type: 1, payload }]);
        await session.drain();
      },
      { ...stuck(), write },
    );
    expect(ms).toBeCloseTo(10_000 + (16 * lineMs * bytes) / BYTES, 6);
    expect(error.details).toMatchObject({ what: 'drain' });
  });

  test.each([
    [100, 30],
    [70, 0],
    [20, 0],
  ])('until %i ms, where that is asked for', async (deadline, expected) => {
    const { error, ms } = await stalled((session) => session.post([], deadline));
    expect(error.code).toBe('PORT_STALLED');
    expect(ms).toBe(expected);
  });

  test('for ever, where that is asked for', async () => {
    const clock = new CountedClock();
    const stop = new AbortController();
    const session = new Session(stuck(), { clock, signal: stop.signal });
    clock.after(3_600_000, () => {
      expect(clock.open).toBe(0);
      stop.abort();
    });
    await expect(session.post([], Number.POSITIVE_INFINITY)).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    expect(clock.now()).toBe(3_600_000);
  });

  test('and none is left running once it has done it', async () => {
    const clock = new CountedClock();
    const session = new Session({ ...stuck(), drain: async () => {} }, { clock });
    await session.drain();
    expect(clock.open).toBe(0);
  });

  test('a port that fails says why itself', async () => {
    const error = new IapError('PORT_LOST', 'gone');
    const drain = () => Promise.reject(error);
    const found = await stalled((session) => session.drain(), { ...stuck(), drain });
    expect(found).toMatchObject({ error, ms: 0, clock: { open: 0 } });
  });
});

test('a port that closes is not waited for, and one that fails says so', async () => {
  const clock = new CountedClock();
  await closePort({ ...stuck(), close: async () => {} }, clock);
  const failing = { ...stuck(), close: () => Promise.reject(new IapError('PORT_LOST', 'gone')) };
  await expect(closePort(failing, clock)).rejects.toMatchObject({ code: 'PORT_LOST' });
  expect(clock).toMatchObject({ open: 0 });
  expect(clock.now()).toBe(0);
});

test('a port that does not close is left', async () => {
  const clock = new VirtualClock();
  await closePort(stuck(), clock);
  expect(clock.now()).toBe(5000);
});

test('a port that stalls in mid-update: told so, and resumable', async () => {
  const bench = new Bench();
  const { write } = bench.line;
  bench.clock.after(1500, () => {
    bench.line.write = never;
  });
  const image = appImage(60_000);
  const { error } = await bench.update(image);
  expect(error).toMatchObject({ code: 'PORT_STALLED', details: { resumable: true } });
  bench.line.write = write;
  expect((await bench.update(image)).result).toMatchObject({ boot: 'started' });
});

test('a session that was closed hears nothing, and leaves the port to the next one', async () => {
  const bench = new Bench();
  const first = openSession(bench.line, { clock: bench.clock });
  await connect(first, { hold: true });
  {
    await using second = openSession(bench.line, { clock: bench.clock });
    await connect(second, { hold: true });
    first.close();
    expect((await connect(second, { hold: true })).info.part).toBe('fake');
  }
  await expect(first.sleep(1)).rejects.toMatchObject({ code: 'INTERRUPTED' });
});

test('1000 sessions and 1000 updates leave no listener on a signal', async () => {
  const { signal } = new AbortController();
  const bench = new Bench();
  const image = appImage(3000);
  for (let i = 0; i < 1000; i++) {
    openSession(bench.line, { clock: bench.clock, signal }).close();
    await bench.update(image, { signal, boot: false });
  }
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a serial port whose other end reads nothing: stopped, and closed in its time', async () => {
  const stranger = await Stranger.open();
  try {
    stranger.freeze();
    const transport = await openSerial({ path: stranger.port, rate: 115_200 });
    const full = transport.write(new Uint8Array(200_000), { signal: AbortSignal.timeout(300) });
    await expect(full).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const startedAt = performance.now();
    await transport.close();
    expect(performance.now() - startedAt).toBeLessThan(5000);
  } finally {
    await stranger.close();
  }
});

test('listeners of a serial port can be removed, and an older remover does not remove a newer listener', async () => {
  const stranger = await Stranger.open();
  const transport = await openSerial({ path: stranger.port, rate: 115_200 });
  try {
    const heard: string[] = [];
    let wake = (): void => {};
    const listener = (name: string) => () => {
      heard.push(name);
      wake();
    };
    const removeFirst = transport.onBytes(listener('first')) as () => void;
    const removeSecond = transport.onBytes(listener('second')) as () => void;
    removeFirst();
    const came = new Promise<void>((resolve) => {
      wake = resolve;
    });
    stranger.say('a');
    await came;
    removeSecond();
    stranger.say('b');
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
    expect(heard).toEqual(['second']);
  } finally {
    await transport.close();
    await stranger.close();
  }
});

test('the command ends in its time, and at Ctrl-C, on a port that takes no bytes', async () => {
  const stranger = await Stranger.open();
  try {
    stranger.freeze();
    const info = ['info', '--port', stranger.port, '--wait'];
    const ended = await iap([...info, '--timeout', '1500']);
    expect(ended).toMatchObject({ code: 4, error: expect.stringContaining('takes no bytes') });
    const stopped = await iap(info, { at: 'calling on', signal: 'SIGINT' });
    expect(stopped.code).toBe(130);
  } finally {
    await stranger.close();
  }
});
