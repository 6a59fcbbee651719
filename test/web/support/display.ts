// An X display with a window manager, for the dialogs of the browser itself, which no page and no debugger reaches.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

export class Display {
  readonly name: string;
  readonly #processes: readonly ChildProcess[];

  private constructor(name: string, processes: readonly ChildProcess[]) {
    this.name = name;
    this.#processes = processes;
  }

  static async start(): Promise<Display> {
    const args = ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'];
    const server = spawn('Xvfb', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    const [number] = (await Promise.race([
      once((server.stdio[3] as Readable).setEncoding('utf8'), 'data'),
      once(server, 'exit').then(([code]) => {
        throw new Error(`Xvfb ended at once: ${code}`);
      }),
    ])) as [string];
    const name = `:${number.trim()}`;
    const manager = spawn('openbox', [], {
      env: { ...process.env, DISPLAY: name },
      stdio: 'ignore',
    });
    const display = new Display(name, [manager, server]);
    // Windows that come before it get no focus. It tells the number of its desktop when it is ready.
    while (!(await display.#xdotool('get_desktop').catch(() => ''))) await setTimeout(20);
    return display;
  }

  /** @param keys names of X keys, pressed one after the other */
  async press(...keys: string[]): Promise<void> {
    await this.#xdotool('key', '--delay', '50', ...keys);
  }

  async #xdotool(...args: string[]): Promise<string> {
    const env = { ...process.env, DISPLAY: this.name };
    return (await promisify(execFile)('xdotool', args, { env })).stdout;
  }

  async stop(): Promise<void> {
    for (const child of this.#processes) {
      const ended = child.exitCode === null ? once(child, 'exit') : undefined;
      child.kill();
      await ended;
    }
  }
}
