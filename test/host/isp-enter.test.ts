// How a ROM bootloader is called, byte by byte and with its times, until it answers or nobody does; at 11 000 baud a byte takes 1 ms.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { type EnterOptions, enter, WIRINGS, type Wiring } from '../../host/isp/index.js';
import { RomClient } from '../../host/isp/rom-client.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { type Reply, ScriptedRom, shown } from '../support/scripted-rom.js';

interface Bench {
  readonly clock: VirtualClock;
  readonly line: ScriptedRom;
  /** The error that entering ends with; undefined: well */
  readonly entered: Promise<IapError | undefined>;
}

function bench(replies: readonly Reply[], options: EnterOptions = {}): Bench {
  const clock = new VirtualClock();
  const line = new ScriptedRom(clock, replies);
  const { trace } = line;
  const entered = enter(line, new RomClient(line, { clock, trace }), options).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof IapError) return error;
      throw error;
    },
  );
  return { clock, line, entered };
}

const wiring = WIRINGS['dtr-reset'] as Wiring;
/** It answers nothing for so many calls. */
const silence = (calls: number): Reply[] => new Array<Reply>(calls).fill([]);

describe('found', () => {
  test.each<[string, readonly Reply[], EnterOptions, string]>([
    ['after a reset', ['79'], {}, '0 > 7f, 1 < 79'],
    ['after a reset, behind 00h', ['00 79'], {}, '0 > 7f, 1 < 79'],
    ['synchronised before', [[], '1f'], {}, '0 > 7f, 100 > 7f, 101 < 1f'],
    [
      'synchronised before, however little time there is',
      [[], '1f'],
      { timeoutMs: 1 },
      '0 > 7f, 100 > 7f, 101 < 1f',
    ],
    ['two NACKs', [[], '1f 1f'], {}, '0 > 7f, 100 > 7f, 101 < 1f'],
    [
      'a NACK among other bytes is none, the next one is',
      ['1f 55', '1f'],
      {},
      '0 > 7f, 1 < 1f, 61 > 7f, 62 < 1f',
    ],
    ['after noise', ['55 56', '1f'], {}, '0 > 7f, 1 < 55, 1 > 7f, 2 < 1f'],
    [
      'an ACK to a later call may be late: it must answer again',
      [[], '79', [], '1f'],
      {},
      '0 > 7f, 100 > 7f, 101 < 79, 161 > 7f, 361 > 7f, 362 < 1f',
    ],
    [
      'within a frame of somebody else, which is filled up',
      [[], [], [], [], [], '1f', '1f'],
      {},
      '0 > 7f, 100 > 7f, 200 > 7f, 300 > 7e7f×63, 424 > 7f, 524 > 7f×64, 649 > 7f, 650 < 1f',
    ],
    [
      'reset by its lines, which are not touched again',
      [[], '1f'],
      { wiring },
      '0 = rts off, dtr on, 100 = rts off, dtr off, 400 > 7f, 500 > 7f, 501 < 1f',
    ],
  ])('%s', async (_name, replies, options, wire) => {
    const { line, entered } = bench(replies, options);
    expect(await entered).toBeUndefined();
    expect(shown(line.wire)).toBe(wire);
  });

  test('what comes while the lines reset the part is dropped', async () => {
    const clock = new VirtualClock();
    const line = new ScriptedRom(clock, ['55', '79']);
    const client = new RomClient(line, { clock, trace: line.trace });
    await line.write(new Uint8Array());
    await enter(line, client, { wiring });
    expect(line.wire.at(-1)).toBe('401 < 79');
  });
});

describe('nobody', () => {
  const EACH_FILL =
    '0 > 7f, 100 > 7f, 200 > 7f, 300 > 7e7f×63, 424 > 7f, 524 > 7f×64, 648 > 7f, 748 > 7f×64, 872 > 7f, 972 > 7f×64';

  test('by hand: frames are filled up once, and then it is called until time is over', async () => {
    const { clock, line, entered } = bench([], { timeoutMs: 1996 });
    const error = await entered;
    expect(shown(line.wire)).toBe(
      `${EACH_FILL}, 1096 > 7f, 1196 > 7f×64, 1320 > 7f, 1420 > 7f, 1520 > 7f, 1620 > 7f, 1720 > 7f, 1820 > 7f, 1920 > 7f`,
    );
    expect(clock.now()).toBe(2020);
    expect(error).toMatchObject({
      code: 'NO_ANSWER',
      hint: expect.stringMatching(/^connect BOOT0 to 3.3 V.*PA9/),
    });
    expect(error?.details).toEqual({ rate: 11_000, timeoutMs: 1996, received: 0 });
  });

  test.each([
    [1720, 1720],
    [1721, 1820],
  ])('with %i ms: until %i ms', async (timeoutMs, ms) => {
    const { clock, entered } = bench([], { timeoutMs });
    await entered;
    expect(clock.now()).toBe(ms);
  });

  test('how long it is called if nothing is said', async () => {
    const { entered } = bench([]);
    expect((await entered)?.details).toMatchObject({ timeoutMs: 2000 });
  });

  test('with lines: reset again every 1.5 s, no frame is filled up', async () => {
    const { line, entered } = bench([], { wiring, timeoutMs: 2400 });
    const error = await entered;
    const calls = (from: number, to: number): string[] =>
      Array.from({ length: (to - from) / 100 + 1 }, (_, i) => `${from + 100 * i} > 7f`);
    expect(line.wire).toEqual([
      '0 = rts off, dtr on',
      '100 = rts off, dtr off',
      ...calls(400, 1800),
      '1900 = rts off, dtr on',
      '2000 = rts off, dtr off',
      '2300 > 7f',
    ]);
    expect(error).toMatchObject({
      code: 'NO_ANSWER',
      hint: expect.stringMatching(/^if DTR and RTS are wired another way/),
    });
  });

  test('that acknowledges, and says nothing more', async () => {
    const { entered } = bench([[], '79', ...silence(100)], { timeoutMs: 3000 });
    const error = await entered;
    expect(error).toMatchObject({
      code: 'LINK_LOST',
      hint: expect.stringMatching(/check supply and reset.*lower --baud/),
    });
    expect(error?.details).toEqual({ rate: 11_000, timeoutMs: 3000, received: 0 });
  });
});

describe('somebody else', () => {
  test.each<[string, readonly Reply[], number, string]>([
    ['text', ['48 65', '6c'], 3, '48656c'],
    ['7Fh to everything', ['7f', '7f 7f', '7f 7f'], 2, '7f7f'],
    ['like a NACK', ['1f 02 55', '41'], 4, '1f025541'],
    ['like an ACK, and text', ['41', '79', [], '42'], 1, '41'],
    ['much', [new Array(20).fill('41').join(' '), '42'], 21, '41'.repeat(16)],
  ])('%s', async (_name, replies, received, first) => {
    const { entered } = bench([...replies, ...silence(60)], { timeoutMs: 1 });
    const error = await entered;
    expect(error).toMatchObject({
      code: 'NOT_OUR_DEVICE',
      hint: expect.stringMatching(/BOOT0.*then with another --baud$/),
    });
    expect(error?.hint).not.toContain('DTR');
    expect(error?.message).toMatch(new RegExp(`: ${received} bytes .*, the first ${first}$`));
    expect(error?.details).toEqual({ rate: 11_000, timeoutMs: 1, received });
  });

  test('with lines: perhaps they are wired another way', async () => {
    const { entered } = bench(['41', '42'], { wiring, timeoutMs: 1 });
    expect(await entered).toMatchObject({
      code: 'NOT_OUR_DEVICE',
      hint: expect.stringContaining('if DTR and RTS are wired another way'),
    });
  });
});

describe('an echo', () => {
  const ECHO: readonly Reply[] = ['7f', '7e 7f'];

  test.each<[string, Reply, boolean]>([
    ['and nobody else', '7e 7f', false],
    ['and a NACK behind it', '7e 7f 1f', true],
    ['and an ACK behind it', '7e 7f 79', true],
    ['and something else behind it', '7e 7f 41', false],
  ])('%s', async (_name, second, rom) => {
    const { entered } = bench(['7f', second, ...ECHO, ...ECHO], { timeoutMs: 600 });
    const error = await entered;
    expect(error).toMatchObject({
      code: 'ECHO',
      details: { rate: 11_000 },
      hint: expect.stringContaining(rom ? 'local echo' : 'TX and RX are connected'),
    });
    expect(error?.message).toMatch(
      rom ? /a ROM bootloader answers behind the echo/ : /nobody else/,
    );
  });

  test('that ends is still told: a part that does not answer was not all of it', async () => {
    const { entered } = bench([...ECHO, ...silence(60)], { timeoutMs: 1500 });
    expect((await entered)?.code).toBe('ECHO');
  });
});
