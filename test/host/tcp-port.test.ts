// tcp://: what a raw connection is as a port, and what is said of servers that are not there.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { openPort } from '../../host/node/open-port.js';
import { connectError } from '../../host/node/remote/errors.js';
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

test.each([
  ['ETIMEDOUT', 'PORT_NOT_FOUND'],
  ['EHOSTUNREACH', 'PORT_NOT_FOUND'],
  ['EACCES', 'PORT_PERMISSION'],
  ['ESOMETHING', 'PORT_FAILED'],
])('%s', (code, expected) => {
  const place = { protocol: 'tcp', host: 'h', port: 1, path: 'tcp://h:1' } as const;
  const error = connectError(place, { code, message: 'odd' });
  expect(error.code).toBe(expected);
  expect(error.hint).toBeTruthy();
});
