// JSON that people write: all that is wrong in it, where, what was expected, and what was found.
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { parseJson } from '../../host/base/json.js';

const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    $schema: { type: 'string' },
    name: { type: 'string', pattern: '^[a-z]+$', description: 'small letters' },
    kind: { enum: ['pump', 2] },
    size: { type: 'integer' },
    rate: { description: 'a rate, or two', anyOf: [{ type: 'integer' }, { type: 'array' }] },
    pins: { type: 'object', properties: { tx: { type: 'string' } }, required: ['tx'] },
  },
};

function refused(text: string): IapError {
  try {
    parseJson(text, 'board.json', SCHEMA);
  } catch (error) {
    if (error instanceof IapError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('what fits comes back', () => {
  expect(parseJson(' \n{"name":"a","rate":[1]}', 'board.json', SCHEMA)).toEqual({
    name: 'a',
    rate: [1],
  });
});

describe('one fault', () => {
  test.each([
    ['{}', 'it lacks "name"'],
    ['[]', 'it must be object, found []'],
    ['{"name":"A"}', 'name must be small letters, found "A"'],
    ['{"name":"a","kind":1}', 'kind must be one of "pump", 2, found 1'],
    ['{"name":"a","size":"x"}', 'size must be integer, found "x"'],
    ['{"name":"a","rate":"x"}', 'rate must be a rate, or two, found "x"'],
    ['{"name":"a","pins":{}}', 'pins lacks "tx"'],
    ['{"name":"a","pins":{"tx":1}}', 'pins.tx must be string, found 1'],
    [
      '{"name":"a","colour\\u0007":1}',
      '"colour?" is not known in it; known are name, kind, size, rate, pins',
    ],
  ])('%s', (text, message) => {
    const error = refused(text);
    expect(error.message).toBe(`board.json: ${message}`);
    expect(error).toMatchObject({ code: 'DESCRIPTION_WRONG', details: { faults: 1 } });
  });
});

test('several faults are told at once, and counted', () => {
  const error = refused('{"kind":1,"rate":"x"}');
  expect(error.details).toEqual({ faults: 3 });
  expect(error.message).toMatch(/lacks "name"; kind must be .*; rate must be/);
});

test('of a long value the first 60 characters are shown', () => {
  const found = (length: number): string =>
    /found (.*)$/.exec(refused(`{"name":"${'A'.repeat(length)}"}`).message)?.[1] ?? '';
  expect(found(58)).toBe(`"${'A'.repeat(58)}"`);
  expect(found(59)).toBe(`"${'A'.repeat(59)}…`);
});

describe('no JSON', () => {
  test('is shown with its place, and the parser’s error kept', () => {
    const error = refused('{"name":}');
    expect(error).toMatchObject({
      code: 'DESCRIPTION_WRONG',
      message: expect.stringMatching(/^board\.json is no JSON: ./),
      hint: expect.stringMatching(/comma, quote or bracket/),
    });
    expect(error.cause).toBeInstanceOf(SyntaxError);
  });

  test.each(['hunter2', '123456', '"quoted"', ''])(
    '%j is not shown: it may be a secret',
    (text) => {
      const error = refused(text);
      expect(error).toMatchObject({
        code: 'DESCRIPTION_WRONG',
        message: 'board.json is no JSON: it does not begin with {',
        hint: 'check that it is the right file',
      });
      expect(error.cause).toBeUndefined();
    },
  );
});
