// What the terminal is told while work goes on.
import { expect, it } from 'vitest';
import { Output } from '../../host/cli/output.js';

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
