// Boards on ptys as one full-duplex pair behind a TCP port: all hear what a host sends there, and it hears all of them.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { openSerial } from '../../host/node/serial.js';
import { type Board, PARTS, sharesClock } from './board.js';

export interface SharedPair {
  /** For --port */
  readonly port: string;
  close(): Promise<void>;
}

/** The clock is that of the first board. */
export async function pairOf(boards: readonly Board[]): Promise<SharedPair> {
  const ports = await Promise.all(
    boards.map(({ port, part }) => openSerial({ path: port, rate: PARTS[part].rate })),
  );
  const hosts = new Set<Socket>();
  for (const port of ports) {
    port.onBytes((bytes) => {
      for (const host of hosts) host.write(bytes);
    });
  }
  const server = createServer((host) => {
    hosts.add(host);
    host.on('data', (bytes) => {
      for (const port of ports) void port.write(new Uint8Array(bytes)).catch(() => {});
    });
    host.on('error', () => {});
    host.on('close', () => hosts.delete(host));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const name = `tcp://127.0.0.1:${port}`;
  const [first] = boards;
  if (first) sharesClock(name, first.port);
  return {
    port: name,
    close: async () => {
      for (const host of hosts) host.destroy();
      server.close();
      await Promise.all(ports.map((one) => one.close()));
    },
  };
}
