// The page served on this computer: what a browser is given, and what nobody else is.
import { once } from 'node:events';
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request,
} from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { serveSite, type WebServer } from '../../host/node/web-server.js';
import type { Site } from '../../host/node/web-site.js';
import { utf8 } from '../support/text-bytes.js';

const PAGE = '<meta http-equiv="Content-Security-Policy" content="default-src \'self\'">';
const FIRMWARE = 'Pumpe für 2.iap';
const SITE: Site = new Map([
  ['index.html', utf8(PAGE)],
  ['page.js', utf8('1')],
  ['page.css', utf8('2')],
  ['icon.svg', utf8('3')],
  ['firmware.json', utf8('4')],
  ['app.webmanifest', utf8('5')],
  [FIRMWARE, Uint8Array.of(0, 255)],
]);

async function served(): Promise<WebServer> {
  const server = await serveSite(SITE, 0);
  onTestFinished(() => server.close());
  return server;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Uint8Array;
}

async function ask(server: WebServer, path: string, options: RequestOptions = {}): Promise<Answer> {
  const { port } = new URL(server.url);
  const sent = request({ host: '127.0.0.1', port, path, agent: false, ...options }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const bytes = new Uint8Array(await buffer(response));
  return { status: response.statusCode, headers: response.headers, bytes };
}

test.each([
  ['/', 'text/html; charset=utf-8', 'index.html'],
  ['/index.html', 'text/html; charset=utf-8', 'index.html'],
  ['/page.js?v=1', 'text/javascript; charset=utf-8', 'page.js'],
  ['/page.css?', 'text/css; charset=utf-8', 'page.css'],
  ['/icon.svg', 'image/svg+xml', 'icon.svg'],
  ['/firmware.json', 'application/json', 'firmware.json'],
  ['/app.webmanifest', 'application/manifest+json', 'app.webmanifest'],
  ['/Pumpe%20f%C3%BCr%202.iap', 'application/octet-stream', FIRMWARE],
])('%s is %s', async (path, type, name) => {
  const content = SITE.get(name);
  expect(await ask(await served(), path)).toMatchObject({
    status: 200,
    bytes: content,
    headers: {
      'content-type': type,
      'content-length': String(content?.length),
      'content-security-policy': "default-src 'self'; frame-ancestors 'none'",
      'permissions-policy': 'serial=(self)',
      'cross-origin-opener-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-cache',
    },
  });
});

test('HEAD tells the same without the bytes', async () => {
  expect(await ask(await served(), '/page.js', { method: 'HEAD' })).toMatchObject({
    status: 200,
    bytes: new Uint8Array(),
    headers: { 'content-length': '1', 'content-type': 'text/javascript; charset=utf-8' },
  });
});

test.each<[string, string, RequestOptions, number]>([
  ['what is not there', '/absent.js', {}, 404],
  ['a path outside', '/../package.json', {}, 404],
  ['a name that is not encoded', '/%ff', {}, 404],
  ['POST', '/page.js', { method: 'POST' }, 405],
  ['a name of somebody else', '/', { headers: { host: 'evil.example' } }, 403],
  ['a name that only begins so', '/', { headers: { host: 'localhost.evil.example' } }, 403],
  ['a name that only ends so', '/', { headers: { host: 'evil-127.0.0.1' } }, 403],
  ['no name at all', '/', { setHost: false }, 400],
])('%s: refused', async (_, path, options, status) => {
  const answer = await ask(await served(), path, options);
  expect(answer.status).toBe(status);
  expect(answer.bytes).toEqual(new Uint8Array());
  if (status !== 400) expect(answer.headers['content-type']).toBe('text/plain');
});

test.each(['localhost', 'localhost:80', '127.0.0.1', '127.0.0.1:8080'])(
  'who calls it %s is answered',
  async (host) => {
    expect(await ask(await served(), '/', { headers: { host } })).toMatchObject({ status: 200 });
  },
);

test('a client of HTTP 1.0 names no host, and gets nothing', async () => {
  const server = await served();
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.end('GET / HTTP/1.0\r\n\r\n');
  expect((await buffer(socket)).toString()).toMatch(/^HTTP\/1\.1 403 /);
});

test('requests are counted, whatever came of them', async () => {
  const server = await served();
  expect(server.requests).toBe(0);
  await ask(server, '/');
  await ask(server, '/absent');
  expect(server.requests).toBe(2);
  expect(server.url).toMatch(/^http:\/\/localhost:\d+\/$/);
});

test('a port in use is told', async () => {
  const server = await served();
  const port = Number(new URL(server.url).port);
  await expect(serveSite(SITE, port)).rejects.toMatchObject({
    code: 'USAGE',
    message: `the page can not be served on port ${port}: it is in use`,
    hint: expect.stringContaining('--port'),
    details: { port },
    cause: { code: 'EADDRINUSE' },
  });
});

// Only Linux has all of 127.0.0.0/8.
test.runIf(process.platform === 'linux')('it listens on no address but its own', async () => {
  const server = await served();
  const socket = connect(Number(new URL(server.url).port), '127.0.0.2');
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNREFUSED');
});

test('closed it lets go of what a browser keeps open', async () => {
  const server = await serveSite(SITE, 0);
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'data');
  const ended = once(socket, 'close');
  await server.close();
  await ended;
});

test('a page that says nothing of its security is not served', async () => {
  const bare: Site = new Map([['index.html', utf8('<p>')]]);
  await expect(serveSite(bare, 0)).rejects.toThrow('no content security policy');
});
