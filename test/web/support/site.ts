// A folder on localhost, as a site; it can be stopped, and say something else in place of a file.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

export class Site {
  readonly folder: string;
  /** By path from the root, in place of the files */
  readonly replaced = new Map<string, Uint8Array | string>();
  #server: Server;
  #port = 0;

  private constructor(folder: string) {
    this.folder = folder;
    this.#server = createServer();
  }

  static async start(folder: string): Promise<Site> {
    const site = new Site(folder);
    await site.start();
    return site;
  }

  get origin(): string {
    return `http://localhost:${this.#port}`;
  }

  /** Again at the same port, after stop() */
  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      const path = normalize(new URL(request.url ?? '/', this.origin).pathname);
      const name = path.endsWith('/') ? `${path}index.html` : path;
      const replaced = this.replaced.get(name);
      const body = replaced === undefined ? readFile(join(this.folder, name)) : replaced;
      Promise.resolve(body).then(
        (bytes) => {
          response.setHeader('content-type', TYPES[extname(name)] ?? 'application/octet-stream');
          response.end(bytes);
        },
        () => {
          response.statusCode = 404;
          response.end('not found');
        },
      );
    });
    this.#server.listen(this.#port, 'localhost');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
