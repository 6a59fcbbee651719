// What is said again to a ROM bootloader, how often, and what is not: where it was refused, damaged or lost.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { protectReadout, WIRINGS, type Wiring, write } from '../../host/isp/index.js';
import { repeated, unrepeated } from '../../host/isp/rom.js';
import { RomFault, type Step } from '../../host/isp/rom-fault.js';
import type { FakeRomOptions, FakeStep } from '../support/fake-rom.js';
import { randomBytes } from '../support/random.js';
import { at, type Bench, FLASH, failure, NACK, open, WRITE } from '../support/rom-bench.js';

const GO = 0x21;

/** The first so many times that a place is reached */
function first(
  times: number,
  where: (place: FakeStep) => boolean,
  answer: number | 'dead' = NACK,
): NonNullable<FakeRomOptions['odd']> {
  let seen = 0;
  return (place) => (where(place) && ++seen <= times ? answer : undefined);
}

const bytes = randomBytes(1, 256);

describe('what may be repeated', () => {
  const tries = (odd: FakeRomOptions['odd']) => open(odd ? { odd } : {});

  test.each<[FakeStep['step'], number, number]>([
    ['command', NACK, 3],
    ['address', NACK, 3],
    ['data', NACK, 4],
    ['command', 0x41, 4],
    ['address', 0x41, 4],
    ['data', 0x41, 4],
  ])('%s, %i each time: given up', async (step, answer, times) => {
    const { fake, rom } = await tries(first(99, at(WRITE, step), answer));
    const error = await failure(rom.write(FLASH, bytes));
    expect(fake.commands).toEqual(new Array(times).fill(WRITE));
    expect(error.details).toMatchObject({ step, address: '0x08000000' });
  });

  test.each<[FakeStep['step'], number, number]>([
    ['command', NACK, 2],
    ['address', NACK, 2],
    ['data', NACK, 3],
    ['data', 0x41, 3],
  ])('%s, %i, and then well', async (step, answer, times) => {
    const { fake, rom } = await tries(first(times, at(WRITE, step), answer));
    await rom.write(FLASH, bytes);
    expect(fake.flash.subarray(0, 256)).toEqual(bytes);
    expect(fake.commands).toHaveLength(times + 1);
    expect(rom.client.facts.lineDamages).toBe(true);
  });

  test('what goes through at once says nothing against the line', async () => {
    const { rom } = await open();
    await rom.write(FLASH, bytes);
    expect(rom.client.facts.lineDamages).toBe(false);
  });

  test('a part that is gone is not asked again', async () => {
    const { fake, rom } = await open({ odd: first(1, at(WRITE, 'data'), 'dead') });
    const error = await failure(rom.write(FLASH, bytes));
    expect(error).toMatchObject({ code: 'LINK_LOST', message: expect.stringMatching(/any more/) });
    expect(fake.commands).toEqual([WRITE]);
  });

  test('what is no fault of a step is not repeated', async () => {
    const broken = new TypeError('broken');
    const { rom } = await open();
    let calls = 0;
    const action = () => {
      calls++;
      return Promise.reject(broken);
    };
    await expect(repeated(rom.client, action)).rejects.toBe(broken);
    await expect(unrepeated(rom.client, action)).rejects.toBe(broken);
    expect(calls).toBe(2);
  });
});

describe('what must not be done twice', () => {
  const faults =
    (...all: readonly (RomFault | Error | undefined)[]) =>
    () => {
      const left = [...all];
      const count = { calls: 0 };
      return {
        count,
        action: (): Promise<string> => {
          count.calls++;
          const fault = left.shift();
          return fault ? Promise.reject(fault) : Promise.resolve('done');
        },
      };
    };
  const fault = (kind: RomFault['kind'], step: Step): RomFault => new RomFault(kind, GO, step);

  test.each<[string, ReturnType<typeof faults>, string, number, boolean]>([
    ['done', faults(undefined), 'done', 1, false],
    ['refused as damaged: once more', faults(fault('refused', 'pages')), 'done', 2, true],
    [
      'refused twice',
      faults(fault('refused', 'pages'), fault('refused', 'pages')),
      'REFUSED',
      2,
      false,
    ],
    [
      'refused, then silence',
      faults(fault('refused', 'address'), fault('silent', 'address')),
      'LINK_LOST',
      2,
      false,
    ],
    ['silence: it may be done', faults(fault('silent', 'pages')), 'LINK_LOST', 1, false],
    ['noise: it may be done', faults(fault('garbled', 'pages')), 'BAD_ANSWER', 1, false],
    ['refused at its end: it may be done', faults(fault('refused', 'end')), 'REFUSED', 1, false],
    [
      'refused, then broken',
      faults(fault('refused', 'pages'), new TypeError('broken')),
      'broken',
      2,
      false,
    ],
  ])('%s', async (_name, make, outcome, calls, damages) => {
    const { clock, rom } = await open();
    const { action, count } = make();
    const from = clock.now();
    const ended = await unrepeated(rom.client, action).catch((error: Error) =>
      error instanceof IapError ? error.code : error.message,
    );
    expect(ended).toBe(outcome);
    expect(count.calls).toBe(calls);
    expect(rom.client.facts.lineDamages).toBe(damages);
    // Before it is said again, nothing of the refusal may still be on its way.
    expect(clock.now() - from).toBe(calls === 2 ? 60 : 0);
  });
});

describe('ahead', () => {
  const lengths = ({ fake }: Bench): number[] => fake.writes.map(({ length }) => length);

  test('only blocks that are whole and aligned', async () => {
    const bench = await open({}, { ahead: true });
    const { rom } = bench;
    await rom.write(FLASH, bytes);
    await rom.write(FLASH + 4, bytes);
    await rom.read(FLASH, 256);
    await rom.read(FLASH + 4, 256);
    await rom.read(FLASH, 252);
    expect(lengths(bench)).toEqual([7, 258, 2, 5, 258, 9, 2, 5, 2, 2, 5, 2]);
  });

  test('a block that fails is written as usual, and so are all others', async () => {
    const bench = await open({ odd: first(1, at(WRITE, 'data')) }, { ahead: true });
    const { rom, fake } = bench;
    await rom.write(FLASH, bytes);
    await rom.write(FLASH + 256, bytes);
    expect(lengths(bench).filter((length) => length === 7)).toHaveLength(1);
    expect(fake.flash.subarray(256, 512)).toEqual(bytes);
  });

  test('a part that is gone is not asked again', async () => {
    const { fake, rom } = await open({ odd: first(1, at(WRITE, 'data'), 'dead') }, { ahead: true });
    const error = await failure(rom.write(FLASH + 0x100, bytes));
    expect(error).toMatchObject({
      code: 'LINK_LOST',
      message:
        'the ROM bootloader does not answer any more: Write Memory at 0x08000100, after the data',
    });
    expect(fake.commands).toEqual([WRITE]);
  });

  test('stopped: not tried in another way', async () => {
    const bench = await open({}, { ahead: true });
    const { clock, rom } = bench;
    const work = write(rom, [{ address: 0x2000_1000, bytes }]);
    clock.after(0.5, () => void work.return().catch(() => {}));
    expect((await failure(work.result)).code).toBe('INTERRUPTED');
    expect(lengths(bench)).toEqual([7]);
    // … which says nothing against it
    await rom.work(() => rom.read(FLASH, 256)).result;
    expect(lengths(bench).at(-1)).toBe(9);
  });

  test('blocks are whole, whatever holds answers back', async () => {
    const { rom } = await open({ latencyMs: 16 }, { ahead: true });
    expect(rom.blockSizes).toEqual({ read: 256, write: 256 });
  });
});

describe('a part that has reset itself', () => {
  test('is looked for by its lines, for 3 s', async () => {
    const wiring = WIRINGS['dtr-reset'] as Wiring;
    let order = false;
    const { clock, fake, rom } = await open(
      {
        odd: ({ step }) => {
          order ||= step === 'done';
          return undefined;
        },
        toRom: (byte) => (order ? undefined : byte),
      },
      { wiring, wait: true },
    );
    const from = clock.now();
    let resets = 0;
    const setLines = fake.setLines.bind(fake);
    fake.setLines = (lines) => {
      resets++;
      return setLines(lines);
    };
    const error = await failure(protectReadout(rom).result);
    expect(error).toMatchObject({
      code: 'NO_ANSWER',
      message:
        'the part acknowledged Readout Protect and reset, but does not answer any more: whether it took effect is not confirmed',
      hint: expect.stringMatching(/^leave BOOT0 high/),
      details: { timeoutMs: 3000 },
    });
    expect(error.cause).toBeInstanceOf(IapError);
    expect(resets).toBe(4); // two steps, twice
    expect(clock.now() - from).toBeGreaterThanOrEqual(3300);
    expect(clock.now() - from).toBeLessThan(4000);
  });

  test('what it was before says nothing of what it is', async () => {
    const { clock, rom } = await open();
    await rom.write(0x2000_1000, bytes);
    expect(rom.client.facts.count(WRITE)).toBe(1);
    const from = clock.now();
    await rom.reopen('this');
    expect(rom.client.facts.count(WRITE)).toBe(0);
    // Its ROM bootloader needs 300 ms to listen.
    expect(clock.now() - from).toBeGreaterThanOrEqual(300);
    expect(rom.client.resets).toBe(false);
  });

  test('what is no error of ours stays what it is', async () => {
    const broken = new TypeError('broken');
    const { rom } = await open();
    rom.client.get = () => Promise.reject(broken);
    await expect(rom.reopen('this')).rejects.toBe(broken);
  });
});

describe('operations on one part', () => {
  test('take turns, in order', async () => {
    const { rom } = await open();
    const order: string[] = [];
    const step = (name: string, ms: number) =>
      rom.work(async () => {
        order.push(`${name} begins`);
        await rom.client.reader.sleep(ms);
        order.push(`${name} ends`);
      });
    await Promise.all([step('a', 30).result, step('b', 10).result, step('c', 1).result]);
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  test('one that is stopped in the queue ends at once, and does nothing; the next one still waits', async () => {
    const { clock, rom } = await open();
    const order: string[] = [];
    const work = (name: string, ms: number) =>
      rom.work(async () => {
        await rom.client.reader.sleep(ms);
        order.push(`${name} at ${clock.now() - from}`);
      });
    const from = clock.now();
    const all = [work('a', 30), work('b', 10), work('c', 1)] as const;
    const ends = all.map(({ result }) => result.catch((error: Error) => error.message));
    clock.after(5, () => void all[1].return());
    expect(await ends[1]).toBe('interrupted; nothing was changed');
    expect(clock.now() - from).toBe(5);
    await Promise.all(ends);
    expect(order).toEqual(['a at 30', 'c at 31']);
  });

  test('one that was stopped leaves the part to the next one', async () => {
    const { clock, rom } = await open();
    const sleeping = rom.work(() => rom.client.reader.sleep(1000));
    clock.after(5, () => void sleeping.return());
    expect((await failure(sleeping.result)).code).toBe('INTERRUPTED');
    expect(await rom.work(() => rom.read(FLASH, 4)).result).toHaveLength(4);
  });
});
