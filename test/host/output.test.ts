// What the terminal is told while work goes on.
import { describe, expect, it, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { Output, widthOf } from '../../host/cli/output.js';

/** What is written for a progress of so many bytes of 1000 */
function shown(bytesDone: number, isTTY: boolean): string {
  let text = '';
  const stream = { isTTY, columns: 120, write: (more: string) => (text += more) };
  new Output(false, { out: stream, error: stream }).progress({
    bytesDone,
    bytesTotal: 1000,
    rate: 1000,
    secondsLeft: 1,
  });
  return text;
}

it.each([true, false])('says that all is done at the end only; on a terminal: %s', (isTTY) => {
  expect(shown(996, isTTY)).toContain(' 99 % ');
  expect(shown(1000, isTTY)).toContain('100 % ');
});

it('fills the bar at the end only', () => {
  expect(shown(996, true)).toContain('#.]');
  expect(shown(1000, true)).toContain('##]');
});

/** What an output writes; on a terminal unless it is told otherwise */
function written(
  use: (output: Output) => void,
  { isTTY = true, columns = 120 as number | undefined, json = false, env = {} } = {},
): string {
  let text = '';
  const stream = { isTTY, columns, write: (more: string) => (text += more) };
  use(new Output(json, { out: stream, error: stream }, env));
  return text;
}

describe('text from outside', () => {
  const evil = 'a\u001b[31m\u0007\r\n\u009b2J\u202eb\u2066\u200bc\t\u{e0001}\ud800';
  const shownAs = 'a?[31m????2J?b??c???';

  test.each([
    ['line', (output: Output) => output.line(evil)],
    ['warn', (output: Output) => output.warn(evil)],
    ['warning', (output: Output) => output.warning(evil)],
    ['trace', (output: Output) => output.trace(evil)],
    ['failure', (output: Output) => output.failure(new IapError('USAGE', evil))],
    ['hint', (output: Output) => output.failure(new IapError('USAGE', 'x', { hint: evil }))],
    [
      'bug',
      (output: Output) =>
        output.failure(Object.assign(new Error(), { stack: evil.replace('\n', '') })),
    ],
  ] as const)('does not control the terminal: %s', (name, use) => {
    const text = written(use, { env: { NO_COLOR: '1' } });
    expect(text.replace(/\n/g, '')).not.toMatch(/\p{C}/u);
    expect(text).toContain(name === 'bug' ? shownAs.replace('????', '???') : shownAs);
  });

  test('is exact with --json, and does not control the terminal either', () => {
    const text = written((output) => output.event('x', { evil, [evil]: 1 }), { json: true });
    expect(text.replace(/\n$/, '')).not.toMatch(/\p{C}/u);
    expect(JSON.parse(text)).toEqual({ event: 'x', evil, [evil]: 1 });
  });
});

describe('terminals', () => {
  const progress = (output: Output): void => {
    for (const bytesDone of [500, 501, 600])
      output.progress({ bytesDone, bytesTotal: 1000, rate: 1000, secondsLeft: 1 });
    output.failure(new IapError('USAGE', 'wrong'));
  };

  test.each([
    ['a pipe', { isTTY: false }],
    ['TERM=dumb', { env: { TERM: 'dumb' } }],
    ['one of 20 columns', { columns: 20, env: { NO_COLOR: '1' } }],
  ])('%s: a line for each step, and nothing but text', (_, options) => {
    const text = written(progress, options);
    expect(text).not.toContain('\r');
    expect(text).not.toContain('\u001b');
    expect(text.split('\n').filter((line) => line.includes('%'))).toHaveLength(2);
  });

  test.each([
    [0, 80],
    [undefined, 100],
    [200, 100],
    [50, 50],
  ])('of %s columns: the bar fits', (columns, most) => {
    const lines = written(progress, { columns }).split('\r\u001b[K');
    expect(lines.length).toBe(4);
    for (const line of lines.slice(1, -1)) {
      expect(line.length).toBeLessThan(most);
      expect(line.length).toBeGreaterThan(40);
    }
  });

  test.each([
    [0, 80],
    [1, 40],
    [60, 60],
    [300, 100],
    [undefined, 100],
  ])('of %s columns: help is %i wide', (columns, width) => {
    expect(widthOf(columns)).toBe(width);
  });

  test.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
    [false, { FORCE_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ])('colour: terminal %s, %j: %s', (isTTY, env, colour) => {
    const text = written((output) => output.failure(new IapError('USAGE', 'x')), { isTTY, env });
    expect(text.includes('\u001b')).toBe(colour);
  });
});
