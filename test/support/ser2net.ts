// Debian's ser2net between a board's pty and the network: the server that others use, as it is.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';
import { sharesClock, TempDir } from './board.js';

/** A busy computer only needs longer. */
const START_MS = 60_000;

export interface Remote {
  readonly tcp: string;
  readonly rfc2217: string;
  stop(): Promise<void>;
}

/** A port of this machine that nobody listens at */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Serves a pty, until the test ends. */
export async function serve(pty: string, format = '115200n81'): Promise<Remote> {
  const dir = new TempDir();
  const [raw, telnet] = [await freePort(), await freePort()];
  const connector = `  connector: serialdev,${pty},${format},local`;
  const file = dir.write(
    'ser2net.yaml',
    [
      'connection: &raw',
      `  accepter: tcp,127.0.0.1,${raw}`,
      connector,
      'connection: &telnet',
      `  accepter: telnet(rfc2217),tcp,127.0.0.1,${telnet}`,
      connector,
      '',
    ].join('\n'),
  );
  const child = spawn('/usr/sbin/ser2net', ['-n', '-d', '-c', file], { stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    dir.remove();
  };
  onTestFinished(stop);
  await listening(child, raw);
  await listening(child, telnet);
  const remote = { tcp: `tcp://127.0.0.1:${raw}`, rfc2217: `rfc2217://127.0.0.1:${telnet}`, stop };
  for (const port of [remote.tcp, remote.rfc2217]) sharesClock(port, pty);
  return remote;
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  const end = Date.now() + START_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`ser2net ended at once: ${child.exitCode}`);
    if (Date.now() > end) throw new Error(`ser2net does not listen at ${port}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
