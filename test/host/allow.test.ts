// Which findings keep an image from being written, what may be allowed, and what is told of the rest.
import { describe, expect, test } from 'vitest';
import {
  ALLOWABLE_IN_FLASH,
  allowedIds,
  isBlocking,
  marked,
  tolerated,
  warningOf,
} from '../../host/check/allow.js';
import { errorOf, type Finding, type FindingId } from '../../host/check/finding.js';
import { refusal } from '../support/refusal.js';

const finding = (id: FindingId, severity: Finding['severity'] = 'error'): Finding => ({
  ...{ id, severity, code: 'IMAGE_VECTORS', message: `${id} it is`, found: 'x', expected: 'y' },
  ...{ hint: 'change it', details: { stack: 1 } },
});
const [ADDRESS, CORE] = [finding('wrong-address'), finding('wrong-core')];
const [BLANK, GAP] = [finding('blank'), finding('gap-filled', 'warning')];

test('an error names its finding', () => {
  expect(errorOf(BLANK)).toMatchObject({
    code: 'IMAGE_VECTORS',
    message: 'blank it is',
    hint: 'change it',
    details: { stack: 1, finding: 'blank' },
  });
});

test('what is allowed is marked, if it is an error', () => {
  const all = [ADDRESS, CORE, GAP];
  expect(marked(all)).toEqual(all);
  const some = marked(new Set(all), ['wrong-core', 'gap-filled', 'blank']);
  expect(some).toEqual([ADDRESS, { ...CORE, allowed: true }, GAP]);
  expect(some.map(isBlocking)).toEqual([true, false, false]);
  expect(allowedIds([...some, ...some])).toEqual(['wrong-core']);
  expect(allowedIds(all)).toEqual([]);
});

describe('an image', () => {
  test('with warnings alone may be written', () => {
    expect(tolerated([])).toEqual([]);
    expect(tolerated([GAP])).toEqual([GAP]);
  });

  test('with an error may be written if that is allowed', () => {
    const left = tolerated([ADDRESS, GAP], ['wrong-address']);
    expect(left).toEqual([{ ...ADDRESS, allowed: true }, GAP]);
    expect(() => tolerated([ADDRESS, CORE], ['wrong-address'])).toThrow('wrong-core it is');
  });

  test('may not be written if its error can not be allowed', () => {
    expect(() => tolerated([BLANK], ['blank'])).toThrow('blank it is');
    const stack = finding('stack-outside-ram');
    expect(() => tolerated([stack], ['stack-outside-ram'])).toThrow();
    expect(tolerated([stack], ['stack-outside-ram'], ALLOWABLE_IN_FLASH)).toHaveLength(1);
  });

  test.each<[string, Finding[], string]>([
    [
      'one that may be allowed',
      [ADDRESS, GAP],
      'change it; if you are sure that it is right, --allow wrong-address goes on all the same',
    ],
    ['one that may not', [GAP, BLANK], 'change it'],
    ['more', [BLANK, ADDRESS, CORE], 'change it; "iap check" names 2 more'],
  ])('is refused for its first error: %s', (_, findings, hint) => {
    const first = findings.find(({ severity }) => severity === 'error');
    expect(refusal(() => tolerated(findings))).toMatchObject({
      code: 'IMAGE_VECTORS',
      message: `${first?.id} it is`,
      hint,
      details: { stack: 1, finding: first?.id },
    });
  });
});

test('a warning is told with what to do, an error that is allowed as that', () => {
  expect(warningOf(GAP)).toEqual({
    message: 'gap-filled it is; change it',
    finding: 'gap-filled',
  });
  expect(warningOf({ ...CORE, allowed: true })).toEqual({
    message: 'allowed: wrong-core it is',
    finding: 'wrong-core',
    allowed: true,
  });
});
