// The worker by itself, with its demo device: which firmware it takes for whom, and that it can be stopped.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FromWorker, ToWorker } from '../../host/web/messages.js';

type Checked = Extract<FromWorker, { answer: 'checked' }>;

const answers: FromWorker[] = [];
let tell: (message: ToWorker) => void;
let sha256: string;
const line = { place: { kind: 'demo' }, initialRate: 115200 } as const;

beforeEach(async () => {
  answers.length = 0;
  vi.resetModules();
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('postMessage', (answer: FromWorker) => answers.push(answer));
  await import('../../host/web/worker.js');
  const scope = globalThis as unknown as { onmessage(event: { readonly data: ToWorker }): void };
  tell = (data) => scope.onmessage({ data });
  tell({ job: 'demo-firmware', load: 1 });
  const checked = await until<Checked>('checked');
  expect(checked).toMatchObject({ load: 1, firmware: { demo: true } });
  sha256 = checked.firmware.sha256;
});
afterEach(() => {
  vi.unstubAllGlobals();
});

async function until<A extends FromWorker>(...kinds: FromWorker['answer'][]): Promise<A> {
  return await vi.waitFor(
    () => {
      const at = answers.findIndex(({ answer }) => kinds.includes(answer));
      if (at < 0) throw new Error('no answer yet');
      return answers.splice(at, 1)[0] as A;
    },
    { timeout: 300_000 },
  );
}

test('firmware other than the one that is shown is not used', async () => {
  for (const job of [{ job: 'find' } as const, { job: 'update', wait: false } as const]) {
    tell({ ...line, ...job, sha256: '0'.repeat(64) });
    expect(await until('failed', 'found', 'done')).toMatchObject({
      fault: { code: 'BUG', message: 'Error: the page shows other firmware' },
    });
  }
});

test('demo firmware is for the demo device alone', async () => {
  tell({ ...line, job: 'find', sha256 });
  expect(await until('failed', 'found')).toMatchObject({ answer: 'found' });
  tell({ job: 'find', initialRate: 115200, sha256, place: { kind: 'serial', port: { nth: 0 } } });
  expect(await until('failed', 'found')).toMatchObject({
    fault: { code: 'BUG', message: 'Error: demo firmware is no firmware' },
  });
});

test('an update that runs can be stopped, whatever was loaded meanwhile', async () => {
  tell({ ...line, job: 'update', sha256, wait: false });
  await until('device');
  tell({ job: 'demo-firmware', load: 2 });
  await until('checked');
  tell({ job: 'stop' });
  expect(await until('failed', 'done')).toMatchObject({ fault: { code: 'INTERRUPTED' } });
});

test('another device than the one that is shown is left as it is', async () => {
  tell({ ...line, job: 'update', sha256, wait: false, only: 'ee'.repeat(12) });
  expect(await until('failed', 'device')).toMatchObject({ fault: { code: 'OTHER_DEVICE' } });
});
