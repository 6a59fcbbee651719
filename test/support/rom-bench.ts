// A part in its ROM bootloader, found, on virtual time: what operations on it tell and send, and how they end.
import { IapError } from '../../host/base/errors.js';
import { Rom, type RomEvent, type RomOptions, type Work } from '../../host/isp/index.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { FakeRom, type FakeRomOptions, type FakeStep } from './fake-rom.js';
import { randomBytes } from './random.js';

export const FLASH = 0x0800_0000;
export const RAM = 0x2000_0000;
export const OPTIONS = 0x1fff_f800;
export const PAGE = 2048;
export const READ = 0x11;
export const WRITE = 0x31;
export const ERASE = 0x43;
export const NACK = 0x1f;

export interface Bench {
  readonly fake: FakeRom;
  readonly rom: Rom;
  readonly clock: VirtualClock;
}

export async function open(
  options: FakeRomOptions = {},
  more: Partial<RomOptions> = {},
): Promise<Bench> {
  const clock = new VirtualClock();
  const fake = new FakeRom(clock, options);
  const rom = await Rom.open(fake, { clock, ...more });
  fake.commands.length = 0;
  fake.writes.length = 0;
  return { fake, rom, clock };
}

/** What was told: of progress only how far it is; and the result last, if there is one */
export async function told<T>(work: Work<RomEvent, T>): Promise<unknown[]> {
  const all: unknown[] = [];
  for (;;) {
    const { done, value } = await work.next();
    if (done) return value === undefined ? all : [...all, value];
    if (value.event === 'progress') {
      const { phase, bytesDone, bytesTotal } = value;
      all.push(`${phase}: ${bytesDone} of ${bytesTotal}`);
    } else all.push(value);
  }
}

export async function failure(work: Promise<unknown>): Promise<IapError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof IapError) return error;
  throw error ?? new Error('no error');
}

export const at =
  (code: number, step: FakeStep['step'], address?: number) =>
  (place: FakeStep): boolean =>
    place.code === code && place.step === step && (address ?? place.address) === place.address;

export const always =
  (where: (place: FakeStep) => boolean, answer: number | 'dead' = NACK) =>
  (place: FakeStep): number | 'dead' | undefined =>
    where(place) ? answer : undefined;

/** Stops the work so long after it began [ms] */
export async function stopped(
  { clock }: Bench,
  work: Work<RomEvent, unknown>,
  afterMs: number,
): Promise<IapError> {
  clock.after(afterMs, () => void work.return().catch(() => {}));
  return failure(work.result);
}

export const unreadableOptions = at(READ, 'address', OPTIONS);
export const image = randomBytes(1, 3000);
export const segment = (address: number, bytes: Uint8Array) => ({ address, bytes });
