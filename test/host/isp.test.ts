// The ROM bootloader's client on lines that lose and damage bytes, and with the oddities that parts have.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { chipOf, FAMILIES } from '../../host/isp/chips.js';
import { blocksOf, pagesOfSegments, sortByMemory } from '../../host/isp/image.js';
import {
  Rom,
  type RomOptions,
  type RomWork,
  readBack,
  sectorsOf,
  write,
} from '../../host/isp/index.js';
import { decodeOptionBytes } from '../../host/isp/option-bytes.js';
import { PARTS } from '../../host/parts/parts.generated.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { FakeRom, type FakeRomOptions } from '../support/fake-rom.js';
import { randomBytes, randomFrom } from '../support/random.js';

async function done<T>(work: RomWork<T>): Promise<T> {
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
  }
}

async function open(
  options: FakeRomOptions = {},
  romOptions: Partial<RomOptions> = {},
): Promise<{ readonly fake: FakeRom; readonly rom: Rom; readonly clock: VirtualClock }> {
  const clock = new VirtualClock();
  const fake = new FakeRom(clock, options);
  return { fake, clock, rom: await Rom.open(fake, { clock, ...romOptions }) };
}

const pass = (clock: VirtualClock): Promise<void> =>
  new Promise((resolve) => clock.after(10, resolve));

const at = (bytes: Uint8Array): { address: number; bytes: Uint8Array }[] => [
  { address: 0x0800_0000, bytes },
];

describe('entry', () => {
  test.each<[string, FakeRomOptions]>([
    ['a part after a reset', {}],
    ['a part that another host has synchronised', { synced: true }],
    ['a transmitter that begins with 00h', { zeroFirst: true }],
    ['an adapter of 16 ms', { latencyMs: 16 }],
    ['a network of 90 ms', { latencyMs: 90 }],
  ])('%s', async (_name, options) => {
    const { rom } = await open(options);
    expect(rom.info).toMatchObject({ pid: 0x414, version: 0x22, flashSize: 64 * 1024 });
  });

  describe.each(['measured', 'unknown'] as const)('a network, %s', (network) => {
    describe.each([5, 200, 1000])('of %i ms there and back', (latencyMs) => {
      test.each<[string, FakeRomOptions]>([
        ['a part after a reset', {}],
        ['a part that another host has synchronised', { synced: true }],
      ])('%s: found, written and read back', async (_name, options) => {
        const { fake, rom } = await open({ ...options, latencyMs, network });
        const image = randomBytes(1, 1000);
        await done(write(rom, at(image)));
        expect(fake.flash.subarray(0, image.length)).toEqual(image);
      });

      test('a block that is lost is sent again', async () => {
        let lost = 0;
        const odd: FakeRomOptions['odd'] = ({ code, step }) =>
          code === 0x31 && step === 'data' && lost++ === 1 ? 0x1f : undefined;
        const { fake, rom } = await open({ latencyMs, network, odd });
        const image = randomBytes(2, 1000);
        await done(write(rom, at(image)));
        expect(fake.flash.subarray(0, image.length)).toEqual(image);
      });
    });

    test('nobody there: said within some seconds', async () => {
      const clock = new VirtualClock();
      const fake = new FakeRom(clock, { toRom: () => undefined, latencyMs: 200, network });
      await expect(Rom.open(fake, { clock })).rejects.toMatchObject({ code: 'NO_ANSWER' });
      expect(clock.now()).toBeLessThan(5000);
    });
  });

  test('an answer that comes only after the next call is not measured as the answer to that', async () => {
    const { fake, rom } = await open({ latencyMs: 1650, network: 'unknown' });
    const image = randomBytes(1, 1000);
    await done(write(rom, at(image)));
    expect(fake.flash.subarray(0, image.length)).toEqual(image);
  });

  test('the 00h before the first ACK costs no second call', async () => {
    const { fake } = await open({ zeroFirst: true });
    expect(fake.writes.filter(([byte]) => byte === 0x7f)).toHaveLength(1);
  });

  test.each([2, 3, 100, 200, 257])(
    'a part that waits for %i more bytes of a write: they are filled up, and refused',
    async (missing) => {
      const clock = new VirtualClock();
      const fake = new FakeRom(clock, { synced: true });
      const frame = [0x31, 0xce, 0x08, 0, 0, 0, 0x08, 0xff, ...new Array<number>(257).fill(0x55)];
      await fake.write(Uint8Array.from(frame.slice(0, frame.length - missing)));
      await pass(clock); // who sent it has had the answers
      const rom = await Rom.open(fake, { clock });
      expect(rom.info.pid).toBe(0x414);
      expect(fake.flash.every((byte) => byte === 0xff)).toBe(true);
    },
  );

  test.each([1, 2, 3, 10])(
    'a part that waits for a list of pages, %i bytes of it sent: none is erased',
    async (sent) => {
      const clock = new VirtualClock();
      const fake = new FakeRom(clock, { synced: true });
      await fake.write(
        Uint8Array.of(0x43, 0xbc, ...[40, 1, 2, 3, 4, 5, 6, 7, 8, 9].slice(0, sent - 1)),
      );
      await pass(clock);
      await Rom.open(fake, { clock });
      expect(fake.pagesErased).toEqual([]);
    },
  );

  test.each([1, 2])('read-out protection, with %i NACK', async (nacks) => {
    const { rom } = await open({ readProtected: true, nacks });
    expect(rom.info).toMatchObject({ pid: 0x414, readProtected: true, flashSize: undefined });
    await expect(done(write(rom, at(randomBytes(1, 100))))).rejects.toMatchObject({
      code: 'READ_PROTECTED',
    });
  });

  test('nobody: what to do is said, and how long it was tried', async () => {
    const clock = new VirtualClock();
    const fake = new FakeRom(clock, { toRom: () => undefined });
    const before = clock.now();
    await expect(Rom.open(fake, { clock, timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'NO_ANSWER',
      hint: expect.stringMatching(/BOOT0 to 3.3 V.*press reset/),
    });
    expect(clock.now() - before).toBeGreaterThanOrEqual(1000);
    expect(clock.now() - before).toBeLessThan(1200);
  });

  test.each([300, 5000])(
    'nobody, with wait: given up after %i ms if so asked',
    async (timeoutMs) => {
      const clock = new VirtualClock();
      const fake = new FakeRom(clock, { toRom: () => undefined });
      await expect(Rom.open(fake, { clock, wait: true, timeoutMs })).rejects.toMatchObject({
        code: 'NO_ANSWER',
        message: expect.stringContaining(`within ${(timeoutMs / 1000).toFixed(1)} s`),
      });
      expect(clock.now()).toBeLessThan(timeoutMs + 200);
    },
  );

  test('an application that talks is not taken for a ROM bootloader', async () => {
    const clock = new VirtualClock();
    const fake = new FakeRom(clock, { toHost: () => 0x41 });
    await expect(Rom.open(fake, { clock, timeoutMs: 500 })).rejects.toMatchObject({
      code: 'NOT_OUR_DEVICE',
      message: expect.stringContaining('41'),
    });
  });

  test('a byte like NACK among others is not taken for a ROM bootloader', async () => {
    const clock = new VirtualClock();
    const fake = new FakeRom(clock, { toRom: () => undefined });
    fake.talk(0x1f, 0x02, 0x55); // what is left of an answer to somebody else
    await expect(Rom.open(fake, { clock, timeoutMs: 500 })).rejects.toMatchObject({
      code: 'NOT_OUR_DEVICE',
      message: expect.stringMatching(/3 bytes.*1f ?02 ?55/i),
    });
  });

  test('interrupted while it calls', async () => {
    const clock = new VirtualClock();
    const stop = new AbortController();
    const fake = new FakeRom(clock, { toRom: () => undefined });
    clock.after(5000, () => stop.abort());
    await expect(Rom.open(fake, { clock, wait: true, signal: stop.signal })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
  });
});

describe('lines that lose and damage bytes', () => {
  const image = randomBytes(7, 20_000);

  test.each([1, 2, 3, 4, 5])('bytes damaged towards the part, seed %i', async (seed) => {
    const random = randomFrom(seed);
    let on = false;
    const toRom = (byte: number): number =>
      on && random() < 0.0005 ? byte ^ (1 << Math.floor(random() * 8)) : byte;
    const { rom, fake } = await open({ toRom });
    on = true;
    await settled(done(write(rom, at(image))), fake, image);
  });

  test.each([1, 2, 3, 4, 5])('bytes lost both ways, seed %i', async (seed) => {
    const random = randomFrom(seed);
    let on = false;
    const lossy = (byte: number): number | undefined =>
      on && random() < 0.0003 ? undefined : byte;
    const { rom, fake } = await open({ toRom: lossy, toHost: lossy });
    on = true;
    await settled(done(write(rom, at(image))), fake, image);
  });

  test('bytes damaged towards the host are never "done" with a wrong flash', async () => {
    const random = randomFrom(11);
    let on = false;
    const toHost = (byte: number): number => (on && random() < 0.0005 ? byte ^ 0x10 : byte);
    const { rom, fake } = await open({ toHost });
    on = true;
    await settled(done(write(rom, at(image))), fake, image);
  });
});

test.each([1100, 1500, 2000, 3000])(
  'an answer that comes %i ms late, as from a computer that is held up, is no part that is gone',
  async (lateMs) => {
    let blocks = 0;
    const late: FakeRomOptions['late'] = ({ length }) =>
      length > 200 && blocks++ === 2 ? lateMs : 0;
    const { fake, rom } = await open({ late });
    const image = randomBytes(1, 2000);
    await done(write(rom, at(image)));
    expect(fake.flash.subarray(0, image.length)).toEqual(image);
  },
);

/** Either it is done and right, or it is an error that says so. */
async function settled(work: Promise<unknown>, fake: FakeRom, image: Uint8Array): Promise<void> {
  try {
    await work;
  } catch (error) {
    expect(error).toBeInstanceOf(IapError);
    expect(['LINK_LOST', 'BAD_ANSWER', 'REFUSED', 'VERIFY_FAILED', 'READ_PROTECTED']).toContain(
      (error as IapError).code,
    );
    return;
  }
  expect(Buffer.compare(fake.flash.subarray(0, image.length), image)).toBe(0);
}

describe('what goes over the wire', () => {
  test('one write for each request, and none for blocks that are blank', async () => {
    const { rom, fake } = await open();
    const image = new Uint8Array(2048).fill(0xff);
    image.set(randomBytes(1, 256), 1024);
    fake.writes.length = 0;
    fake.commands.length = 0;
    await done(write(rom, at(image), { verify: false }));
    expect(fake.commands).toEqual([0x43, 0x31]);
    // Erase: command, list. Write: command, address, data.
    expect(fake.writes.map(({ length }) => length)).toEqual([2, 3, 2, 5, 258]);
  });

  test.each([
    // An adapter that holds back what does not fill a packet: reads end with the fourth, writes within two periods of 16 ms.
    [16, 115_200, { read: 4 * 62 - 1, write: 240 }],
    [16, 230_400, { read: 4 * 62 - 1, write: 256 }],
    [16, 57_600, { read: 4 * 62 - 1, write: 256 }],
    [1, 115_200, { read: 256, write: 256 }],
    [90, 115_200, { read: 256, write: 256 }],
  ])('an adapter of %i ms at %i baud', async (latencyMs, rate, sizes) => {
    const { fake, rom } = await open({ latencyMs, rate });
    expect(rom.blockSizes).toEqual(sizes);
    const image = randomBytes(1, 10_000);
    await done(write(rom, at(image)));
    expect(fake.flash.subarray(0, image.length)).toEqual(image);
    const written = fake.writes.filter((bytes) => bytes.length > 64).map((data) => data.length - 2);
    expect(Math.max(...written)).toBe(sizes.write);
    // Three registers are read before.
    const reads = fake.writes.filter(([code]) => code === 0x11).length - 3;
    expect(reads).toBe(Math.ceil(image.length / sizes.read));
  });

  test('ahead: two requests for a block written and one for a block read, the same result', async () => {
    const { rom, fake } = await open({}, { ahead: true });
    const image = randomBytes(3, 700);
    fake.writes.length = 0;
    await done(write(rom, at(image)));
    const lengths = fake.writes.map(({ length }) => length);
    // Two whole blocks, and 188 bytes that are not one; then read back.
    expect(lengths).toEqual([2, 3, 7, 258, 7, 258, 7, 190, 9, 9, 2, 5, 2]);
    expect(Buffer.compare(fake.flash.subarray(0, 700), image)).toBe(0);
  });

  test('ahead: given up when the part does not keep up, and nothing else happens to it', async () => {
    // A receiver that loses what comes while its ACK goes out: all but the first two bytes of a request
    let length = 0;
    const { rom, fake } = await open(
      { toRom: (byte) => (length > 5 && length < 10 && length-- < 8 ? undefined : byte) },
      { ahead: true },
    );
    const write9 = fake.write.bind(fake);
    fake.write = (bytes) => {
      length = bytes.length === 7 || bytes.length === 9 ? 9 : 0;
      return write9(bytes);
    };
    const image = randomBytes(4, 2048);
    await done(write(rom, at(image)));
    expect(Buffer.compare(fake.flash.subarray(0, 2048), image)).toBe(0);
    expect(new Set(fake.commands)).toEqual(new Set([0x00, 0x02, 0x11, 0x31, 0x43]));
    expect(fake.writes.filter((bytes) => bytes.length === 7)).toHaveLength(1);
  });

  test('a command that the part does not list is not sent', async () => {
    const { rom, fake } = await open({ without: [0x43] });
    await expect(done(write(rom, at(randomBytes(1, 10))))).rejects.toMatchObject({
      code: 'REFUSED',
    });
    expect(fake.commands).not.toContain(0x31);
  });

  test('verify names address, expected and found', async () => {
    const { rom, fake } = await open();
    const image = randomBytes(2, 600);
    fake.flash.set(image);
    fake.flash[511] = 0x42;
    image[511] = 0x24;
    await expect(done(readBack(rom, at(image)))).rejects.toMatchObject({
      message: expect.stringMatching(/0x080001FF: expected 0x24, found 0x42/),
    });
  });
});

describe('images', () => {
  const chip = chipOf(0x414);
  if (!chip) throw new Error();
  const target = { chip, flashSize: 64 * 1024 };

  test('segments that meet within a word are one block, words are whole', () => {
    const segments = [
      { address: 0x0800_0101, bytes: Uint8Array.of(1, 2) },
      { address: 0x0800_0103, bytes: Uint8Array.of(3, 4) },
      { address: 0x0800_0200, bytes: randomBytes(1, 300) },
    ];
    const blocks = blocksOf(segments, 256);
    expect(blocks.map(({ address, bytes }) => [address, bytes.length])).toEqual([
      [0x0800_0100, 8],
      [0x0800_0200, 256],
      [0x0800_0300, 44],
    ]);
    expect([...(blocks[0]?.bytes ?? [])]).toEqual([0xff, 1, 2, 3, 4, 0xff, 0xff, 0xff]);
  });

  test('pages are those that are touched', () => {
    const pages = pagesOfSegments(
      [
        { address: 0x0800_07ff, bytes: new Uint8Array(2) },
        { address: 0x0800_8000, bytes: new Uint8Array(1) },
      ],
      2048,
    );
    expect(pages).toEqual([0, 1, 16]);
  });

  test('option bytes that can never be taken back are refused', async () => {
    const f0 = chipOf(0x440);
    expect(f0 && FAMILIES[f0.family].forEver).toBe(0xcc);
    const { rom } = await open({ pid: 0x440, without: [] });
    const bytes = Uint8Array.of(0xcc, 0x33, 0xff, 0x00);
    await expect(done(write(rom, [{ address: 0x1fff_f800, bytes }]))).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('never'),
    });
  });

  test('what no memory of the part takes is refused', () => {
    for (const address of [0x0801_0000 - 4, 0x2000_0000, 0x1fff_f000, 0x6000_0000]) {
      const segments = [{ address, bytes: new Uint8Array(8) }];
      expect(() => sortByMemory(segments, target)).toThrow(IapError);
    }
    expect(
      sortByMemory([{ address: 0x2000_0200, bytes: new Uint8Array(8) }], target).ram,
    ).toHaveLength(1);
  });
});

test('option bytes: a wrong complement counts as 0xFF, which is protected', () => {
  const open = Uint8Array.from([0xa5, 0x5a, ...new Array(7).fill([0xff, 0x00]).flat()] as number[]);
  expect(decodeOptionBytes(open, 'stm32f1')).toMatchObject({
    readProtected: false,
    protectedSectors: [],
    whole: true,
  });
  const torn = open.slice();
  torn[1] = 0xff;
  torn[8] = 0x80;
  torn[9] = 0x7f;
  expect(decodeOptionBytes(torn, 'stm32f1')).toMatchObject({
    readProtected: true,
    whole: false,
    protectedSectors: [0, 1, 2, 3, 4, 5, 6],
  });
});

test('28 KB are the sectors 0 to 6; what is beyond 31 of them is the last', () => {
  expect(sectorsOf(0, 28 * 1024)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(sectorsOf(200 * 1024, 1)).toEqual([31]);
});

test('the table of product ids agrees with bootloader-c/parts', () => {
  for (const part of PARTS) {
    const chip = chipOf(part.pid);
    expect({ pid: part.pid, family: chip?.family, pageSize: chip?.pageSize }).toEqual({
      pid: part.pid,
      family: part.family,
      pageSize: part.page,
    });
    const { flashSizeRegister, uniqueId } = FAMILIES[part.family as keyof typeof FAMILIES];
    expect({ flashSizeRegister, uniqueId }).toEqual({
      flashSizeRegister: part.flashSizeRegister,
      uniqueId: part.uniqueId,
    });
  }
});
