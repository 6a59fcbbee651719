// How the client of ST's ROM bootloader finds out where the part is: after silence, noise, and a command that was stopped.
import { describe, expect, test } from 'vitest';
import { RomClient } from '../../host/isp/rom-client.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { type Reply, ScriptedRom, scripted, shown } from '../support/scripted-rom.js';

type Action = (client: RomClient) => Promise<unknown>;

describe('7Fh', () => {
  test.each<[string, Reply, number | undefined, number]>([
    ['acknowledged', '79', 0x79, 1],
    ['acknowledged behind 00h', '00 79', 0x79, 1],
    ['nobody', [], undefined, 50],
    ['nothing but 00h', [[20, '00']], undefined, 50],
  ])('%s', async (_name, reply, answer, ms) => {
    const { client, clock, line } = scripted([reply]);
    expect(await client.sync(50)).toBe(answer);
    expect(clock.now()).toBe(ms);
    expect(line.wire[0]).toBe('0 > 7f');
  });
});

/** How far a network is tells the slowest answer: twice as long is waited in addition, at first 1.5 s. */
describe('7Fh over a network that nobody has measured', () => {
  test.each<[string, readonly Reply[], number]>([
    ['nothing known', [], 1500],
    ['an answer after 300 ms', [[[300, '79']]], 600],
    ['one after 300 ms, one after 400 ms', [[[300, '79']], [[400, '1f']]], 800],
    ['an answer at once', ['79'], 100],
    ['what is no answer', [[[300, '55']]], 1500],
    ['one that may be late, to the call before', [[], '79'], 1500],
    ['one after a late one', [[], '79', [[300, '79']]], 600],
  ])('%s', async (_name, replies, farMs) => {
    const clock = new VirtualClock();
    const line = Object.assign(new ScriptedRom(clock, replies), { fixedRate: true });
    const client = new RomClient(line, { clock });
    for (const _ of replies) await client.sync(50);
    const from = clock.now();
    expect(await client.sync(50)).toBeUndefined();
    expect(clock.now() - from).toBe(50 + farMs);
  });

  test('the answer to a command tells it, too', async () => {
    const clock = new VirtualClock();
    const line = Object.assign(new ScriptedRom(clock, [[[300, '79']], '79']), { fixedRate: true });
    const client = new RomClient(line, { clock });
    await client.go(0);
    const from = clock.now();
    await client.sync(50);
    expect(clock.now() - from).toBe(50 + 600);
  });
});

const IS_DEAD =
  '60 > 7f, 260 > 7f, 460 > 7e7f×63, 584 > 7f, 784 > 7f, 984 > 7f×64, 1108 > 7f, 1308 > 7f, 1508 > 7f×64, ' +
  '1632 > 7f, 1832 > 7f, 2032 > 7f×64, 2156 > 7f, 2356 > 7f, 2556 > 7f×64';

describe('back to where commands begin', () => {
  test.each<[string, readonly Reply[], boolean, string, number]>([
    ['a part that waits for a command', ['', '1f'], true, '60 > 7f, 260 > 7f, 261 < 1f', 321],
    ['one that has had half of one', ['1f'], true, '60 > 7f, 61 < 1f', 121],
    ['one after a reset', ['79'], true, '60 > 7f, 61 < 79', 121],
    ['one that says two NACKs and 00h', ['1f 1f 00'], true, '60 > 7f, 61 < 1f', 121],
    [
      'one that waits for more of a frame',
      ['', '', [[64, '1f']], '', '1f'],
      true,
      '60 > 7f, 260 > 7f, 460 > 7e7f×63, 648 > 7f, 848 > 7f, 849 < 1f',
      909,
    ],
    ['a part that is gone', [], false, IS_DEAD, 2680],
    [
      'the rest of an answer that was given up, then the part',
      ['1f 55 66', '1f'],
      true,
      '60 > 7f, 61 < 1f, 121 > 7f, 122 < 1f',
      182,
    ],
    [
      'the rest of an answer, twice',
      ['55', '1f 55', '', '1f'],
      true,
      '60 > 7f, 61 < 55, 121 > 7f, 122 < 1f, 182 > 7e7f×63, 306 > 7f, 307 < 1f',
      367,
    ],
    [
      'an application that talks',
      ['55', '55', [[10, '55']], '55'],
      false,
      '60 > 7f, 61 < 55, 121 > 7f, 122 < 55, 182 > 7e7f×63, 316 > 7f, 317 < 55',
      377,
    ],
  ])('%s', async (_name, replies, alive, wire, ms) => {
    const { client, line, clock } = scripted(replies);
    expect(await client.resync()).toBe(alive);
    expect(shown(line.wire)).toBe(wire);
    expect(clock.now()).toBe(ms);
  });

  test('fills: no more of them than a frame can take', async () => {
    const { client, line, clock } = scripted([]);
    await client.fill(4);
    expect(shown(line.wire)).toBe('0 > 7f×64');
    await client.fill(5);
    expect(line.wire).toHaveLength(1);
    expect(clock.now()).toBe(60 + 64);
  });
});

describe('whether what is sent comes back', () => {
  const echo = async (
    before: Reply,
    replies: readonly Reply[],
  ): Promise<Uint8Array | undefined> => {
    const { client } = scripted([before, ...replies]);
    await client.sync(100);
    return client.echo();
  };

  test.each<[string, Reply, Reply, readonly number[] | undefined]>([
    ['an echo', '7f', '7e 7f', []],
    [
      'an echo, in two pieces',
      '7f',
      [
        [1, '7e'],
        [1, '7f'],
      ],
      [],
    ],
    ['an echo, and a part behind it', '7f', '7e 7f 1f', [0x1f]],
    ['an echo, and a part that has answered before', '7f 79', '7e 7f 1f', [0x79, 0x1f]],
    ['an echo of earlier calls before it', '7f', '7f 7f 7e 7f 1f', [0x1f]],
    ['nothing', '7f', [], undefined],
    ['half of it', '7f', '7e', undefined],
    ['its end only', '7f', '7f', undefined],
    ['something else', '7f', '7e 7d', undefined],
    ['the other way round', '7f', '7f 7e', undefined],
    ['a part that refuses', '7f', '1f 7e 7f', undefined],
  ])('%s', async (_name, before, reply, besides) => {
    expect(await echo(before, [reply])).toEqual(besides && Uint8Array.from(besides));
  });

  test('what passes, and when', async () => {
    const { client, line, clock } = scripted(['7f', '7e 7f']);
    await client.sync(100);
    await client.echo();
    expect(line.wire).toEqual(['0 > 7f', '1 < 7f', '201 > 7e7f', '402 < 7e7f']);
    expect(clock.now()).toBe(402);
  });

  test('nothing comes: nothing is traced', async () => {
    const { client, line } = scripted([]);
    expect(await client.echo()).toBeUndefined();
    expect(line.wire).toEqual(['200 > 7e7f']);
  });
});

/** Stopped so long after it began; then the next command, Get ID */
const STOPPED: readonly (readonly [string, Action, readonly Reply[], number, string])[] = [
  [
    'a read, its command',
    (c) => c.read(0, 4),
    [[[10, '79']], '', '1f'],
    5,
    '0 > 11ee, 10 < 79, 70 > 7f, 270 > 7f, 271 < 1f',
  ],
  [
    'a read, the answer to its command never comes',
    (c) => c.read(0, 4),
    ['', '1f'],
    5,
    '0 > 11ee, 1062 > 7f, 1063 < 1f',
  ],
  [
    'an erase, its command acknowledged: one page and a wrong sum',
    (c) => c.erasePages(false, [1]),
    [[[10, '79']], '1f', '1f'],
    5,
    '0 > 43bc, 10 < 79, 10 > 00007f, 11 < 1f, 71 > 7f, 72 < 1f',
  ],
  [
    'an extended erase, its command acknowledged: one page and a wrong sum',
    (c) => c.erasePages(true, [1]),
    [[[10, '79']], '1f', '1f'],
    5,
    '0 > 44bb, 10 < 79, 10 > 000000007f, 11 < 1f, 71 > 7f, 72 < 1f',
  ],
  [
    'Write Protect, its command acknowledged: one sector and a wrong sum',
    (c) => c.writeProtect([1]),
    [[[10, '79']], '1f', '1f'],
    5,
    '0 > 639c, 10 < 79, 10 > 00007f, 11 < 1f, 71 > 7f, 72 < 1f',
  ],
  [
    'an erase, its command refused',
    (c) => c.erasePages(false, [1]),
    [[[10, '1f']], '1f'],
    5,
    '0 > 43bc, 10 < 1f, 70 > 7f, 71 < 1f',
  ],
  [
    'an erase that was ordered: until it is done',
    (c) => c.erasePages(false, [1]),
    ['79', [[40, '79']], '1f'],
    5,
    '0 > 43bc, 1 < 79, 1 > 000101, 41 < 79, 101 > 7f, 102 < 1f',
  ],
];

describe('a command that was stopped', () => {
  test.each(STOPPED)('%s', async (_name, action, replies, ms, wire) => {
    const stop = new AbortController();
    const { client, clock, line } = scripted([...replies, '79 01 04 14 79']);
    const unheed = client.reader.heed(stop.signal);
    clock.after(ms, () => stop.abort());
    await expect(action(client)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(clock.now()).toBe(ms);
    unheed();
    expect(await client.getId()).toBe(0x414);
    const next = line.wire.findIndex((row) => row.endsWith('> 02fd'));
    expect(shown(line.wire.slice(0, next))).toBe(wire);
  });
});

/** Stopped at that moment of its trace, before the next step is sent */
const STOPPED_BETWEEN: readonly (readonly [string, Action, readonly Reply[], string, string])[] = [
  [
    'an erase, its list not sent: one page and a wrong sum',
    (c) => c.erasePages(false, [1]),
    ['79', '1f', '1f'],
    '1 < 79',
    '0 > 43bc, 1 < 79, 1 > 00007f, 2 < 1f, 62 > 7f, 63 < 1f',
  ],
  [
    'a read, its address not sent',
    (c) => c.read(0, 4),
    ['79', [], '1f'],
    '1 < 79',
    '0 > 11ee, 1 < 79, 61 > 7f, 261 > 7f, 262 < 1f',
  ],
];

describe('a command that was stopped between its steps', () => {
  test.each(STOPPED_BETWEEN)('%s', async (_name, action, replies, row, wire) => {
    const stop = new AbortController();
    const clock = new VirtualClock();
    const line = new ScriptedRom(clock, [...replies, '79 01 04 14 79']);
    const client = new RomClient(line, {
      clock,
      trace: (event) => {
        line.trace(event);
        if (line.wire.at(-1) === row) stop.abort();
      },
    });
    const unheed = client.reader.heed(stop.signal);
    await expect(action(client)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    unheed();
    expect(await client.getId()).toBe(0x414);
    const next = line.wire.findIndex((at) => at.endsWith('> 02fd'));
    expect(shown(line.wire.slice(0, next))).toBe(wire);
  });

  test.each<[string, Action]>([
    ['an erase', (c) => c.erasePages(false, [1])],
    ['a read', (c) => c.read(0, 4)],
  ])('%s that was stopped before it began: no list is sent', async (_name, action) => {
    const { client, line } = scripted(['1f', '79 01 04 14 79']);
    const unheed = client.reader.heed(AbortSignal.abort());
    await expect(action(client)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    unheed();
    await client.getId();
    expect(line.wire.slice(0, 3)).toEqual(['60 > 7f', '61 < 1f', '121 > 02fd']);
  });

  const stopped = async (client: RomClient, work: () => Promise<unknown>, ms: number) => {
    const stop = new AbortController();
    const unheed = client.reader.heed(stop.signal);
    client.clock.after(ms, () => stop.abort());
    await expect(work()).rejects.toMatchObject({ code: 'INTERRUPTED' });
    unheed();
  };

  test('and again, while its list is taken back: that is not done twice', async () => {
    const { client, line } = scripted([[[10, '79']], [[400, '1f']], '1f', '79 01 04 14 79']);
    await stopped(client, () => client.erasePages(false, [1]), 5);
    await stopped(client, () => client.getId(), 50);
    await client.getId();
    expect(line.wire.slice(0, 6)).toEqual([
      '0 > 43bc',
      '10 < 79',
      '10 > 00007f',
      '410 < 1f',
      '470 > 7f',
      '471 < 1f',
    ]);
  });

  test('and again, and what takes its list back is never answered', async () => {
    const { client, line } = scripted([[[10, '79']], [], '1f', '79 01 04 14 79']);
    await stopped(client, () => client.erasePages(false, [1]), 5);
    await stopped(client, () => client.getId(), 50);
    await client.getId();
    expect(line.wire.slice(2, 5)).toEqual(['10 > 00007f', '1070 > 7f', '1071 < 1f']);
  });

  test('and again, while the part is brought back: that is done from its beginning', async () => {
    const { client, line, clock } = scripted(['1f', '79 01 04 14 79']);
    await stopped(client, () => client.resync(), 5);
    expect(line.wire).toEqual([]);
    expect(await client.getId()).toBe(0x414);
    expect(line.wire.slice(0, 3)).toEqual(['65 > 7f', '66 < 1f', '126 > 02fd']);
    expect(clock.now()).toBe(127);
  });

  test('one that resets the part: until its ROM bootloader listens', async () => {
    const { client, line } = scripted(['79', '79', '79 01 04 14 79']);
    client.resets = true;
    await stopped(client, () => client.protection(0x82), 5);
    await client.getId();
    // The whole time that it may take, 300 ms to start, and silence
    expect(line.wire.slice(0, 4)).toEqual(['0 > 827d', '1 < 79', '5361 > 7f', '5362 < 79']);
  });
});
