// Noise is named where it is the cause: damaged answers, of those that came since somebody looked.
import { expect, test } from 'vitest';
import { noiseOf } from '../../host/link/noise.js';

const counts = (answersDamaged: number, framesReceived: number, staleAnswers = 0) => ({
  answersDamaged,
  framesReceived,
  staleAnswers,
});

test.each([
  ['none came', counts(0, 0), undefined],
  ['one alone tells nothing', counts(1, 0), undefined],
  ['two, and nothing else', counts(2, 0), { damaged: 2, answers: 2 }],
  ['one in fifty', counts(2, 98), { damaged: 2, answers: 100 }],
  ['fewer', counts(2, 99), undefined],
  ['whoever still waited for them', counts(2, 50, 48), { damaged: 2, answers: 100 }],
  ['the same, fewer', counts(2, 50, 49), undefined],
])('%s', (_, stats, details) => {
  expect(noiseOf(stats)?.details).toEqual(details);
});

test('only what came since counts', () => {
  const before = counts(50, 10, 5);
  expect(noiseOf(counts(51, 10, 5), before)).toBeUndefined();
  expect(noiseOf(counts(52, 20, 7), before)?.details).toEqual({ damaged: 2, answers: 14 });
});
