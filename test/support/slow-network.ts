// A network between a client and a server: it takes time, and breaks off when told to.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export class SlowNetwork {
  readonly #server: Server;
  readonly #roundTripMs: number;
  readonly #sockets = new Set<Socket>();
  /** Connections so far */
  connections = 0;

  private constructor(server: Server, roundTripMs: number) {
    this.#server = server;
    this.#roundTripMs = roundTripMs;
  }

  /**
   * To the server of this port name; half of the round trip [ms] in each direction. Ends with the test.
   * @returns it, and the name by which the same port is reached through it
   */
  static async before(
    path: string,
    roundTripMs = 0,
  ): Promise<{ readonly network: SlowNetwork; readonly path: string }> {
    const { protocol, hostname: host, port } = new URL(path);
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const network = new SlowNetwork(server, roundTripMs);
    server.on('connection', (client) => {
      network.connections++;
      network.#join(client, connect({ host, port: Number(port), noDelay: true }));
    });
    onTestFinished(() => network.close());
    const own = (server.address() as { port: number }).port;
    return { network, path: `${protocol}//127.0.0.1:${own}` };
  }

  /** As if somebody pulled the plug of the router: both ends are told. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #join(client: Socket, server: Socket): void {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        this.#late(() => to.destroy());
      });
      from.on('data', (bytes) => this.#late(() => to.write(bytes)));
    }
  }

  /** Timers of one length run in the order in which they were set. */
  #late(action: () => void): void {
    if (this.#roundTripMs === 0) action();
    else setTimeout(action, this.#roundTripMs / 2);
  }
}
