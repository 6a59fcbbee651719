// One device of a group, and what becomes of it when something ends.
import { describe, expect, test } from 'vitest';
import { IapError, type IapErrorCode } from '../../host/base/errors.js';
import type { DeviceInfo } from '../../host/device/device.js';
import { openSession } from '../../host/device/open.js';
import { FakeDevice } from '../../host/testing/fake-device.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import {
  endedForAll,
  endingOf,
  endsAll,
  isLost,
  mayWorkAlone,
} from '../../host/update/group-errors.js';
import { checkSame } from '../../host/update/group-match.js';
import { Member, membersAt } from '../../host/update/group-member.js';
import type { Status } from '../../protocol/index.js';
import { refusal } from '../support/refusal.js';

const clock = new VirtualClock();
const line = new FakeLine(clock, 115_200);
const { info } = new FakeDevice(clock, line);
const session = openSession(line, { clock });
const unit = (id: number, other: Partial<DeviceInfo> = {}): DeviceInfo => ({
  ...info,
  uniqueId: new Uint8Array(12).fill(id),
  ...other,
});

function found(id: number, only?: number): Member {
  const member = new Member(9, only === undefined ? undefined : unit(only).uniqueId);
  member.found(session, unit(id));
  return member;
}

const error = (code: IapErrorCode, details = {}): IapError =>
  new IapError(code, 'why', { details });
const refused = (status: keyof typeof Status): IapError => error('REFUSED', { status });

describe('addresses', () => {
  test('each is one member, however often it is named, and has the unit that is meant there', () => {
    const members = membersAt([3, 1, 3, 254], new Map([[1, unit(7).uniqueId]]));
    expect(members.map(({ address }) => address)).toEqual([3, 1, 254]);
    expect(members.map(({ uniqueId }) => uniqueId)).toEqual([
      undefined,
      unit(7).uniqueId,
      undefined,
    ]);
  });

  test.each([0, 255, -1])("%i is no device's own", (address) => {
    expect(() => membersAt([1, address])).toThrow(RangeError);
  });
});

describe('a member', () => {
  test('takes part once it is found, as long as it has no error and is not by itself', () => {
    expect(new Member(9).active).toBe(false);
    const member = found(1);
    expect(member.active).toBe(true);
    member.together = false;
    expect(member.active).toBe(false);
    member.together = true;
    member.error = error('LINK_LOST');
    expect(member.active).toBe(false);
  });

  test('is the unit that is meant, or who was found first', () => {
    const member = found(1);
    expect(() => member.checkUnit()).not.toThrow();
    member.found(session, unit(2));
    expect(member.uniqueId).toEqual(unit(1).uniqueId);
    expect(refusal(() => member.checkUnit())).toMatchObject({ code: 'OTHER_DEVICE' });
    expect(() => found(2, 2).checkUnit()).not.toThrow();
    expect(refusal(() => found(1, 2).checkUnit())).toMatchObject({ code: 'OTHER_DEVICE' });
    expect(() => new Member(9, unit(2).uniqueId).checkUnit()).not.toThrow();
  });

  test('tells what became of it, and the device as it was found', () => {
    expect(new Member(9)).toMatchObject({
      entered: false,
      begun: false,
      installed: false,
      told: false,
    });
    expect(new Member(9).result).toEqual({
      address: 9,
      changed: false,
      boot: 'no',
      together: true,
    });
    const member = found(1);
    member.found(session, unit(1, { mode: 1 }));
    member.isIn(true);
    member.boot = 'started';
    member.together = false;
    member.error = error('APP_SILENT');
    expect(member.installed).toBe(true);
    expect(member.result).toEqual({
      address: 9,
      device: unit(1),
      changed: true,
      boot: 'started',
      together: false,
      error: member.error,
    });
  });
});

describe('an error', () => {
  test.each<[IapErrorCode, boolean]>([
    ['INTERRUPTED', true],
    ['PORT_LOST', true],
    ['PORT_STALLED', true],
    ['PORT_FAILED', true],
    ['LINK_LOST', false],
    ['REFUSED', false],
  ])('%s ends it for all: %s', (code, all) => {
    expect(endsAll(error(code))).toBe(all);
  });

  test('is a lost link if it says so', () => {
    expect(isLost(error('LINK_LOST'))).toBe(true);
    expect(isLost(error('NO_ANSWER'))).toBe(false);
    expect(isLost(new Error('LINK_LOST'))).toBe(false);
  });

  test.each<[IapError, boolean]>([
    [error('LINK_LOST'), true],
    [error('BAD_ANSWER'), true],
    [error('VERIFY_FAILED'), true],
    [error('PAGE_FAILED'), true],
    [refused('NO_SESSION'), true],
    [refused('IN_APP'), true],
    [refused('SUPPLY_LOW'), true],
    [refused('NOT_NOW'), true],
    [refused('WRONG_PRODUCT'), false],
    [error('OTHER_DEVICE'), false],
    [error('NO_ANSWER'), false],
  ])('%o of one of them: it may work alone: %s', (what, alone) => {
    const member = found(1);
    expect(mayWorkAlone(member)).toBe(false);
    member.error = what;
    expect(mayWorkAlone(member)).toBe(alone);
    const unknown = new Member(9);
    unknown.error = what;
    expect(mayWorkAlone(unknown)).toBe(false);
  });
});

describe('what ended it for all', () => {
  const PORT_LOST = new IapError('PORT_LOST', 'the port went away');
  const STOPPED = new IapError('INTERRUPTED', 'whatever');

  test.each<[string, Partial<Member>, IapError, string, boolean]>([
    ['not asked to leave', {}, STOPPED, 'interrupted; nothing was written to it', false],
    [
      'asked to leave',
      { entered: true },
      PORT_LOST,
      'the port went away; nothing was written to it, but its application was asked to leave',
      false,
    ],
    [
      'begun',
      { entered: true, begun: true },
      STOPPED,
      'interrupted; its update is begun, and goes on where it stopped',
      true,
    ],
  ])('of one that was %s', (_, state, ending, message, resumable) => {
    const member = Object.assign(found(1), state);
    expect(endingOf(member, ending)).toMatchObject({
      code: ending.code,
      message,
      hint: 'run the same command again: it goes on where it stopped',
      details: { resumable },
      cause: ending,
    });
  });

  test('any other error is of itself what became of it', () => {
    const differ = error('DEVICES_DIFFER');
    expect(endingOf(found(1), differ)).toBe(differ);
  });

  test.each([
    [true, true, 'so, the others can be updated'],
    [true, false, 'so, nothing was written to the others'],
    [false, true, 'so'],
  ])('in one: others %s, resumable %s', (others, resumable, message) => {
    const left = { done: [3, 5], others, resumable };
    const ending = error('PORT_LOST', { port: 'COM1' });
    const told = endedForAll(ending, 'so', left);
    expect(told).toMatchObject({
      code: 'PORT_LOST',
      message,
      hint: 'run the same command again: it goes on where it stopped',
      details: { port: 'COM1', resumable, installed: '3 5' },
      cause: ending,
    });
    expect(endedForAll(ending, 'so', left, 'do that').hint).toBe('do that');
  });
});

describe('devices can take the same frames', () => {
  const named = (...infos: Partial<DeviceInfo>[]) =>
    infos.map((other, i) => ({ address: i + 1, info: unit(i, other) }));

  test.each<[string, Partial<DeviceInfo>, string]>([
    [
      'product',
      { product: new Uint8Array(16).fill(1) },
      `product ${'00'.repeat(16)}: address 1, 3; product ${'01'.repeat(16)}: address 2;`,
    ],
    ['part', { part: '' }, 'fake: address 1, 3; a part without name: address 2;'],
    [
      'page size',
      { pageSize: 1024 },
      'pages of 2048 bytes: address 1, 3; pages of 1024 bytes: address 2;',
    ],
    [
      'application',
      { appBase: 0x0800_4000 },
      'application at 0x08008000: address 1, 3; application at 0x08004000: address 2;',
    ],
    [
      'default rate',
      { defaultRate: 9600 },
      'default rate 115200 baud: address 1, 3; default rate 9600 baud: address 2;',
    ],
  ])('not with another %s', (_, other, text) => {
    const differ = refusal(() => checkSame(named({}, other, {})));
    expect(differ).toMatchObject({
      code: 'DEVICES_DIFFER',
      hint: expect.stringContaining('--addresses') as string,
    });
    expect(differ.message).toContain(text);
  });

  test('with another serial number', () => {
    expect(() => checkSame(named({}, { serial: 'B2' }))).not.toThrow();
    expect(() => checkSame([])).not.toThrow();
  });
});
