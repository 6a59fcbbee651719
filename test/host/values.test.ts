// What was typed → what a command is given.
import { describe, expect, test } from 'vitest';
import { FACTORY } from '../../host/cli/commands/factory.js';
import { PACK } from '../../host/cli/commands/pack.js';
import { LINK_OPTIONS } from '../../host/cli/options.js';
import { argumentsFrom } from '../../host/cli/values.js';

const OPTIONS = { ...LINK_OPTIONS, ...FACTORY.options, ...PACK.options };

describe('a number', () => {
  test.each([
    ['timeout', '1', 1],
    ['timeout', '2147483647', 2_147_483_647],
    ['initial-baud', '0x2580', 9600],
    ['initial-baud', '1e6', 1_000_000],
    ['address', '007', 7],
  ])('--%s %j', (name, typed, value) => {
    expect(Object.values(argumentsFrom({ [name]: typed }, OPTIONS))).toEqual([value]);
  });

  test.each([
    ...['abc', '1e9x', '', ' ', '-1', '1.5', '0x', '1_000', 'NaN', 'Infinity', '1e400', '٣'].map(
      (typed) => ['timeout', typed, '1 to 2147483647'] as const,
    ),
    ['timeout', '0', '1 to 2147483647'],
    ['timeout', '2147483648', '1 to 2147483647'],
    ['initial-baud', '299', '300 to 12000000'],
    ['address', '255', '0 to 254'],
    ['hardware', '65536', '0 to 65535'],
    ['default-baud', '12000001', '300 to 12000000'],
    ['security-counter', '4294967296', '0 to 4294967295'],
  ] as const)('--%s %j: what was expected, and what was found', (name, typed, bounds) => {
    const options = { ...OPTIONS, hardware: FACTORY.options.hardware };
    expect(() => argumentsFrom({ [name]: typed }, options)).toThrow(
      `--${name} must be a whole number from ${bounds}, got "${typed}"`,
    );
  });
});

test.each(Object.keys(OPTIONS))('--%s twice is a list where it may be given again', (name) => {
  const give = (): object => argumentsFrom({ [name]: ['x', 'y'] }, OPTIONS);
  if (['allow', 'data', 'proof'].includes(name)) expect(give()).toEqual({ [name]: ['x', 'y'] });
  else expect(give).toThrow(`--${name} is given twice`);
});

test('what may be given again is a list when it is given once', () => {
  expect(argumentsFrom({ allow: 'x' }, OPTIONS)).toEqual({ allow: ['x'] });
});
