// Figures of docs/remote-ports.md: 64 KB over ser2net and a network that takes its time; 16 ports in one process.
// All round trips with IAP_UPDATE_DOCS=1, without it the shortest and the longest.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { realClock } from '../../host/base/clock.js';
import { FakeDevice } from '../../host/testing/fake-device.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { PROGRAMS } from '../bench/cases.js';
import { tooBusy } from '../support/busy.js';
import { appImage } from '../support/images.js';
import { serve } from '../support/ser2net.js';
import { SlowNetwork } from '../support/slow-network.js';
import { powerUp, quit, start, tempDir } from './bench.js';

const PART = 'stm32f103xe';
const ROUND_TRIPS_MS = process.env.IAP_UPDATE_DOCS ? [0, 20, 100, 200] : [0, 200];
/** Of which the better one counts: this computer has other things to do. */
const RUNS = process.env.IAP_UPDATE_DOCS ? 2 : 1;
const PAGE = 'docs/remote-ports.md';
const MARK = /<!-- figures: .*? -->\n[\s\S]*?<!-- end -->/;

const image = PROGRAMS['random-100']().bytes.slice(0, 64 * 1024);

async function seconds(
  protocol: 'tcp' | 'rfc2217',
  roundTripMs: number,
  options: readonly string[],
): Promise<number> {
  const board = await powerUp(PART, { args: ['--realtime'] });
  const remote = await serve(board.port);
  const { path } = await SlowNetwork.before(remote[protocol], roundTripMs);
  const file = board.dir.write('image.bin', image);
  const done = await start('flash', file, '--port', path, '--json', '--no-boot', ...options).done;
  expect(done.code, done.result?.message).toBe(0);
  await remote.stop();
  // A board costs this computer something, even if it rests.
  await quit(board);
  return Number(done.result?.seconds);
}

const ROWS = [
  ['`tcp://`, 115200', 'tcp', []],
  ['`rfc2217://`, 115200', 'rfc2217', []],
  ['`rfc2217://`, `--baud 921600`', 'rfc2217', ['--baud', '921600']],
  ['`rfc2217://`, `--baud auto`', 'rfc2217', ['--baud', 'auto', '--no-cache']],
] as const;

test('64 KB at each round trip', async ({ skip }) => {
  const table: string[] = [
    `| 64 KB, STM32F103xE, round trip | ${ROUND_TRIPS_MS.map((ms) => `${ms} ms`).join(' | ')} |`,
    `|---|${ROUND_TRIPS_MS.map(() => '---').join('|')}|`,
  ];
  for (const [name, protocol, options] of ROWS) {
    const cells: string[] = [];
    for (const ms of ROUND_TRIPS_MS) {
      const runs: number[] = [];
      while (runs.length < RUNS) runs.push(await seconds(protocol, ms, options));
      const taken = Math.min(...runs);
      // The line alone takes 5.7 s at 115200; AN3155 would wait 154 s at 200 ms.
      skip(taken >= 12 && tooBusy(), 'no figure: this machine is too busy');
      expect(taken).toBeLessThan(12);
      cells.push(taken.toFixed(1));
    }
    table.push(`| ${name} [s] | ${cells.join(' | ')} |`);
  }
  console.log(table.join('\n'));
  if (!process.env.IAP_UPDATE_DOCS) return;
  const page = readFileSync(PAGE, 'utf8');
  expect(page).toMatch(MARK);
  writeFileSync(
    PAGE,
    page.replace(MARK, (old) => [old.split('\n')[0], ...table, '<!-- end -->'].join('\n')),
  );
});

/** A device in memory behind a raw TCP port, on a line that takes its time: of 16 real bootloaders this computer would be the limit. */
async function device(): Promise<string> {
  const line = new FakeLine(realClock, 115_200);
  new FakeDevice(realClock, line, { pageSize: 2048, pages: 64, commitMs: 60 });
  const server = createServer({ noDelay: true }, (socket) => {
    line.onBytes((bytes) => socket.write(bytes));
    socket.on('data', (bytes) => void line.write(new Uint8Array(bytes)));
    socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return `tcp://127.0.0.1:${(server.address() as { port: number }).port}`;
}

test('16 ports in one process, against one', async ({ skip }) => {
  const file = tempDir().write('image.bin', appImage(64 * 1024));
  const took = async (count: number): Promise<number> => {
    const ports = await Promise.all(Array.from({ length: count }, device));
    const args = ports.flatMap((port) => ['--port', port]);
    const done = await start('flash', file, ...args, '--json', '--no-boot').done;
    expect(done.code, done.result?.message).toBe(0);
    return done.ms / 1000;
  };
  const seconds = [await took(1), await took(8), await took(16)];
  console.log(`64 KB at 115200, 1, 8, 16 ports: ${seconds.map((s) => s.toFixed(1)).join(', ')} s`);
  const [one = 0, , sixteen = 0] = seconds;
  skip(sixteen >= 1.3 * one && tooBusy(), 'no figure: this machine is too busy');
  expect(sixteen).toBeLessThan(1.3 * one);
});
