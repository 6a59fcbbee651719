// What the client of ST's ROM bootloader says and hears, byte by byte and with its times (AN3155); at 11 000 baud a byte takes 1 ms.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { RomClient } from '../../host/isp/rom-client.js';
import { RomFault } from '../../host/isp/rom-fault.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { type Reply, ScriptedRom } from '../support/scripted-rom.js';

interface Bench {
  readonly clock: VirtualClock;
  readonly line: ScriptedRom;
  readonly client: RomClient;
}

function bench(replies: readonly Reply[], signal?: AbortSignal): Bench {
  const clock = new VirtualClock();
  const line = new ScriptedRom(clock, replies);
  const { trace } = line;
  return {
    clock,
    line,
    client: new RomClient(line, { clock, trace, ...(signal && { signal }) }),
  };
}

type Action = (client: RomClient) => Promise<unknown>;

const ascending = (count: number): number[] => Array.from({ length: count }, (_, i) => i & 0xff);
const text = (bytes: readonly number[]): string =>
  bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
const BLOCK = text(ascending(256));

/** Each with all that passes, and what comes of it */
const COMMANDS: readonly (readonly [string, Action, readonly Reply[], string, unknown])[] = [
  [
    'Get',
    (client) => client.get(),
    ['79 0b 22 00 01 02 11 21 31 43 63 73 82 92 79'],
    '> 00ff < 79 < 0b < 220001021121314363738292 < 79',
    {
      version: 0x22,
      commands: [0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x43, 0x63, 0x73, 0x82, 0x92],
    },
  ],
  ['Get ID', (client) => client.getId(), ['79 01 04 14 79'], '> 02fd < 79 < 01 < 0414 < 79', 0x414],
  [
    'Read Memory',
    (client) => client.read(0x8000_1234, 4),
    ['79', '79', '79 0a 0b 0c 0d'],
    '> 11ee < 79 > 80001234a6 < 79 > 03fc < 79 < 0a0b0c0d',
    Uint8Array.of(0x0a, 0x0b, 0x0c, 0x0d),
  ],
  [
    'Read Memory of 256 bytes',
    (client) => client.read(0x0812_3400, 256),
    ['79', '79', `79 ${BLOCK}`],
    `> 11ee < 79 > 081234002e < 79 > ff00 < 79 < ${BLOCK}`,
    Uint8Array.from(ascending(256)),
  ],
  [
    'Read Memory, all of it at once',
    (client) => client.readAhead(0x0812_3400),
    [`79 79 79 ${BLOCK}`],
    `> 11ee081234002eff00 < 79 < 79 < 79 < ${BLOCK}`,
    Uint8Array.from(ascending(256)),
  ],
  [
    'Go',
    (client) => client.go(0x0812_3400),
    ['79', '79'],
    '> 21de < 79 > 081234002e < 79',
    undefined,
  ],
  [
    'Write Memory',
    (client) => client.write(0x2000_1204, Uint8Array.of(1, 2, 4, 8)),
    ['79', '79', '79'],
    '> 31ce < 79 > 2000120436 < 79 > 03010204080c < 79',
    undefined,
  ],
  [
    'Write Memory, its address at once',
    (client) => client.writeAhead(0x0812_3400, Uint8Array.of(1, 2, 4, 8)),
    ['79 79', '79'],
    '> 31ce081234002e < 79 < 79 > 03010204080c < 79',
    undefined,
  ],
  [
    'Erase',
    (client) => client.erasePages(false, [3, 5, 200]),
    ['79', '79'],
    '> 43bc < 79 > 020305c8cc < 79',
    undefined,
  ],
  [
    'Extended Erase',
    (client) => client.erasePages(true, [3, 0x105, 200]),
    ['79', '79'],
    '> 44bb < 79 > 00020003010500c8cd < 79',
    undefined,
  ],
  [
    'Extended Erase of more than 256 pages',
    (client) => client.erasePages(true, ascending(259)),
    ['79', '79'],
    `> 44bb < 79 > 0102${ascending(259)
      .map((page) => `00${text([page])}`)
      .join('')}00 < 79`,
    undefined,
  ],
  [
    'mass erase',
    (client) => client.eraseAll(false),
    ['79', '79'],
    '> 43bc < 79 > ff00 < 79',
    undefined,
  ],
  [
    'mass erase by Extended Erase',
    (client) => client.eraseAll(true),
    ['79', '79'],
    '> 44bb < 79 > ffff00 < 79',
    undefined,
  ],
  [
    'Write Protect',
    (client) => client.writeProtect([1, 2, 9]),
    ['79', '79'],
    '> 639c < 79 > 0201020908 < 79',
    undefined,
  ],
  ...([0x73, 0x82, 0x92] as const).map(
    (code) =>
      [
        `protection, ${code.toString(16)}`,
        (client: RomClient) => client.protection(code),
        ['79 79'],
        `> ${text([code, ~code & 0xff])} < 79 < 79`,
        undefined,
      ] as const,
  ),
];

test.each(COMMANDS)('%s', async (_name, action, replies, wire, result) => {
  const { client, line } = bench(replies);
  expect(await action(client)).toEqual(result);
  expect(line.wire.map((row) => row.replace(/^\S+ /, '')).join(' ')).toBe(wire);
});

/** Steps of each command, how often each is said, and how long its answer is waited for [ms] */
const STEPS: readonly (readonly [
  string,
  Action,
  number,
  readonly (readonly [string, number])[],
])[] = [
  ['Get', (client) => client.get(), 0x00, [['command', 1002]]],
  ['Get ID', (client) => client.getId(), 0x02, [['command', 1002]]],
  [
    'Read Memory',
    (client) => client.read(0x0800_0000, 100),
    0x11,
    [
      ['command', 1002],
      ['address', 1005],
      ['length', 1002],
    ],
  ],
  [
    'Go',
    (client) => client.go(0x0800_0000),
    0x21,
    [
      ['command', 1002],
      ['address', 1005],
    ],
  ],
  [
    'Write Memory',
    (client) => client.write(0x0800_0000, new Uint8Array(8)),
    0x31,
    [
      ['command', 1002],
      ['address', 1005],
      ['data', 2010],
    ],
  ],
  [
    'Erase',
    (client) => client.erasePages(false, [1, 2]),
    0x43,
    [
      ['command', 1002],
      ['pages', 11_004],
    ],
  ],
  [
    'Extended Erase',
    (client) => client.erasePages(true, [1, 2]),
    0x44,
    [
      ['command', 1002],
      ['pages', 11_007],
    ],
  ],
  [
    'mass erase',
    (client) => client.eraseAll(false),
    0x43,
    [
      ['command', 1002],
      ['all', 35_002],
    ],
  ],
  [
    'mass erase by Extended Erase',
    (client) => client.eraseAll(true),
    0x44,
    [
      ['command', 1002],
      ['all', 35_003],
    ],
  ],
  [
    'Write Protect',
    (client) => client.writeProtect([1, 2]),
    0x63,
    [
      ['command', 1002],
      ['sectors', 5004],
    ],
  ],
];

/** A step that fails, after the ones before it were acknowledged */
const FAILING = STEPS.flatMap(([name, action, command, steps]) =>
  steps.map(([step, ms], before) => ({ name, action, command, step, ms, before })),
);

async function faultOf(work: Promise<unknown>): Promise<RomFault> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof RomFault) return error;
  throw error ?? new Error('no fault');
}

describe.each(FAILING)('$name, $step', ({ action, command, step, ms, before }) => {
  const acknowledged = new Array<string>(before).fill('79');

  test('refused, garbled', async () => {
    const refused = bench([...acknowledged, '1f']);
    const fault = { kind: 'refused', command, step, found: undefined };
    expect(await faultOf(action(refused.client))).toMatchObject(fault);
    const garbled = bench([...acknowledged, '42']);
    expect(await faultOf(action(garbled.client))).toMatchObject({
      ...fault,
      kind: 'garbled',
      found: 0x42,
    });
  });

  test('silence, and an answer in the last moment', async () => {
    const silent = bench(acknowledged);
    const fault = { kind: 'silent', command, step, found: undefined };
    expect(await faultOf(action(silent.client))).toMatchObject(fault);
    expect(silent.clock.now()).toBe(before + ms);
    const late = bench([...acknowledged, [[ms - 0.5, '1f']]]);
    expect((await faultOf(action(late.client))).kind).toBe('refused');
  });
});

describe('the answer of a command', () => {
  test.each<[string, Action, readonly Reply[], Partial<RomFault>]>([
    ['Get without its length', (c) => c.get(), ['79'], { kind: 'silent', step: 'answer' }],
    ['Get that is not whole', (c) => c.get(), ['79 02 22 00'], { kind: 'silent', step: 'answer' }],
    [
      'Get of 256 bytes',
      (c) => c.get(),
      ['79 ff'],
      { kind: 'garbled', step: 'answer', found: 0xff },
    ],
    [
      'Get without its end',
      (c) => c.get(),
      ['79 02 22 00 02'],
      { kind: 'silent', step: 'end', found: undefined },
    ],
    [
      'Get with a bad end',
      (c) => c.get(),
      ['79 02 22 00 02 33'],
      { kind: 'garbled', step: 'end', found: 0x33 },
    ],
    [
      'Get that does not list itself',
      (c) => c.get(),
      ['79 02 31 01 02 79'],
      { kind: 'garbled', step: 'answer', found: 0x31 },
    ],
    [
      'Get that does not list Get ID',
      (c) => c.get(),
      ['79 02 31 00 11 79'],
      { kind: 'garbled', step: 'answer', found: 0x31 },
    ],
    [
      'Get ID of one byte',
      (c) => c.getId(),
      ['79 00 04 79'],
      { kind: 'garbled', step: 'answer', found: 4 },
    ],
    [
      'Get ID of three bytes',
      (c) => c.getId(),
      ['79 02 05 14 00 79'],
      { kind: 'garbled', step: 'answer', found: 5 },
    ],
    [
      'Read Memory that is not whole',
      (c) => c.read(0, 4),
      ['79', '79', '79 01 02 03'],
      { kind: 'silent', step: 'answer' },
    ],
    [
      'Read Memory, all of it at once, refused',
      (c) => c.readAhead(0),
      ['79 1f'],
      { kind: 'refused', command: 0x11, step: 'address' },
    ],
    [
      'Write Memory, its address at once, refused',
      (c) => c.writeAhead(0, new Uint8Array(4)),
      ['79 1f'],
      { kind: 'refused', command: 0x31, step: 'address' },
    ],
    [
      'Write Memory, its address at once, its data refused',
      (c) => c.writeAhead(0, new Uint8Array(4)),
      ['79 79', '1f'],
      { kind: 'refused', command: 0x31, step: 'data' },
    ],
    ...([0x73, 0x82, 0x92] as const).map(
      (command) =>
        [
          `${command.toString(16)} that fails at its end`,
          (c: RomClient) => c.protection(command),
          ['79 1f'],
          { kind: 'refused', command, step: 'end' },
        ] as [string, Action, readonly Reply[], Partial<RomFault>],
    ),
  ])('%s', async (_name, action, replies, fault) => {
    expect(await faultOf(action(bench(replies).client))).toMatchObject(fault);
  });

  test.each<[string, Action, readonly Reply[], number]>([
    ['data', (c) => c.read(0, 100), ['79', '79', '79'], 3 + 1100],
    ['data, asked for at once', (c) => c.readAhead(0), ['79 79 79'], 1 + 1256],
    ['a length', (c) => c.get(), ['79'], 1 + 1001],
    ['a list', (c) => c.get(), ['79 02'], 1 + 1003],
    ['the end of a list', (c) => c.get(), ['79 02 22 00 02'], 1 + 1000],
    ['an address, sent at once', (c) => c.writeAhead(0, new Uint8Array(4)), ['79'], 1 + 1000],
    [
      'data, behind an address at once',
      (c) => c.writeAhead(0, new Uint8Array(4)),
      ['79 79'],
      1 + 2006,
    ],
    ['Write Unprotect', (c) => c.protection(0x73), ['79'], 1 + 5000],
    ['Readout Protect', (c) => c.protection(0x82), ['79'], 1 + 5000],
    ['Readout Unprotect, which erases', (c) => c.protection(0x92), ['79'], 1 + 35_000],
  ])('%s: how long it is waited for', async (_name, action, replies, ms) => {
    const { client, clock } = bench(replies);
    expect((await faultOf(action(client))).kind).toBe('silent');
    expect(clock.now()).toBe(ms);
  });

  test('a longest list', async () => {
    const { client } = bench([`79 fe 22 ${text(ascending(254))} 79`]);
    expect((await client.get()).commands).toHaveLength(254);
  });

  test('00h before it is dropped, what is left of one before too', async () => {
    const { client, line } = bench(['00 00 79', '79 79', '79', '79']);
    await client.go(0);
    await client.go(0);
    expect(line.wire).toEqual([
      '0 > 21de',
      '1 < 79',
      '1 > 0000000000',
      '2 < 79',
      '2 < 79',
      '2 > 21de',
      '3 < 79',
      '3 > 0000000000',
      '4 < 79',
    ]);
  });
});

test('how long answers to commands take beyond the line: the median', async () => {
  const { client } = bench([]);
  expect(client.answerMs).toBe(0);
  const slow = (ms: number): Reply => [[ms, '79']];
  const measured = bench([8, 30, 6, 100, 10].flatMap((ms) => [slow(ms), '79']));
  for (let i = 0; i < 3; i++) await measured.client.go(0);
  expect(measured.client.answerMs).toBe(8 - 3);
  for (let i = 0; i < 2; i++) await measured.client.go(0);
  expect(measured.client.answerMs).toBe(10 - 3);
});

test('what has gone through is known', async () => {
  const facts = (client: RomClient): unknown[] => [
    client.facts.answers,
    ...[0x00, 0x02, 0x11, 0x31, 0x21].map((code) => [
      client.facts.count(code),
      client.facts.hasAccepted(code),
    ]),
  ];
  const { client } = bench([
    '79 02 22 00 02 79',
    '79 01 04 14 79',
    ...['79', '79', '79 00'],
    `79 79 79 ${BLOCK}`,
    ...['79', '79', '79'],
    ...['79 79', '79'],
    ...['79', '1f'],
  ]);
  expect(facts(client)).toEqual([false, ...new Array(5).fill([0, false])]);
  await client.get();
  expect(facts(client).slice(0, 3)).toEqual([true, [1, true], [0, false]]);
  await client.getId();
  await client.read(0, 1);
  expect(facts(client).slice(2)).toEqual([
    [1, true],
    [1, true],
    [0, false],
    [0, false],
  ]);
  await client.readAhead(0);
  await client.write(0, new Uint8Array(4));
  await client.writeAhead(0, new Uint8Array(4));
  await faultOf(client.go(0));
  expect(facts(client).slice(2)).toEqual([
    [1, true],
    [2, true],
    [2, true],
    [0, true],
  ]);
});

describe('7Fh', () => {
  test.each<[string, Reply, number | undefined, number]>([
    ['acknowledged', '79', 0x79, 1],
    ['acknowledged behind 00h', '00 79', 0x79, 1],
    ['nobody', [], undefined, 50],
    ['nothing but 00h', [[20, '00']], undefined, 50],
  ])('%s', async (_name, reply, answer, ms) => {
    const { client, clock, line } = bench([reply]);
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

const shown = (wire: readonly string[]): string =>
  wire.map((row) => row.replace(/(7f)\1{9,}/g, (run) => `7f×${run.length / 2}`)).join(', ');

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
    const { client, line, clock } = bench(replies);
    expect(await client.resync()).toBe(alive);
    expect(shown(line.wire)).toBe(wire);
    expect(clock.now()).toBe(ms);
  });

  test('fills: no more of them than a frame can take', async () => {
    const { client, line, clock } = bench([]);
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
    const { client } = bench([before, ...replies]);
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
    const { client, line, clock } = bench(['7f', '7e 7f']);
    await client.sync(100);
    await client.echo();
    expect(line.wire).toEqual(['0 > 7f', '1 < 7f', '201 > 7e7f', '402 < 7e7f']);
    expect(clock.now()).toBe(402);
  });

  test('nothing comes: nothing is traced', async () => {
    const { client, line } = bench([]);
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
    const { client, clock, line } = bench([...replies, '79 01 04 14 79']);
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
    const { client, line } = bench(['1f', '79 01 04 14 79']);
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
    const { client, line } = bench([[[10, '79']], [[400, '1f']], '1f', '79 01 04 14 79']);
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
    const { client, line } = bench([[[10, '79']], [], '1f', '79 01 04 14 79']);
    await stopped(client, () => client.erasePages(false, [1]), 5);
    await stopped(client, () => client.getId(), 50);
    await client.getId();
    expect(line.wire.slice(2, 5)).toEqual(['10 > 00007f', '1070 > 7f', '1071 < 1f']);
  });

  test('and again, while the part is brought back: that is done from its beginning', async () => {
    const { client, line, clock } = bench(['1f', '79 01 04 14 79']);
    await stopped(client, () => client.resync(), 5);
    expect(line.wire).toEqual([]);
    expect(await client.getId()).toBe(0x414);
    expect(line.wire.slice(0, 3)).toEqual(['65 > 7f', '66 < 1f', '126 > 02fd']);
    expect(clock.now()).toBe(127);
  });

  test('one that resets the part: until its ROM bootloader listens', async () => {
    const { client, line } = bench(['79', '79', '79 01 04 14 79']);
    client.resets = true;
    await stopped(client, () => client.protection(0x82), 5);
    await client.getId();
    // The whole time that it may take, 300 ms to start, and silence
    expect(line.wire.slice(0, 4)).toEqual(['0 > 827d', '1 < 79', '5361 > 7f', '5362 < 79']);
  });
});

test('a port that is lost ends what waits', async () => {
  const { client, clock, line } = bench([]);
  clock.after(5, () => line.vanish(new IapError('PORT_LOST', 'gone')));
  await expect(client.get()).rejects.toMatchObject({ code: 'PORT_LOST' });
  expect(clock.now()).toBe(5);
});

test('a port that takes nothing ends the wait for an answer', async () => {
  const { client, clock, line } = bench([]);
  line.write = () => Promise.reject(new IapError('PORT_STALLED', 'full'));
  await expect(client.get()).rejects.toMatchObject({ code: 'PORT_STALLED' });
  expect(clock.now()).toBe(0);
});
