// Half duplex: the real host and the real bootloader on one pair, whose drivers are enforced.
// IAP_PAIR=full tries every case, IAP_PAIR_TABLE=1 prints how long each took.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { concat } from '../../host/base/bytes.js';
import { helloRequest } from '../../host/device/device.js';
import { connect, openSession } from '../../host/index.js';
import { Command, encodeFrame, FrameDecoder, Mode, RESPONSE_BIT } from '../../protocol/index.js';
import { deafImage, demoImage, type Part, TempDir } from '../support/board.js';
import { iap, jsonLines, MAIN } from '../support/cli.js';
import { expectNoCollision, type Pair, PairBench } from './pair-bench.js';

const FULL = process.env.IAP_PAIR === 'full';
const TABLE = process.env.IAP_PAIR_TABLE !== undefined;
const KB = 1024;
/** Virtual time decides; a busy computer only needs longer [ms]. */
const LONGEST_MS = 600_000;

/** Driver enable by software, and by the USART */
const SIZES: ReadonlyMap<Part, number> = new Map([
  ['stm32f103xe-rs485', 64 * KB],
  ['stm32f030x8-rs485', 30 * KB],
]);

function cases(): Pair[] {
  const out: Pair[] = [];
  for (const echo of [false, true]) {
    for (const holdMs of [0, 1, 2, 5]) {
      for (const noise of [0, 1e-4]) out.push({ echo, holdMs, noise });
    }
  }
  return out;
}

const SAMPLE: readonly Pair[] = [
  { echo: false, holdMs: 0, noise: 0 },
  { echo: true, holdMs: 5, noise: 1e-4 },
];

describe.each([...SIZES])('%s', (part, size) => {
  test.each(FULL ? cases() : SAMPLE)(
    'is installed, runs and is updated without a collision: echo $echo, adapter $holdMs ms, noise $noise',
    async (pair) => {
      const bench = new PairBench(part, pair);
      const first = await bench.update(demoImage(part, 1, size), { waitApp: true });
      expect(first).toMatchObject({ changed: true, boot: 'started' });
      await expectNoCollision(bench);
      const second = await bench.update(demoImage(part, 2, size), { waitApp: true });
      expect(second).toMatchObject({ changed: true, boot: 'started' });
      await expectNoCollision(bench);
      if (TABLE) {
        console.log(
          `${part} ${size / KB} KB echo ${pair.echo} hold ${pair.holdMs} ms noise ${pair.noise}: ${first.seconds.toFixed(2)} s, ${second.seconds.toFixed(2)} s`,
        );
      }
    },
    LONGEST_MS,
  );

  test.each([19_200, 9600])(
    'a slow pair, %i baud',
    async (rate) => {
      const bench = new PairBench(part, { holdMs: 2, rate, addresses: [7] });
      await bench.update(demoImage(part, 1, 6 * KB), { address: 7 });
      await expectNoCollision(bench);
    },
    LONGEST_MS,
  );
});

test.each([115_200, 19_200, 9600])(
  'at %i baud a device whose application says nothing is caught when it is reset',
  async (rate) => {
    const part = 'stm32f103xe-rs485';
    const bench = new PairBench(part, { holdMs: 2, rate, addresses: [7] });
    const { clock, transport } = bench.board;
    await bench.update(deafImage(2 * KB, 'hangs'), { address: 7 });
    for (const afterMs of [400, 433, 471]) {
      await bench.pass(300);
      const session = openSession(transport, { clock, address: 7, halfDuplex: true });
      const caught = connect(session, { hold: true, wait: true, timeoutMs: 3000 });
      clock.after(afterMs, () => {
        bench.board.command('reset').catch(() => {});
      });
      const device = await bench.board.during(caught);
      expect(device.info.mode).toBe(Mode.BOOTLOADER);
      await bench.board.during(device.boot());
      session.close();
    }
    await expectNoCollision(bench);
  },
  LONGEST_MS,
);

test.each([1, 30, 1500, 5000])(
  'power lost in flash operation %i: found again on the pair, and goes on',
  async (operation) => {
    const part = 'stm32f103xe-rs485';
    const bench = new PairBench(part, { holdMs: 2, echo: true });
    await bench.board.command(`cut ${operation} 1`);
    let cuts = 0;
    const result = await bench.update(demoImage(part, 1, 16 * KB), { waitApp: true }, (event) => {
      if (event.event !== 'reconnecting') return;
      cuts++;
      bench.board.command('power on').catch(() => {});
    });
    expect({ cuts, boot: result.boot }).toEqual({ cuts: 1, boot: 'started' });
    await expectNoCollision(bench);
  },
  LONGEST_MS,
);

describe('several boards on one pair', () => {
  const part = 'stm32f103xe-rs485';
  const image = demoImage(part, 1, 8 * KB);

  test(
    'each is updated by its address, and no other drives the pair',
    async () => {
      const bench = new PairBench(part, { addresses: [1, 2, 3], holdMs: 2, echo: true });
      await bench.update(image, { address: 2, waitApp: true });
      await expectNoCollision(bench, 3);
      const [one, two] = [await bench.counters(1), await bench.counters(2)];
      expect({ erases: one.erases, sent: one.uartTx }).toEqual({ erases: 0, sent: 0 });
      expect(two.erases).toBeGreaterThan(0);
      await bench.update(image, { address: 3, waitApp: true });
      await expectNoCollision(bench, 3);
    },
    LONGEST_MS,
  );

  test(
    'asked at address 0 both answer, and nobody understands either',
    async () => {
      const bench = new PairBench(part, { addresses: [1, 2] });
      const session = openSession(bench.board.transport, { clock: bench.board.clock });
      const found = connect(session, { hold: true, timeoutMs: 2000 });
      await expect(bench.board.during(found)).rejects.toMatchObject({ name: 'IapError' });
      const { collisions } = await bench.counters(2);
      expect(collisions + (await bench.counters(1)).collisions).toBeGreaterThan(0);
      expect((await bench.counters(1)).hostCollisions).toBe(0);
      const { info } = await bench.board.during(
        connect(openSession(bench.board.transport, { clock: bench.board.clock, address: 2 }), {
          hold: true,
        }),
      );
      expect(info).toMatchObject({ mode: Mode.BOOTLOADER, address: 2 });
    },
    LONGEST_MS,
  );
});

test.each([...SIZES.keys()])(
  '%s: whoever is reset, or changes its rate, while another is updated drives nothing',
  async (part) => {
    const bench = new PairBench(part, { addresses: [1, 2], holdMs: 2 });
    const { clock } = bench.board;
    let resets = 0;
    let cancel = (): void => {};
    const reset = (): void => {
      resets++;
      bench.board.command('@2 reset').catch(() => {});
      cancel = clock.after(37, reset);
    };
    cancel = clock.after(300, reset);
    const options = { address: 1, boot: false, rate: 230_400 };
    const update = await bench.update(demoImage(part, 1, 16 * KB), options);
    cancel();
    expect(update).toMatchObject({ changed: true, rate: 230_400 });
    expect(resets).toBeGreaterThan(10);
    await expectNoCollision(bench, 2);
  },
  LONGEST_MS,
);

test.each([115_200, 57_600, 19_200])(
  'answers behind another device that was faster, however long its answer takes, at %i baud',
  async (rate) => {
    const bench = new PairBench('stm32f030x8-rs485', { addresses: [0], rate });
    const { board } = bench;
    await bench.pass(50);
    const request = { address: 0, type: Command.HELLO, seq: 1, payload: helloRequest(true) };
    const other = { ...request, type: Command.HELLO | RESPONSE_BIT, payload: new Uint8Array(240) };
    const decoder = new FrameDecoder();
    const answers: number[] = [];
    board.transport.onBytes((bytes) => {
      for (const decoded of decoder.push(bytes)) {
        if (decoded.kind === 'frame') answers.push(decoded.frame.type);
      }
    });
    await board.during(board.transport.write(concat([request, other].map(encodeFrame))));
    await bench.pass(1000);
    expect(answers).toEqual([other.type]);
  },
  LONGEST_MS,
);

describe('the pair is enforced', () => {
  const part = 'stm32f103xe-rs485';

  test(
    'whose driver is off is not heard',
    async () => {
      const bench = new PairBench(part, { args: ['--de', 'PA7:high'] });
      const session = openSession(bench.board.transport, { clock: bench.board.clock });
      const found = connect(session, { hold: true, timeoutMs: 1000 });
      await expect(bench.board.during(found)).rejects.toMatchObject({ code: 'NO_ANSWER' });
      expect((await bench.counters()).unheard).toBeGreaterThan(0);
    },
    LONGEST_MS,
  );

  test(
    'an adapter that drives longer than the turn-round time of the board hears nothing',
    async () => {
      const bench = new PairBench(part, { holdMs: 60 });
      const session = openSession(bench.board.transport, { clock: bench.board.clock });
      const found = connect(session, { hold: true, timeoutMs: 1000 });
      await expect(bench.board.during(found)).rejects.toMatchObject({ code: 'NO_ANSWER' });
      expect((await bench.counters()).collisions).toBeGreaterThan(0);
    },
    LONGEST_MS,
  );
});

test(
  'the command: three boards on one pair, each by its address',
  async () => {
    const args = ['board', '--part', 'stm32f103xe-rs485', '--bus', '1-3', '--echo', '--json'];
    const child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      const { port } = JSON.parse(line) as { port: string };
      const dir = new TempDir();
      onTestFinished(() => dir.remove());
      const image = dir.write('demo.bin', demoImage('stm32f103xe-rs485', 1, 4 * KB));
      for (const address of ['2', '3']) {
        const flash = [
          'flash',
          image,
          '--port',
          port,
          '--address',
          address,
          '--wait-app',
          '--json',
        ];
        const { code, out, error } = await iap(flash);
        expect({ code, error }).toEqual({ code: 0, error: '' });
        const device = jsonLines(out).find(({ event }) => event === 'found');
        expect(device).toMatchObject({ device: { address: Number(address) } });
      }
    } finally {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
  },
  LONGEST_MS,
);
