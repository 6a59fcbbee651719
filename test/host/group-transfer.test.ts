// Pages to several devices at once, frame by frame: what all are sent, who is asked when, and what each answer leads to.
import { afterEach, describe, expect, test } from 'vitest';
import { AS_THEY_ARE, type Packer } from '../../host/compress/packer.js';
import { connect } from '../../host/device/connect.js';
import type { Device } from '../../host/device/device.js';
import { openSession } from '../../host/device/open.js';
import { headerFor } from '../../host/image/image.js';
import { pagesOf } from '../../host/image/pages.js';
import { GroupTransfer, type GroupTransferOptions } from '../../host/update/group-transfer.js';
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
  type Frame,
  FrameDecoder,
  Status,
} from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { Pair, type PairOptions } from '../support/pair.js';

const PAGE = 256;

let pair: Pair;

afterEach(() => {
  expect(pair.line.checker.violations).toEqual([]);
  expect(pair.line.collisions).toBe(0);
  for (const { mostWaiting, info } of pair.devices) {
    expect(mostWaiting).toBeLessThanOrEqual(info.window);
  }
});

interface Run {
  readonly transfer: GroupTransfer;
  /** A line for each burst: number, H with the head of a page, bytes of it; to one alone: its address, and ? */
  readonly bursts: string[];
  /** When [ms] */
  readonly times: number[];
  /** Pages that all have, and what they were sent as */
  readonly told: [number, number][];
  readonly left: [number, string][];
  /** When all were to hear something [ms] */
  readonly kept: number[];
}

interface RunOptions extends PairOptions, Partial<Pick<GroupTransferOptions, 'packer' | 'force'>> {
  readonly size?: number;
  readonly start?: number;
}

/** A transfer of all pages of an image that is begun, but not run */
async function begun({
  size = 4 * PAGE,
  start = 0,
  packer = AS_THEY_ARE,
  force = () => false,
  ...options
}: RunOptions): Promise<Run> {
  pair = new Pair({ pageSize: PAGE, pages: 1000, commitMs: 1, ...options });
  const { line, clock } = pair;
  const session = openSession(line, { clock });
  const bytes = appImage(size);
  const members: { address: number; device: Device }[] = [];
  for (const address of options.addresses) {
    pair.at(address).firstNumber = start;
    session.address = address;
    const device = await connect(session, { hold: true });
    await device.begin(headerFor({ base: undefined, bytes }, APP_BASE), 0);
    members.push({ address, device });
  }
  const told: [number, number][] = [];
  const left: [number, string][] = [];
  const kept: number[] = [];
  const began = clock.now();
  const transfer = new GroupTransfer({
    session,
    members,
    start,
    pages: pagesOf(bytes, members[0]?.device.info.pageSize ?? PAGE),
    packer,
    force,
    keepAlive: () => {
      kept.push(clock.now() - began);
      return Promise.resolve();
    },
    onProgress: (pages, encoded) => told.push([pages, encoded]),
    onLeave: (address, { message }) => left.push([address, message]),
  });
  const bursts: string[] = [];
  const times: number[] = [];
  const write = line.write.bind(line);
  line.write = (burst) => {
    const frames = new FrameDecoder()
      .push(burst)
      .flatMap((item) => (item.kind === 'frame' ? [item.frame] : []));
    const shown = frames.map(({ type, address, payload }) => {
      if (type !== Command.DATA) return `type ${type}`;
      const { number, flags, body } = decode(DataRequest, payload);
      const head = (flags & DataFlag.HEAD) === 0 ? '' : 'H';
      const ask = (flags & DataFlag.ASK) === 0 ? '' : '?';
      const to = address === 0 ? '' : `@${address} `;
      return body.length === 0 && head === ''
        ? `${to}${ask}`
        : `${to}${number}${head}${ask}:${body.length}`;
    });
    bursts.push(shown.join(' '));
    times.push(Math.round(clock.now() - began));
    return write(burst);
  };
  return { transfer, bursts, times, told, left, kept };
}

/** The bursts, with their times [ms] */
function timed({ bursts, times }: Run): string[] {
  return bursts.map((burst, i) => `${times[i]} ${burst}`);
}

const isPiece = ({ type, payload }: Frame): boolean =>
  type === Command.DATA && payload.length > DataRequest.size;
const isQuestion = ({ type, payload }: Frame): boolean =>
  type === Command.DATA && payload.length === DataRequest.size;

/** That device loses these pieces, counted from 1. */
function loses(address: number, lost: (count: number) => boolean): void {
  let count = 0;
  pair.at(address).hook = (frame) => (isPiece(frame) && lost(++count) ? 'drop' : undefined);
}

const HALF_DUPLEX = { faults: { halfDuplex: {} }, turnRoundMs: 1 };

describe('what all are sent, who is asked, and when', () => {
  test.each<[string, RunOptions, string[], [number, number][]]>([
    [
      'each page in a frame; the last device after the last page',
      { addresses: [1, 2] },
      ['0 0H:268', '0 1H:268', '0 2H:268', '0 3H:268 @1 ?', '100 @2 ?'],
      [[4, 1024]],
    ],
    [
      'one after the other, as long as there is something to send once in a KB',
      { addresses: [1, 2, 3], size: 20 * PAGE },
      [
        ...['0 0H:268', '0 1H:268', '0 2H:268', '0 3H:268 @1 ?', '0 4H:268', '23 5H:268'],
        ...['47 6H:268', '72 7H:268', '96 8H:268', '121 9H:268 @2 ?', '146 10H:268', '171 11H:268'],
        ...['195 12H:268', '219 13H:268', '304 14H:268 @3 ?', '371 15H:268', '371 16H:268'],
        ...['371 17H:268', '371 18H:268 @1 ?', '423 19H:268', '471 @2 ?', '497 @3 ?', '499 @1 ?'],
      ],
      [
        [4, 1024],
        [10, 2560],
        [15, 3840],
        [19, 4864],
        [20, 5120],
      ],
    ],
    [
      'a small window: as pages must have been worked off, after the entry of the record',
      {
        addresses: [1, 2, 3],
        size: 12 * PAGE,
        commitMs: 10,
        info: { window: 1024, pageMs: 40, beginMs: 300 },
      },
      [
        ...['0 0H:268', '0 1H:268', '0 2H:268', '364 3H:268 @1 ?', '404 4H:268', '444 5H:268'],
        ...['484 6H:268', '524 7H:268 @2 ?', '564 8H:268', '604 9H:268', '644 10H:268'],
        ...['684 11H:268 @3 ?', '720 @1 ?', '723 @2 ?'],
      ],
      [
        [4, 1024],
        [8, 2048],
        [12, 3072],
      ],
    ],
    [
      'pages that may take long: all hear the next one soon enough to keep a rate',
      { addresses: [1, 2], size: 12 * PAGE, info: { pageMs: 450, window: 65_000 } },
      [
        ...['0 0H:268', '0 1H:268', '0 2H:268', '0 3H:268 @1 ?', '424 4H:268', '874 5H:268'],
        ...['1324 6H:268', '1774 7H:268 @2 ?', '1801 8H:268', '1801 9H:268', '1801 10H:268'],
        ...['2100 11H:268 @1 ?', '2127 @2 ?'],
      ],
      [
        [4, 1024],
        [8, 2048],
        [12, 3072],
      ],
    ],
    [
      'a first page that may take very long: nothing comes behind it',
      { addresses: [1, 2], size: 6 * PAGE, info: { beginMs: 4000 } },
      [
        ...['0 0H:268', '2644 1H:268', '2764 2H:268', '2884 3H:268 @1 ?', '3004 4H:268'],
        ...['3124 5H:268 @2 ?', '3151 @1 ?'],
      ],
      [
        [4, 1024],
        [6, 1536],
      ],
    ],
    [
      'on a half-duplex pair one is asked once in half a window',
      {
        ...HALF_DUPLEX,
        addresses: [1, 2],
        size: 14 * PAGE,
        info: { capabilities: Capability.HALF_DUPLEX, window: 3000, pageMs: 10, beginMs: 20 },
      },
      [
        ...['1 0H:268', '1 1H:268', '1 2H:268', '1 3H:268', '1 4H:268', '23 5H:268 @1 ?'],
        ...['152 6H:268', '152 7H:268', '152 8H:268', '152 9H:268', '152 10H:268'],
        ...['174 11H:268 @2 ?', '303 12H:268', '303 13H:268 @1 ?', '357 @2 ?'],
      ],
      [
        [6, 1536],
        [12, 3072],
        [14, 3584],
      ],
    ],
  ])('%s', async (_, options, expected, told) => {
    const run = await begun(options);
    await run.transfer.run();
    expect(timed(run)).toEqual(expected);
    expect(run.told).toEqual(told);
    expect(run.left).toEqual([]);
    for (const { flash } of pair.devices) expect(flash.pagesWritten).toBe(told.at(-1)?.[0]);
  });

  test('frames that the fewest take, as many as the smallest window holds', async () => {
    const run = await begun({
      addresses: [1, 2],
      pageSize: 2048,
      pages: 8,
      size: 5000,
      each: (address) => ({ info: address === 1 ? { maxPayload: 272 } : { window: 2048 } }),
    });
    await run.transfer.run();
    expect(run.bursts.slice(0, 8)).toEqual([
      ...['0H:258', '1:258', '2:258', '3:258 @1 ?', '4:258', '5:258', '6:258', '7:254'],
    ]);
    expect(run.told.at(-1)).toEqual([3, 5000]);
  });

  test('frames of a quarter of a page of 2 KB at most', async () => {
    const run = await begun({ addresses: [1, 2], pageSize: 2048, pages: 10, size: 5000 });
    await run.transfer.run();
    expect(run.bursts).toEqual([
      ...['0H:515', '1:515 @1 ?', '2:515', '3:515', '4H:515', '5:515 @2 ?', '6:515', '7:515'],
      ...['8H:458', '9:458 @1 ?', '@2 ?'],
    ]);
    expect(run.told).toEqual([
      [1, 2048],
      [3, 5000],
    ]);
  });

  test('numbered from the one with which all began, modulo 65536', async () => {
    const run = await begun({ addresses: [1, 2], start: 65_534 });
    expect(run.transfer.next).toBe(65_534);
    await run.transfer.run();
    expect(run.bursts).toEqual(['65534H:268', '65535H:268', '0H:268', '1H:268 @1 ?', '@2 ?']);
    expect(run.transfer.next).toBe(2);
  });

  test('some of the pages, and the others later', async () => {
    const run = await begun({
      addresses: [1, 2],
      size: 6 * PAGE,
      force: ({ number }) => number === 5,
    });
    await run.transfer.run(1);
    expect(run.bursts).toEqual(['0H:268 @1 ?', '@2 ?']);
    expect(run.transfer.next).toBe(1);
    await new Promise<void>((resolve) => pair.clock.after(1000, resolve));
    await run.transfer.run();
    expect(timed(run).slice(2)).toEqual([
      ...['1030 1H:268', '1030 2H:268', '1030 3H:268', '1030 4H:268 @1 ?', '1030 5H:268'],
      ...['1130 @2 ?', '1155 @1 ?'],
    ]);
    expect(pair.devices.map(({ forced }) => forced)).toEqual([[5], [5]]);
    await run.transfer.run();
    expect(run.bursts).toHaveLength(9);
  });
});

describe('what one of them lacks', () => {
  test('is sent again to all, from there on', async () => {
    const run = await begun({ addresses: [1, 2, 3], size: 8 * PAGE });
    loses(2, (count) => count === 3);
    await run.transfer.run();
    expect(run.bursts).toEqual([
      ...['0H:268', '1H:268', '2H:268', '3H:268 @1 ?', '4H:268', '5H:268', '6H:268', '7H:268'],
      ...['@2 ?', '2H:268', '3H:268', '4H:268', '5H:268 @3 ?', '6H:268', '7H:268'],
      ...['@1 ?', '@2 ?'],
    ]);
    expect(run.told).toEqual([
      [2, 512],
      [8, 2048],
    ]);
    expect(pair.devices.map(({ flash }) => flash.pagesWritten)).toEqual([8, 8, 8]);
  });

  test('makes what was not cut yet shorter, and nothing else', async () => {
    const run = await begun({ addresses: [1, 2], size: 16 * PAGE });
    loses(2, (count) => count === 3);
    await run.transfer.run();
    expect(run.bursts.slice(10)).toEqual([
      ...['10H:268', '11H:268', '12H:268', '13H:268', '2H:268 @1 ?', '3H:268', '4H:268', '5H:268'],
      ...['6H:268', '7H:268 @2 ?', '8H:268', '9H:268', '10H:268', '11H:268', '12H:268'],
      ...['13H:268 @1 ?', '14H:90', '15:90', '16:88', '17H:90', '18:90', '19:88', '@2 ?', '@1 ?'],
    ]);
    expect(pair.devices.map(({ flash }) => flash.pagesWritten)).toEqual([16, 16]);
  });

  test('again and again: given up after thirty times without a piece that it takes', async () => {
    const run = await begun({ addresses: [1] });
    pair.line.checker.shared = true;
    loses(1, () => true);
    await run.transfer.run();
    expect(run.left).toEqual([[1, 'it loses every data frame, although it answers']]);
    expect(run.bursts.filter((burst) => burst === '0H:268')).toHaveLength(31);
    expect(run.bursts).toHaveLength(31 * 4);
    expect(run.told).toEqual([]);
  });

  test('again and again, but for a piece each time: not given up', async () => {
    const run = await begun({ addresses: [1], size: 40 * PAGE, info: { window: 1024 } });
    pair.line.checker.shared = true;
    let lost = 0;
    loses(1, (count) => count % 3 === 0 && ++lost > 0);
    await run.transfer.run();
    expect(lost).toBeGreaterThan(31);
    expect(run.left).toEqual([]);
    expect(pair.at(1).flash.pagesWritten).toBe(40);
  });

  test('costs more than all of the image: the others go on, and are sent nothing again', async () => {
    const run = await begun({ addresses: [1, 2], size: 5 * PAGE });
    loses(2, () => true);
    await run.transfer.run();
    expect(run.left).toEqual([[2, 'it loses so much that it would hold the others up']]);
    expect(run.bursts).toEqual([
      ...['0H:268', '1H:268', '2H:268', '3H:268 @1 ?', '4H:268', '@2 ?', '@1 ?'],
    ]);
  });

  test('costs as much in several pieces', async () => {
    const run = await begun({ addresses: [1, 2], size: 4 * PAGE });
    loses(2, (count) => count > 1);
    await run.transfer.run();
    expect(run.left).toEqual([[2, 'it loses so much that it would hold the others up']]);
    // 3 pages with heads are less than 4 pages; sent twice they are more.
    expect(run.bursts).toEqual([
      ...['0H:268', '1H:268', '2H:268', '3H:268 @1 ?', '@2 ?', '1H:268', '2H:268', '3H:268 @2 ?'],
    ]);
    expect(run.told).toEqual([
      [1, 256],
      [4, 1024],
    ]);
  });
});

describe('a page that fails', () => {
  test.each([
    ['in flash', 'failing', 'flash fails at 0x08009200'],
    ['its check', 'rejecting', 'it is rejected (CRC)'],
  ] as const)('%s: is sent again, a third failure is the last', async (_, what, why) => {
    const run = await begun({ addresses: [1, 2], size: 20 * PAGE });
    pair.at(2)[what].set(18, 2);
    await run.transfer.run();
    expect(run.left).toEqual([]);
    expect(run.bursts.filter((burst) => burst.startsWith('18H'))).toHaveLength(3);
    const third = await begun({ addresses: [1, 2], size: 20 * PAGE });
    pair.at(2)[what].set(18, 3);
    await third.transfer.run();
    expect(third.left).toEqual([
      [2, `the page at 0x08009200 could not be written in 3 attempts: ${why}`],
    ]);
    expect(third.told.at(-1)).toEqual([20, 5120]);
  });
});

describe('a silent one', () => {
  test('is asked three times, while all hear something, and left behind', async () => {
    const run = await begun({ addresses: [1, 2, 3], size: 8 * PAGE });
    pair.at(2).alive = false;
    await run.transfer.run();
    expect(timed(run).slice(8)).toEqual([
      '100 @2 ?',
      '1407 @2 ?',
      '1730 @2 ?',
      '2053 @3 ?',
      '2055 @1 ?',
    ]);
    expect(run.kept.map(Math.round)).toEqual([1407, 2053]);
    expect(run.left).toEqual([[2, 'it does not answer any more']]);
    expect(run.told).toEqual([
      [4, 1024],
      [8, 2048],
    ]);
  });

  test('twice in a row, and then not: stays', async () => {
    const run = await begun({ addresses: [1, 2] });
    for (const device of pair.devices) {
      let asked = 0;
      device.hook = (frame) => (isQuestion(frame) && ++asked < 3 ? 'deaf' : undefined);
    }
    await run.transfer.run();
    expect(run.left).toEqual([]);
    expect(run.bursts.slice(3)).toEqual(['3H:268 @1 ?', '@1 ?', '@1 ?', '@2 ?', '@2 ?', '@2 ?']);
  });

  test('and all the others: nobody has anything, and it ends', async () => {
    const run = await begun({ addresses: [1, 2] });
    for (const device of pair.devices) device.alive = false;
    await run.transfer.run();
    expect(run.left.map(([address]) => address)).toEqual([1, 2]);
    expect(run.told).toEqual([]);
    expect(run.bursts).toHaveLength(3 + 2 * 3);
  });

  test('whose answer comes when it was asked again is heard', async () => {
    const run = await begun({ addresses: [1, 2] });
    let asked = 0;
    pair.line.toHost = (bytes) => {
      if (++asked === 1) pair.clock.after(1000, () => pair.line.answer(bytes, 115_200));
      return asked < 3 ? [] : [bytes];
    };
    await run.transfer.run();
    expect(run.told).toEqual([[4, 1024]]);
    expect(run.bursts.slice(3)).toEqual(['3H:268 @1 ?', '@1 ?', '@2 ?']);
  });

  test.each([
    [750, ['3H:268 @1 ?', '@2 ?']],
    [900, ['3H:268 @1 ?', '@1 ?', '@1 ?', '@2 ?']],
  ])(
    'but for the beginning of its answer: the rest may take a tenth of a second, after %i ms',
    async (ms, expected) => {
      const run = await begun({ addresses: [1, 2] });
      pair.line.toHost = (bytes) => {
        pair.line.toHost = (other) => [other];
        pair.clock.after(ms, () => pair.line.answer(bytes.subarray(6), 115_200));
        return [bytes.subarray(0, 6)];
      };
      await run.transfer.run();
      expect(run.bursts.slice(3)).toEqual(expected);
    },
  );
});

describe('answers that end it for one of them', () => {
  const answer = (status: number, next: number): Uint8Array =>
    encode(DataResponse, { status, next, pages: 0, detail: 0 });

  test.each<[string, number | Uint8Array, RegExp]>([
    ['of frames that were not sent yet', answer(Status.OK, 5), /next is 5, expected at most 4/],
    ['of a kind that DATA has not', answer(Status.VERIFY_FAILED, 4), /status VERIFY_FAILED/],
    ['that refuse', Status.NO_SESSION, /has been reset in between/],
  ])('%s', async (_, said, why) => {
    const run = await begun({ addresses: [1, 2, 3] });
    pair.at(2).hook = (frame) => (isQuestion(frame) ? said : undefined);
    await run.transfer.run();
    expect(run.left).toEqual([[2, expect.stringMatching(why) as string]]);
    expect(run.told).toEqual([[4, 1024]]);
    expect(run.bursts.slice(3)).toEqual(['3H:268 @1 ?', '@2 ?', '@3 ?']);
  });

  test('the port that goes away ends it for all', async () => {
    const run = await begun({ addresses: [1, 2] });
    pair.clock.after(50, () => pair.line.vanish());
    await expect(run.transfer.run()).rejects.toMatchObject({ code: 'PORT_LOST' });
    expect(run.left).toEqual([]);
  });
});

describe('compressed pages', () => {
  /** A stream is one byte: which page */
  function packer(): Packer & { distrusted: boolean } {
    return {
      ...AS_THEY_ARE,
      distrusted: false,
      encode: ({ number }) => {
        const head = encode(DeflateHead, { dictionaryEnd: 0, dictionaryPages: 0 });
        return { encoding: Encoding.DEFLATE, bytes: Uint8Array.of(...head, number) };
      },
      distrust() {
        this.distrusted = true;
      },
    };
  }
  const image = appImage(8 * PAGE);
  const inflate = ([number = 0]: Uint8Array): Uint8Array =>
    image.slice(number * PAGE, (number + 1) * PAGE);
  /** Can not decode this page */
  const stuckAt =
    (page: number) =>
    (stream: Uint8Array): Uint8Array => {
      if (stream[0] === page) throw new Error('damaged');
      return inflate(stream);
    };
  const FIRST = ['0H:17', '1H:17', '2H:17', '3H:17', '4H:17', '5H:17', '6H:17', '7H:17 @1 ?'];
  const AGAIN = ['2H:268', '3H:17', '4H:17', '5H:17', '6H:17', '7H:17 @1 ?'];

  test('that all decode', async () => {
    const run = await begun({ addresses: [1, 2], size: 8 * PAGE, packer: packer(), inflate });
    await run.transfer.run();
    expect(run.bursts).toEqual([...FIRST, '@2 ?']);
    expect(run.told).toEqual([[8, 40]]);
  });

  test.each<[string, (stream: Uint8Array) => Uint8Array, boolean]>([
    ['is damaged', stuckAt(2), false],
    [
      'comes out as another one',
      (stream) => inflate(stream).map((byte) => (stream[0] === 2 ? byte ^ 1 : byte)),
      true,
    ],
  ])(
    'of which one %s to all: they are asked first, then it goes as it is',
    async (_, damaged, distrusted) => {
      const made = packer();
      const run = await begun({
        addresses: [1, 2],
        size: 8 * PAGE,
        packer: made,
        inflate: damaged,
      });
      await run.transfer.run();
      expect(run.bursts).toEqual([...FIRST, '@2 ?', ...AGAIN, '@2 ?']);
      expect(run.told).toEqual([
        [2, 10],
        [8, 35 + PAGE],
      ]);
      expect(made.distrusted).toBe(distrusted);
      expect(run.left).toEqual([]);
    },
  );

  test.each([1, 2, 3])(
    'of which one is damaged to %i alone: it is left behind',
    async (address) => {
      const run = await begun({
        addresses: [1, 2, 3],
        size: 8 * PAGE,
        packer: packer(),
        each: (each) => ({ inflate: each === address ? stuckAt(2) : inflate }),
      });
      await run.transfer.run();
      expect(run.left).toEqual([[address, 'it does not decode a page as the others do']]);
      expect(run.bursts.slice(0, 10)).toEqual([...FIRST, '@2 ?', '@3 ?']);
      expect(run.bursts.filter((burst) => burst.includes('268'))).toEqual([]);
      expect(run.told.at(-1)).toEqual([8, 40]);
    },
  );

  test('of which one is damaged, and one of them dies meanwhile: the others are not held up', async () => {
    const run = await begun({
      addresses: [1, 2, 3],
      size: 8 * PAGE,
      packer: packer(),
      inflate: (stream) => {
        if (stream[0] === 2) pair.at(3).alive = false;
        return stuckAt(2)(stream);
      },
    });
    await run.transfer.run();
    expect(run.bursts).toEqual([...FIRST, '@2 ?', '@3 ?', '@3 ?', '@3 ?', ...AGAIN, '@2 ?']);
    expect(run.left).toEqual([[3, 'it does not answer any more']]);
  });

  test('of which one is damaged, and one of them lacks the page before: that comes first', async () => {
    const run = await begun({
      addresses: [1, 2, 3],
      size: 8 * PAGE,
      packer: packer(),
      inflate: stuckAt(2),
    });
    loses(3, (count) => count === 2);
    await run.transfer.run();
    expect(run.bursts).toEqual([
      ...[...FIRST, '@2 ?', '@3 ?', '1H:17', '2H:90', '3:90', '4:88', '5H:17', '6H:17', '7H:17'],
      ...['8H:17', '9H:17 @1 ?', '@2 ?', '@3 ?'],
    ]);
    expect(run.told).toEqual([
      [1, 5],
      [8, 35 + PAGE],
    ]);
    expect(run.left).toEqual([]);
  });

  test('of which one fails in flash: it counts as failed', async () => {
    const run = await begun({ addresses: [1, 2], size: 8 * PAGE, packer: packer(), inflate });
    pair.at(2).failing.set(6, 1);
    await run.transfer.run();
    expect(run.bursts).toEqual([...FIRST, '@2 ?', '6H:17', '7H:17 @2 ?']);
    expect(run.left).toEqual([]);
  });
});
