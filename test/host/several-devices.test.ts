// What is said when more than one device answers: who they are, and how to say which is meant.
import { expect, test } from 'vitest';
import { severalDevices, unitText } from '../../host/device/census.js';
import type { DeviceInfo } from '../../host/device/device.js';
import { Bench } from '../support/bench.js';

const { info } = new Bench().device;
const unit = (changed: Partial<DeviceInfo>): DeviceInfo => ({
  ...info,
  part: 'stm32f103xe',
  serial: '',
  uniqueId: Uint8Array.of(0xab, 1),
  ...changed,
});

test.each<[Partial<DeviceInfo>, string]>([
  [{ address: 3, serial: 'SN-0042' }, 'address 3 (stm32f103xe, SN-0042, ab01)'],
  [{ address: 254 }, 'address 254 (stm32f103xe, ab01)'],
  [{ address: 0, part: '' }, 'without address (device, ab01)'],
])('%j', (changed, text) => {
  expect(unitText(unit(changed))).toBe(text);
});

const first = unit({ address: 1 });
const second = unit({ address: 2, uniqueId: Uint8Array.of(0xcd, 2) });

test.each<[readonly DeviceInfo[], number | undefined, RegExp, RegExp, object]>([
  [
    [first, second],
    undefined,
    /^2 devices answer on this line: address 1 .*, address 2 /,
    /--addresses.*"iap scan"/,
    { found: 2, addresses: '1 2', uniqueIds: 'ab01 cd02' },
  ],
  [
    [first],
    undefined,
    /^more than one device seems to answer on this line: address 1 \(/,
    /--addresses/,
    { found: 1, addresses: '1', uniqueIds: 'ab01' },
  ],
  [
    [],
    undefined,
    /^more than one device seems to answer on this line: nothing is understood of them$/,
    /--addresses/,
    { found: 0, addresses: '', uniqueIds: '' },
  ],
  [
    [first, { ...second, address: 1 }],
    1,
    /^2 devices answer at address 1: /,
    /one by one.*"iap factory"/,
    { found: 2, addresses: '1 1', uniqueIds: 'ab01 cd02' },
  ],
  [[], 5, /at address 5: nothing is understood/, /; an application that prints/, {}],
  [[first], 1, /^more than one/, /"iap factory"$/, {}],
])('%#', (units, address, message, hint, details) => {
  expect(severalDevices(units, address)).toMatchObject({
    code: 'SEVERAL_DEVICES',
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
    details,
  });
});
