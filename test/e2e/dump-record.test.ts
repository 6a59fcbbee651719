// "iap dump-record" against the bootloader itself: the same flash, read by both, in every state that the record goes through.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import { DUMP_RECORD } from '../../host/cli/commands/dump-record.js';
import { Output } from '../../host/cli/output.js';
import { connect } from '../../host/device/connect.js';
import type { Device, DeviceInfo } from '../../host/device/device.js';
import { openSession } from '../../host/device/open.js';
import { headerFor, type Image } from '../../host/image/image.js';
import { loadImage } from '../../host/image/load.js';
import { makePackage } from '../../host/pack/pack.js';
import { update } from '../../host/update/update.js';
import { APP_BASE, ImageState, Mode, Stay } from '../../protocol/index.js';
import { Lockstep } from '../conformance/lockstep.js';
import { built, deafImage, demoImage, type Part } from '../support/board.js';
import { jsonLines } from '../support/cli.js';
import { tempDir } from './bench.js';

const { handler: dumpRecord } = DUMP_RECORD;

const SIZE = 6001;
/** Longer than the listening window and the start of an application [ms] */
const SETTLED_MS = 1500;
const PARTS: readonly Part[] = ['stm32f103xe', 'stm32f100xb'];

interface Entry {
  readonly sequence: number;
  readonly area: string;
  readonly marks: readonly string[];
  readonly trials: number;
  readonly image: {
    readonly version: string;
    readonly imageSize: number;
    readonly imageSha256: string;
  };
}

interface Dumped {
  readonly board: string;
  readonly starts: boolean | null;
  readonly stay: string;
  readonly check: {
    readonly crc32: boolean;
    readonly sha256: boolean;
    readonly vectors: boolean;
  } | null;
  readonly installed: number | null;
  readonly pending: number | null;
  readonly activeArea: string | null;
  readonly entries: readonly Entry[];
}

class Rig {
  readonly board: Lockstep;
  readonly #dir = tempDir();

  constructor(part: Part, bootloader = built('build', part, 'bootloader.bin')) {
    this.board = new Lockstep({ board: built('build', 'board', 'iap-board'), part, bootloader });
    onTestFinished(() => this.board.stop());
  }

  async dump(): Promise<Dumped> {
    const path = join(this.#dir.path, 'flash.bin');
    await this.board.command(`save ${path}`);
    let text = '';
    const out = { write: (piece: string) => (text += piece) };
    await dumpRecord({ dump: path }, { output: new Output(true, { out, error: out }) });
    return jsonLines(text).at(-1) as unknown as Dumped;
  }

  /** Switched off and on with nobody calling, then asked. Undefined: nobody answers, so an application without app kit runs. */
  async powerUp(): Promise<DeviceInfo | undefined> {
    await this.board.command('power cycle');
    await this.board.during(
      new Promise<void>((resolve) => {
        this.board.clock.after(SETTLED_MS, resolve);
      }),
    );
    const session = openSession(this.board.transport, { clock: this.board.clock });
    const options = { hold: false, timeoutMs: 1000 };
    return this.board.during(
      connect(session, options).then(
        ({ info }) => info,
        (error: IapError) => {
          expect(error.code).toBe('NO_ANSWER');
          return undefined;
        },
      ),
    );
  }

  /** Held in the bootloader; an application must have the app kit. */
  async device(): Promise<Device> {
    await this.board.command('reset');
    const session = openSession(this.board.transport, { clock: this.board.clock });
    return this.board.during(connect(session, { hold: true, wait: true, timeoutMs: 5000 }));
  }

  async update(image: Image): Promise<void> {
    await this.board.command('reset');
    const { clock, transport } = this.board;
    const events = update(transport, image, { clock, boot: false, wait: true });
    const run = async (): Promise<void> => {
      while (!(await events.next()).done);
    };
    await this.board.during(run());
  }
}

/** What the bootloader makes of the flash, and what the dump says of it, are the same. */
async function expectAgreement(rig: Rig): Promise<Dumped> {
  const before = await rig.dump();
  const info = await rig.powerUp();
  const now = await rig.dump();
  const running = info === undefined || info.mode === Mode.APP;
  expect({ starts: before.starts, stay: before.stay }).toEqual({
    starts: running,
    stay: running ? 'NONE' : stayName(info.stay),
  });
  if (!info) return before;
  const active = now.entries.filter(({ area }) => area === now.activeArea);
  for (const [said, sequence] of [
    [info.installed, now.installed],
    [info.pending, now.pending],
  ] as const) {
    const entry = active.find((e) => e.sequence === sequence);
    expect(said.sequence).toBe(entry?.sequence ?? 0);
    if (!entry) continue;
    const { major, minor, patch } = said.version;
    expect({
      trials: entry.trials,
      size: entry.image.imageSize,
      hash: entry.image.imageSha256,
      version: entry.image.version,
    }).toEqual({
      trials: said.trials,
      size: said.size,
      hash: Buffer.from(said.sha256).toString('hex'),
      version: `${major}.${minor}.${patch}`,
    });
    for (const mark of ['TOUCHED', 'VALID', 'CONFIRMED'] as const) {
      expect(entry.marks.includes(mark)).toBe((said.state & ImageState[mark]) !== 0);
    }
  }
  if (!running && (info.installed.state & ImageState.VALID) !== 0) {
    const good = (info.installed.state & ImageState.GOOD) !== 0;
    expect(now.check?.crc32 && now.check.vectors).toBe(good);
  }
  return before;
}

function stayName(stay: number): string | undefined {
  return Object.entries(Stay).find(([, value]) => value === stay)?.[0];
}

function plain(bytes: Uint8Array): Image {
  return { base: undefined, bytes };
}

function packed(bytes: Uint8Array, minor: number, confirm: boolean): Image {
  const version = { major: 1, minor, patch: 0, build: 0 };
  return loadImage(makePackage(plain(bytes), { version, confirm }));
}

describe.each(PARTS)('%s', (part) => {
  test('new, begun, cut short, installed, damaged', async () => {
    const rig = new Rig(part);
    expect(await expectAgreement(rig)).toMatchObject({
      board: part,
      stay: 'NO_RECORD',
      entries: [],
    });

    const image = packed(demoImage(part, 1, SIZE), 1, false);
    const device = await rig.device();
    await rig.board.during(device.begin(headerFor(image, APP_BASE), 0));
    expect(await expectAgreement(rig)).toMatchObject({ stay: 'NO_RECORD', entries: [] });

    await rig.board.command('cut 2000');
    await expect(rig.board.during(cutUpdate(rig, image))).rejects.toMatchObject({
      code: expect.any(String) as string,
    });
    await rig.board.command('power on');
    expect(await expectAgreement(rig)).toMatchObject({ stay: 'IN_PROGRESS', installed: 1 });

    await rig.update(image);
    expect(await expectAgreement(rig)).toMatchObject({
      starts: true,
      installed: 1,
      check: { crc32: true, sha256: true, vectors: true },
    });

    const address = `0x${(APP_BASE + SIZE - 9).toString(16)}`;
    const { hex } = await rig.board.command(`peek ${address} 1`);
    const flipped = (Number.parseInt(String(hex), 16) ^ 0x10).toString(16).padStart(2, '0');
    await rig.board.command(`poke ${address} ${flipped}`);
    expect(await expectAgreement(rig)).toMatchObject({
      starts: false,
      stay: 'IMAGE_BAD',
      check: { crc32: false, sha256: false, vectors: true },
    });
  });

  test('on trial, trials used up, confirmed', async () => {
    const rig = new Rig(part);
    await rig.update(packed(deafImage(SIZE, 'hangs'), 1, true));
    for (const trials of [0, 1, 2]) {
      const dumped = await expectAgreement(rig);
      expect(dumped).toMatchObject({ starts: true, entries: [{ trials }] });
    }
    expect(await expectAgreement(rig)).toMatchObject({ starts: false, stay: 'TRIALS_USED' });

    await rig.update(packed(demoImage(part, 2, SIZE), 2, true));
    expect(await expectAgreement(rig)).toMatchObject({ starts: true, installed: 2 });
    const confirmed = await expectAgreement(rig);
    expect(confirmed.entries.at(-1)?.marks).toContain('CONFIRMED');
  });

  test('the record changes its area: nothing is lost, and the old area is its history', async () => {
    const rig = new Rig(part);
    for (let i = 1; i <= 9; i++) {
      await rig.update(packed(demoImage(part, i % 2 === 0 ? 2 : 1, SIZE), i, false));
      if (i >= 7) {
        const { installed, activeArea, entries } = await expectAgreement(rig);
        expect({ installed, activeArea }).toEqual({ installed: i, activeArea: i > 7 ? 'B' : 'A' });
        const all = [...Array(i).keys()].map((n) => n + 1);
        expect([...new Set(entries.map(({ sequence }) => sequence))]).toEqual(all);
      }
    }
  });
});

test('begun and given up, by a bootloader of 0.1 that makes the entry at BEGIN', async ({
  skip,
}) => {
  const part = 'stm32f103xb';
  const path = join('build', 'history', 'build', part, 'bootloader.bin');
  skip(
    !existsSync(path),
    'no bootloader of then: git fetch --unshallow, or take a clone with its history',
  );
  const rig = new Rig(part, path);
  const header = headerFor(packed(demoImage(part, 1, SIZE), 1, false), APP_BASE);
  const device = await rig.device();
  await rig.board.during(device.begin(header, 0));
  expect(await expectAgreement(rig)).toMatchObject({ stay: 'NO_RECORD', pending: 1 });

  const again = await rig.device();
  await rig.board.during(again.begin(header, 0));
  await rig.board.during(again.abort());
  const closed = await expectAgreement(rig);
  expect(closed).toMatchObject({ pending: null, entries: [{ marks: ['CLOSED'] }] });
});

test('power cut in an update: half-programmed cells are read as the bootloader reads them', async () => {
  const part = 'stm32f100xb';
  const image = packed(demoImage(part, 1), 1, false);
  const whole = new Rig(part);
  await whole.update(image);
  const { flashOps } = (await whole.board.command('counters')) as { readonly flashOps: number };
  const seen = new Set<string>();
  // Header and entry of the record, TOUCHED, a page, and the marks of END
  for (const at of [
    2,
    9,
    60,
    138,
    140,
    141,
    900,
    flashOps - 3,
    flashOps - 2,
    flashOps - 1,
    flashOps,
  ]) {
    const rig = new Rig(part);
    await rig.board.command(`cut ${at} ${at}`);
    await rig.board.during(cutUpdate(rig, image)).catch((error: IapError) => {
      expect(error).toMatchObject({ code: expect.stringMatching(/LINK_LOST|NO_ANSWER/) as string });
    });
    await rig.board.command('power on');
    const { starts, stay } = await expectAgreement(rig);
    seen.add(starts ? 'started' : stay);
  }
  expect([...seen].sort()).toEqual(['IN_PROGRESS', 'NO_RECORD', 'started']);
});

async function cutUpdate(rig: Rig, image: Image): Promise<void> {
  const { clock, transport } = rig.board;
  const options = { clock, boot: false, wait: true, timeoutMs: 5000 };
  const events = update(transport, image, options);
  while (!(await events.next()).done);
}
