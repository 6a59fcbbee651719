// What the client of ST's ROM bootloader says and hears, byte by byte and with its times (AN3155); at 11 000 baud a byte takes 1 ms.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import type { RomClient } from '../../host/isp/rom-client.js';
import { RomFault } from '../../host/isp/rom-fault.js';
import { type Reply, scripted } from '../support/scripted-rom.js';

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
  const { client, line } = scripted(replies);
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
    const refused = scripted([...acknowledged, '1f']);
    const fault = { kind: 'refused', command, step, found: undefined };
    expect(await faultOf(action(refused.client))).toMatchObject(fault);
    const garbled = scripted([...acknowledged, '42']);
    expect(await faultOf(action(garbled.client))).toMatchObject({
      ...fault,
      kind: 'garbled',
      found: 0x42,
    });
  });

  test('silence, and an answer in the last moment', async () => {
    const silent = scripted(acknowledged);
    const fault = { kind: 'silent', command, step, found: undefined };
    expect(await faultOf(action(silent.client))).toMatchObject(fault);
    expect(silent.clock.now()).toBe(before + ms);
    const late = scripted([...acknowledged, [[ms - 0.5, '1f']]]);
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
    expect(await faultOf(action(scripted(replies).client))).toMatchObject(fault);
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
    const { client, clock } = scripted(replies);
    expect((await faultOf(action(client))).kind).toBe('silent');
    expect(clock.now()).toBe(ms);
  });

  test('a longest list', async () => {
    const { client } = scripted([`79 fe 22 ${text(ascending(254))} 79`]);
    expect((await client.get()).commands).toHaveLength(254);
  });

  test('00h before it is dropped, what is left of one before too', async () => {
    const { client, line } = scripted(['00 00 79', '79 79', '79', '79']);
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
  const { client } = scripted([]);
  expect(client.answerMs).toBe(0);
  const slow = (ms: number): Reply => [[ms, '79']];
  const measured = scripted([8, 30, 6, 100, 10].flatMap((ms) => [slow(ms), '79']));
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
  const { client } = scripted([
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

test('a port that is lost ends what waits', async () => {
  const { client, clock, line } = scripted([]);
  clock.after(5, () => line.vanish(new IapError('PORT_LOST', 'gone')));
  await expect(client.get()).rejects.toMatchObject({ code: 'PORT_LOST' });
  expect(clock.now()).toBe(5);
});

test('a port that takes nothing ends the wait for an answer', async () => {
  const { client, clock, line } = scripted([]);
  line.write = () => Promise.reject(new IapError('PORT_STALLED', 'full'));
  await expect(client.get()).rejects.toMatchObject({ code: 'PORT_STALLED' });
  expect(clock.now()).toBe(0);
});
