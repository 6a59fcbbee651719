// A site on this computer, for this computer alone.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { IapError } from '../base/errors.js';
import { policyOf, type Site } from './web-site.js';

const ADDRESS = '127.0.0.1';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
};

export interface WebServer {
  /** To open in a browser */
  readonly url: string;
  /** Answered so far */
  readonly requests: number;
  close(): Promise<void>;
}

/**
 * @param port 0: any that is free
 * @throws IapError USAGE if the port is in use
 */
export async function serveSite(site: Site, port: number): Promise<WebServer> {
  let requests = 0;
  const policy = `${policyOf(site)}; frame-ancestors 'none'`;
  const server = createServer((request, response) => {
    requests++;
    answer(request, response, site, policy);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, port)));
    server.listen(port, ADDRESS, resolve);
  });
  const { port: chosen } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${chosen}/`,
    get requests() {
      return requests;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections(); // a browser keeps them open
      }),
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  site: Site,
  policy: string,
): void {
  const path = pathOf(request.url ?? '/');
  const bytes = site.get(path);
  const status = statusOf(request, bytes !== undefined);
  if (status !== 200 || !bytes) {
    response.writeHead(status, { 'Content-Type': 'text/plain' }).end();
    return;
  }
  response.writeHead(200, {
    'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
    'Content-Length': bytes.length,
    'Content-Security-Policy': policy,
    'Permissions-Policy': 'serial=(self)',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    // So that the next version of the package is seen at once
    'Cache-Control': 'no-cache',
  });
  response.end(bytes);
}

function statusOf({ method, headers }: IncomingMessage, found: boolean): number {
  // A name of somebody else that leads here
  if (!/^(localhost|127\.0\.0\.1)(:\d+)?$/.test(headers.host ?? '')) return 403;
  if (method !== 'GET' && method !== 'HEAD') return 405;
  return found ? 200 : 404;
}

function pathOf(url: string): string {
  try {
    return decodeURIComponent(url.split('?', 1)[0] ?? '').slice(1) || 'index.html';
  } catch {
    return '';
  }
}

function listenError(error: NodeJS.ErrnoException, port: number): IapError {
  const why = error.code === 'EADDRINUSE' ? 'it is in use' : error.message;
  return new IapError('USAGE', `the page can not be served on port ${port}: ${why}`, {
    hint: 'choose another one with --port; 0 takes any that is free',
    details: { port },
    cause: error,
  });
}
