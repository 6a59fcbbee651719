// What an answer to HELLO may say: each field up to its limits, and not one step beyond.
import { describe, expect, test } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import { believable, believableSecurity } from '../../host/device/believable.js';
import {
  type HelloResponse,
  MIN_PAYLOAD_LIMIT,
  MIN_WINDOW,
  Mode,
  type Security,
  SecurityFlag,
} from '../../protocol/index.js';
import { Bench } from '../support/bench.js';

const { info: INFO } = new Bench({ pageSize: 1024 }).device;
const app = { mode: Mode.APP };

function errorOf(from: () => unknown): IapError | undefined {
  try {
    from();
    return undefined;
  } catch (error) {
    return error as IapError;
  }
}

test.each<Partial<HelloResponse>>([
  { mode: Mode.BOOTLOADER },
  app,
  { pageSize: 128, appBase: 0x0800_0080, appEnd: 0x0800_0100 },
  { pageSize: 0x1_0000, appBase: 0x0801_0000, appEnd: 0x0802_0000 },
  { appBase: 0x0800_0000 },
  { appBase: 0x08ff_fc00, appEnd: 0x0900_0000 },
  // It does not know where it lies.
  { appBase: 0, appEnd: 0 },
  { appBase: 0x0800_8001, appEnd: 0x0800_8001 },
  { defaultRate: 0 },
  { defaultRate: 300 },
  { defaultRate: 20_000_000 },
  { maxPayload: MIN_PAYLOAD_LIMIT, window: MIN_WINDOW },
  // An application takes no more than HELLO and ENTER.
  { ...app, maxPayload: 0, window: 0 },
  { beginMs: 30_000, pageMs: 5000, pagesMs: 30_000, endMs: 30_000 },
  { beginMs: 1, pageMs: 2, pagesMs: 3, endMs: 4 },
])('believed: %j', (said) => {
  expect(believable({ ...INFO, ...said })).toEqual({ ...INFO, ...said });
});

test.each<[string, Partial<HelloResponse>, number | string]>([
  ['mode', { mode: 2 }, 2],
  ['page_size', { pageSize: 64 }, 64],
  ['page_size', { pageSize: 0x2_0000 }, 0x2_0000],
  ['page_size', { pageSize: 1536 }, 1536],
  ['page_size', { pageSize: 0 }, 0],
  ['app_base', { appBase: 0x07ff_fc00 }, '0x07FFFC00'],
  ['app_base', { appBase: 0x0900_0000, appEnd: 0x0900_0400 }, '0x09000000'],
  ['app_base', { appBase: 0x0800_8200 }, '0x08008200'],
  ['app_end', { appBase: 0x0800_8000, appEnd: 0x0800_7c00 }, '0x08007C00'],
  ['app_end', { appEnd: 0x0900_0400 }, '0x09000400'],
  ['app_end', { appEnd: 0x0800_8200 }, '0x08008200'],
  ['default_rate', { defaultRate: 299 }, 299],
  ['default_rate', { defaultRate: 20_000_001 }, 20_000_001],
  ['max_payload', { maxPayload: MIN_PAYLOAD_LIMIT - 1 }, MIN_PAYLOAD_LIMIT - 1],
  ['window', { window: MIN_WINDOW - 1 }, MIN_WINDOW - 1],
])('%s of %j: told, with what is expected', (field, said, found) => {
  expect(errorOf(() => believable({ ...INFO, ...said }))).toMatchObject({
    code: 'BAD_ANSWER',
    hint: expect.stringContaining('--verbose'),
    details: { command: 'HELLO', field, found, expected: expect.any(String) },
  });
});

test('longer than any part takes is waited for nobody', () => {
  const said = { beginMs: 65_535, pageMs: 65_535, pagesMs: 65_535, endMs: 65_535 };
  expect(believable({ ...INFO, ...said })).toMatchObject({
    beginMs: 30_000,
    pageMs: 5000,
    pagesMs: 30_000,
    endMs: 30_000,
  });
});

describe('protection against reading out', () => {
  const saying = (flags: number): Security => ({ flags }) as Security;
  const { READ_LOCKED, READ_PROTECTED } = SecurityFlag;
  test.each([0, READ_PROTECTED, READ_PROTECTED | READ_LOCKED])('believed: %i', (flags) => {
    expect(believableSecurity(saying(flags))).toEqual(saying(flags));
  });

  test('locked, and not protected', () => {
    expect(errorOf(() => believableSecurity(saying(READ_LOCKED)))).toMatchObject({
      code: 'BAD_ANSWER',
      details: { command: 'HELLO', field: 'flags', found: `0x${READ_LOCKED.toString(16)}` },
    });
  });
});
