// A signer of the user's own: what it is given, what it must give, and every way in which it fails.
import { expect, test } from 'vitest';
import { runSigner } from '../../host/node/signer.js';

const DIGEST = Uint8Array.from({ length: 32 }, (_, i) => 0xff - i);
const { signal } = new AbortController();

test.each([
  ['cat', DIGEST],
  ['printf abc', Uint8Array.of(97, 98, 99)],
  ['head -c 1024 /dev/zero', new Uint8Array(1024)],
  ['cat; printf a; sleep 0; printf b', Uint8Array.of(...DIGEST, 97, 98)],
])('%s', async (command, expected) => {
  expect(await runSigner(command, DIGEST, signal)).toEqual(expected);
});

test.each([
  ['exit 3', 'the signer failed with exit code 3'],
  ['printf abc; exit 1', 'the signer failed with exit code 1'],
  ['cat >/dev/null', 'the signer wrote nothing'],
  ['head -c 1025 /dev/zero', 'the signer wrote 1025 bytes'],
  ['kill -9 $$', 'the signer was ended by SIGKILL'],
])('%s: refused', async (command, message) => {
  await expect(runSigner(command, DIGEST, signal)).rejects.toMatchObject({
    code: 'SIGNER_FAILED',
    message,
    hint: expect.stringContaining('it gets 32 bytes of digest on its standard input'),
  });
});

test('interrupted, it is not waited for', async () => {
  const stop = new AbortController();
  const running = runSigner('sleep 5', DIGEST, stop.signal);
  stop.abort();
  await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' });
});

test('what can not be run at all is told', async () => {
  await expect(runSigner('a\u0000b', DIGEST, signal)).rejects.toThrow(/null bytes/);
});
