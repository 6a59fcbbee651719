// From BEGIN to a verified image: what is asked, in which order, what is told, and what is known of the device at each moment.
import { describe, expect, test } from 'vitest';
import { hex32 } from '../../host/base/text.js';
import { AS_THEY_ARE, type Packer } from '../../host/compress/packer.js';
import { connect } from '../../host/device/connect.js';
import { openSession } from '../../host/device/open.js';
import { headerFor } from '../../host/image/image.js';
import { pagesOf } from '../../host/image/pages.js';
import { AutoRate } from '../../host/update/auto-rate.js';
import type { UpdateEvent } from '../../host/update/events.js';
import { Installer } from '../../host/update/install.js';
import {
  APP_BASE,
  Capability,
  Check,
  Command,
  decode,
  EndResponse,
  encode,
  PagesRequest,
  Status,
} from '../../protocol/index.js';
import type { BenchOptions } from '../support/bench.js';
import { appImage } from '../support/images.js';
import { bench, start } from '../support/one-bench.js';

const PAGE = 256;
const SIZE = 20 * PAGE - 100;
/** Which no version knows */
const NO_STATUS = 0x0f;
const SMALL = { pageSize: PAGE, pages: 64, commitMs: 1 };

interface Run {
  readonly installer: Installer;
  readonly events: UpdateEvent[];
  /** begun, changed, writing, ending, at each event but progress */
  readonly states: string[];
}

interface RunOptions extends BenchOptions {
  readonly bytes?: Uint8Array;
  readonly packer?: Packer;
  readonly auto?: boolean;
  readonly again?: boolean;
}

function stateOf({ begun, changed, writing, ending }: Installer): string {
  const flags = { begun, changed, writing, ending };
  return Object.entries(flags)
    .flatMap(([name, is]) => (is ? [name] : []))
    .join(' ');
}

async function prepared({
  bytes = appImage(SIZE),
  packer = AS_THEY_ARE,
  auto = false,
  again = false,
  ...options
}: RunOptions = {}): Promise<Run> {
  if (!again) start({ ...SMALL, ...options });
  bench.line.checker.newHost();
  const session = openSession(bench.line, { clock: bench.clock });
  const device = await connect(session, { hold: true });
  const events: UpdateEvent[] = [];
  const states: string[] = [];
  const tell = (event: UpdateEvent): void => {
    events.push(event);
    if (event.event !== 'progress') states.push(`${event.event}: ${stateOf(installer)}`);
  };
  const header = headerFor({ base: undefined, bytes }, APP_BASE);
  const rates = auto ? new AutoRate(device, () => {}, undefined) : undefined;
  const pages = pagesOf(bytes, PAGE);
  const packerOf = (): Promise<Packer> => Promise.resolve(packer);
  const installer = new Installer(device, header, pages, tell, packerOf, rates);
  return { installer, events, states };
}

/** First page and count of each question for CRCs */
function compared(): number[][] {
  return bench.line.checker.sent
    .filter(({ type }) => type === Command.PAGES)
    .map(({ payload }) => {
      const { first, count } = decode(PagesRequest, payload);
      return [first, count];
    });
}

const plans = (events: readonly UpdateEvent[]): UpdateEvent[] =>
  events.filter(({ event }) => event === 'plan');

describe('a first image', () => {
  test('what is told, and what is known at that moment', async () => {
    const { installer, events, states } = await prepared();
    expect(stateOf(installer)).toBe('');
    await installer.run();
    expect(states).toEqual([
      'comparing: begun changed',
      'plan: begun changed writing',
      'verifying: begun changed writing',
    ]);
    expect(stateOf(installer)).toBe('begun changed');
    expect(events.filter(({ event }) => event === 'comparing')).toEqual([
      { event: 'comparing', pages: 20 },
    ]);
    expect(plans(events)).toEqual([
      { event: 'plan', pagesTotal: 20, pagesToSend: 20, bytesToSend: SIZE, resumed: false },
    ]);
    expect(events.findLast(({ event }) => event === 'progress')).toMatchObject({
      bytesDone: SIZE,
      bytesTotal: SIZE,
    });
    expect(installer).toMatchObject({ pagesSent: 20, bytesSent: SIZE, bytesEncoded: SIZE });
  });

  test('the first eight pages are compared, and sent while the others are', async () => {
    const { installer } = await prepared({ info: { pagesMs: 5000 } });
    bench.device.hook = ({ type }, count) =>
      type === Command.PAGES && count === 2 ? 'drop' : undefined;
    await installer.run();
    expect(compared()).toEqual([
      [0, 8],
      [8, 12],
      [8, 12],
    ]);
    const types = bench.line.checker.sent.map(({ type }) => type);
    expect(types.indexOf(Command.DATA)).toBeLessThan(types.lastIndexOf(Command.PAGES));
  });

  test('eight pages or fewer are compared at once', async () => {
    const { installer, events } = await prepared({ bytes: appImage(8 * PAGE) });
    await installer.run();
    expect(compared()).toEqual([[0, 8]]);
    expect(plans(events)).toMatchObject([{ pagesToSend: 8 }]);
  });

  test.each<[string, RunOptions]>([
    ['old pages can be copied from', { packer: { ...AS_THEY_ARE, delta: true } }],
    ['the rate is chosen by what is to be sent', { auto: true }],
    [
      'nothing is heard while pages are sent',
      {
        faults: { halfDuplex: {} },
        turnRoundMs: 1,
        info: { capabilities: Capability.HALF_DUPLEX },
      },
    ],
  ])('all pages are compared before the first is sent, where %s', async (_, options) => {
    const { installer, events } = await prepared(options);
    await installer.run();
    expect(compared()).toEqual([[0, 20]]);
    expect(plans(events)).toHaveLength(1);
    expect(plans(events)).toMatchObject([{ pagesToSend: 20, bytesToSend: SIZE }]);
    expect(bench.device.flash.pagesWritten).toBe(20);
  });

  test('no progress is told before it is known how much there is to do', async () => {
    const { installer, events } = await prepared({ info: { pagesMs: 5000 } });
    // The CRCs of the later pages come late.
    bench.device.hook = ({ type }, count) =>
      type === Command.PAGES && count === 2 ? 'drop' : undefined;
    await installer.run();
    const first = events.findIndex(({ event }) => event === 'progress');
    expect(events.findIndex(({ event }) => event === 'plan')).toBeLessThan(first);
    expect(events[first]).toMatchObject({ bytesTotal: SIZE });
  });

  test('later pages that can not be compared: that error, and not another one', async () => {
    const { installer } = await prepared();
    bench.device.hook = ({ type }, count) =>
      type === Command.PAGES && count === 2 ? Status.BAD_REQUEST : undefined;
    await expect(installer.run()).rejects.toMatchObject({
      code: 'REFUSED',
      details: { command: 'PAGES' },
    });
    expect(stateOf(installer)).toBe('begun changed writing');
  });
});

describe('an image that the device has', () => {
  test('after all: nothing is changed', async () => {
    await (await prepared()).installer.run();
    const { installer, events } = await prepared({ again: true });
    await installer.run();
    expect(stateOf(installer)).toBe('begun');
    expect(events).toEqual([]);
  });

  test('in part: what differs is sent, of an update that goes on', async () => {
    const bytes = appImage(SIZE);
    bytes.fill(0xff, 3 * PAGE, 5 * PAGE);
    const first = await prepared({ bytes });
    bench.device.hook = ({ type }) => (type === Command.END ? Status.SUPPLY_LOW : undefined);
    await expect(first.installer.run()).rejects.toMatchObject({ code: 'REFUSED' });
    bench.device.hook = () => undefined;
    const page = bench.device.flash.page(12);
    page[7] = (page[7] ?? 0) ^ 1;
    const { installer, events } = await prepared({ bytes, again: true });
    await installer.run();
    // Pages that read blank may be half erased: they are erased again.
    expect(plans(events)).toEqual([
      { event: 'plan', pagesTotal: 20, pagesToSend: 3, bytesToSend: 3 * PAGE, resumed: true },
    ]);
    expect(bench.device.forced).toEqual([3, 4]);
    expect(installer).toMatchObject({ pagesSent: 3, bytesSent: 3 * PAGE });
  });
});

describe('END', () => {
  function answers(status: number, detail: number, times = 1): void {
    let left = times;
    bench.device.hook = ({ type }) => {
      if (type !== Command.END || left-- <= 0) return undefined;
      return encode(EndResponse, { status, next: 20, detail });
    };
  }

  test('says that a frame is missing which it has taken: not believed', async () => {
    const { installer, states } = await prepared();
    answers(Status.GAP, 0);
    await expect(installer.run()).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      details: { command: 'END' },
    });
    expect(states.at(-1)).toBe('verifying: begun changed writing');
    expect(installer.ending).toBe(false);
  });

  test.each([
    ['once', 1],
    ['with a fault that has no name, once', 1, 0],
  ])(
    'says %s that the image is wrong: all is sent again, with force',
    async (_, times, detail = Check.CRC32) => {
      const { installer, events } = await prepared();
      answers(Status.VERIFY_FAILED, detail, times);
      await installer.run();
      expect(events).toContainEqual(expect.objectContaining({ code: 'VERIFY_AGAIN' }));
      expect(plans(events)).toEqual([
        { event: 'plan', pagesTotal: 20, pagesToSend: 20, bytesToSend: SIZE, resumed: false },
        { event: 'plan', pagesTotal: 20, pagesToSend: 20, bytesToSend: SIZE, resumed: true },
      ]);
      expect(bench.device.forced).toEqual(Array.from({ length: 20 }, (__, i) => i));
      expect(installer).toMatchObject({
        pagesSent: 40,
        bytesSent: 2 * SIZE,
        bytesEncoded: 2 * SIZE,
      });
    },
  );

  test.each([
    ['a fault that has no name', 0, 0xffff_ffff, /not what was sent/],
    ['its CRC-32', Check.CRC32, Check.CRC32, /not what was sent/],
    ['its vectors', Check.VECTORS, Check.VECTORS, /vector table is wrong for this part/],
  ])('says twice that the image is wrong, %s: given up', async (_, detail, checks, message) => {
    const { installer } = await prepared();
    answers(Status.VERIFY_FAILED, detail, 2);
    await expect(installer.run()).rejects.toMatchObject({
      code: 'VERIFY_FAILED',
      message: expect.stringMatching(message),
      details: { checks },
      hint: expect.stringContaining('stays in the bootloader'),
    });
    expect(installer.writing).toBe(true);
  });

  test('says that flash behind the image does not erase: said where, and no nonsense', async () => {
    const { installer } = await prepared();
    const address = APP_BASE + 40 * 2048;
    answers(Status.FLASH_FAILED, address);
    await expect(installer.run()).rejects.toMatchObject({
      code: 'PAGE_FAILED',
      message: `what is behind the image could not be erased: flash fails at ${hex32(address)}`,
      details: { address, status: 'FLASH_FAILED', detail: address },
      hint: expect.stringContaining('can be updated again') as string,
    });
    expect(installer.ending).toBe(false);
  });

  test('says what it can not: not believed', async () => {
    const { installer } = await prepared();
    answers(NO_STATUS, 0);
    await expect(installer.run()).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      details: { command: 'END' },
    });
  });

  test('is not answered: the device may have verified the image', async () => {
    const { installer } = await prepared();
    bench.device.hook = ({ type }) => (type === Command.END ? 'drop' : undefined);
    await expect(installer.run()).rejects.toMatchObject({ code: 'LINK_LOST' });
    expect(stateOf(installer)).toBe('begun changed writing ending');
    bench.device.hook = ({ type }) => (type === Command.BEGIN ? Status.SUPPLY_LOW : undefined);
    await expect(installer.run()).rejects.toMatchObject({ code: 'REFUSED' });
    bench.device.hook = () => undefined;
    await installer.run();
    expect(stateOf(installer)).toBe('begun changed');
  });
});
