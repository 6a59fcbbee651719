// DTR and RTS as reset and BOOT0: each preset on its circuit, from the state that opening a port leaves.
import { expect, test } from 'vitest';
import {
  Rom,
  type RomOptions,
  type RomWork,
  released,
  resetSequence,
  WIRINGS,
  type Wiring,
  write,
} from '../../host/isp/index.js';
import { setInTurn } from '../../host/isp/lines.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { CIRCUITS } from '../support/circuits.js';
import { type Circuit, FakeRom, type FakeRomOptions } from '../support/fake-rom.js';
import { randomBytes } from '../support/random.js';

async function done<T>(work: RomWork<T>): Promise<T> {
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
  }
}

async function open(
  options: FakeRomOptions,
  romOptions: Partial<RomOptions>,
): Promise<{ readonly fake: FakeRom; readonly rom: Rom }> {
  const clock = new VirtualClock();
  const fake = new FakeRom(clock, options);
  return { fake, rom: await Rom.open(fake, { clock, ...romOptions }) };
}

function preset(name: string): Wiring {
  const wiring = WIRINGS[name];
  if (!wiring) throw new Error(name);
  return wiring;
}

const DRIVERS = [
  { name: 'Linux', opened: 'asserted', oneByOne: false },
  { name: 'Windows', opened: 'released', oneByOne: true },
] as const;
const EACH = Object.entries(CIRCUITS).flatMap(([name, circuit]) =>
  DRIVERS.map((driver) => ({ ...driver, wiring: name, circuit })),
);

test('each preset has its circuit', () => {
  expect(Object.keys(WIRINGS).sort()).toEqual(Object.keys(CIRCUITS).sort());
});

test.each(EACH)('$wiring, $name: into the ROM bootloader', async (given) => {
  const wiring = preset(given.wiring);
  const { rom } = await open({ ...given, needsReset: given.circuit }, { wiring });
  expect(rom.info.pid).toBe(0x414);
  await expect(
    open({ ...given, needsReset: given.circuit }, { timeoutMs: 300 }),
  ).rejects.toMatchObject({ code: 'NO_ANSWER' });
});

test.each(EACH)('$wiring, $name: into flash, once, and then let go', async (given) => {
  const wiring = preset(given.wiring);
  const fake = new FakeRom(new VirtualClock(), { ...given, needsReset: given.circuit });
  await fake.setLines(released(wiring));
  expect(fake.state).toBe('run');
  fake.starts = 0;
  await setInTurn(fake, resetSequence(wiring, false), () => Promise.resolve());
  expect(fake.starts).toBe(1);
  expect(fake.state).toBe('run');
});

test.each(EACH)('$wiring, $name: letting go resets nothing', async (given) => {
  const wiring = preset(given.wiring);
  const { rom, fake } = await open({ ...given, needsReset: given.circuit }, { wiring });
  await fake.setLines(released(wiring));
  expect(fake.state).toBe('run');
  // Still in its ROM bootloader
  expect(fake.starts).toBe(0);
  await done(write(rom, [{ address: 0x0800_0000, bytes: randomBytes(1, 100) }]));
});

test.each([
  ['dtr-reset', true, false],
  ['dtr-reset', false, true],
  ['rts-reset', true, true],
] as const)(
  '%s, reset inverted %s, BOOT0 inverted %s',
  async (name, resetInverted, boot0Inverted) => {
    const wiring = { ...preset(name), resetInverted, boot0Inverted };
    const needsReset: Circuit = (pins) => {
      if (pins[wiring.reset] === resetInverted) return 'reset';
      return pins[wiring.boot0] !== boot0Inverted ? 'boot0' : 'run';
    };
    const { rom } = await open({ needsReset }, { wiring });
    expect(rom.info.pid).toBe(0x414);
  },
);

test('after the reset the ROM gets the time that the slowest part needs', () => {
  const wiring = preset('dtr-reset');
  const steps = resetSequence(wiring, true);
  expect(steps.at(-1)?.ms).toBeGreaterThanOrEqual(231);
  expect(steps[0]?.lines).toEqual({ rts: false, dtr: true });
  expect(resetSequence(wiring, false)[0]?.lines).toEqual({ rts: true, dtr: true });
});

test('a port without them says so', async () => {
  const clock = new VirtualClock();
  const fake: Record<string, unknown> & FakeRom = new FakeRom(clock) as never;
  Object.defineProperty(fake, 'setLines', { value: undefined });
  const wiring = preset('dtr-reset');
  await expect(Rom.open(fake, { clock, wiring })).rejects.toMatchObject({
    code: 'USAGE',
    hint: expect.stringContaining('leave --lines away'),
  });
});
