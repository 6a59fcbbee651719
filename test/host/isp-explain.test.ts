// What iap isp says of a fault: never what has worked already contradicts, and where it left the part.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import {
  erase,
  goTo,
  protectReadout,
  protectWrite,
  Rom,
  type RomEvent,
  type RomOptions,
  type RomWork,
  read,
  readBack,
  unprotectReadout,
  unprotectWrite,
  WIRINGS,
  type WriteOptions,
  write,
} from '../../host/isp/index.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { FakeRom, type FakeRomOptions, type FakeStep } from '../support/fake-rom.js';
import { randomBytes, randomFrom } from '../support/random.js';

const NACK = 0x1f;
const FLASH = 0x0800_0000;
const OPTIONS = 0x1fff_f800;
const READ = 0x11;
const GO = 0x21;
const WRITE = 0x31;
const IMAGE = [{ address: FLASH, bytes: randomBytes(1, 3001) }];

interface Bench {
  readonly fake: FakeRom;
  readonly rom: Rom;
}

async function open(options: FakeRomOptions = {}, more: Partial<RomOptions> = {}): Promise<Bench> {
  const clock = new VirtualClock();
  const fake = new FakeRom(clock, options);
  return { fake, rom: await Rom.open(fake, { clock, timeoutMs: 1000, ...more }) };
}

async function events<T>(work: RomWork<T>): Promise<RomEvent[]> {
  const told: RomEvent[] = [];
  for await (const event of work) told.push(event);
  return told;
}

/** The error that `work` ends with */
async function failure(work: Promise<unknown>): Promise<IapError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof IapError) return error;
    throw error;
  }
  throw new Error('no error');
}

const said = ({ message, hint = '' }: IapError): string => `${message} | ${hint}`;

/** The n-th time, from 1, that a place is reached, and from then on */
function from(n: number, where: (at: FakeStep) => boolean, answer: number | 'dead' | 'app' = NACK) {
  let seen = 0;
  return (at: FakeStep): number | 'dead' | 'app' | undefined =>
    where(at) && ++seen >= n ? answer : undefined;
}

const at =
  (code: number, step: FakeStep['step']) =>
  (place: FakeStep): boolean =>
    place.code === code && place.step === step;

describe('a NACK in the middle of a write is not read-out protection', () => {
  test.each(['command', 'address', 'data'] as const)('to the %s', async (step) => {
    const { rom } = await open({ odd: from(3, at(WRITE, step)) });
    const error = await failure(events(write(rom, IMAGE)));
    expect(error).toMatchObject({
      code: 'REFUSED',
      details: { bytesWritten: 512, bytesTotal: 3001 },
    });
    expect(said(error)).not.toMatch(/read-out|unprotect/);
    expect(error.message).toMatch(/512 of 3001 bytes are written: do not start this part/);
    expect(error.message).toContain('the last one written is at 0x080001FF');
    expect(error.hint).toMatch(/run the same command again/);
  });

  test.each([READ, GO])('nor is one to command %i, after others were taken', async (code) => {
    let on = false;
    const odd = (place: FakeStep): number | undefined =>
      on && at(code, 'command')(place) ? NACK : undefined;
    const { rom, fake } = await open({ odd });
    fake.flash.set([0, 0x20, 0, 0x20, 9, 0, 0, 8]);
    on = true;
    const work =
      code === READ ? events(read(rom, { address: FLASH, length: 600 })) : goTo(rom, FLASH);
    const error = await failure(work);
    expect(error.code).toBe('REFUSED');
    expect(said(error)).not.toMatch(/read-out|unprotect/);
  });

  test('nor one to Readout Unprotect itself, or to protection of a part that is read', async () => {
    const odd = (place: FakeStep): number | undefined =>
      place.step === 'command' && place.code > 0x60 ? NACK : undefined;
    const { rom } = await open({ odd });
    for (const work of [
      unprotectReadout(rom),
      protectReadout(rom),
      protectWrite(rom, [1]),
      unprotectWrite(rom),
    ]) {
      const error = await failure(events(work));
      expect(error).toMatchObject({
        code: 'REFUSED',
        message: expect.stringMatching(/changed nothing$/),
      });
      expect(said(error)).not.toMatch(/read-out protection is on|unprotect/);
    }
    const closed = await open({ odd, readProtected: true });
    const error = await failure(events(unprotectReadout(closed.rom)));
    expect(said(error)).not.toMatch(/iap isp unprotect/);
  });
});

describe('read-out protection that is on is still named', () => {
  test.each([1, 2])('%i NACK', async (nacks) => {
    const { rom } = await open({ readProtected: true, nacks });
    expect(rom.info.readProtected).toBe(true);
    const error = await failure(events(write(rom, IMAGE)));
    expect(error).toMatchObject({
      code: 'READ_PROTECTED',
      hint: expect.stringContaining('unprotect --read'),
    });
  });

  test('a ROM that does not list Read Memory is not protected', async () => {
    const { rom } = await open({ without: [READ] });
    expect(rom.info.readProtected).toBe(false);
    const error = await failure(events(write(rom, IMAGE)));
    expect(error).toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('no Read Memory'),
    });
    expect(error.message).not.toMatch(/erased/);
  });
});

test.each([['no even parity', (place: FakeStep) => (place.step === 'command' ? NACK : undefined)]])(
  '%s: every command is refused',
  async (_name, odd) => {
    const error = await failure(open({ odd }));
    expect(error).toMatchObject({
      code: 'BAD_ANSWER',
      hint: expect.stringContaining('even parity'),
    });
    expect(said(error)).not.toMatch(/protection|unprotect/);
  },
);

describe('a refused erase', () => {
  const ERASE = { plain: 0x43, extended: 0x44 } as const;
  const pages = Array.from({ length: 32 }, (_, page) => page);

  test.each(['plain', 'extended'] as const)('of everything, %s', async (kind) => {
    const { rom, fake } = await open({
      extended: kind === 'extended',
      odd: from(1, at(ERASE[kind], 'all')),
    });
    fake.flash.fill(0);
    const error = await failure(events(erase(rom, pages, true)));
    expect(error).toMatchObject({
      code: 'REFUSED',
      message: 'the part refuses to erase everything at once; nothing was erased',
      hint: expect.stringContaining('iap isp erase --start 0x08000000 --length 0x10000 --yes'),
    });
    // What went through before says that the line is good, and the option bytes say that nothing is protected.
    expect(said(error)).not.toMatch(/line|--baud|protect|run the same command/);
  });

  test('of everything, on a blank part', async () => {
    const { rom } = await open({ odd: from(1, at(0x43, 'all')) });
    const { message } = await failure(events(erase(rom, pages, true)));
    expect(message).toMatch(/nothing was erased: the pages read blank/);
  });

  test('of everything before a write: the part is as before', async () => {
    const { rom, fake } = await open({ odd: from(1, at(0x43, 'all')) });
    fake.flash.fill(0, 50_000);
    const error = await failure(events(write(rom, IMAGE, { massErase: true })));
    expect(error.message).toBe('the part refuses to erase everything at once; nothing was erased');
    expect(error.hint).toContain('without --mass-erase');
    expect(fake.commands).not.toContain(WRITE);
  });

  test('of everything, option bytes unknown: protection comes into question', async () => {
    const unreadable = (place: FakeStep): boolean =>
      place.step === 'address' && place.address === OPTIONS;
    const odd = from(1, (place) => place.step === 'all' || unreadable(place));
    const { rom } = await open({ odd });
    const error = await failure(events(erase(rom, pages, true)));
    expect(error.hint).toMatch(/may be write-protected/);
  });

  test('of everything, on a line that has damaged bytes: the line comes first', async () => {
    let damage = 0;
    const { rom, fake } = await open({
      odd: from(1, at(0x43, 'all')),
      toRom: (byte) => (damage-- === 1 ? byte ^ 1 : byte),
    });
    fake.flash.fill(0);
    damage = 2;
    await rom.read(FLASH, 4);
    const error = await failure(events(erase(rom, pages, true)));
    expect(error.hint).toMatch(/^bytes are damaged on the line.*otherwise.*page by page/);
  });

  test('of pages: what is left is looked at', async () => {
    const { rom, fake } = await open({ odd: from(1, at(0x43, 'pages')) });
    fake.flash.fill(0);
    const none = await failure(events(erase(rom, [1, 2, 3], false)));
    expect(none.message).toBe('the part refuses to erase these pages; nothing was erased');
    // Nothing was damaged before: the line comes last.
    expect(none.hint).toMatch(
      /^it may not be able to erase one of them.*otherwise bytes are damaged/,
    );
    fake.flash.fill(0xff, 2048, 4096);
    const { message } = await failure(events(erase(rom, [1, 2, 3], false)));
    expect(message).toMatch(/1 of 3 pages read blank, the first that does not is at 0x08001000/);
  });

  test('that is acknowledged but not done: not called protection if the option bytes deny it', async () => {
    const { rom, fake } = await open();
    const real = fake.flash.fill.bind(fake.flash);
    fake.flash.fill(0);
    fake.flash.fill = () => fake.flash;
    const error = await failure(events(erase(rom, [1], false)));
    fake.flash.fill = real;
    expect(error.code).toBe('VERIFY_FAILED');
    expect(said(error)).not.toMatch(/protect/);
    expect(error.hint).toMatch(/worn/);
  });
});

test('mass erase of a part with protected sectors: nothing is said to be erased', async () => {
  const { rom, fake } = await open();
  await events(protectWrite(rom, [10]));
  fake.commands.length = 0;
  const error = await failure(events(write(rom, IMAGE, { massErase: true })));
  expect(error).toMatchObject({
    code: 'WRITE_PROTECTED',
    message: expect.stringMatching(/nothing was changed$/),
  });
  expect(fake.commands).toEqual([]);
});

test('a part without Erase: nothing is said to be erased', async () => {
  const { rom } = await open({ without: [0x43] });
  const { message } = await failure(events(write(rom, IMAGE)));
  expect(message).toBe('this ROM bootloader has no Erase');
});

describe('addresses', () => {
  test('in flash, as the part says: it may have less', async () => {
    const odd = from(
      1,
      ({ step, address = 0 }) =>
        step === 'address' && address >= FLASH + 0x8000 && address < FLASH + 0x10000,
    );
    const { rom } = await open({ odd });
    const error = await failure(events(read(rom, { address: FLASH, length: 0x10000 })));
    expect(error).toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('0x08008000'),
    });
    expect(error.hint).toMatch(/less flash than it says/);
    expect(said(error)).not.toMatch(/no such memory|belongs to the ROM/);
  });

  test('elsewhere: no such memory', async () => {
    const { rom } = await open({ odd: from(1, ({ address }) => address === 0x6000_0000) });
    const error = await failure(events(read(rom, { address: 0x6000_0000, length: 4 })));
    expect(error.hint).toMatch(/no such memory/);
    expect(error.hint).not.toMatch(/--baud/);
  });

  test.each([0xffff, 0, 0xfffe])('a size register of %i KB says nothing', async (sizeRegister) => {
    const { rom } = await open({ sizeRegister });
    expect(rom.info).toMatchObject({ flashSize: undefined, readProtected: false });
    await events(write(rom, IMAGE));
  });

  test('an unknown part: read and verified, but not erased', async () => {
    const { rom, fake } = await open({ pid: 0x999 });
    fake.flash.set(IMAGE[0]?.bytes ?? []);
    await events(readBack(rom, IMAGE));
    const error = await failure(events(write(rom, IMAGE)));
    expect(error).toMatchObject({ code: 'REFUSED', message: expect.stringContaining('0x999') });
  });
});

describe('silence and noise', () => {
  test('no answer any more: reset or supply, and the state', async () => {
    const { rom } = await open({ odd: from(3, at(WRITE, 'data'), 'dead') });
    const error = await failure(events(write(rom, IMAGE)));
    expect(error.code).toBe('LINK_LOST');
    expect(said(error)).toMatch(
      /does not answer any more.*512 of 3001.*was reset or has lost power/,
    );
    expect(error.hint).not.toMatch(/again.*again/);
  });

  test('an answer that does not come, of a part that still answers: not power or cable', async () => {
    let on = false;
    // The answer to a read is what is lost, each time.
    const { rom } = await open({ toHost: (byte) => (on && byte === 0xff ? undefined : byte) });
    on = true;
    const error = await failure(events(read(rom, { address: FLASH, length: 100 })));
    expect(error.code).toBe('LINK_LOST');
    expect(said(error)).toMatch(/still answers 0x7f.*bytes are lost/);
    expect(said(error)).not.toMatch(/any more|supply|power|reset/);
  });

  test('an application talks instead: BOOT0', async () => {
    const { rom } = await open({ odd: from(3, at(WRITE, 'data'), 'app') });
    const error = await failure(events(write(rom, IMAGE)));
    expect(error).toMatchObject({
      code: 'BAD_ANSWER',
      hint: expect.stringMatching(/^the part was reset, and an application/),
    });
  });

  test('a wrong byte each time, of a part that still answers: the line, not a reset', async () => {
    const { rom } = await open({ odd: from(3, at(WRITE, 'data'), 0x41) });
    const error = await failure(events(write(rom, IMAGE)));
    expect(error).toMatchObject({
      code: 'BAD_ANSWER',
      hint: expect.stringMatching(/^bytes are damaged/),
    });
    expect(error.hint).not.toMatch(/application/);
  });

  test.each([
    ['dead', 'LINK_LOST'],
    ['app', 'BAD_ANSWER'],
  ] as const)('nothing but 0x7f was ever answered, then %s', async (answer, code) => {
    const error = await failure(open({ odd: from(1, at(0, 'command'), answer) }));
    expect(error).toMatchObject({ code, hint: expect.stringMatching(/may be no ROM bootloader/) });
    expect(error.message).not.toMatch(/any more/);
  });

  test('0x7f acknowledged late, then nothing: not "nobody answers"', async () => {
    let heard = 0;
    // Three calls are lost, one arrives, and nothing after it.
    const error = await failure(open({ toRom: (byte) => (++heard === 3 ? byte : undefined) }));
    expect(error).toMatchObject({
      code: 'LINK_LOST',
      message: expect.stringContaining('acknowledged 0x7f'),
    });
  });

  test('Go that is not answered: the program may run', async () => {
    const { rom, fake } = await open({ odd: from(1, at(GO, 'address'), 'dead') });
    fake.flash.set([0, 0x20, 0, 0x20, 9, 0, 0, 8]);
    const error = await failure(goTo(rom, FLASH));
    expect(error).toMatchObject({
      code: 'LINK_LOST',
      hint: expect.stringMatching(/^the program may run already/),
    });
  });
});

describe('somebody talks without end', () => {
  test.each([0x79, 0x1f, 0x7f, 0x00, 0x41, -1])(
    'always %i: no part, and no hanging',
    async (byte) => {
      const clock = new VirtualClock();
      const fake = new FakeRom(clock, { toRom: () => undefined });
      const random = randomFrom(3);
      let talks = true;
      const talk = (): void => {
        fake.talk(byte < 0 ? Math.floor(random() * 256) : byte);
        if (talks) clock.after(1, talk);
      };
      clock.after(1, talk);
      const error = await failure(Rom.open(fake, { clock, timeoutMs: 1000 }));
      talks = false;
      expect(['NO_ANSWER', 'NOT_OUR_DEVICE', 'BAD_ANSWER', 'LINK_LOST']).toContain(error.code);
      expect(said(error)).not.toMatch(/protection|any more/);
      expect(clock.now()).toBeLessThan(120_000);
    },
  );
});

test('an application that prints is no ROM bootloader, whatever its letters are', async () => {
  const clock = new VirtualClock();
  const fake = new FakeRom(clock, { toRom: () => undefined });
  const line = [...'tick 1, stay\r\n'].map((letter) => letter.charCodeAt(0));
  let at = line.indexOf(0x79) - 1; // "y" is an acknowledgement
  let talks = true;
  const talk = (): void => {
    fake.talk(line[at % line.length] ?? 0);
    at += 1;
    if (talks) clock.after(60, talk);
  };
  clock.after(60, talk);
  const error = await failure(Rom.open(fake, { clock, timeoutMs: 10_000 }));
  talks = false;
  expect(error).toMatchObject({
    code: 'NOT_OUR_DEVICE',
    message: expect.stringContaining('no ROM bootloader'),
  });
});

describe('an echo is named', () => {
  test.each<[string, FakeRomOptions, Partial<RomOptions>]>([
    ['TX and RX connected', { toRom: () => undefined }, {}],
    ['with wait', { toRom: () => undefined }, { wait: true }],
    ['with DTR and RTS', { toRom: () => undefined }, { wiring: WIRINGS['dtr-reset'] as never }],
  ])('%s', async (_name, options, more) => {
    const error = await failure(open({ ...options, echo: true }, more));
    expect(error).toMatchObject({
      code: 'ECHO',
      message: 'the line echoes what is sent, and nobody else answers',
      hint: expect.stringContaining('TX and RX are connected'),
    });
  });

  test.each([true, false])(
    'with a ROM bootloader behind it, synchronised before: %s',
    async (synced) => {
      const error = await failure(open({ echo: true, synced }));
      expect(error).toMatchObject({
        code: 'ECHO',
        message: expect.stringContaining('answers behind the echo'),
      });
      expect(error.hint).toMatch(/local echo/);
    },
  );

  test.each([150, 300, 500, 900])('that comes %i ms late', async (latencyMs) => {
    const error = await failure(
      open({ toRom: () => undefined, echo: true, latencyMs }, { timeoutMs: 3000 }),
    );
    expect(error.code).toBe('ECHO');
  });

  test('what answers 0x7f to everything is no echo', async () => {
    const error = await failure(open({ toHost: () => 0x7f }));
    expect(error.code).toBe('NOT_OUR_DEVICE');
  });
});

describe('protection', () => {
  test.each([
    ['dead', /whether it took effect, and whether flash is erased, is not known/],
    [NACK, /whether it took effect, and whether flash is erased, is not known/],
  ] as const)('Readout Unprotect that ends with %s', async (answer, state) => {
    const { rom } = await open({ readProtected: true, odd: from(1, at(0x92, 'done'), answer) });
    const error = await failure(events(unprotectReadout(rom)));
    expect(error.message).toMatch(state);
  });

  test.each([
    ['dead', 'NO_ANSWER', /acknowledged Write Protect and reset, but does not answer/],
    ['app', 'BAD_ANSWER', /acknowledged Write Protect and reset, but .*Get/],
  ] as const)('acknowledged, and then %s: wiring is not blamed', async (answer, code, message) => {
    let changed = false;
    const odd = (place: FakeStep): 'dead' | 'app' | undefined => {
      if (place.step === 'sectors') changed = true;
      return changed && at(0, 'command')(place) ? answer : undefined;
    };
    const deaf = answer === 'dead' ? { toRom: (byte: number) => (changed ? undefined : byte) } : {};
    const { rom } = await open({ odd, ...deaf });
    const error = await failure(events(protectWrite(rom, [1])));
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(error.message).toMatch(/not confirmed$/);
    expect(error.hint).not.toMatch(/TX|crossed/);
  });

  const image = [
    ...IMAGE,
    { address: OPTIONS, bytes: Uint8Array.from([0xa5, 0x5a, 0xff, 0, 1, 0xfe, 2, 0xfd]) },
  ];

  test('option bytes that can not be read back are no success', async () => {
    let written = false;
    const odd = (place: FakeStep): number | undefined => {
      if (at(WRITE, 'data')(place) && place.address === OPTIONS) written = true;
      return written && at(READ, 'address')(place) && place.address === OPTIONS ? NACK : undefined;
    };
    const { rom } = await open({ odd });
    const error = await failure(events(write(rom, image)));
    expect(error).toMatchObject({
      code: 'VERIFY_FAILED',
      message: expect.stringContaining('can not be read back'),
    });
  });

  test('read-out protection that the image does not set is no success', async () => {
    let written = false;
    const odd = (place: FakeStep): number | undefined => {
      const forbidden = written && place.step === 'command' && place.code > 0x02;
      if (at(WRITE, 'data')(place) && place.address === OPTIONS) written = true;
      return forbidden ? NACK : undefined;
    };
    const { rom } = await open({ odd });
    const error = await failure(events(write(rom, image)));
    expect(error.message).toMatch(/read-out protection is on, which the image does not set/);
  });

  test('silence at the option bytes: the image is all there', async () => {
    const odd = from(1, (place) => at(WRITE, 'data')(place) && place.address === OPTIONS, 'dead');
    const { rom } = await open({ odd });
    const { message } = await failure(events(write(rom, image)));
    expect(message).toMatch(/3001 of 3001 bytes are written, only the option bytes may be not/);
    expect(message).not.toMatch(/do not start/);
  });
});

test('RAM alone: flash is not said to be erased', async () => {
  const { rom } = await open({ odd: from(3, at(WRITE, 'data'), 'dead') });
  const image = [{ address: 0x2000_1000, bytes: randomBytes(2, 1000) }];
  const { message } = await failure(events(write(rom, image)));
  expect(message).toMatch(/flash was not changed, 512 of 1000 bytes are written to RAM/);
});

describe('read back', () => {
  test('a cell that does not take its value: worn, not protected', async () => {
    const { rom } = await open({ worn: (address) => address === FLASH + 700 });
    const error = await failure(events(write(rom, IMAGE)));
    expect(error).toMatchObject({
      code: 'VERIFY_FAILED',
      message: expect.stringMatching(/0x080002BC.*found 0xff; .*3001 of 3001 bytes are written/),
    });
    expect(error.hint).toMatch(/worn/);
    expect(error.hint).not.toMatch(/protect/);
  });

  test('a read that fails is no difference', async () => {
    const { rom } = await open({ odd: from(6, at(READ, 'command'), 'dead') });
    const error = await failure(events(write(rom, IMAGE)));
    expect(error.code).toBe('LINK_LOST');
    expect(error.message).toMatch(/3001 of 3001 bytes are written/);
  });
});

describe('progress', () => {
  const blank = new Uint8Array(2000).fill(0xff);
  const mixed = Uint8Array.from([...blank, ...randomBytes(3, 5), ...blank]);
  const segment = (address: number, bytes: Uint8Array) => ({ address, bytes });
  const cases: [string, { address: number; bytes: Uint8Array }[], WriteOptions?][] = [
    ['3001 bytes', IMAGE],
    ['one byte', [segment(FLASH + 1, Uint8Array.of(7))]],
    [
      'two within a word',
      [segment(FLASH, Uint8Array.of(1)), segment(FLASH + 2, Uint8Array.of(2, 3, 4))],
    ],
    ['blank but for 5 bytes', [segment(FLASH + 3, mixed)]],
    ['all blank', [segment(FLASH, blank)]],
    ['flash and RAM', [...IMAGE, segment(0x2000_1001, randomBytes(4, 999))]],
    ['mass erase, not read back', IMAGE, { massErase: true, verify: false }],
    ['over 64 pages', [segment(FLASH, randomBytes(5, 63_999))]],
  ];

  test.each(cases)(
    '%s: up to all bytes of the image, and no further',
    async (_name, image, options) => {
      const total = image.reduce((sum, { bytes }) => sum + bytes.length, 0);
      const { rom } = await open({ flashKb: 512 });
      const told = await events(write(rom, image, options));
      for (const phase of options?.verify === false ? ['write'] : ['write', 'verify']) {
        const steps = told.flatMap((event) =>
          event.event === 'progress' && event.phase === phase ? [event] : [],
        );
        expect(steps.at(-1)).toMatchObject({ bytesDone: total, bytesTotal: total });
        steps.reduce((before, { bytesDone, bytesTotal }) => {
          expect(bytesTotal).toBe(total);
          expect(bytesDone).toBeGreaterThanOrEqual(before);
          expect(bytesDone).toBeLessThanOrEqual(total);
          return bytesDone;
        }, 0);
      }
    },
  );

  test.each([3001, 3002, 3003, 3004])(
    '%i bytes, all written and then silence: never more than there are',
    async (size) => {
      const bytes = randomBytes(6, size);
      const { rom } = await open({ odd: from(5, at(READ, 'command'), 'dead') });
      const { message } = await failure(events(write(rom, [{ address: FLASH, bytes }])));
      expect(message).toContain(`${size} of ${size} bytes`);
    },
  );

  test('erasing ends with all pages', async () => {
    const { rom } = await open({ flashKb: 512 });
    const pages = Array.from({ length: 200 }, (_, page) => page);
    const told = await events(erase(rom, pages, false));
    expect(told.at(-1)).toEqual({ event: 'erased', pages: 200 });
  });
});
