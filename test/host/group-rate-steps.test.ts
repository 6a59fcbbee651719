// Another rate for a group, step by step: found with one of them, then for all of them, and back.
import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../../host/device/connect.js';
import { openSession } from '../../host/device/open.js';
import { findGroupRate, raiseGroupRate } from '../../host/update/group-auto-rate.js';
import type { GroupEvent } from '../../host/update/group-events.js';
import { Member } from '../../host/update/group-member.js';
import { changeGroupRate, leaveGroupRate } from '../../host/update/group-rate.js';
import { Group, type Present } from '../../host/update/group-steps.js';
import { Capability, Command, Status } from '../../protocol/index.js';
import { sentOn, told } from '../support/in-words.js';
import { Pair, type PairOptions } from '../support/pair.js';
import { RatesInMemory } from '../support/rates-in-memory.js';

const OWN = 115_200;
const FAST = 460_800;

let pair: Pair;
let sent: () => string;
let group: Group;
let events: GroupEvent[];
let one: Present;

/** A group in its bootloaders, found; the first of them is `one`. */
async function start(options: Partial<PairOptions> = {}): Promise<void> {
  pair = new Pair({ addresses: [1, 2], ...options, info: { maxRate: 921_600, ...options.info } });
  const session = openSession(pair.line, { clock: pair.clock });
  const members = pair.devices.map(({ info }) => new Member(info.address));
  for (const member of members) {
    session.address = member.address;
    member.found(session, (await connect(session, { hold: true })).info);
  }
  session.attempts = 1;
  events = [];
  group = new Group(session, members, (event) => events.push(event));
  const [first] = group.active;
  if (!first) throw new RangeError('nobody is there');
  one = first;
  sent = sentOn(pair);
  sent();
}

afterEach(() => {
  expect(pair.line.checker.violations).toEqual([]);
  expect(pair.line.collisions).toBe(0);
});

function change(rate: number): ReturnType<typeof changeGroupRate> {
  return changeGroupRate(group.session, group.active, rate, () => group.keepAlive(0), group.tell);
}

const rates = (): number[] => [pair.line.rate, ...pair.devices.map(({ rate }) => rate)];

describe('all of them change', () => {
  test('one after the other, and prove it', async () => {
    await start();
    expect(await change(FAST)).toBe('changed');
    expect(sent()).toBe('1 BAUD, 2 BAUD, 0 keep 65535, 1 HELLO+, 2 HELLO+');
    expect(told({ events })).toEqual(['rate rate 460800']);
    expect(rates()).toEqual([FAST, FAST, FAST]);
  });

  test('up to what they can and how long they take at most', async () => {
    await start({ info: { maxRate: FAST, pageMs: 500 } });
    expect(await change(FAST)).toBe('changed');
  });

  test('not, where nothing is to be changed, or nobody', async () => {
    await start();
    expect(await change(OWN)).toBe('unable');
    for (const { member } of group.active) member.together = false;
    expect(await change(FAST)).toBe('unable');
    expect(sent()).toBe('');
    expect(events).toEqual([]);
    expect(rates()).toEqual([OWN, OWN, OWN]);
  });

  test.each<[string, Partial<PairOptions>, string]>([
    [
      'can not change',
      { each: (address) => ({ info: { capabilities: address === 2 ? 0 : Capability.BAUD } }) },
      'address 2 can not change to 460800 baud',
    ],
    [
      'can not as fast',
      { each: (address) => ({ info: { maxRate: address === 2 ? FAST - 1 : FAST } }) },
      'address 2 can not change to 460800 baud',
    ],
    [
      'takes too long for a page',
      { each: (address) => ({ info: { maxRate: FAST, pageMs: address === 2 ? 501 : 100 } }) },
      'address 2 may take 501 ms for a page, and the others lose a rate',
    ],
  ])('not, where one of them %s: that is said, and nobody is asked', async (_, options, why) => {
    await start(options);
    expect(await change(FAST)).toBe('unable');
    expect(sent()).toBe('');
    expect(told({ events })).toEqual([`warning code RATE message ${why}; going on at 115200 baud`]);
  });

  test('not, where the port can not', async () => {
    await start();
    Object.assign(pair.line, { fixedRate: true });
    expect(await change(FAST)).toBe('unable');
    expect(events).toMatchObject([{ event: 'warning', code: 'RATE' }]);
    expect(sent()).toBe('');
  });

  test.each<[string, (type: number) => number | 'drop' | undefined, string]>([
    [
      'refuses',
      (type) => (type === Command.BAUD ? Status.RATE_UNAVAILABLE : undefined),
      '1 BAUD, 2 BAUD',
    ],
    [
      'does not hear of it',
      (type) => (type === Command.BAUD ? 'drop' : undefined),
      '1 BAUD, 2 BAUD, 2 BAUD, 2 BAUD',
    ],
    [
      'is not understood there',
      () => (pair.at(2).rate === FAST ? 'drop' : undefined),
      '1 BAUD, 2 BAUD, 0 keep 65535, 1 HELLO+, 2 HELLO+, 2 HELLO+, 2 HELLO+',
    ],
  ])('where one of them %s all go back, and are given time for it', async (_, hook, frames) => {
    await start();
    pair.at(2).hook = ({ type }) => hook(type);
    const since = pair.clock.now();
    expect(await change(FAST)).toBe('lost');
    expect(pair.clock.now() - since).toBeGreaterThan(3000);
    expect(sent()).toBe(frames);
    expect(told({ events })).toEqual([
      'warning code RATE message not all of them are understood at 460800 baud; going on at 115200 baud',
    ]);
    expect(pair.line.rate).toBe(OWN);
    pair.at(2).hook = () => undefined;
    for (const { device, address } of group.active) {
      group.session.address = address;
      await device.hello(true, 2);
    }
  });

  test('what is no failure of a rate is told as it is', async () => {
    await start();
    pair.clock.after(5, () => pair.line.vanish());
    await expect(change(FAST)).rejects.toMatchObject({ code: 'PORT_LOST' });
  });
});

describe('back to their own', () => {
  test('where they are there already: nothing', async () => {
    await start();
    await leaveGroupRate(group.session, group.active, OWN);
    expect(sent()).toBe('');
  });

  test('one after the other, and on at once', async () => {
    await start();
    await change(FAST);
    sent();
    const since = pair.clock.now();
    await leaveGroupRate(group.session, group.active, OWN);
    expect(sent()).toBe('1 BAUD, 2 BAUD');
    expect(pair.clock.now() - since).toBeLessThan(50);
    expect(rates()).toEqual([OWN, OWN, OWN]);
  });

  test.each<[string, 'drop' | number, string]>([
    ['does not hear of it', 'drop', '1 BAUD, 1 BAUD, 1 BAUD, 2 BAUD'],
    ['refuses', Status.RATE_UNAVAILABLE, '1 BAUD, 2 BAUD'],
  ])('one of them %s: it is given time', async (_, fault, frames) => {
    await start();
    await change(FAST);
    sent();
    pair.at(1).hook = ({ type }) => (type === Command.BAUD ? fault : undefined);
    const since = pair.clock.now();
    await leaveGroupRate(group.session, group.active, OWN);
    expect(sent()).toBe(frames);
    expect(pair.clock.now() - since).toBeGreaterThan(3000);
    expect(pair.line.rate).toBe(OWN);
  });

  test('what is no failure of a rate is told as it is', async () => {
    await start();
    await change(FAST);
    pair.line.vanish();
    await expect(leaveGroupRate(group.session, group.active, OWN)).rejects.toMatchObject({
      code: 'PORT_LOST',
    });
  });
});

describe('the fastest is found with one of them', () => {
  const BYTES = 100_000;

  test('which is at its own again afterwards; the others hear something before each step and at the end', async () => {
    await start();
    const memory = new RatesInMemory();
    expect(await findGroupRate(group, one, BYTES, memory)).toBe(921_600);
    const frames = sent().split(', ');
    expect(frames.filter((frame) => !frame.endsWith('HELLO+'))).toEqual([
      '0 keep 65535',
      '1 BAUD',
      '1 BAUD',
      '1 BAUD',
      '1 BAUD',
      '0 keep 65535',
    ]);
    expect(frames.filter((frame) => frame.startsWith('2'))).toEqual([]);
    expect(told({ events })).toEqual(['rate @1 rate 921600 chosen fastest']);
    expect(memory.told).toEqual([['fake', { rate: 921_600 }]]);
    expect(rates()).toEqual([OWN, OWN, OWN]);
  });

  test('and is none that another can not make', async () => {
    await start({ each: (address) => ({ info: { maxRate: address === 2 ? 230_400 : 921_600 } }) });
    expect(await findGroupRate(group, one, BYTES, undefined)).toBe(230_400);
  });

  test('and is their own for a few bytes', async () => {
    await start();
    expect(await findGroupRate(group, one, 100, undefined)).toBe(OWN);
    expect(sent()).toBe('0 keep 65535');
  });

  test('which gets lost on the way: it is left behind, and the others stay where they are', async () => {
    await start();
    pair.at(1).hook = () => {
      if (pair.at(1).rate > OWN) pair.at(1).alive = false;
      return undefined;
    };
    expect(await findGroupRate(group, one, BYTES, undefined)).toBe(OWN);
    expect(pair.line.rate).toBe(OWN);
    expect(one.member.error).toMatchObject({ code: 'LINK_LOST' });
    expect(told({ events })).toEqual([
      'alone @1 reason the device does not come back from a rate that was tried',
    ]);
    expect(group.active.map(({ address }) => address)).toEqual([2]);
  });

  test('and a port that goes away meanwhile ends it for all', async () => {
    await start();
    pair.clock.after(20, () => pair.line.vanish());
    await expect(findGroupRate(group, one, BYTES, undefined)).rejects.toMatchObject({
      code: 'PORT_LOST',
    });
    expect(events).toEqual([]);
  });

  test('and what is no error of this program is told as it is', async () => {
    await start();
    const fault = new TypeError('a fault');
    const memory = { recall: () => Promise.reject(fault), keep: () => Promise.resolve() };
    await expect(findGroupRate(group, one, BYTES, memory)).rejects.toBe(fault);
  });
});

describe('all of them are raised to it', () => {
  /** From this rate on nothing is understood by 2. */
  function deafFrom(rate: number): void {
    pair.at(2).hook = () => (pair.at(2).rate >= rate ? 'drop' : undefined);
  }

  test('if they hold it: nothing is remembered of it', async () => {
    await start();
    const memory = new RatesInMemory();
    await raiseGroupRate(group, 921_600, memory);
    expect(sent()).toBe('1 BAUD, 2 BAUD, 0 keep 65535, 1 HELLO+, 2 HELLO+');
    expect(rates()).toEqual([921_600, 921_600, 921_600]);
    expect(memory.told).toEqual([]);
  });

  test('or to the one below, which is remembered', async () => {
    await start();
    deafFrom(921_600);
    const memory = new RatesInMemory();
    await raiseGroupRate(group, 921_600, memory);
    expect(pair.line.rate).toBe(FAST);
    expect(memory.told).toEqual([['fake', { rate: FAST, failed: 921_600 }]]);
    await raiseGroupRate(group, FAST, undefined);
  });

  test('or stay at their own after two that do not hold', async () => {
    await start();
    deafFrom(OWN + 1);
    const memory = new RatesInMemory();
    await raiseGroupRate(group, 921_600, memory);
    expect(pair.line.rate).toBe(OWN);
    expect(memory.told).toEqual([['fake', { rate: OWN, failed: FAST }]]);
    expect(told({ events }).map((event) => event.replace(/;.*/, ''))).toEqual([
      'warning code RATE message not all of them are understood at 921600 baud',
      'warning code RATE message not all of them are understood at 460800 baud',
    ]);
  });

  test('or stay at their own, where none is between', async () => {
    await start();
    deafFrom(OWN + 1);
    const memory = new RatesInMemory();
    await raiseGroupRate(group, 230_400, memory);
    expect(memory.told).toEqual([['fake', { rate: OWN, failed: 230_400 }]]);
    expect(events).toHaveLength(1);
  });

  test('or stay at their own, where one of them can not: no rate is blamed', async () => {
    await start({ info: { pageMs: 1800 } });
    const memory = new RatesInMemory();
    await raiseGroupRate(group, 921_600, memory);
    expect(memory.told).toEqual([]);
    expect(events).toHaveLength(1);
  });

  test('without a memory: the same', async () => {
    await start();
    deafFrom(921_600);
    await raiseGroupRate(group, 921_600, undefined);
    expect(pair.line.rate).toBe(FAST);
  });

  test('with nobody left: nothing is done or remembered', async () => {
    await start();
    for (const { member } of group.active) member.together = false;
    const memory = new RatesInMemory();
    await raiseGroupRate(group, FAST, memory);
    expect(memory.told).toEqual([]);
    expect(sent()).toBe('');
  });
});
