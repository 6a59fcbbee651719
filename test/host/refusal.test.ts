// Every refusal is worded, names what the device has, and leaves flash alone.
import { expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { refusalError } from '../../host/device/refusal.js';
import { Command, encode, Refusal, Status } from '../../protocol/index.js';
import { Bench } from '../support/bench.js';
import { appImage } from '../support/images.js';

const refusals = Object.entries(Status).filter(([, code]) => code >= 0x40);

test.each(refusals)('%s in answer to BEGIN', async (name, code) => {
  const bench = new Bench();
  bench.device.hook = ({ type }) => (type === Command.BEGIN ? code : undefined);
  const { error } = await bench.update(appImage(5000));
  expect(error).toBeInstanceOf(IapError);
  expect(error).toMatchObject({ code: 'REFUSED', details: { command: 'BEGIN', status: name } });
  expect((error as IapError).hint?.length).toBeGreaterThan(10);
  expect(bench.device.flash.pagesWritten).toBe(0);
  expect(bench.device.log).not.toContain('DATA');
});

test.each([
  [Status.WRONG_ADDRESS, 0x0800_8000, '0x08008000'],
  [Status.WRONG_SIZE, 491_520, '491520 bytes'],
  [Status.WRONG_HARDWARE, 12, 'revision 12'],
  [Status.ROLLBACK, 33, 'below 33'],
  [Status.NOT_CAPABLE, 0xa, 'CONFIRM, SIGNATURE'],
  [Status.RATE_UNAVAILABLE, 460_800, '460800'],
  [Status.NOT_BOOTABLE, 6, 'IN_PROGRESS'],
])('status 0x%s with detail %i says %s', (status, detail, text) => {
  expect(refusalError(encode(Refusal, { status, detail }), 'BEGIN').message).toContain(text);
});

test('a status of a later version is named by its number', () => {
  const { message, details } = refusalError(Uint8Array.of(0x7e, 0, 0, 0, 0), 'BEGIN');
  expect(message).toContain('0x7e');
  expect(details).toMatchObject({ status: '0x7e' });
});

test('a refusal cut short is still a refusal', () => {
  expect(refusalError(Uint8Array.of(Status.WRONG_PRODUCT), 'BEGIN').details).toMatchObject({
    status: 'WRONG_PRODUCT',
    detail: 0,
  });
});
