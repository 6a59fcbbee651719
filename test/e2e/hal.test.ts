// The glue for ST's HAL: the examples in bootloader-c/examples/hal-*, with the kit's two files, on stand-ins for the HAL
// (test/hal) and one board of each family. With ST's own HAL and whole projects: scripts/real-hal.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { concat } from '../../host/base/bytes.js';
import { inspect } from '../../host/check/inspect.js';
import type { DeviceInfo } from '../../host/device/device.js';
import { loadImage } from '../../host/image/load.js';
import { loadBoard } from '../../host/node/board-file.js';
import type { UpdateEvent } from '../../host/update/events.js';
import {
  Capability,
  Command,
  encode,
  ImageState,
  Mode,
  Refusal,
  Status,
} from '../../protocol/index.js';
import { built, PARTS, type Part } from '../support/board.js';
import { randomBytes } from '../support/random.js';
import { answersIn, ask, hello, printed, started, wrongRate } from './application.js';
import { expectDone, flash, powerUp, withOutput } from './bench.js';
import { expectNoCollision, PairBench } from './pair-bench.js';

const BOARDS: readonly Part[] = ['stm32f103xb', 'stm32f072xb', 'stm32f303xc'];
const RECEPTION = ['hal-listen', 'hal-interrupt', 'hal-dma'] as const;
const CALLS = 8;

const elf = (board: Part, name: string): string => built('build', 'hal', `${board}-${name}.elf`);
const read = (path: string): Uint8Array => new Uint8Array(readFileSync(path));

describe.each(BOARDS)('%s', (board) => {
  test.each(RECEPTION)('%s is what iap check wants', async (name) => {
    const { part, ...area } = await loadBoard(board);
    const { findings, facts } = inspect(read(elf(board, name)), {}, { part, area });
    expect(findings).toEqual([]);
    expect(facts?.kit?.board).toBe(board);
  });

  test.each([...RECEPTION, 'hal-listen-not-ticked'])(
    '%s answers every call while it prints',
    async (name) => {
      const device = await started(board, elf(board, name));
      for (let call = 0; call < CALLS; call++) {
        // At another place of the line that it prints
        await device.run(1777 * call);
        expect(await hello(device), `call ${call}`).toMatchObject({
          mode: Mode.APP,
          part: PARTS[board].part,
        });
      }
      expect(await printed(device)).toContain(': running');
    },
  );

  test.each(RECEPTION)('%s hears again after a host at another rate', async (name) => {
    const device = await started(board, elf(board, name));
    for (let time = 0; time < 3; time++) {
      await wrongRate(device);
      // The first call may meet the end of a reception that was spoiled.
      await hello(device);
      expect(await hello(device)).toMatchObject({ mode: Mode.APP });
    }
  });

  test.each(['hal-interrupt', 'hal-dma'])('%s: its own protocol goes on', async (name) => {
    const device = await started(board, elf(board, name));
    for (let time = 0; time < 3; time++) {
      await device.send(new TextEncoder().encode('?'));
      expect(await printed(device)).toContain(`${name}: answer`);
      expect(await hello(device)).toMatchObject({ mode: Mode.APP });
    }
  });

  test('hal-listen: confirms itself', async () => {
    const device = await started(board, elf(board, 'hal-listen'));
    await device.run(700_000);
    expect((await hello(device))?.installed.state).toBe(
      ImageState.PRESENT |
        ImageState.TOUCHED |
        ImageState.VALID |
        ImageState.CONFIRMED |
        ImageState.CHECKED |
        ImageState.GOOD,
    );
  });

  test.each(RECEPTION)('%s: ENTER resets it into the bootloader', async (name) => {
    const device = await started(board, elf(board, name));
    await ask(device, Command.ENTER);
    expect((await device.run(200_000)).resets).toEqual(['software']);
    expect(await hello(device)).toMatchObject({ mode: Mode.BOOTLOADER });
  });

  test('iap_hal_may_enter: refuses ENTER with a detail of its own, and goes on', async () => {
    const device = await started(board, elf(board, 'refuses-enter'));
    await ask(device, Command.ENTER);
    const { bytes, resets } = await device.run(200_000);
    expect(resets).toEqual([]);
    expect(answersIn(bytes)).toEqual([
      encode(Refusal, { status: Status.NOT_NOW, detail: 0x12345678 }),
    ]);
    expect(await hello(device)).toMatchObject({ mode: Mode.APP });
    expect(await printed(device)).toContain('hal-listen: running');
  });

  test('without an error callback, reception by DMA is over after a host at another rate', async () => {
    const device = await started(board, elf(board, 'dma-without-callback'));
    expect(await hello(device)).toMatchObject({ mode: Mode.APP });
    await wrongRate(device);
    await hello(device);
    expect(await hello(device)).toBeUndefined();
    expect(await printed(device)).toContain('hal-dma: running');
  });

  test('without a handler of the interrupt nothing is started that the first byte would hang', async () => {
    const device = await started(board, elf(board, 'without-handler'));
    expect(await hello(device)).toBeUndefined();
    expect(await printed(device)).toContain('hal-listen: running');
  });
});

test.each([
  ['stm32f103xb', 'hal-listen', 'hal-dma'],
  ['stm32f072xb', 'hal-dma', 'hal-interrupt'],
  ['stm32f303xc', 'hal-interrupt', 'hal-listen'],
] as const)('%s: %s is updated while it runs, to %s', async (part, first, second) => {
  const board = await powerUp(part, { allowed: ['overruns'] });
  expectDone(await flash(board, elf(part, first)));
  await withOutput(board, (output) => output.printed(`${first}: running`));
  const update = await flash(board, elf(part, second));
  expectDone(update);
  expect(update.events.map(({ event }) => event)).toContain('entering');
  await withOutput(board, (output) => output.printed(`${second}: running`));
});

/** A USART that has the pin from the beginning drives for the idle frame of each start, whoever speaks. */
describe.each([
  ['stm32f103xe-rs485', 'half-duplex', 0],
  ['stm32f030x8-rs485', 'half-duplex', 0],
  ['stm32f030x8-rs485', 'half-duplex-by-usart', 1],
] as const)('%s: %s', (part, name, collisionsAStart) => {
  const image = loadImage(read(elf(part, name))).bytes;
  const other = concat([image, randomBytes(1, 1000)]);

  test.each([
    { echo: false, holdMs: 0 },
    { echo: true, holdMs: 5 },
  ])(
    'is updated while it runs, and drives the pair only while it answers: echo $echo, adapter $holdMs ms',
    async (pair) => {
      const bench = new PairBench(part, pair);
      expect(await bench.update(image)).toMatchObject({ boot: 'started' });
      const events: UpdateEvent[] = [];
      const update = await bench.update(other, { waitApp: true }, (event) => events.push(event));
      expect(update).toMatchObject({ changed: true, boot: 'started' });
      const found = events.find(({ event }) => event === 'found') as { device: DeviceInfo };
      expect(found.device).toMatchObject({ mode: Mode.APP, capabilities: Capability.HALF_DUPLEX });
      await expectNoCollision(bench, 1, 2 * collisionsAStart);
    },
  );
});
