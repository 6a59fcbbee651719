// A port that takes nothing, or never finishes: every command ends in its time, at an interruption at once, and says what is wrong.
import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import { connect } from '../../host/device/connect.js';
import { openSession } from '../../host/device/open.js';
import { Session } from '../../host/link/session.js';
import { closePort } from '../../host/link/stall.js';
import type { Transport } from '../../host/link/transport.js';
import { openSerial } from '../../host/node/serial.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { Bench } from '../support/bench.js';
import { iap } from '../support/cli.js';
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
