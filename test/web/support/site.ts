// Files as a site on this computer: what a server of somebody's own may get wrong.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import type { Site } from '../../../host/node/web-site.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** @returns its TCP port, and how to stop it */
export async function serveFiles(site: Site): Promise<{ port: number; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const name = decodeURIComponent(request.url ?? '').slice(1) || 'index.html';
    const bytes = site.get(name);
    response.statusCode = bytes ? 200 : 404;
    response.setHeader('content-type', TYPES[extname(name)] ?? 'application/octet-stream');
    response.end(bytes);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
