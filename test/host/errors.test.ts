// Errors as callers and scripts get them.
import { expect, test } from 'vitest';
import { ExitCode, exitCodeOf, IapError } from '../../host/base/errors.js';

test('an error has a code, what to do, and what it was caused by', () => {
  const cause = new Error('below');
  const error = new IapError('PORT_LOST', 'gone', { hint: 'plug it in', details: { n: 1 }, cause });
  expect(error).toMatchObject({ name: 'IapError', code: 'PORT_LOST', message: 'gone' });
  expect(error).toMatchObject({ hint: 'plug it in', details: { n: 1 } });
  expect(error.cause).toBe(cause);
});

test('an error without any of it has no cause at all: a log would show it as undefined', () => {
  const error = new IapError('USAGE', 'no');
  expect(error).toMatchObject({ hint: undefined, details: {} });
  expect(Object.hasOwn(error, 'cause')).toBe(false);
});

test.each([
  [new IapError('USAGE', ''), 2],
  [new IapError('IMAGE_FORMAT', ''), 3],
  [new IapError('NO_ANSWER', ''), 4],
  [new IapError('REFUSED', ''), 5],
  [new IapError('VERIFY_FAILED', ''), 6],
  [new IapError('INTERRUPTED', ''), 130],
  [new Error('a bug'), 1],
  ['a bug', 1],
] as const)('%s: exit code %i', (error, code) => {
  expect(exitCodeOf(error)).toBe(code);
  expect(Object.values(ExitCode)).toContain(code);
});
