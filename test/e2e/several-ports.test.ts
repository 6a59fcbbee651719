// Several boards, each on its own port, and one command for all of them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { demoImage, differingPages } from '../support/board.js';
import { serve } from '../support/ser2net.js';
import { expectDemo, powerUp, start, tempDir } from './bench.js';

const PART = 'stm32f103xb';
const SIZE = 16 * 1024;

test('two serial ports, one on the network and one where nobody answers: all told, the exit code is that of the worst', async () => {
  const boards = [await powerUp(PART), await powerUp(PART), await powerUp(PART)] as const;
  const off = await powerUp(PART, { args: ['--power', 'off'], allowed: ['state'] });
  const remote = await serve(boards[2].port);
  const dir = tempDir();
  const log = join(dir.path, 'units.jsonl');
  const image = demoImage(PART, 1, SIZE);
  const file = dir.write('image.bin', image);
  const ports = [boards[0].port, boards[1].port, remote.rfc2217, off.port];
  const all = ports.flatMap((port) => ['--port', port]);
  const done = await start('flash', file, ...all, '--timeout', '4000', '--log', log, '--json').done;

  expect(done.code).toBe(4);
  expect(done.result).toMatchObject({
    ok: false,
    code: 'NO_ANSWER',
    message: '1 of 4 ports failed',
  });
  const ends = done.events.filter(({ event }) => event === 'done');
  expect(ends.map(({ port }) => port).sort()).toEqual([...ports].sort());
  for (const { port, result } of ends) expect(result).toMatchObject({ ok: port !== off.port });
  for (const board of boards) {
    expect(differingPages(PART, await board.flash(), image)).toEqual([]);
  }
  await remote.stop();
  for (const board of boards) await expectDemo(board, 1, 1);

  const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
  const entries = lines.map((line) => JSON.parse(line) as { result: string; uniqueId: string });
  expect(entries.map(({ result }) => result).sort()).toEqual([
    'failed',
    'installed',
    'installed',
    'installed',
  ]);

  const again = ports.slice(0, 2).flatMap((port) => ['--port', port]);
  const second = await start('flash', file, ...again, '--log', log).done;
  expect(second.code, second.stderr).toBe(0);
  expect(second.stdout).toMatch(/: this unit has had this image before, at 20.* says the log/);
  expect(second.stdout).toMatch(/^2 of 2 ports done$/m);
});

test('Ctrl-C: every port stops, resumable, and the same command goes on', async () => {
  const boards = [await powerUp(PART), await powerUp(PART)];
  const file = tempDir().write('image.bin', demoImage(PART, 1, 4 * SIZE));
  const all = boards.flatMap(({ port }) => ['--port', port]);
  const run = start('flash', file, ...all, '--json');
  for (const { port } of boards) await run.until('progress', (event) => event.port === port);
  const stopped = await run.signal('SIGINT');
  expect(stopped.code).toBe(130);
  const ends = stopped.events.filter(({ event }) => event === 'done');
  for (const { result } of ends) {
    expect(result).toMatchObject({ code: 'INTERRUPTED', details: { resumable: true } });
  }
  const done = await start('flash', file, ...all, '--json').done;
  expect(done.code, done.result?.message).toBe(0);
  const plans = done.events.filter(({ event }) => event === 'plan');
  for (const plan of plans) expect(plan.resumed).toBe(true);
});
