// Work on a part in its ROM bootloader, stopped at every moment: at once, in silence, with the truth, and the next one works.
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  erase,
  eraseAll,
  erasePages,
  protectReadout,
  protectWrite,
  Rom,
  type RomEvent,
  type RomOptions,
  read,
  readBack,
  unprotectReadout,
  unprotectWrite,
  type Work,
  write,
} from '../../host/isp/index.js';
import { FakeRom, type FakeRomOptions } from '../support/fake-rom.js';
import { randomBytes } from '../support/random.js';
import { stoppedAt } from '../support/stopped.js';
import { TickClock } from '../support/tick-clock.js';

const bytes = randomBytes(3, 1200);
const segments = [{ address: 0x0800_1000, bytes }];
const PAGES = [0, 1, 2, 3];
const OLD = { address: 0x0800_0000, bytes: randomBytes(4, 2000) };

interface Place {
  readonly clock: TickClock;
  readonly fake: FakeRom;
  readonly rom: Rom;
}

async function place(options: FakeRomOptions, romOptions: Partial<RomOptions>): Promise<Place> {
  const clock = new TickClock();
  const fake = new FakeRom(clock, options);
  fake.flash.set(OLD.bytes);
  return { clock, fake, rom: await Rom.open(fake, { clock, ...romOptions }) };
}

type Begin = (place: Place) => Work<RomEvent, unknown>;

const OPERATIONS: readonly (readonly [string, Begin, RegExp])[] = [
  [
    'write',
    ({ rom }) => write(rom, segments),
    /nothing was changed|may be partly erased|was erased/,
  ],
  [
    'write with mass erase',
    ({ rom }) => write(rom, segments, { massErase: true }),
    /nothing was changed|may be partly erased|was erased/,
  ],
  ['erase pages', ({ rom }) => erasePages(rom, PAGES), /nothing was changed|may be partly erased/],
  ['erase all', ({ rom }) => eraseAll(rom), /nothing was changed|all of flash may be erased/],
  [
    'erase and look',
    ({ rom }) => erase(rom, PAGES, false),
    /nothing was changed|may be partly erased/,
  ],
  ['read', ({ rom }) => read(rom, { address: 0x0800_0000, length: 2000 }), /interrupted/],
  ['read back', ({ rom }) => readBack(rom, [OLD]), /interrupted/],
  [
    'write protection',
    ({ rom }) => protectWrite(rom, [3]),
    /nothing was changed|not (known|confirmed)/,
  ],
  [
    'no write protection',
    ({ rom }) => unprotectWrite(rom),
    /nothing was changed|not (known|confirmed)/,
  ],
  [
    'read-out protection',
    ({ rom }) => protectReadout(rom),
    /nothing was changed|not (known|confirmed)/,
  ],
];

const PARTS: readonly (readonly [string, FakeRomOptions, Partial<RomOptions>])[] = [
  ['a part', {}, {}],
  ['a part with Extended Erase', { extended: true }, {}],
  ['addresses sent ahead', { latencyMs: 4 }, { ahead: true }],
];

describe.each(PARTS)('%s', (_part, options, romOptions) => {
  test.each(OPERATIONS)('%s', async (_name, begin, state) => {
    let moment = 1;
    for (; ; moment++) {
      const at = await place(options, romOptions);
      const { clock, fake, rom } = at;
      const stopped = await stoppedAt(moment, clock, fake, () => begin(at), { onlyReturn: true });
      if (!stopped) break;
      expect(stopped.error.message).toMatch(state);
      if (stopped.error.message.includes('nothing was changed')) {
        expect(fake.pagesErased).toEqual([]);
        expect(fake.protectedSectors).toEqual([]);
      }
      const told = /(\d+) of 1200 bytes are written/.exec(stopped.error.message);
      if (told) expect(stopped.error.details).toMatchObject({ bytesWritten: Number(told[1]) });
      fake.pagesErased.length = 0;
      const known = stopped.error.message.includes('nothing was changed');
      const protectedAtMost = known ? [] : [3];
      // The next one, with nothing in between: it finds out what the part is now.
      await rom.work(async () => {}).result;
      if (rom.info.readProtected) await unprotectReadout(rom).result;
      expect(protectedAtMost).toEqual(expect.arrayContaining(fake.protectedSectors));
      if (rom.info.optionBytes?.protectedSectors.length) await unprotectWrite(rom).result;
      await write(rom, segments).result;
      expect(fake.flash.subarray(0x1000, 0x1000 + bytes.length)).toEqual(bytes);
      // Nothing else was erased by what was left of a command.
      expect(fake.pagesErased.every((page) => page === 2)).toBe(true);
    }
    expect(moment).toBeGreaterThan(2);
  });
});

test('left in a for await: the next command does not run into it', async () => {
  const { rom, fake } = await place({}, {});
  for await (const { event } of write(rom, segments)) if (event === 'progress') break;
  const sent = fake.writes.length;
  await new Promise((resolve) => setImmediate(resolve));
  expect(fake.writes).toHaveLength(sent);
  expect((await read(rom, { address: OLD.address, length: 2000 }).result).bytes).toEqual(OLD.bytes);
});

test('two at once take turns', async () => {
  const { rom, fake } = await place({}, {});
  const both = [write(rom, segments), read(rom, { address: OLD.address, length: 2000 })] as const;
  const [, segment] = await Promise.all([both[0].result, both[1].result]);
  expect(segment.bytes).toEqual(OLD.bytes);
  expect(fake.flash.subarray(0x1000, 0x1000 + bytes.length)).toEqual(bytes);
});

test('one that waits for its turn is stopped at once, too', async () => {
  const { rom, clock } = await place(
    { odd: ({ step }) => (step === 'all' ? 'dead' : undefined) },
    {},
  );
  const first = eraseAll(rom);
  const second = read(rom, { address: OLD.address, length: 2000 });
  const third = read(rom, { address: OLD.address, length: 2000 });
  void first.result;
  void second.result;
  void third.result;
  await clock.pass(20);
  const since = clock.now();
  await second.return();
  expect(clock.now()).toBe(since);
  await first.return();
  await third.return();
  expect(clock.now()).toBe(since);
});

test('1000 operations leave no listener on the signal', async () => {
  const { signal } = new AbortController();
  const { rom } = await place({}, { signal });
  for (let i = 0; i < 1000; i++) {
    const work = read(rom, { address: OLD.address, length: 16 });
    if (i % 2 === 0) await work.result;
    else {
      await work.next();
      await work.return();
    }
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  }
});

test('the signal of the part stops its work', async () => {
  const stop = new AbortController();
  const { rom, clock } = await place({}, { signal: stop.signal });
  const work = write(rom, segments);
  await work.next();
  stop.abort();
  const since = clock.now();
  await expect(work.result).rejects.toMatchObject({
    code: 'INTERRUPTED',
    details: { resumable: false },
  });
  expect(clock.now()).toBe(since);
});
