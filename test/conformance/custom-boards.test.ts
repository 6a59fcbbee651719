// Boards as others make them: other clocks, pins and silicon than the ones that are shipped. What the generator takes must
// work, and what can not work it must refuse.
import { beforeAll, describe, expect, it } from 'vitest';
import { conform } from '../../host/conformance/run.js';
import { Workshop } from '../support/workshop.js';
import { Lockstep } from './lockstep.js';

const BUILD_MS = 300_000;
const RUN_MS = 300_000;
/** Clocks, pins and reception are right where an update goes through, at the default rate. */
const CHECKS = ['update'];

interface Custom {
  readonly name: string;
  readonly like: string;
  readonly board: Readonly<Record<string, unknown>>;
  /** A part of its own, like the one of that board */
  readonly part?: Readonly<Record<string, unknown>>;
  /** Options of the virtual board that make it this one */
  readonly args: readonly string[];
  /** What it runs at [mV]; 3300 if missing */
  readonly supply?: number;
}

const WIRE = { rate: 115_200, maxRate: 921_600 };
const CRYSTAL = { hz: 72_000_000, flashWaitStates: 2, hse: { hz: 8_000_000 } };
/** Nobody hears this oscillator at 115200 baud any more. */
const HSI_OFF = ['--hsi', '7640000'];

const CUSTOM: readonly Custom[] = [
  {
    name: 'slow-clone',
    like: 'stm32f103xb',
    board: { part: 'gd32f103xb' },
    args: ['--clone'],
  },
  {
    name: 'gd32f103c8',
    like: 'stm32f103xb',
    part: { family: 'gd32f1', virtualBoard: 'stm32f1' },
    board: {},
    args: ['--clone'],
  },
  {
    name: 'crystal',
    like: 'stm32f103xb',
    board: { clock: CRYSTAL },
    args: ['--hse', '8000000', ...HSI_OFF],
  },
  {
    name: 'crystal-that-is-dead',
    like: 'stm32f103xb',
    board: { clock: CRYSTAL },
    args: [],
  },
  {
    name: 'clock-from-outside-other-pins',
    like: 'stm32f030x8',
    board: {
      clock: { hz: 48_000_000, flashWaitStates: 1, hse: { hz: 16_000_000, bypass: true } },
      usart: { instance: 1, tx: 'PB6', rx: 'PB7', ...WIRE },
    },
    args: ['--hse', '16000000', ...HSI_OFF],
  },
  {
    name: 'remapped',
    like: 'stm32f100xb',
    board: { usart: { instance: 1, tx: 'PB6', rx: 'PB7', ...WIRE }, supplyMv: null },
    args: [],
    supply: 2000,
  },
  {
    name: 'usart2-f1',
    like: 'stm32f103xb',
    board: { usart: { instance: 2, tx: 'PA2', rx: 'PA3', ...WIRE }, supplyMv: 2200 },
    args: ['--uart', '2'],
    supply: 2200,
  },
  {
    name: 'usart2-f0',
    like: 'stm32f030x8',
    board: { usart: { instance: 2, tx: 'PA14', rx: 'PA15', ...WIRE } },
    args: ['--uart', '2'],
  },
  {
    name: 'usart3-f09x',
    like: 'stm32f091xc',
    board: { usart: { instance: 3, tx: 'PC10', rx: 'PC11', ...WIRE } },
    args: ['--uart', '3'],
  },
  {
    name: 'usart3-f3',
    like: 'stm32f303xc',
    board: { usart: { instance: 3, tx: 'PB10', rx: 'PB11', ...WIRE } },
    args: ['--uart', '3'],
  },
  {
    // Its USART1 hangs on APB1, at half the core's clock.
    name: 'stm32f334x8',
    like: 'stm32f303xc',
    part: {
      flash: { base: '0x08000000', size: 65_536, page: 2048, cell: 2 },
      ram: { base: '0x20000000', size: 12_288 },
      ccm: { base: '0x10000000', size: 4096 },
      romBootloaderId: '0x438',
    },
    board: { maxPayload: 528, ring: 2304 },
    args: [],
  },
];

describe('custom boards', () => {
  const workshop = new Workshop('custom-boards');

  beforeAll(async () => {
    workshop.addFamily('gd32f1', 'gd32/f1', 'stm32/f1');
    for (const { name, like, part, board } of CUSTOM) {
      if (part) workshop.add('parts', name, like, part);
      workshop.add('boards', name, like, { ...(part ? { part: name } : {}), ...board });
    }
    workshop.add('boards', 'latch-and-watchdog', 'stm32f103xb', {
      pins: [
        { pin: 'PB5', high: true },
        { pin: 'PB12', high: false },
      ],
      watchdogPin: 'PC13',
    });
    expect(await workshop.generate()).toEqual({ ok: true, text: '' });
    await workshop.virtualBoard();
  }, BUILD_MS);

  it.each(CUSTOM)(
    '$name works',
    async ({ name, board, part, like, args, supply }) => {
      const step = new Lockstep({
        board: await workshop.virtualBoard(),
        part: part ? name : String(board.part ?? like),
        bootloader: await workshop.bootloader(name),
        args,
      });
      const { clock, power, transport } = step;
      try {
        if (supply) await step.command(`supply ${supply}`);
        const options = { clock, power, address: 0, permanent: true, only: CHECKS };
        const { results } = await step.during(conform(transport, options));
        expect(results.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
        expect(results.length).toBe(CHECKS.length);
        expect(await step.counters()).toMatchObject({ state: 'running', violations: 0, faults: 0 });
      } finally {
        await step.stop();
      }
    },
    RUN_MS,
  );

  it(
    'pins are driven from the start, and the watchdog outside hears of it',
    async () => {
      const step = new Lockstep({
        board: await workshop.virtualBoard(),
        part: 'stm32f103xb',
        bootloader: await workshop.bootloader('latch-and-watchdog'),
      });
      const level = async (pin: string): Promise<unknown> =>
        (await step.command(`pin ${pin}`)).level;
      try {
        await step.command('run 3000'); // RAM is cleared before
        expect([await level('PB5'), await level('PB12')]).toEqual([1, 0]);
        const seen: unknown[] = [];
        for (let i = 0; i < 20; i++) {
          seen.push(await level('PC13'));
          await step.command('run 777');
        }
        expect(new Set(seen)).toEqual(new Set([0, 1]));
      } finally {
        await step.stop();
      }
    },
    RUN_MS,
  );
});

/** What the generator must not take: a change of a board, perhaps of its part, and why not. */
const REFUSED: readonly [string, Pick<Custom, 'like' | 'board' | 'part'>, RegExp][] = [
  [
    'stm32f103xg',
    {
      like: 'stm32f103xe',
      part: {
        flash: { base: '0x08000000', size: 1_048_576, page: 2048, cell: 2 },
        romBootloaderId: '0x430',
      },
      board: {},
    },
    /stm32f103xg has two banks of flash/,
  ],
  [
    'stm32f107xc',
    {
      like: 'stm32f103xe',
      part: {
        flash: { base: '0x08000000', size: 262_144, page: 2048, cell: 2 },
        romBootloaderId: '0x418',
      },
      board: {},
    },
    /the PLL of stm32f107xc multiplies 4 MHz by 4 to 9/,
  ],
  [
    'no-usart3',
    { like: 'stm32f030x8', board: { usart: { instance: 3, tx: 'PB10', rx: 'PB11', ...WIRE } } },
    /stm32f030x8 has no USART3/,
  ],
  [
    'other-pins',
    { like: 'stm32f103xb', board: { usart: { instance: 1, tx: 'PA2', rx: 'PA3', ...WIRE } } },
    /USART1 of stm32f103xb is not on PA2 and PA3; it may be on PA9 and PA10, PB6 and PB7/,
  ],
  [
    'no-port',
    { like: 'stm32f030x8', board: { watchdogPin: 'PE1' } },
    /stm32f030x8 has no PE1: its ports are ABCDF/,
  ],
  [
    'no-detector',
    { like: 'stm32f030x8', board: { supplyMv: 2700 } },
    /supplyMv is 2700, and stm32f030x8 has no voltage detector/,
  ],
  ['between', { like: 'stm32f103xb', board: { supplyMv: 2750 } }, /supplyMv/],
  [
    'twice',
    { like: 'stm32f103xb', board: { pins: [{ pin: 'PA9', high: true }] } },
    /PA9 is named twice/,
  ],
  [
    'debugger-pin',
    { like: 'stm32f103xb', board: { pins: [{ pin: 'PB4', high: true }] } },
    /PB4 of an STM32F1 belongs to the debugger/,
  ],
  [
    'crystal',
    {
      like: 'stm32f103xb',
      board: { clock: { hz: 64_000_000, flashWaitStates: 2, hse: { hz: 25_000_000 } } },
    },
    /2 to 16 times 25000000 Hz, or of half of it, and not 64000000 Hz/,
  ],
];

describe('the generator refuses', () => {
  it.each(REFUSED)('%s', async (name, { like, part, board }, why) => {
    const workshop = new Workshop('refused');
    if (part) workshop.add('parts', name, like, part);
    workshop.add('boards', name, like, { ...(part ? { part: name } : {}), ...board });
    const { ok, text } = await workshop.generate();
    expect(text).toMatch(why);
    expect(ok).toBe(false);
  });
});
