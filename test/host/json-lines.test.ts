// The schema of --json, the page about it, and the check that holds lines against it.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { CommandTable } from '../../host/cli/command.js';
import { COMMANDS } from '../../host/cli/commands.js';
import { checkLine, SCHEMA } from '../support/json-lines.js';

const names = Object.keys(SCHEMA.definitions);
const page = readFileSync('docs/command-line.md', 'utf8');

async function paths(table: CommandTable, above = ''): Promise<string[]> {
  const found = await Promise.all(
    Object.entries(table).map(async ([name, load]) => {
      const one = await load();
      return 'commands' in one ? paths(one.commands, `${name}-`) : [`${above}${name}`];
    }),
  );
  return found.flat();
}

test('every command has a result', async () => {
  const commands = (await paths(COMMANDS)).filter((name) => name !== 'board');
  const results = names.filter((name) => name.startsWith('result-'));
  expect(results.sort()).toEqual(
    [...commands, 'group', 'several', 'failed'].map((name) => `result-${name}`).sort(),
  );
});

test('the page has every event', () => {
  const events = Object.values(SCHEMA.definitions).flatMap(({ properties }) =>
    properties?.event ? [properties.event.const] : [],
  );
  expect(
    [...new Set(events)].filter((event) => !page.includes(`\`${event}\``) && event !== 'result'),
  ).toEqual([]);
});

test('nothing that is ours has keys of its own', () => {
  const open = names.filter((name) => {
    const text = JSON.stringify(SCHEMA.definitions[name]);
    return text.split('"properties":').length !== text.split('"additionalProperties":false').length;
  });
  expect(open).toEqual([]);
});

describe('a line is refused', () => {
  test.each([
    [{ event: 'waiting', port: 'x', more: 1 }, 'additional properties'],
    [{ event: 'waiting' }, "required property 'port'"],
    [{ event: 'unheard' }, 'there is no event unheard'],
    [{ event: 'result', ok: true, ports: '1' }, 'integer'],
    [{ event: 'result', ok: false, code: 'USAGE', exitCode: 7, message: '' }, 'exitCode'],
    [
      { event: 'progress', phase: 'erase', bytesDone: 1, bytesTotal: 1, rate: 1, secondsLeft: 0 },
      'phase',
    ],
  ])('%j', (line, why) => {
    expect(() => checkLine(line)).toThrow(why);
  });

  test('as the result of another command', () => {
    const line = { event: 'result', ok: true, ports: 1 };
    expect(() => checkLine(line, ['ports'])).not.toThrow();
    expect(() => checkLine(line, ['isp', 'info'])).toThrow('result-isp-info');
  });
});
