// Several boards with the real bootloader on one pair: one image to all of them, in virtual time and through the command.
import { describe, expect, onTestFinished, test } from 'vitest';
import { buildIdentity } from '../../host/factory/identity.js';
import {
  type GroupEvent,
  type GroupOptions,
  type GroupResult,
  placesBelow,
  updateGroup,
  update as updateOne,
} from '../../host/index.js';
import {
  type Board,
  deafImage,
  demoImage,
  differingPages,
  PARTS,
  type Part,
} from '../support/board.js';
import { iap } from '../support/cli.js';
import { PairOfBoards, type PairOfBoardsOptions, PRODUCT } from '../support/pair-of-boards.js';
import { pairOf } from '../support/pty-pair.js';
import { powerUp, start } from './bench.js';
import { PairBench } from './pair-bench.js';

const LONGEST_MS = 600_000;
/** IAP_GROUP=full computes the figures of docs/command-line.md, which takes some minutes. */
const FULL = process.env.IAP_GROUP === 'full';

interface Ran {
  readonly pair: PairOfBoards;
  readonly result: GroupResult;
  readonly seconds: number;
}

async function update(
  part: Part,
  options: PairOfBoardsOptions,
  image: Uint8Array,
  {
    onEvent = () => {},
    ...group
  }: GroupOptions & { onEvent?: (event: GroupEvent, pair: PairOfBoards) => void } = {},
): Promise<Ran> {
  const pair = new PairOfBoards(part, options);
  onTestFinished(() => pair.stop());
  const { clock, transport } = pair;
  const run = updateGroup(transport, { base: undefined, bytes: image }, options.addresses, {
    clock,
    ...group,
  });
  for (;;) {
    const step = await run.next();
    if (step.done) return { pair, result: step.value, seconds: clock.now() / 1000 };
    onEvent(step.value, pair);
  }
}

async function expectFlashes(
  pair: PairOfBoards,
  part: Part,
  image: Uint8Array,
  addresses: readonly number[],
): Promise<void> {
  for (const address of addresses) {
    expect(differingPages(part, await pair.at(address).flash(), image)).toEqual([]);
  }
}

describe('in virtual time', { timeout: LONGEST_MS }, () => {
  test.each(['stm32f103xb', 'stm32f030x8'] as const)('%s: three of them', async (part) => {
    const image = demoImage(part, 1, 12_001);
    const { pair, result } = await update(part, { addresses: [1, 2, 3] }, image, { boot: false });
    expect(result.members.map(({ error, together }) => [error, together])).toEqual([
      [undefined, true],
      [undefined, true],
      [undefined, true],
    ]);
    await expectFlashes(pair, part, image, [1, 2, 3]);
    expect(await pair.mistakes()).toEqual([]);
    expect(pair.collisions).toBe(0);
  });

  test('noise at each receiver', async () => {
    const part = 'stm32f103xb';
    const image = demoImage(part, 1, 12_001);
    const options = { addresses: [1, 2, 3], noise: 2e-4, seed: 3 };
    const { pair, result } = await update(part, options, image, { boot: false });
    expect(result.members.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
    await expectFlashes(pair, part, image, [1, 2, 3]);
  });

  test('called by address 0 neither of two is touched', async () => {
    const part = 'stm32f103xb';
    const pair = new PairOfBoards(part, { addresses: [1, 2] });
    onTestFinished(() => pair.stop());
    const image = { base: undefined, bytes: demoImage(part, 1) };
    const work = updateOne(pair.transport, image, { clock: pair.clock, timeoutMs: 2000 });
    await expect(work.result).rejects.toMatchObject({ code: 'SEVERAL_DEVICES' });
    for (const board of pair.boards) expect((await board.counters()).flashOps).toBe(0);
  });

  test('one that falls off the pair in the middle', async () => {
    const part = 'stm32f103xb';
    const image = demoImage(part, 1, 20_001);
    const { pair, result } = await update(part, { addresses: [1, 2, 3] }, image, {
      boot: false,
      timeoutMs: 1000,
      onEvent: (event, on) => {
        if (event.event === 'progress' && event.bytesDone > 5000) on.at(2).cut = true;
      },
    });
    expect(result.members.map(({ error }) => error?.code)).toEqual([
      undefined,
      expect.stringMatching(/NO_ANSWER|LINK_LOST/),
      undefined,
    ]);
    await expectFlashes(pair, part, image, [1, 3]);
  });
});

describe('on one half-duplex pair', { timeout: LONGEST_MS }, () => {
  test.each([false, true])(
    'three of them, echo %s: nobody sends while another does',
    async (echo) => {
      const part = 'stm32f030x8-rs485';
      const bench = new PairBench(part, { addresses: [1, 2, 3], echo });
      const image = { base: undefined, bytes: demoImage(part, 1, 12_001) };
      const { clock, transport } = bench.board;
      const { result } = updateGroup(transport, image, [1, 2, 3], { clock, boot: false });
      const { members } = await bench.board.during(result);
      expect(members.map(({ error, together }) => [error, together])).toEqual(
        Array.from({ length: 3 }, () => [undefined, true]),
      );
      const { collisions, hostCollisions } = await bench.counters();
      expect({ collisions, hostCollisions }).toEqual({ collisions: 0, hostCollisions: 0 });
    },
  );
});

describe.runIf(FULL)('64 KB, 115200 baud, stm32f103xe', { timeout: 4 * LONGEST_MS }, () => {
  const part = 'stm32f103xe';
  // A demo that is started prints, which no application on a shared pair may.
  const image = deafImage(65_536, 'hangs');
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

  test('one by itself', async () => {
    const pair = new PairOfBoards(part, { addresses: [1] });
    onTestFinished(() => pair.stop());
    const { clock, transport } = pair;
    await updateOne(transport, { base: undefined, bytes: image }, { clock, address: 1 }).result;
    console.log(`one by itself: ${(clock.now() / 1000).toFixed(2)} s`);
  });

  test.each([1, 2, 4, 8])('%i devices', async (count) => {
    const { pair, result, seconds } = await update(part, { addresses: upTo(count) }, image);
    console.log(`${count} devices: ${seconds.toFixed(2)} s, collisions ${pair.collisions}`);
    expect(result.members.every(({ error, together }) => !error && together)).toBe(true);
    expect(seconds).toBeLessThan(8.5);
    expect(await pair.mistakes()).toEqual([]);
  });

  test.each([2e-5, 1e-4])('4 devices, %f of the bytes damaged at each receiver', async (noise) => {
    const options = { addresses: upTo(4), noise, seed: 1 };
    const { pair, result, seconds } = await update(part, options, image, { boot: false });
    console.log(`4 devices, noise ${noise}: ${seconds.toFixed(2)} s`);
    expect(result.members.every(({ error }) => !error)).toBe(true);
    await expectFlashes(pair, part, image, upTo(4));
  });

  test.each(['silent', 'cut'])('4 devices, one of them %s', async (how) => {
    let done = 0;
    const { pair, result, seconds } = await update(part, { addresses: upTo(4) }, image, {
      timeoutMs: 1000,
      onEvent: (event, on) => {
        const cut = event.event === 'progress' && event.bytesDone > 20_000;
        if (how === 'silent' || cut) on.at(2).cut = true;
        if (event.event === 'booted') done = on.clock.now() / 1000;
      },
    });
    console.log(
      `4 devices, one ${how}: the others ${done.toFixed(2)} s, all ${seconds.toFixed(2)} s`,
    );
    expect(result.members.map(({ error }) => error === undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect(pair.boards).toHaveLength(4);
  });
});

describe('the command', { timeout: LONGEST_MS }, () => {
  const part = 'stm32f103xb';

  function unit(address: number): Promise<Board> {
    const at = placesBelow(PARTS[part].appBase).identity;
    const identity = buildIdentity({ product: PRODUCT, address, serial: `unit ${address}` });
    const args = ['--uid', address.toString(16).padStart(24, '0')];
    return powerUp(part, { load: new Map([[at, identity]]), args });
  }

  async function bus(...addresses: number[]): Promise<{ boards: Board[]; port: string }> {
    const boards = await Promise.all(addresses.map(unit));
    const pair = await pairOf(boards);
    onTestFinished(() => pair.close());
    return { boards, port: pair.port };
  }

  test('scan finds them, flash updates them, and says what became of each', async () => {
    const { boards, port } = await bus(1, 2, 5);
    const [first] = boards;
    const scanned = await start('scan', '--port', port, '--addresses', '1-8', '--json').done;
    expect(scanned).toMatchObject({ code: 0, result: { ok: true, devices: 3 } });
    const image = demoImage(part, 1, 9001);
    const file = first?.dir.write('app.bin', image) ?? '';
    const args = ['flash', file, '--port', port, '--addresses', '1-2,5', '--no-boot', '--json'];
    const flashed = await start(...args).done;
    expect(flashed).toMatchObject({ code: 0, result: { ok: true, devices: 3 } });
    for (const board of boards) {
      expect(differingPages(part, await board.flash(), image)).toEqual([]);
    }
  });

  test('stopped in the middle it says what became of each, and goes on when it is run again', async () => {
    const { boards, port } = await bus(1, 2);
    const image = demoImage(part, 1, 20_001);
    const file = boards[0]?.dir.write('app.bin', image) ?? '';
    const args = ['flash', file, '--port', port, '--addresses', '1-2', '--no-boot'];
    const stopped = await iap(args, { at: '%  ', signal: 'SIGINT' });
    expect(stopped).toMatchObject({ code: 130 });
    expect(stopped.out).toMatch(/^2 .* interrupted; its update is begun, and goes on where it/m);
    const again = await start(...args, '--json').done;
    expect(again).toMatchObject({ code: 0, result: { ok: true, devices: 2 } });
    expect(again.result?.pagesSent).toBeLessThan(20);
    for (const board of boards) {
      expect(differingPages(part, await board.flash(), image)).toEqual([]);
    }
  });

  test('one that is not there: the others are done, and the exit code says so', async () => {
    const { boards, port } = await bus(1, 2);
    const [first] = boards;
    const file = first?.dir.write('app.bin', demoImage(part, 1)) ?? '';
    const flashed = await start('flash', file, '--port', port, '--addresses', '1-3', '--json').done;
    expect(flashed).toMatchObject({ code: 4, result: { ok: false, code: 'NO_ANSWER' } });
    const members = flashed.events.filter(({ event }) => event === 'member');
    expect(members.map(({ ok }) => ok)).toEqual([true, true, false]);
  });
});
