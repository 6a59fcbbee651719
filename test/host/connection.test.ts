// A connection to a server of serial ports, on a socket that is none: how it is asked for, how long it is waited for, how it ends.
import { EventEmitter, getEventListeners } from 'node:events';
import { expect, test, vi } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import { Connection } from '../../host/node/remote/connection.js';
import { still, watched } from '../support/still.js';

const net = vi.hoisted(() => ({ connect: (_: unknown): unknown => undefined }));
vi.mock('node:net', async (original) => ({
  ...(await original<typeof import('node:net')>()),
  connect: (options: unknown) => net.connect(options),
}));

const PLACE = { protocol: 'tcp', host: 'h', port: 7, path: 'tcp://h:7' } as const;

class FakeSocket extends EventEmitter {
  destroyed = false;
  ended = false;
  asked: unknown;
  readonly written: { readonly bytes: Uint8Array; done(fault?: Error): void }[] = [];

  write(bytes: Uint8Array, done: (fault?: Error) => void): void {
    this.written.push({ bytes, done });
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.destroyed = true;
  }
}

function newSocket(): FakeSocket {
  const socket = new FakeSocket();
  net.connect = (options) => {
    socket.asked = options;
    return socket;
  };
  return socket;
}

async function connected(): Promise<{ socket: FakeSocket; connection: Connection }> {
  const socket = newSocket();
  const opening = Connection.open(PLACE);
  socket.emit('connect');
  return { socket, connection: await opening };
}

test('each byte goes out at once, and a server that is gone is noticed', () =>
  still(async () => {
    const { socket } = await connected();
    expect(socket.asked).toEqual({
      host: 'h',
      port: 7,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 10_000,
      autoSelectFamilyAttemptTimeout: 3000,
    });
  }));

test('a server that does not answer is given ten seconds', () =>
  still(async (pass) => {
    const socket = newSocket();
    const opening = watched(Connection.open(PLACE));
    await pass(9999);
    expect([opening.state(), socket.destroyed]).toEqual(['waits', false]);
    await pass(1);
    expect(opening.state()).toMatchObject({
      code: 'PORT_NOT_FOUND',
      message: 'h can not be reached at port 7',
    });
    expect(socket.destroyed).toBe(true);
    // It has nothing to say any more.
    socket.emit('error', new Error('late'));
    socket.emit('connect');
  }));

test('one that can not be reached says why', () =>
  still(async () => {
    const socket = newSocket();
    const opening = watched(Connection.open(PLACE, new AbortController().signal));
    socket.emit('error', Object.assign(new Error('x'), { code: 'EACCES' }));
    await Promise.resolve();
    expect(opening.state()).toMatchObject({ code: 'PORT_PERMISSION' });
    expect(socket.destroyed).toBe(true);
  }));

test.each([false, true])('an interruption ends the wait; before it began: %s', (before) =>
  still(async () => {
    const socket = newSocket();
    const stop = new AbortController();
    if (before) stop.abort();
    const opening = watched(Connection.open(PLACE, stop.signal));
    stop.abort();
    await Promise.resolve();
    expect(opening.state()).toMatchObject({ code: 'INTERRUPTED' });
    expect(socket.destroyed).toBe(true);
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  }),
);

test('connected, nobody listens to the signal any more', () =>
  still(async () => {
    const socket = newSocket();
    const stop = new AbortController();
    const opening = Connection.open(PLACE, stop.signal);
    socket.emit('connect');
    await opening;
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    stop.abort();
    expect(socket.destroyed).toBe(false);
    expect(socket.listenerCount('connect')).toBe(0);
  }));

test('what comes goes to whoever listens', async () => {
  const { socket, connection } = await connected();
  const heard: Uint8Array[] = [];
  socket.emit('data', Buffer.of(1));
  connection.onBytes = (bytes) => heard.push(bytes);
  socket.emit('data', Buffer.from(Uint8Array.of(9, 2, 3, 9).buffer, 1, 2));
  expect(heard).toEqual([Uint8Array.of(2, 3)]);
  expect(heard[0]?.constructor).toBe(Uint8Array);
});

test.each([
  [80, true],
  [81, false],
])('of %i bytes a server said before it closed: told again %s', async (count, told) => {
  const { socket, connection } = await connected();
  const lost: IapError[] = [];
  connection.onLost = (error) => lost.push(error);
  const text = 'x'.repeat(count);
  socket.emit('data', Buffer.from(text.slice(0, 40)));
  socket.emit('data', Buffer.from(text.slice(40)));
  socket.emit('close');
  expect(lost.map(({ message }) => message)).toEqual([
    `the connection to tcp://h:7 is lost: the server closed it${told ? `; it says "${text}"` : ''}`,
  ]);
});

test('why it was lost is told, to whoever writes then, too', async () => {
  const { socket, connection } = await connected();
  const lost: IapError[] = [];
  connection.onLost = (error) => lost.push(error);
  socket.emit('error', Object.assign(new Error('x'), { code: 'ECONNRESET' }));
  socket.emit('close');
  await expect(connection.write(Uint8Array.of(1))).rejects.toBe(lost[0]);
  expect(lost).toMatchObject([
    { code: 'PORT_LOST', message: expect.stringContaining('the server broke it off') },
  ]);
  expect(socket.written).toEqual([]);
});

test('written is what the system has taken, as it was then', async () => {
  const { socket, connection } = await connected();
  const { signal } = new AbortController();
  const bytes = Uint8Array.of(1, 2);
  const writing = watched(connection.write(bytes, { signal }));
  bytes.fill(9);
  expect(socket.written.map(({ bytes: sent }) => [...sent])).toEqual([[1, 2]]);
  await Promise.resolve();
  expect(writing.state()).toBe('waits');
  socket.written[0]?.done();
  await Promise.resolve();
  expect(writing.state()).toBe('done');
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('what the system does not take is lost', async () => {
  const { socket, connection } = await connected();
  const writing = connection.write(Uint8Array.of(1));
  socket.written[0]?.done(Object.assign(new Error('x'), { code: 'EPIPE' }));
  await expect(writing).rejects.toMatchObject({
    code: 'PORT_LOST',
    message: expect.stringContaining('the server broke it off'),
  });
});

test('a write ends at an interruption, and is not begun after one', async () => {
  const { socket, connection } = await connected();
  const stop = new AbortController();
  const writing = connection.write(Uint8Array.of(1), { signal: stop.signal });
  stop.abort();
  await expect(writing).rejects.toMatchObject({ code: 'INTERRUPTED' });
  const late = connection.write(Uint8Array.of(2), { signal: stop.signal });
  await expect(late).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(socket.written).toHaveLength(1);
});

test('closed by ourselves it hands over what was written, and nobody is told', () =>
  still(async (pass) => {
    const { socket, connection } = await connected();
    const lost: IapError[] = [];
    connection.onLost = (error) => lost.push(error);
    const closing = watched(connection.close());
    await pass(1);
    expect([closing.state(), socket.ended, socket.destroyed]).toEqual(['waits', true, false]);
    socket.emit('close');
    await pass(0);
    expect([closing.state(), socket.destroyed]).toEqual(['done', true]);
    expect(lost).toEqual([]);
    await expect(connection.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'PORT_LOST' });
    socket.ended = false;
    await connection.close();
    expect(socket.ended).toBe(false);
  }));

test('a server that does not let go is left after two seconds', () =>
  still(async (pass) => {
    const { socket, connection } = await connected();
    const closing = watched(connection.close());
    await pass(1999);
    expect([closing.state(), socket.destroyed]).toEqual(['waits', false]);
    await pass(1);
    expect([closing.state(), socket.destroyed]).toEqual(['done', true]);
  }));
