// Files of commands: one that is still being written is waited for, and names say what they say on one line.
import { appendFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { readBytes, readWhole, writeBytes } from '../../host/node/files.js';

const folder = mkdtempSync(join(tmpdir(), 'iap-files-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);

async function refusal(run: Promise<unknown>): Promise<IapError> {
  const error: unknown = await run.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(IapError);
  return error as IapError;
}

/** In pieces, as a copy over a slow line comes */
async function grow(file: string, pieces: number, everyMs: number): Promise<void> {
  for (let i = 0; i < pieces; i++) {
    await setTimeout(everyMs);
    appendFileSync(file, new Uint8Array(1000).fill(i));
  }
}

test('a file that is being written is read when it is whole', async () => {
  const file = path('growing.bin');
  writeFileSync(file, new Uint8Array(22_000));
  const [bytes] = await Promise.all([readWhole(file, 'image'), grow(file, 6, 400)]);
  expect(bytes.length).toBe(28_000);
});

test('a file that lies still is read at once, whatever the clock of its server says', async () => {
  const file = path('still.bin');
  writeFileSync(file, 'abc');
  utimesSync(file, new Date(), new Date(Date.now() - 1500));
  const start = performance.now();
  expect((await readWhole(file, 'image')).length).toBe(3);
  expect(performance.now() - start).toBeLessThan(800);
  utimesSync(file, new Date(), new Date(Date.now() + 3_600_000));
  expect((await readWhole(file, 'image')).length).toBe(3);
});

test('control characters of a name do not reach the terminal', async () => {
  const odd = path('a\u001b[31m\u0007\nb\u009b.bin');
  const errors = [
    await refusal(readBytes(odd, 'image')),
    await refusal(readBytes(`${folder}/\u001b/..`, 'image')),
    await refusal(writeBytes(join(odd, 'c'), 'x')),
  ];
  for (const { message } of errors) expect(message).not.toMatch(/\p{Cc}/u);
  expect(errors[0]?.details.path).toBe(odd);
});
