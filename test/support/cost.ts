// What signatures cost a board: code, stack and time, measured on the virtual board in its own time.
import { statSync } from 'node:fs';
import { loadImage } from '../../host/image/load.js';
import type { Transport } from '../../host/link/transport.js';
import { update } from '../../host/update/update.js';
import { BOOTLOADER_BASE, Command, FrameDecoder } from '../../protocol/index.js';
import { Lockstep } from '../conformance/lockstep.js';
import { built, demoImage, PARTS, type Part, TempDir } from './board.js';
import { SignedUnit } from './signed-unit.js';
import { reservedStack, symbol } from './stack.js';

const RESPONSE = 0x80;
/** How far the board runs while the start of an application is looked for [ms] */
const LOOK_MS = 5;
const LONGEST_START_MS = 30_000;
/** Longer than the bootloader needs to listen after power-up [ms] */
const STARTED_MS = 50;

interface Session {
  /** From the end of what the host sent to the end of the answer [ms] */
  readonly ms: ReadonlyMap<number, number>;
  readonly stack: number;
}

export interface Cost {
  readonly code: readonly [unsigned: number, signed: number];
  /** Bytes that a whole update uses; the linker reserves `reserved`, and `there` are free of variables */
  readonly stack: readonly [unsigned: number, signed: number];
  readonly reserved: number;
  readonly there: number;
  /** One verification */
  readonly checkMs: number;
  readonly beginMs: number;
  readonly endMs: readonly [unsigned: number, signed: number];
  /** From power-on until the application's first instruction: unsigned, signed, and with verifyAtBoot */
  readonly startMs: readonly [unsigned: number, signed: number, verified: number];
}

class Bench {
  readonly #board: Lockstep;
  readonly #part: Part;
  readonly #folder = new TempDir();

  constructor(part: Part, bootloader: string, stack: number, unit?: SignedUnit) {
    this.#part = part;
    const loads = [...(unit?.flash() ?? [])].filter(([address]) => address !== BOOTLOADER_BASE);
    this.#board = new Lockstep({
      board: built('build', 'board', 'iap-board'),
      part: PARTS[part].part,
      bootloader,
      rate: PARTS[part].rate,
      args: [
        ...PARTS[part].options,
        ...['--stack', `${stack}`, '--flash-typical'],
        ...loads.flatMap(([address, bytes]) => [
          '--load',
          `${this.#folder.write(`${address}.bin`, bytes)}@0x${address.toString(16)}`,
        ]),
      ],
    });
  }

  /** Sends a file; how long each command took the last time */
  async send(file: Uint8Array): Promise<Session> {
    await this.wait(STARTED_MS);
    const ms = new Map<number, number>();
    const sent = new FrameDecoder();
    const heard = new FrameDecoder();
    let asked = 0;
    const { transport } = this.#board;
    const run = update(
      spied(transport, {
        write: (bytes) => {
          const all = sent.push(bytes);
          // The answer's time counts from the last byte on the line.
          asked = this.#board.clock.now() + (bytes.length * 10_000) / transport.rate;
          return all.length;
        },
        bytes: (bytes) => {
          for (const found of heard.push(bytes))
            if (found.kind === 'frame')
              ms.set(found.frame.type & ~RESPONSE, this.#board.clock.now() - asked);
        },
      }),
      loadImage(file, { base: PARTS[this.#part].appBase }),
      { clock: this.#board.clock, boot: false },
    );
    await this.#board.during(
      run.result.then(
        () => undefined,
        () => undefined,
      ),
    );
    return { ms, stack: Number((await this.#board.command('counters')).stackUsed) };
  }

  async startMs(): Promise<number> {
    await this.#board.power.off();
    await this.wait(STARTED_MS);
    await this.#board.power.on();
    const from = this.#board.clock.now();
    while (this.#board.clock.now() - from < LONGEST_START_MS) {
      await this.wait(LOOK_MS);
      const { pc } = await this.#board.command('counters');
      if (Number(pc) >= PARTS[this.#part].appBase && Number(pc) < 0x1000_0000)
        return this.#board.clock.now() - from;
    }
    throw new Error(`${this.#part} starts nothing`);
  }

  async wait(ms: number): Promise<void> {
    await this.#board.during(
      new Promise<void>((resolve) => void this.#board.clock.after(ms, resolve)),
    );
  }

  async stop(): Promise<void> {
    const { errorText, violations } = await this.#board.counters();
    await this.#board.stop();
    this.#folder.remove();
    if (errorText !== null || violations > 0) throw new Error(`${this.#part}: ${errorText}`);
  }
}

function spied(
  transport: Transport,
  on: { write(bytes: Uint8Array): void; bytes(bytes: Uint8Array): void },
): Transport {
  return {
    get rate() {
      return transport.rate;
    },
    write: (bytes) => {
      on.write(bytes);
      return transport.write(bytes);
    },
    onBytes: (listener) =>
      transport.onBytes((bytes) => {
        on.bytes(bytes);
        listener(bytes);
      }),
    onClose: (listener) => transport.onClose(listener),
    setRate: (rate) => transport.setRate(rate),
    drain: () => transport.drain(),
    close: () => transport.close(),
  };
}

async function on<T>(bench: Bench, use: (bench: Bench) => Promise<T>): Promise<T> {
  try {
    return await use(bench);
  } finally {
    await bench.stop();
  }
}

const took = ({ ms }: Session, command: number): number => ms.get(command) ?? Number.NaN;

/** `verified`: the board's bootloader for signed images, built with verifyAtBoot */
export async function costOf(part: Part, verified: string): Promise<Cost> {
  const file = (name: string): string => built('build', part, `bootloader${name}`);
  const app = demoImage(part, 1);
  const reserved = reservedStack(part, true);
  const unit = new SignedUnit(part);
  const good = unit.package(app);
  const wrong = good.slice();
  wrong[255] = (wrong[255] ?? 0) ^ 1;
  const start = async (bench: Bench) => {
    const session = await bench.send(good);
    return { session, startMs: await bench.startMs() };
  };

  const plain = await on(
    new Bench(part, file('.bin'), reservedStack(part, false)),
    async (bench) => {
      const session = await bench.send(app);
      return { session, startMs: await bench.startMs() };
    },
  );
  const refused = await on(new Bench(part, file('-signed.bin'), reserved, unit), (bench) =>
    bench.send(wrong),
  );
  const signed = await on(new Bench(part, file('-signed.bin'), reserved, unit), start);
  const atBoot = await on(new Bench(part, verified, reserved, unit), start);
  const elf = file('-signed.elf');
  return {
    code: [statSync(file('.bin')).size, statSync(file('-signed.bin')).size],
    stack: [plain.session.stack, signed.session.stack],
    reserved,
    there: symbol(elf, 'link_stack_top') - symbol(elf, 'link_bss_end'),
    checkMs: took(refused, Command.BEGIN) - took(plain.session, Command.BEGIN),
    beginMs: took(signed.session, Command.BEGIN),
    endMs: [took(plain.session, Command.END), took(signed.session, Command.END)],
    startMs: [plain.startMs, signed.startMs, atBoot.startMs],
  };
}

const s = (ms: number): string => (ms / 1000).toFixed(2);

/** A row of the table in docs/security.md */
export function costRow(part: Part, cost: Cost): string {
  const { code, stack, reserved, there, checkMs, beginMs, endMs, startMs } = cost;
  const cells = [
    part,
    `${code[0]} → ${code[1]}`,
    `${stack[0]} → ${stack[1]} of ${reserved}, ${there - stack[1]} more`,
    s(checkMs),
    s(beginMs),
    endMs.map(s).join(' → '),
    startMs.slice(0, 2).map(s).join(' → '),
    s(startMs[2]),
  ];
  return `| ${cells.join(' | ')} |`;
}
