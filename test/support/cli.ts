// The command, spawned as users do; and its commands run in this process against a fake device.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../host/base/clock.js';
import { IapError } from '../../host/base/errors.js';
import type { Context } from '../../host/cli/link.js';
import { Output } from '../../host/cli/output.js';
import type { Transport } from '../../host/link/transport.js';
import { command } from './board.js';
import { checkLine } from './json-lines.js';

export const MAIN = fileURLToPath(new URL('../../dist/iap/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** What a command is sent, once, when it has said `at`: a second signal may find it ended but for its process, and ends that. */
interface Stop {
  readonly at: string;
  readonly signal: NodeJS.Signals;
}

/** Runs `iap` with `args`. */
export function iap(args: readonly string[], stop?: Stop): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const { argv, env } = command(args);
    const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let error = '';
    let sent = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (stop && !sent && out.includes(stop.at)) sent = child.kill(stop.signal);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      error += text;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      try {
        for (const line of out.split('\n')) {
          if (args.includes('--json') && line !== '') checkLine(JSON.parse(line), args);
        }
        resolve({ code, out, error });
      } catch (why) {
        reject(why);
      }
    });
  });
}

/** All of them as documented */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const value = JSON.parse(line) as Record<string, unknown>;
      checkLine(value);
      return value;
    });
}

class Sink {
  text = '';
  readonly isTTY: boolean;
  readonly columns = 80;
  readonly #json: boolean;

  constructor(isTTY: boolean, json = false) {
    this.isTTY = isTTY;
    this.#json = json;
  }

  write(text: string): boolean {
    this.text += text;
    if (this.#json) checkLine(JSON.parse(text));
    return true;
  }
}

export interface Session {
  readonly context: Context;
  readonly out: Sink;
  readonly error: Sink;
}

/** What a command is given, with a bench behind the port "fake". */
export function session(
  bench: { readonly clock: Clock; readonly line: Transport },
  options: { json?: boolean; tty?: boolean } = {},
): Session {
  const { json = false, tty = false } = options;
  const out = new Sink(tty, json);
  const error = new Sink(tty);
  const context: Context = {
    output: new Output(json, { out, error }),
    signal: new AbortController().signal,
    clock: bench.clock,
    ports: {
      open: ({ path }) =>
        path === 'fake'
          ? Promise.resolve(bench.line)
          : Promise.reject(new IapError('PORT_NOT_FOUND', `there is no port ${path}`)),
      list: () => Promise.resolve([{ path: 'fake', description: 'a fake' }]),
    },
  };
  return { context, out, error };
}

/** Options as yargs would give them */
export const DEFAULTS = {
  port: 'fake',
  initialBaud: 115200,
  address: 0,
  halfDuplex: false,
  json: false,
  wait: false,
  verbose: false,
  boot: true,
  waitApp: false,
  compress: true,
  cache: false,
  dtr: 'keep',
  rts: 'keep',
  lines: 'none',
  invertReset: false,
  invertBoot0: false,
} as const;

/** Of a command that takes several ports */
export const DEFAULTS_OF_PORTS = { ...DEFAULTS, port: ['fake'], all: false } as const;
