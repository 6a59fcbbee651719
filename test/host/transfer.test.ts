// Pages on their way alone, frame by frame: how they are cut, what is asked when, and what each answer leads to.
import { describe, expect, test } from 'vitest';
import { AS_THEY_ARE, type Packer } from '../../host/compress/packer.js';
import { connect } from '../../host/device/connect.js';
import { openSession } from '../../host/device/open.js';
import { headerFor } from '../../host/image/image.js';
import { type Page, pagesOf } from '../../host/image/pages.js';
import { Transfer, type TransferProgress } from '../../host/update/transfer.js';
import {
  APP_BASE,
  Capability,
  Command,
  DataFlag,
  DataRequest,
  DataResponse,
  DeflateHead,
  decode,
  Encoding,
  encode,
  FrameDecoder,
  Rejection,
  Status,
} from '../../protocol/index.js';
import type { BenchOptions } from '../support/bench.js';
import { appImage } from '../support/images.js';
import { bench, start } from '../support/one-bench.js';

const PAGE = 256;

interface Run {
  readonly transfer: Transfer;
  readonly pages: readonly Page[];
  readonly told: TransferProgress[];
  /** What is sent, a line for each burst: number, H with the head of a page, ? where it asks, bytes of pages */
  readonly bursts: string[];
}

interface RunOptions extends BenchOptions {
  readonly size?: number;
  /** Pages that are there from the start; all if missing */
  readonly given?: number;
  readonly packer?: Packer;
  readonly force?: (page: Page) => boolean;
}

/** A transfer of all pages of an image that is begun, but not run */
async function begun({
  size = 4 * PAGE,
  given,
  packer,
  force,
  ...options
}: RunOptions = {}): Promise<Run> {
  start({ pageSize: PAGE, pages: 1000, commitMs: 1, ...options });
  const { line, clock } = bench;
  const session = openSession(line, { clock });
  const device = await connect(session, { hold: true });
  const bytes = appImage(size);
  const { next } = await device.begin(headerFor({ base: undefined, bytes }, APP_BASE), 0);
  const told: TransferProgress[] = [];
  const transfer = new Transfer(
    device,
    next,
    packer ?? AS_THEY_ARE,
    force ?? (() => false),
    (done) => told.push(done),
  );
  const pages = pagesOf(bytes, device.info.pageSize);
  transfer.add(pages.slice(0, given));
  const bursts: string[] = [];
  const write = line.write.bind(line);
  line.write = (burst) => {
    const frames = new FrameDecoder()
      .push(burst)
      .flatMap((item) => (item.kind === 'frame' ? [item.frame] : []));
    if (frames.length === 0) bursts.push('nothing');
    if (frames[0]?.type === Command.DATA) {
      const shown = frames.map(({ payload }) => {
        const { number, flags, body } = decode(DataRequest, payload);
        const head = (flags & DataFlag.HEAD) === 0 ? '' : 'H';
        return `${number}${head}${(flags & DataFlag.ASK) === 0 ? '' : '?'}:${body.length}`;
      });
      bursts.push(shown.join(' '));
    }
    return write(burst);
  };
  return { transfer, pages, told, bursts };
}

const HALF_DUPLEX = { faults: { halfDuplex: {} }, turnRoundMs: 1 };

describe('what is sent', () => {
  test.each<[string, RunOptions, string[]]>([
    ['each page in a frame, every second one asks', {}, ['0H:268 1H?:268 2H:268 3H?:268']],
    ['the last one asks, and is shorter', { size: 600 }, ['0H:268 1H?:268 2H?:100']],
    [
      'pages of several frames: the head before the first, a question in each quarter of a window',
      { pageSize: 1024, size: 4096, info: { maxPayload: 272, window: 2560 } },
      [
        '0H:269 1?:269 2:269 3?:229 4H:269 5?:269 6:269 7?:229',
        '8H:269 9?:269 10?:269',
        '11:229 12H?:269',
        '13:269 14?:269',
        '15?:229',
      ],
    ],
    [
      'the smallest window: each frame asks',
      { pageSize: 1024, size: 2048, info: { maxPayload: 272, window: 1024 } },
      ['0H?:269 1?:269 2?:269', '3?:229', '4H?:269', '5?:269', '6?:269', '7?:229'],
    ],
    [
      'on a half-duplex pair: eight pages at most a burst, one question at its end',
      {
        ...HALF_DUPLEX,
        size: 18 * PAGE,
        info: { window: 65_000, capabilities: Capability.HALF_DUPLEX },
      },
      [
        '0H:268 1H:268 2H:268 3H:268 4H:268 5H:268 6H:268 7H?:268',
        '8H:268 9H:268 10H:268 11H:268 12H:268 13H:268 14H:268 15H?:268',
        '16H:268 17H?:268',
      ],
    ],
  ])('%s', async (_, options, expected) => {
    const { transfer, bursts, pages } = await begun(options);
    expect(transfer.next).toBe(0);
    await transfer.run();
    expect(bursts).toEqual(expected);
    expect(transfer.next).toBe(bench.line.checker.count(Command.DATA));
    for (const { number, bytes } of pages) {
      expect(bench.device.flash.page(number).subarray(0, bytes.length)).toEqual(bytes);
    }
  });

  test('short frames without an answer: no more than may be on the way, less what is kept for questions', async () => {
    const { transfer, bursts } = await begun({ size: 400 * PAGE, info: { window: 65_536 } });
    bench.device.hook = ({ type }, count) =>
      type === Command.DATA && count < 120 ? 'drop' : undefined;
    await transfer.run();
    expect(bursts[0]?.split(' ')).toHaveLength(127 - 8);
    expect(bursts[1]).toBe('119?:0');
  });

  test('pages that must be written although they read right, and no others, say so', async () => {
    const { transfer } = await begun({ force: ({ number }) => number === 2 });
    await transfer.run();
    expect(bench.device.forced).toEqual([2]);
  });
});

describe('what is told', () => {
  test('pages and bytes that are in flash, of those that there are so far', async () => {
    const { transfer, told } = await begun({ size: 600 });
    await transfer.run();
    const all = { bytesTotal: 600, open: false };
    expect(told).toEqual([
      { pages: 2, bytes: 512, bytesEncoded: 512, ...all },
      { pages: 3, bytes: 600, bytesEncoded: 600, ...all },
    ]);
  });

  test('also of what was acknowledged, and not answered for', async () => {
    const { transfer, told } = await begun();
    bench.device.hook = ({ type }, count) =>
      type === Command.DATA && count === 2 ? 'deaf' : undefined;
    await transfer.run();
    expect(told.map(({ pages }) => pages)).toEqual([4]);
  });
});

describe('pages that come later', () => {
  test('are waited for, and sent at once', async () => {
    const { transfer, pages, bursts, told } = await begun({ given: 2 });
    const { clock } = bench;
    transfer.open = true;
    const running = transfer.run();
    const more = pages.slice(2);
    let added = 0;
    clock.after(5000, () => {
      added = clock.now();
      transfer.add(more);
      transfer.open = false;
    });
    await running;
    expect(bursts).toEqual(['0H:268 1H?:268', '2H:268 3H?:268']);
    expect(clock.now() - added).toBeLessThan(100);
    expect(told).toMatchObject([
      { pages: 2, bytesTotal: 512, open: true },
      { pages: 4, bytesTotal: 1024, open: false },
    ]);
  });

  test('do not come after all: it ends when that is said', async () => {
    const { transfer, bursts } = await begun({ size: 2 * PAGE });
    transfer.open = true;
    bench.clock.after(5000, () => {
      transfer.open = false;
      transfer.add([]);
    });
    await transfer.run();
    expect(bursts).toHaveLength(1);
  });

  test.each([
    ['before anything is sent', 0],
    ['while nothing is on the way', 5000],
    ['while pages are', 10],
  ])('can not be compared, %s: the error is thrown', async (_, ms) => {
    const { transfer } = await begun({ size: 2 * PAGE });
    transfer.open = true;
    const error = new Error('no CRC');
    if (ms === 0) transfer.abandon(error);
    else bench.clock.after(ms, () => transfer.abandon(error));
    await expect(transfer.run()).rejects.toBe(error);
    expect(bench.clock.now()).toBeLessThan(6000);
  });
});

describe('frames that are lost', () => {
  /** When the device is asked where it is [ms] */
  async function askedAfter(options: RunOptions, lost: readonly number[]): Promise<number[]> {
    const { transfer } = await begun(options);
    const { clock, device, line } = bench;
    const times: number[] = [];
    let since = 0;
    const write = line.write.bind(line);
    line.write = (bytes) => {
      if (bytes.length > 40) since = clock.now();
      else times.push(clock.now() - since);
      return write(bytes);
    };
    let count = 0;
    device.hook = ({ type, payload }) =>
      type === Command.DATA && payload.length > DataRequest.size && lost.includes(++count)
        ? 'drop'
        : undefined;
    await transfer.run();
    return times;
  }

  const SLOW = { pageMs: 1000, beginMs: 30_000 };

  test('the device is given the time that it may need for all pages, and for the entry of its record with the first', async () => {
    const [first = 0, ...more] = await askedAfter({ size: 3 * PAGE, info: SLOW }, [1, 2, 3]);
    expect(first).toBeGreaterThan(33_000);
    expect(first).toBeLessThan(34_000);
    expect(more).toEqual([]);
  });

  test('again as long, as long as no page got through; without the entry after that', async () => {
    const lost = Array.from({ length: 12 }, (_, i) => i + 1); // cut shorter the second time
    const twice = await askedAfter({ size: 3 * PAGE, info: SLOW }, lost);
    expect(twice).toHaveLength(2);
    expect(Math.min(...twice)).toBeGreaterThan(33_000);
    const [later = 0] = await askedAfter({ size: 3 * PAGE, info: SLOW }, [3]);
    expect(later).toBeGreaterThan(1000);
    expect(later).toBeLessThan(34_000);
    const window = { window: 1200 };
    const [third = 0] = await askedAfter({ size: 5 * PAGE, info: { ...SLOW, ...window } }, [5]);
    expect(third).toBeGreaterThan(1000);
    expect(third).toBeLessThan(2000);
  });

  test('what the device has is not sent again', async () => {
    const { transfer, bursts } = await begun({
      pageSize: 1024,
      size: 2048,
      info: { maxPayload: 272 },
    });
    bench.device.hook = ({ type }, count) =>
      type === Command.DATA && count === 3 ? 'drop' : undefined;
    await transfer.run();
    const numbers = bursts
      .join(' ')
      .split(' ')
      .map((frame) => Number.parseInt(frame, 10));
    expect(numbers.filter((number) => number < 2)).toEqual([0, 1]);
    // In the middle of its page, cut shorter
    expect(bursts[1]).toMatch(/^2\??:13\d /);
    expect(bench.device.flash.pagesWritten).toBe(2);
  });

  test('again and again: given up after thirty times without one that arrives', async () => {
    const { transfer, bursts } = await begun();
    bench.device.hook = ({ type, payload }) =>
      type === Command.DATA && payload.length > DataRequest.size ? 'drop' : undefined;
    await expect(transfer.run()).rejects.toMatchObject({
      code: 'LINK_LOST',
      hint: expect.stringContaining('lower --baud'),
    });
    expect(bursts.filter((burst) => burst.endsWith('?:0'))).toHaveLength(31);
  });

  test('again and again, but one that arrives each time: not given up', async () => {
    const { transfer } = await begun({ size: 60 * PAGE, info: { window: 1024 } });
    let count = 0;
    let lost = 0;
    bench.device.hook = ({ type, payload }) => {
      if (type !== Command.DATA || payload.length === DataRequest.size || ++count % 4 > 0)
        return undefined;
      lost++;
      return 'drop';
    };
    await transfer.run();
    expect(lost).toBeGreaterThan(40);
    expect(bench.device.flash.pagesWritten).toBe(60);
  });
});

describe('answers', () => {
  const answer = (status: number, next: number, detail = 0): Uint8Array =>
    encode(DataResponse, { status, next, pages: 0, detail });

  test.each([
    ['of frames that were not sent yet', Status.OK, 5, { field: 'next', found: 5 }],
    ['that want a frame which it has taken', Status.GAP, 0xffff, { command: 'DATA' }],
    ['of a kind that DATA has not', Status.VERIFY_FAILED, 0, { command: 'DATA' }],
  ])('%s are not believed', async (_, status, next, details) => {
    const { transfer } = await begun();
    bench.device.hook = ({ type }) => (type === Command.DATA ? answer(status, next) : undefined);
    await expect(transfer.run()).rejects.toMatchObject({ code: 'BAD_ANSWER', details });
  });

  test('that refuse are thrown as they are', async () => {
    const { transfer } = await begun();
    bench.device.hook = ({ type }) => (type === Command.DATA ? Status.NO_SESSION : undefined);
    await expect(transfer.run()).rejects.toMatchObject({
      code: 'REFUSED',
      details: { status: 'NO_SESSION' },
    });
  });

  test('that a page failed: it is sent again from its head, a third failure is the last', async () => {
    const { transfer, bursts } = await begun({
      pageSize: 1024,
      size: 2048,
      info: { maxPayload: 272 },
    });
    bench.device.failing.set(1, 2);
    await transfer.run();
    const heads = bursts
      .join(' ')
      .split(' ')
      .filter((frame) => frame.includes('H'));
    expect(heads.map((frame) => Number.parseInt(frame, 10))).toEqual([0, 4, 4, 4]);
    const again = await begun();
    bench.device.failing.set(1, 3);
    await expect(again.transfer.run()).rejects.toMatchObject({
      code: 'PAGE_FAILED',
      details: { page: 1, status: 'FLASH_FAILED' },
    });
    expect(bench.device.failing.get(1)).toBe(0);
  });

  test('of a failed page say nothing of the line: frames stay as long', async () => {
    const { transfer, bursts } = await begun({
      pageSize: 1024,
      size: 2048,
      info: { maxPayload: 272 },
    });
    bench.device.failing.set(0, 2);
    await transfer.run();
    expect(
      Math.max(
        ...bursts
          .slice(1)
          .join(' ')
          .split(' ')
          .map((frame) => Number(frame.split(':')[1])),
      ),
    ).toBe(269);
  });
});

describe('pages that are compressed', () => {
  /** A stream is one byte: which page; `wrong` of them the device can not decode. */
  function packer(): Packer & { readonly encoded: number[]; distrusted: number } {
    return {
      delta: false,
      encoded: [],
      distrusted: 0,
      plan: (_pages, _found, send) => [...send],
      encode(page) {
        this.encoded.push(page.number);
        const head = encode(DeflateHead, { dictionaryEnd: 0, dictionaryPages: 0 });
        return { encoding: Encoding.DEFLATE, bytes: Uint8Array.of(...head, page.number) };
      },
      distrust() {
        this.distrusted++;
      },
    };
  }
  const image = appImage(8 * PAGE);
  function inflate([number = 0]: Uint8Array): Uint8Array {
    return image.slice(number * PAGE, (number + 1) * PAGE);
  }
  const size = 8 * PAGE;

  test('each once; every second asks', async () => {
    const made = packer();
    const { transfer, bursts, told } = await begun({ size, packer: made, inflate });
    await transfer.run();
    expect(made.encoded).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const asks = bursts
      .join(' ')
      .split(' ')
      .map((frame) => frame.includes('?'));
    expect(asks).toEqual([false, true, false, true, false, true, false, true]);
    const bytes = DeflateHead.size + 1;
    expect(told.at(-1)).toMatchObject({ pages: 8, bytes: size, bytesEncoded: 8 * bytes });
  });

  test('a damaged stream: that page goes as it is, the others as they were', async () => {
    const made = packer();
    const { transfer } = await begun({
      size,
      packer: made,
      inflate: (stream) => {
        if (stream[0] === 2) throw new Error('damaged');
        return inflate(stream);
      },
    });
    await transfer.run();
    expect(made).toMatchObject({ distrusted: 0, encoded: [0, 1, 2, 3, 4, 5, 6, 7] });
    const raw = bench.device.heads.filter(({ encoding }) => encoding === Encoding.RAW);
    expect(raw.map(({ page }) => page)).toEqual([2]);
  });

  test('what comes out is another page: nothing that was compressed behind it is believed', async () => {
    const made = packer();
    const { transfer } = await begun({
      size,
      packer: made,
      inflate: (stream) => inflate(stream).map((byte) => (stream[0] === 2 ? byte ^ 1 : byte)),
    });
    await transfer.run();
    expect(made.distrusted).toBe(1);
    expect(made.encoded.slice(-5)).toEqual([3, 4, 5, 6, 7]);
    expect(made.encoded.filter((page) => page <= 2)).toEqual([0, 1, 2]);
    expect(bench.device.flash.bytes.subarray(0, size)).toEqual(image);
  });

  test('a page that is rejected as it is counts as failed', async () => {
    const { transfer } = await begun();
    bench.device.rejecting.set(1, 3);
    await expect(transfer.run()).rejects.toMatchObject({
      code: 'PAGE_FAILED',
      details: { page: 1, status: 'PAGE_REJECTED', detail: Rejection.CRC },
    });
  });

  test('a page that fails in flash counts as failed, compressed or not', async () => {
    const { transfer } = await begun({ size, packer: packer(), inflate });
    bench.device.failing.set(3, 3);
    await expect(transfer.run()).rejects.toMatchObject({
      code: 'PAGE_FAILED',
      details: { page: 3, status: 'FLASH_FAILED' },
    });
  });
});

describe('a line that damages much', () => {
  /** Each third answer comes damaged. */
  function damage(): void {
    let count = 0;
    bench.line.toHost = (bytes) =>
      bytes.length > 1 && ++count % 3 === 0
        ? [bytes.map((byte, i) => (i === 8 ? byte ^ 0x10 || 1 : byte))]
        : [bytes];
  }

  test('is left where there is a slower rate, once all that is on the way is worked off', async () => {
    const { transfer } = await begun({ size: 400 * PAGE });
    let asked = 0;
    transfer.givesUp = () => {
      asked++;
      return true;
    };
    damage();
    await expect(transfer.run()).rejects.toMatchObject({ code: 'LINK_LOST' });
    expect(asked).toBe(1);
    const { length } = bench.device.log;
    await new Promise<void>((resolve) => bench.clock.after(10_000, resolve));
    expect(bench.device.log).toHaveLength(length);
  });

  test.each([
    ['that has no slower rate', () => false],
    ['that nobody asked whether it has', undefined],
  ])('is gone on with, %s', async (_, givesUp) => {
    const { transfer, pages } = await begun({ size: 100 * PAGE });
    if (givesUp) transfer.givesUp = givesUp;
    damage();
    await transfer.run();
    expect(bench.device.flash.pagesWritten).toBe(pages.length);
  });

  test('was so before: that does not count', async () => {
    const { transfer } = await begun({ size: 20 * PAGE });
    transfer.givesUp = () => true;
    await transfer.run();
    expect(bench.device.flash.pagesWritten).toBe(20);
  });
});
