// A virtual board as a test or the demo uses it: started, talked to through its control socket, listened to, stopped.
// Nothing here knows what is tested.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { openSerial } from '../../host/node/serial.js';
import { APP_BASE, BOOTLOADER_BASE } from '../../protocol/index.js';
import { boardOptions, PARTS, type Part } from './boards.js';
import { MOST_VECTORS } from './images.js';
import { PipedBoard } from './piped-board.js';
import { randomBytes } from './random.js';
import { reservedStack } from './stack.js';

export { BOARD_NAMES, hostOptions, PART_NAMES, PARTS, type Part } from './boards.js';

/** A busy computer only needs longer. */
const START_MS = 120_000;
const STOP_MS = 60_000;
const PRINT_MS = 120_000;

export interface Counters {
  readonly state: 'off' | 'running' | 'lockup' | 'error';
  readonly errorText: string | null;
  /** Whether the ROM bootloader runs */
  readonly rom: boolean;
  readonly virtualTimeUs: number;
  readonly baud: number;
  readonly flashOps: number;
  readonly halfWords: number;
  readonly erases: number;
  /** By flash page, 0 at the start of flash */
  readonly erasesPerPage: Readonly<Record<string, number>>;
  readonly pgErrors: number;
  readonly wrprtErrors: number;
  readonly uartRx: number;
  readonly uartTx: number;
  readonly overruns: number;
  readonly framingErrors: number;
  readonly noiseErrors: number;
  readonly dmaErrors: number;
  readonly unknownAccesses: number;
  readonly violations: number;
  readonly faults: number;
  /** Bytes of stack that the bootloader has used at most */
  readonly stackUsed: number;
  readonly resets: Readonly<Record<'power' | 'pin' | 'software' | 'iwdg', number>>;
  readonly maxLagMs: number;
  readonly lostMs: number;
  readonly txDropped: number;
}

/** The same of a board on a half-duplex pair */
export interface PairCounters extends Counters {
  /** Begun by this board while another one was driving, or the host */
  readonly collisions: number;
  /** Begun by the host */
  readonly hostCollisions: number;
  /** Characters sent with the driver off */
  readonly unheard: number;
}

/**
 * Counters of things that firmware must never do. Framing and noise errors are not among them: a receiver that is started
 * within a character has one, as after every reset under a host that calls.
 */
const MISTAKES = [
  'pgErrors',
  'wrprtErrors',
  'overruns',
  'dmaErrors',
  'unknownAccesses',
  'violations',
  'faults',
] as const;
export type Mistake = (typeof MISTAKES)[number] | 'state';

/** What the board holds against its firmware; empty if nothing. */
export function mistakes(counters: Counters, allowed: readonly Mistake[] = []): string[] {
  const found: string[] = MISTAKES.filter(
    (name) => counters[name] !== 0 && !allowed.includes(name),
  ).map((name) => `${name}: ${counters[name]}`);
  if (counters.errorText !== null) found.push(counters.errorText);
  if (!allowed.includes('state') && counters.state !== 'running')
    found.push(`state: ${counters.state}`);
  return found;
}

/** A file that the build makes. */
export function built(...path: string[]): string {
  const file = join(...path);
  if (!existsSync(file)) throw new Error(`${file} is missing: run scripts/test, which builds it`);
  return file;
}

export function bootloaderFile(part: Part): string {
  return built('build', part, 'bootloader.bin');
}

/** The demo application of a part; `size` pads it with random bytes, so that it is large and still runs. */
export function demoImage(part: Part, version: 1 | 2, size?: number): Uint8Array {
  const app = new Uint8Array(readFileSync(built('build', part, `demo-v${version}.bin`)));
  if (size === undefined) return app;
  const image = randomBytes(version, size);
  image.set(app);
  return image;
}

/** Random bytes with a whole table of vectors that start one endless loop, or an undefined instruction. It can not answer anybody. */
export function deafImage(
  size: number,
  kind: 'hangs' | 'crashes',
  seed = 1,
  base = APP_BASE,
): Uint8Array {
  const image = randomBytes(seed, size);
  const view = new DataView(image.buffer);
  const code = 4 * MOST_VECTORS;
  view.setUint32(0, 0x2000_1000, true);
  for (let at = 4; at < code; at += 4) view.setUint32(at, base + code + 1, true);
  view.setUint16(code, kind === 'hangs' ? 0xe7fe : 0xde00, true);
  return image;
}

/** Application pages as they are in a saved flash, against an image: numbers of those that differ */
export function differingPages(part: Part, flash: Uint8Array, image: Uint8Array): number[] {
  const { appBase, pageSize } = PARTS[part];
  const app = flash.subarray(appBase - BOOTLOADER_BASE);
  const pages = Math.ceil(image.length / pageSize);
  const wanted = new Uint8Array(pages * pageSize).fill(0xff);
  wanted.set(image);
  const differs = (page: number): boolean => {
    const from = page * pageSize;
    const there = app.subarray(from, from + pageSize);
    return there.some((byte, i) => byte !== wanted[from + i]);
  };
  return Array.from({ length: pages }, (_, page) => page).filter(differs);
}

/** How often each application page was erased, 0 at APP_BASE */
export function appErases(part: Part, { erasesPerPage }: Counters): Map<number, number> {
  const { appBase, pageSize } = PARTS[part];
  const first = (appBase - BOOTLOADER_BASE) / pageSize;
  const pages = Object.entries(erasesPerPage).map(
    ([page, n]) => [Number(page) - first, n] as const,
  );
  return new Map(pages.filter(([page]) => page >= 0));
}

/** A directory that goes away with whoever made it, at the latest when the program ends. */
export class TempDir {
  static readonly #all = new Set<TempDir>();
  readonly path = mkdtempSync(join(tmpdir(), 'iap-'));

  static {
    process.once('exit', () => {
      for (const dir of TempDir.#all) dir.remove();
    });
  }

  constructor() {
    TempDir.#all.add(this);
  }

  /** Older than a file that may still be on its way, which commands wait for */
  write(name: string, bytes: Uint8Array | string): string {
    const file = join(this.path, name);
    writeFileSync(file, bytes);
    const at = Date.now() / 1000 - 60;
    utimesSync(file, at, at);
    return file;
  }

  read(name: string): Uint8Array {
    return new Uint8Array(readFileSync(join(this.path, name)));
  }

  remove(): void {
    TempDir.#all.delete(this);
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface BoardOptions {
  /** File of the whole flash; without it the board has a factory-fresh bootloader */
  readonly flash?: string;
  /** Bytes to write first, by address */
  readonly load?: ReadonlyMap<number, Uint8Array>;
  readonly args?: readonly string[];
}

function boardArguments(part: Part, dir: TempDir, options: BoardOptions): string[] {
  const { flash, load, args } = options;
  const mayBeSigned = flash !== undefined || load?.has(BOOTLOADER_BASE) === true;
  const loads = [...(load ?? [])].flatMap(([address, bytes]) => [
    '--load',
    `${dir.write(`load-${address}.bin`, bytes)}@0x${address.toString(16)}`,
  ]);
  const contents =
    flash === undefined
      ? ['--load', `${bootloaderFile(part)}@0x${BOOTLOADER_BASE.toString(16)}`]
      : ['--flash', flash];
  return [
    '--part',
    PARTS[part].part,
    ...boardOptions(part),
    ...['--stack', `${reservedStack(part, mayBeSigned)}`],
    ...contents,
    ...loads,
    ...(args ?? []),
  ];
}

/** The clock of each board, by its port */
const clocks = new Map<string, string>();

/** A port on the network, or any other name of a board's: the command runs on that board's clock, too. */
export function sharesClock(port: string, pty: string): void {
  const clock = clocks.get(realpathSync(pty));
  if (clock) clocks.set(port, clock);
}

/** How to run the command with these arguments, on its own clock. */
export function plainCommand(
  args: readonly string[],
  main = built('dist', 'iap', 'main.js'),
): {
  readonly argv: string[];
  readonly env: NodeJS.ProcessEnv;
} {
  return { argv: [main, ...args], env: process.env };
}

/** How to run the command with these arguments: on the clock of the board that it is told to talk to. */
export function command(
  args: readonly string[],
  main?: string,
): {
  readonly argv: string[];
  readonly env: NodeJS.ProcessEnv;
} {
  const { argv } = plainCommand(args, main);
  const port = args[args.indexOf('--port') + 1] ?? '';
  const clock = clocks.get(existsSync(port) ? realpathSync(port) : port);
  if (!clock) return { argv, env: process.env };
  const preload = pathToFileURL(built('dist', 'test', 'support', 'board-clock.js')).href;
  return { argv: ['--import', preload, ...argv], env: { ...process.env, IAP_BOARD_CLOCK: clock } };
}

/** A board on a pty. */
export class Board {
  readonly part: Part;
  readonly port: string;
  readonly dir: TempDir;
  readonly #process: ChildProcess;
  readonly #control: Socket;
  readonly #answers: AsyncIterator<string>;
  #stopped = false;

  private constructor(
    part: Part,
    port: string,
    dir: TempDir,
    child: ChildProcess,
    control: Socket,
  ) {
    this.part = part;
    this.port = port;
    this.dir = dir;
    this.#process = child;
    this.#control = control;
    this.#answers = createInterface(control)[Symbol.asyncIterator]();
  }

  static async start(part: Part, options: BoardOptions = {}): Promise<Board> {
    const dir = new TempDir();
    const socket = join(dir.path, 'control');
    const clock = join(dir.path, 'clock');
    const files = ['--control', socket, '--clock', clock];
    const args = [...boardArguments(part, dir, options), ...files, '--json'];
    const child = spawn(built('build', 'board', 'iap-board'), args, {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // A board must not outlive the program that started it.
    const orphaned = (): void => {
      child.kill('SIGKILL');
    };
    process.once('exit', orphaned);
    child.once('exit', () => process.off('exit', orphaned));
    try {
      const lines = createInterface(child.stdout);
      const [line] = (await Promise.race([
        once(lines, 'line', { signal: AbortSignal.timeout(START_MS) }),
        once(lines, 'close').then(() => {
          throw new Error(`iap-board ended at once: ${args.join(' ')}`);
        }),
      ])) as [string];
      const { port } = JSON.parse(line) as { port: string };
      clocks.set(port, clock);
      const control = connect(socket);
      await once(control, 'connect');
      return new Board(part, port, dir, child, control);
    } catch (error) {
      child.kill('SIGKILL');
      dir.remove();
      throw error;
    }
  }

  /** One control command; throws if the board refuses it. */
  async command(line: string): Promise<Record<string, unknown>> {
    this.#control.write(`${line}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`the board is gone; it did not answer "${line}"`);
    const answer = JSON.parse(value) as Record<string, unknown>;
    if (answer.ok !== true) throw new Error(`board: ${String(answer.error)}`);
    return answer;
  }

  async counters(): Promise<Counters> {
    return (await this.command('counters')) as unknown as Counters;
  }

  /** SIGSTOP and SIGCONT: a computer that does other things */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.kill(signal);
  }

  /** The flash as it is now */
  async flash(): Promise<Uint8Array> {
    await this.command(`save ${join(this.dir.path, 'saved')}`);
    return this.dir.read('saved');
  }

  /** One bit of flash or RAM turns over, as nobody meant it. */
  async tip(address: number): Promise<void> {
    const { hex } = await this.command(`peek 0x${address.toString(16)} 2`);
    const value = (Number.parseInt(String(hex), 16) ^ 0x0100).toString(16).padStart(4, '0');
    await this.command(`poke 0x${address.toString(16)} ${value}`);
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Of its process */
  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error('the board has not started');
    return pid;
  }

  async listen(): Promise<AppOutput> {
    await this.command('time'); // by now the board has noticed that who listened before has left
    return AppOutput.open(this.port, PARTS[this.part].rate);
  }

  /** Ends the board; returns its exit code. */
  async stop(): Promise<number> {
    if (this.#stopped) return this.#process.exitCode ?? -1;
    this.#stopped = true;
    clocks.delete(this.port); // the next pty may have this name
    const ended = this.#process.exitCode === null ? once(this.#process, 'exit') : undefined;
    const killer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS);
    this.#control.end('quit\n');
    await ended;
    clearTimeout(killer);
    this.dir.remove();
    return this.#process.exitCode ?? -1;
  }
}

export interface Ran {
  readonly timeUs: number;
  readonly state: Counters['state'];
  /** What the device sent meanwhile */
  readonly bytes: Uint8Array;
  readonly resets: readonly string[];
  readonly timeOfFirstByteUs?: number;
}

/** A board in lockstep with its user: no wall clock, so that ten idle seconds cost a blink. */
export class SteppedBoard {
  readonly #board: PipedBoard;
  readonly #dir: TempDir;

  constructor(part: Part, options: BoardOptions = {}) {
    this.#dir = new TempDir();
    const args = boardArguments(part, this.#dir, options);
    this.#board = new PipedBoard(built('build', 'board', 'iap-board'), args);
  }

  command(line: string): Promise<Record<string, unknown>> {
    return this.#board.command(line);
  }

  async counters(): Promise<Counters> {
    return (await this.command('counters')) as unknown as Counters;
  }

  async send(bytes: Uint8Array): Promise<void> {
    await this.command(`send ${Buffer.from(bytes).toString('hex')}`);
  }

  run(us: number): Promise<Ran> {
    return this.#ran(`run ${us}`);
  }

  /** Until the device has sent one byte, or for so long. */
  runUntilByte(us: number): Promise<Ran> {
    return this.#ran(`run-until-byte ${us}`);
  }

  async #ran(line: string): Promise<Ran> {
    const answer = (await this.command(line)) as {
      readonly timeUs: number;
      readonly state: Counters['state'];
      readonly rx: string;
      readonly events: readonly { readonly event: string; readonly cause?: string }[];
    };
    const { timeUs, state, rx, events } = answer;
    const resets = events.flatMap(({ event, cause }) =>
      event === 'reset' && cause ? [cause] : [],
    );
    return { timeUs, state, bytes: new Uint8Array(Buffer.from(rx, 'hex')), resets };
  }

  async stop(): Promise<void> {
    await this.#board.stop();
    this.#dir.remove();
  }
}

/** What a line of the demo application says */
export interface DemoLine {
  readonly version: number;
  readonly tick: number;
  /** Where the application found its vectors in force */
  readonly vectors: number;
  readonly stay: number;
  readonly resetFlags: number;
}

const DEMO_LINE =
  /^demo (\d+): tick (\d+), vectors 0x([0-9a-f]{8}), bootloader stayed for (\d+), reset flags 0x([0-9a-f]{8})$/;

/** Whole lines of the demo application in what a UART received; anything else is left out. */
export function demoLines(text: string): DemoLine[] {
  return text.split(/[\r\n]+/).flatMap((line) => {
    const found = DEMO_LINE.exec(line);
    if (!found) return [];
    const [version, tick, vectors, stay, resetFlags] = found.slice(1).map((digits, i) => {
      return Number.parseInt(digits, i === 2 || i === 4 ? 16 : 10);
    }) as [number, number, number, number, number];
    return [{ version, tick, vectors, stay, resetFlags }];
  });
}

/** The other end of the line while no host is there: what the application prints. */
export class AppOutput {
  text = '';
  readonly #close: () => Promise<void>;
  #wake: () => void = () => {};

  private constructor(close: () => Promise<void>) {
    this.#close = close;
  }

  static async open(port: string, rate: number): Promise<AppOutput> {
    const transport = await openSerial({ path: port, rate });
    const output = new AppOutput(() => transport.close());
    transport.onBytes((bytes) => {
      output.text += Buffer.from(bytes).toString('latin1');
      output.#wake();
    });
    return output;
  }

  /** The first `count` lines of the demo application; throws if they do not come. */
  lines(count: number, timeoutMs = PRINT_MS): Promise<DemoLine[]> {
    return this.#until(`${count} lines of the demo`, timeoutMs, () => {
      const lines = demoLines(this.text.slice(0, this.text.lastIndexOf('\n') + 1));
      return lines.length >= count ? lines : undefined;
    });
  }

  /** Until this was printed; throws if it is not. */
  async printed(text: string, timeoutMs = PRINT_MS): Promise<void> {
    await this.#until(text, timeoutMs, () => this.text.includes(text) || undefined);
  }

  async #until<T>(what: string, timeoutMs: number, look: () => T | undefined): Promise<T> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const left = end - Date.now();
      if (left <= 0) {
        throw new Error(
          `not printed within ${timeoutMs} ms: ${what}; received: ${JSON.stringify(this.text.slice(-300))}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  close(): Promise<void> {
    return this.#close();
  }
}
