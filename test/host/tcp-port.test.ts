// tcp://: what a raw connection is as a port, and what is said of servers that are not there.
import { getEventListeners, once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import type { Transport } from '../../host/link/transport.js';
import { openPort } from '../../host/node/open-port.js';
import { closedAtOnce, connectError, connectionLost } from '../../host/node/remote/errors.js';
import { openTcp } from '../../host/node/remote/tcp.js';

async function listen(host: string, serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  }).listen(0, host);
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as { port: number }).port;
}

/** Some containers have none. */
function hasIpv6(): boolean {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ address }) => address === '::1');
}

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '[::1]'],
  ['127.0.0.1', 'localhost'],
])('bytes pass as they are: %s as %s', async (host, name) => {
  if (host === '::1' && !hasIpv6()) return;
  const port = await listen(host, (socket) => socket.pipe(socket));
  const transport = await openPort({ path: `socket://${name}:${port}`, rate: 9600 });
  onTestFinished(() => transport.close());
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  const received: number[] = [];
  await new Promise<void>((resolve) => {
    transport.onBytes((bytes) => {
      received.push(...bytes);
      if (received.length >= all.length) resolve();
    });
    void transport.write(all);
  });
  expect(received).toEqual([...all]);
});

test('it knows that it can not change its rate, and has no lines', async () => {
  const port = await listen('127.0.0.1', () => {});
  const path = `tcp://127.0.0.1:${port}`;
  const transport = await openTcp({ path, rate: 9600 });
  onTestFinished(() => transport.close());
  expect(transport).toMatchObject({ rate: 9600, fixedRate: true });
  expect(transport.setLines).toBeUndefined();
  await transport.setRate(9600);
  await expect(transport.setRate(115200)).rejects.toMatchObject({
    code: 'PORT_FAILED',
    hint: expect.stringContaining('rfc2217://'),
  });
  expect(transport.rate).toBe(9600);
  await expect(openTcp({ path, rate: 9600, lines: { dtr: true } })).rejects.toMatchObject({
    code: 'USAGE',
    message: 'this port has no DTR and RTS outputs',
  });
});

test('drain waits until what was written has left the line at its rate', async () => {
  const port = await listen('127.0.0.1', (socket) => socket.resume());
  const transport = await openTcp({ path: `tcp://127.0.0.1:${port}`, rate: 9600 });
  onTestFinished(() => transport.close());
  const from = performance.now();
  await transport.write(new Uint8Array(48));
  await transport.drain();
  expect(performance.now() - from).toBeGreaterThan(49);
});

test('a server that closes: what it said is quoted', async () => {
  const port = await listen('127.0.0.1', (socket) => socket.end('Port already in use\r\n'));
  const transport = await openTcp({ path: `tcp://127.0.0.1:${port}`, rate: 9600 });
  const error = await new Promise((resolve) => {
    transport.onClose(resolve);
  });
  expect(error).toMatchObject({
    code: 'PORT_LOST',
    message: `the connection to tcp://127.0.0.1:${port} is lost: the server closed it; it says "Port already in use"`,
    hint: expect.stringContaining('run the same command again'),
  });
  await expect(transport.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'PORT_LOST' });
});

test('nobody listens', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  await expect(openTcp({ path: `tcp://127.0.0.1:${port}`, rate: 9600 })).rejects.toMatchObject({
    code: 'PORT_NOT_FOUND',
    message: `nobody listens at port ${port} of 127.0.0.1`,
  });
});

test('a name that does not resolve', async () => {
  const opening = openTcp({ path: 'tcp://no-such-host.invalid:4000', rate: 9600 });
  await expect(opening).rejects.toMatchObject({
    code: 'PORT_NOT_FOUND',
    message: 'no address is known for the name no-such-host.invalid',
  });
});

/** A line, and the server's end of it */
async function connected(rate = 9600): Promise<{ transport: Transport; socket: Socket }> {
  let accepted: (socket: Socket) => void = () => {};
  const served = new Promise<Socket>((resolve) => {
    accepted = resolve;
  });
  const port = await listen('127.0.0.1', accepted);
  const transport = await openPort({ path: `tcp://127.0.0.1:${port}`, rate });
  onTestFinished(() => transport.close());
  return { transport, socket: await served };
}

test('listeners can be removed, and an older remover does not remove a newer listener', async () => {
  const { transport, socket } = await connected();
  const heard: string[] = [];
  let wake = (): void => {};
  const listen = (name: string): (() => void) => {
    const ofBytes = transport.onBytes((bytes) => {
      heard.push(`${name} ${[...bytes]}`);
      wake();
    });
    const ofClose = transport.onClose(({ code }) => heard.push(`${name} ${code}`));
    return () => {
      ofBytes?.();
      ofClose?.();
    };
  };
  const came = (byte: number): Promise<void> => {
    socket.write(Uint8Array.of(byte));
    return new Promise((resolve) => {
      wake = resolve;
    });
  };
  const removeFirst = listen('first');
  const removeSecond = listen('second');
  removeFirst();
  await came(1);
  removeSecond();
  socket.write(Uint8Array.of(2));
  const removeThird = listen('third');
  while (heard.length < 2) await came(3);
  removeThird();
  expect(heard[0]).toBe('second 1');
  expect(heard.slice(1).every((each) => each.startsWith('third'))).toBe(true);
  heard.length = 0;
  listen('fourth');
  socket.destroy();
  await new Promise<void>((resolve) => {
    transport.onClose(() => resolve());
  });
  expect(heard).toEqual([]);
});

test('a write that is interrupted is not begun; nor one after the end', async () => {
  const { transport, socket } = await connected();
  const { signal } = new AbortController();
  await transport.write(Uint8Array.of(1), { signal });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  const stopped = transport.write(Uint8Array.of(2), { signal: AbortSignal.abort() });
  await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
  await transport.write(Uint8Array.of(3));
  const got: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => got.push(chunk));
  const ended = once(socket, 'end');
  await transport.close();
  await ended;
  expect([...Buffer.concat(got)]).toEqual([1, 3]);
  await expect(transport.write(Uint8Array.of(4))).rejects.toMatchObject({ code: 'PORT_LOST' });
});

test('what a server takes no more is waited for, until the signal ends that', async () => {
  const { transport, socket } = await connected();
  socket.pause();
  const stop = new AbortController();
  const much = new Uint8Array(20_000_000);
  const written = transport.write(much, { signal: stop.signal });
  stop.abort();
  await expect(written).rejects.toMatchObject({ code: 'INTERRUPTED' });
});

test('what is written may be written over at once', async () => {
  const { transport, socket } = await connected();
  const bytes = new Uint8Array(3_000_000).fill(7);
  const written = transport.write(bytes);
  bytes.fill(9);
  let wrong = 0;
  let length = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    length += chunk.length;
    wrong += chunk.filter((byte) => byte !== 7).length;
    if (length >= bytes.length) break;
  }
  await written;
  expect({ wrong, length }).toEqual({ wrong: 0, length: bytes.length });
});

test('interrupted, it is not opened', async () => {
  const port = await listen('127.0.0.1', () => {});
  const path = `tcp://127.0.0.1:${port}`;
  const signal = AbortSignal.abort();
  await expect(openTcp({ path, rate: 9600, signal })).rejects.toMatchObject({
    code: 'INTERRUPTED',
  });
  const stop = new AbortController();
  const opening = openTcp({ path, rate: 9600, signal: stop.signal });
  stop.abort();
  await expect(opening).rejects.toMatchObject({ code: 'INTERRUPTED' });
  const open = new AbortController();
  const transport = await openTcp({ path, rate: 9600, signal: open.signal });
  expect(getEventListeners(open.signal, 'abort')).toEqual([]);
  await transport.close();
});

test('drained is nothing at once; an interruption ends the wait', async () => {
  const { transport } = await connected(300);
  await transport.drain();
  await transport.write(new Uint8Array(1000));
  const { signal } = new AbortController();
  const before = transport.drain({ signal: AbortSignal.abort() });
  await expect(before).rejects.toMatchObject({ code: 'INTERRUPTED' });
  const stop = new AbortController();
  const draining = transport.drain({ signal: stop.signal });
  stop.abort();
  await expect(draining).rejects.toMatchObject({ code: 'INTERRUPTED' });
  const { transport: fast } = await connected(1_000_000);
  await fast.write(new Uint8Array(1000));
  await fast.drain({ signal });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('closed by ourselves: nobody is told, and the server sees the end', async () => {
  const { transport, socket } = await connected();
  const told: unknown[] = [];
  transport.onClose((error) => told.push(error));
  const closed = once(socket.resume(), 'close');
  {
    await using used = transport as Transport & AsyncDisposable;
    expect(used.rate).toBe(9600);
  }
  await closed;
  await transport.close();
  expect(told).toEqual([]);
});

test.each(['/dev/ttyUSB0', 'rfc2217://h:1'])('%s is no raw connection', async (path) => {
  await expect(openTcp({ path, rate: 9600 })).rejects.toMatchObject({ code: 'USAGE' });
});

test.each([{ dtr: true }, { rts: false }])(
  '%j can not be set there: nobody is connected to',
  async (lines) => {
    let served = 0;
    const port = await listen('127.0.0.1', () => {
      served++;
    });
    const path = `tcp://127.0.0.1:${port}`;
    await expect(openTcp({ path, rate: 9600, lines })).rejects.toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('rfc2217://'),
      details: { path },
    });
    expect(served).toBe(0);
  },
);

describe('what a network says', () => {
  const place = { protocol: 'tcp', host: 'h\u001b', port: 7, path: 'tcp://h:7' } as const;
  test.each([
    ['ENOTFOUND', 'PORT_NOT_FOUND', 'no address is known for the name h?'],
    ['EAI_AGAIN', 'PORT_NOT_FOUND', 'no address is known for the name h?'],
    ['ECONNREFUSED', 'PORT_NOT_FOUND', 'nobody listens at port 7 of h?'],
    ['EHOSTUNREACH', 'PORT_NOT_FOUND', 'h? can not be reached at port 7'],
    ['ETIMEDOUT', 'PORT_NOT_FOUND', 'h? can not be reached at port 7'],
    ['EACCES', 'PORT_PERMISSION', 'this system does not let tcp://h:7 be reached'],
    ['EODD', 'PORT_FAILED', 'tcp://h:7 can not be opened: odd?'],
  ] as const)('%s', (code, expected, message) => {
    const fault = { code, message: 'odd\u0007' };
    expect(connectError(place, fault)).toMatchObject({
      code: expected,
      message,
      hint: expect.stringMatching(/\w{3}/),
      details: { path: place.path },
      cause: fault,
    });
  });

  test.each([
    [{ message: 'why' }, 'why'],
    [{ message: '', code: 'EODD' }, 'EODD'],
    [{ message: '' }, 'no reason is told'],
  ])('%j: %s', (fault, why) => {
    expect(connectError(place, fault).message).toBe(`tcp://h:7 can not be opened: ${why}`);
  });

  const said = (text: string): Uint8Array => new TextEncoder().encode(text);
  test.each([
    [undefined, '', 'the server closed it'],
    [{ code: 'ECONNRESET', message: 'x' }, '', 'the server broke it off'],
    [{ code: 'EPIPE', message: 'x' }, '', 'the server broke it off'],
    [{ code: 'ETIMEDOUT', message: 'x' }, '', 'nothing comes back any more'],
    [{ code: 'EODD', message: 'odd\u0007' }, '', 'odd?'],
    [{ message: 'odd' }, '', 'odd'],
    [undefined, ' in \r\n use ', 'the server closed it; it says "in use"'],
    [undefined, 'in\u0000use', 'the server closed it'],
    [undefined, ' \r\n', 'the server closed it'],
  ])('lost with %j after %j: %s', (fault, words, why) => {
    const error = connectionLost('tcp://h:7', said(words), fault);
    expect(error.cause).toBe(fault);
    expect(error).toMatchObject({
      code: 'PORT_LOST',
      message: `the connection to tcp://h:7 is lost: ${why}`,
      hint: expect.stringContaining('run the same command again'),
      details: { path: 'tcp://h:7' },
    });
  });

  test('closed before anything was done', () => {
    expect(closedAtOnce('tcp://h:7', said('busy'))).toMatchObject({
      code: 'PORT_BUSY',
      message: 'the server of tcp://h:7 closes the connection at once; it says "busy"',
      hint: expect.stringContaining('another connection may have the port'),
      details: { path: 'tcp://h:7' },
    });
  });
});

test('a server that says much before it closes is not quoted, nor one whose last words are little', async () => {
  const port = await listen('127.0.0.1', (socket) => {
    socket.write('x'.repeat(81), () => socket.end('bye'));
  });
  const transport = await openTcp({ path: `tcp://127.0.0.1:${port}`, rate: 9600 });
  const error = await new Promise<IapError>((resolve) => {
    transport.onClose(resolve);
  });
  expect(error.message).toMatch(/the server closed it$/);
});
