// Every refusal is worded, names what the device has, and leaves flash alone.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { isForAnother, isRefusal, isRefusedWith, refusalError } from '../../host/device/refusal.js';
import { Command, encode, Refusal, SignatureFault, Status } from '../../protocol/index.js';
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

test('no two refusals are told alike, and each with what to do', () => {
  const words = [
    ...refusals.map(([, status]) => refusalError(Uint8Array.of(status), 'BEGIN')),
    ...Object.values(SignatureFault).map((detail) =>
      refusalError(encode(Refusal, { status: Status.BAD_SIGNATURE, detail }), 'BEGIN'),
    ),
  ];
  // UNSAID is what BAD_SIGNATURE says without a detail.
  expect(new Set(words.map(({ message }) => message)).size).toBe(words.length - 1);
  for (const { message, hint = '' } of words) {
    expect(message).toMatch(/^the device refuses BEGIN: [a-z]/);
    expect(message).not.toContain('does not know the reason');
    expect(hint.length).toBeGreaterThan(10);
  }
});

test.each([
  [Status.UNKNOWN_COMMAND, 0, undefined],
  [Status.NOT_NOW, 0, undefined],
  [Status.NOT_NOW, 7, '(its reason 7)'],
  [Status.BAD_SIGNATURE, 200, 'reason 200'],
])('status %i with detail %i: %s', (status, detail, reason) => {
  const { message, details } = refusalError(encode(Refusal, { status, detail }), 'BEGIN');
  expect(message.includes('reason')).toBe(reason !== undefined);
  if (reason !== undefined) expect(message).toContain(reason);
  expect(details).toMatchObject({ detail });
});

test('a status that nobody knows has no hint', () => {
  expect(refusalError(Uint8Array.of(0x7e), 'BEGIN')).not.toHaveProperty('hint', expect.anything());
});

test.each([
  [[], false],
  [[Status.OK], false],
  [[Status.GAP], false],
  [[0x3f], false],
  [[0x40], true],
  [[Status.RATE_UNAVAILABLE, 0], true],
  [[0xff], true],
])('an answer of %j is a refusal: %s', (bytes, refusal) => {
  expect(isRefusal(Uint8Array.from(bytes))).toBe(refusal);
});

describe('an image for another device', () => {
  const refused = (status: number): IapError => refusalError(Uint8Array.of(status), 'BEGIN');
  const others: readonly number[] = [
    Status.BAD_HEADER,
    Status.WRONG_PRODUCT,
    Status.WRONG_HARDWARE,
    Status.WRONG_DEVICE,
    Status.WRONG_ADDRESS,
    Status.WRONG_SIZE,
    Status.ROLLBACK,
    Status.NOT_CAPABLE,
    Status.BAD_SIGNATURE,
    Status.PACKAGE_ONLY,
  ];

  test.each(refusals)('%s', (name, status) => {
    expect(isForAnother(refused(status))).toBe(others.includes(status));
    expect(isRefusedWith(refused(status), status)).toBe(true);
    const next = refusals.find(([other]) => other !== name)?.[1] as Status;
    expect(isRefusedWith(refused(status), next)).toBe(false);
  });

  test.each<[unknown, boolean]>([
    [new IapError('IMAGE_WRONG_PRODUCT', 'by the host'), true],
    [new IapError('LINK_LOST', 'gone'), false],
    [
      new IapError('LINK_LOST', 'gone with a status', { details: { status: 'WRONG_PRODUCT' } }),
      false,
    ],
    [new Error('a bug'), false],
    [undefined, false],
  ])('%s: %s', (error, another) => {
    expect(isForAnother(error)).toBe(another);
    expect(isRefusedWith(error, Status.WRONG_PRODUCT)).toBe(false);
  });
});
