// Questions before something that can not be undone.
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { Output } from '../../host/cli/output.js';
import { consent } from '../../host/cli/prompt.js';

interface Asked {
  readonly done: Promise<void>;
  readonly stop: () => void;
  readonly text: () => string;
}

/** Types this as soon as the question is there. */
function ask(
  typed: string,
  { json = false, tty = [true, true] } = {},
  what = 'this is lost',
): Asked {
  let text = '';
  const input = Object.assign(new PassThrough(), { isTTY: tty[0] === true });
  const output = Object.assign(new PassThrough(), { isTTY: tty[1] === true });
  output.on('data', (bytes: Buffer) => {
    if (text === '' && typed !== '') setImmediate(() => input.write(typed));
    text += bytes.toString();
  });
  const stream = { write: () => true };
  const controller = new AbortController();
  const context = {
    output: new Output(json, { out: stream, error: stream }),
    signal: controller.signal,
  };
  const done = consent(what, context, { input, output });
  return { done, stop: () => controller.abort(), text: () => text };
}

test.each(['y\r', 'YES\r', ' y \r'])('%j goes on', async (typed) => {
  await ask(typed).done;
});

test.each(['n\r', '\r', 'yo\r'])('%j changes nothing', async (typed) => {
  await expect(ask(typed).done).rejects.toMatchObject({
    code: 'INTERRUPTED',
    message: 'nothing was changed',
  });
});

describe('no answer', () => {
  const unanswered = {
    code: 'INTERRUPTED',
    message: 'not answered, so nothing was changed: this is lost',
  };

  test.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('%s', async (_, typed) => {
    await expect(ask(typed).done).rejects.toMatchObject(unanswered);
  });

  test('a signal', async () => {
    const { done, stop } = ask('');
    stop();
    await expect(done).rejects.toMatchObject(unanswered);
  });
});

test.each([{ tty: [false, true] }, { tty: [true, false] }, { json: true }])(
  'nobody is asked where nobody can answer: %j',
  async (where) => {
    const { done, text } = ask('y\r', where);
    await expect(done).rejects.toMatchObject({
      code: 'USAGE',
      message: 'this is lost',
      hint: expect.stringContaining('--yes'),
    });
    expect(text()).toBe('');
  },
);

test('what is asked does not control the terminal', async () => {
  const { done, text } = ask('y\r', {}, 'the device on /dev/\u001b[2J\u202e');
  await done;
  expect(text()).toContain('the device on /dev/?[2J?');
});
