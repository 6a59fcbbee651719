// Something on a serial port that is not our device: a pty with a script of what it says.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, writeSync } from 'node:fs';

export class Stranger {
  readonly port: string;
  readonly #process: ChildProcess;

  private constructor(port: string, child: ChildProcess) {
    this.port = port;
    this.#process = child;
  }

  /** `onBytes` gets what a host sends; its second argument answers. */
  static async open(
    onBytes: (bytes: Uint8Array, say: (bytes: Uint8Array | string) => void) => void = () => {},
  ): Promise<Stranger> {
    // Node.js has no ptys; script(1), which every Debian has, makes one and copies it to its own standard streams.
    const command = 'stty raw -echo; tty; exec sleep 600';
    const child = spawn('script', ['--quiet', '--flush', '--command', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [bytes] = (await once(child.stdout, 'data')) as [Buffer];
    const stranger = new Stranger(bytes.toString().trim(), child);
    child.stdout.on('data', (sent: Buffer) => onBytes(new Uint8Array(sent), stranger.say));
    return stranger;
  }

  readonly say = (bytes: Uint8Array | string): void => {
    this.#process.stdin?.write(bytes);
  };

  /** It reads nothing any more, and the pty is full and stays so, also when somebody discards what is in it. */
  freeze(): void {
    this.#process.kill('SIGSTOP');
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    const file = openSync(this.port, O_WRONLY | O_NONBLOCK | O_NOCTTY);
    fill(file);
    const filling = setInterval(() => fill(file), 5);
    this.#process.once('exit', () => {
      clearInterval(filling);
      closeSync(file);
    });
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit');
    // script(1) would give its child two seconds; the child goes when the pty does.
    this.#process.kill('SIGKILL');
    await ended;
  }
}

/** Writes until no byte more is taken. */
function fill(file: number): void {
  try {
    for (;;) writeSync(file, Uint8Array.of(0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EAGAIN' && code !== 'EIO') throw error;
  }
}
