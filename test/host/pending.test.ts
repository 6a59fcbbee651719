// Answers that are waited for: which request each one is to, and until when there is anything to wait for.
import { expect, test } from 'vitest';
import { type Pending, PendingAnswers } from '../../host/link/pending.js';
import { Command, type Frame, MAX_UNANSWERED, RESPONSE_BIT } from '../../protocol/index.js';

const asked = (seq: number, changed: Partial<Pending> = {}): Pending => ({
  address: 1,
  seq,
  type: Command.HELLO,
  frames: seq + 1,
  bytes: 10 * (seq + 1),
  answerBytes: 20,
  workMs: 100,
  dueAt: 1000 + seq,
  onAnswer: () => {},
  ...changed,
});

const answer = (seq: number, changed: Partial<Frame> = {}): Frame => ({
  address: 1,
  seq,
  type: Command.HELLO | RESPONSE_BIT,
  payload: Uint8Array.of(0),
  ...changed,
});

function waitingFor(...items: Pending[]): PendingAnswers {
  const pending = new PendingAnswers();
  for (const item of items) pending.add(item);
  return pending;
}

test.each<Partial<Frame>>([
  { address: 2 },
  { seq: 6 },
  { type: Command.BOOT | RESPONSE_BIT },
  { type: Command.HELLO },
])('no answer to it: %j', (changed) => {
  const pending = waitingFor(asked(5));
  expect(pending.take(answer(5, changed))).toBeUndefined();
  expect(pending.take(answer(5))?.seq).toBe(5);
  expect(pending.take(answer(5))).toBeUndefined();
});

test('what this device was sent before will not be answered any more; what others were, will', () => {
  const pending = waitingFor(asked(0), asked(1, { address: 2 }), asked(2), asked(3));
  expect(pending.take(answer(2))?.seq).toBe(2);
  expect(pending.take(answer(0))).toBeUndefined();
  expect(pending.take(answer(3))?.seq).toBe(3);
  expect(pending.take(answer(1, { address: 2 }))?.seq).toBe(1);
});

test('no more are waited for than a sequence number tells apart: the oldest goes', () => {
  const full = Array.from({ length: MAX_UNANSWERED }, (_, seq) => asked(seq));
  expect(waitingFor(...full).take(answer(0))?.seq).toBe(0);
  const more = waitingFor(...full, asked(MAX_UNANSWERED));
  expect(more.take(answer(0))).toBeUndefined();
  expect(more.take(answer(1))?.seq).toBe(1);
});

test('time is given for each; for what is forgotten none, and it still counts', () => {
  const pending = waitingFor(asked(0), asked(1, { type: Command.BOOT, dueAt: 900 }));
  expect(pending).toMatchObject({ answerBytes: 40, workMs: 200, dueAt: 1000 });
  pending.forget(({ type }) => type === Command.HELLO);
  expect(pending).toMatchObject({ answerBytes: 20, workMs: 100, dueAt: 900 });
  expect(pending.take(answer(0))).toMatchObject({ frames: 1, bytes: 10, dueAt: 1000 });
  pending.forget(() => true);
  expect(pending).toMatchObject({ answerBytes: 0, workMs: 0, dueAt: Number.NEGATIVE_INFINITY });
});
