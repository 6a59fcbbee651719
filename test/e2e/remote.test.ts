// Ports on the network: the command, Debian's ser2net and the board, with nothing of ours in between but delays and cuts.
import { describe, expect, test } from 'vitest';
import { openPort } from '../../host/node/open-port.js';
import { built, deafImage, demoImage, differingPages } from '../support/board.js';
import type { IapEvent } from '../support/iap.js';
import { serve } from '../support/ser2net.js';
import { SlowNetwork } from '../support/slow-network.js';
import { expectDemo, expectDone, powerUp, start } from './bench.js';
import { blankPart } from './isp-bench.js';

const PART = 'stm32f103xb';
const SIZE = 32 * 1024;

const isReconnecting = ({ event }: IapEvent): boolean => event === 'reconnecting';

test('tcp: an update, and the rate of the line stays as it is', async () => {
  const board = await powerUp(PART);
  const remote = await serve(board.port);
  const image = demoImage(PART, 1, SIZE);
  const file = board.dir.write('image.bin', image);
  const done = await start('flash', file, '--port', remote.tcp, '--baud', '921600', '--json').done;
  expectDone(done);
  expect(done.events).toContainEqual({
    event: 'warning',
    code: 'RATE',
    message: 'this port can not change the rate of its line; going on at 115200 baud',
  });
  expect(done.result).toMatchObject({ rate: 115200, boot: 'started' });
  expect(differingPages(PART, await board.flash(), image)).toEqual([]);
  await remote.stop();
  await expectDemo(board, 1, 1);
});

test('tcp, --baud auto: says why it stays', async () => {
  const board = await powerUp(PART);
  const remote = await serve(board.port);
  const file = board.dir.write('image.bin', demoImage(PART, 1, SIZE));
  const done = await start('flash', file, '--port', remote.tcp, '--baud', 'auto', '--json').done;
  expectDone(done);
  expect(done.events).toContainEqual({ event: 'rate', rate: 115200, chosen: 'fixed' });
});

test('tcp: an application is left for its bootloader, whatever the rate of the line is called', async () => {
  const board = await powerUp(PART);
  const remote = await serve(board.port);
  const [v1, v2] = [1, 2].map((version) => {
    return board.dir.write(`v${version}.bin`, demoImage(PART, version as 1 | 2, SIZE));
  }) as [string, string];
  const port = ['--port', remote.tcp, '--line-rate', '57600', '--wait-app'];
  expect((await start('flash', v1, ...port).done).code).toBe(0);
  const done = await start('flash', v2, ...port, '--json').done;
  expectDone(done);
  expect(done.events.map(({ event }) => event)).toContain('entering');
});

describe('rfc2217', () => {
  test.each([921_600, 460_800, 74_880])(
    'an update at %i baud, with DTR and RTS set',
    async (rate) => {
      const board = await powerUp(PART);
      const remote = await serve(board.port);
      const image = demoImage(PART, 1, SIZE);
      const file = board.dir.write('image.bin', image);
      const port = ['--port', remote.rfc2217, '--dtr', 'on', '--rts', 'off'];
      const done = await start('flash', file, ...port, '--baud', `${rate}`, '--json').done;
      expectDone(done);
      expect(done.events).toContainEqual({ event: 'rate', rate });
      expect(done.result).toMatchObject({ rate, boot: 'started' });
      expect(differingPages(PART, await board.flash(), image)).toEqual([]);
      await remote.stop();
      await expectDemo(board, 1, 1);
    },
  );

  test('--baud auto climbs', async () => {
    const board = await powerUp(PART);
    const remote = await serve(board.port);
    const file = board.dir.write('image.bin', demoImage(PART, 1, 2 * SIZE));
    const run = start('flash', file, '--port', remote.rfc2217, '--baud', 'auto', '--json');
    const done = await run.done;
    expectDone(done);
    expect(done.events).toContainEqual({ event: 'rate', rate: 921_600, chosen: 'fastest' });
  });

  test('the port is in use by another connection: told, and waited for with --wait', async () => {
    const board = await powerUp(PART);
    const remote = await serve(board.port);
    const first = await openPort({ path: remote.rfc2217, rate: 115_200 });
    const refused = await start('info', '--port', remote.rfc2217, '--json').done;
    expect(refused.code).toBe(4);
    expect(refused.result).toMatchObject({ code: 'PORT_BUSY' });
    const waiting = start('info', '--port', remote.rfc2217, '--wait');
    await waiting.untilOutput(/waiting for rfc2217:/);
    await first.close();
    expect((await waiting.done).code).toBe(0);
  });

  test('a server that is no RFC 2217 server', async () => {
    const board = await powerUp(PART);
    const remote = await serve(board.port);
    const wrong = remote.tcp.replace('tcp:', 'rfc2217:');
    const { code, result } = await start('info', '--port', wrong, '--json').done;
    expect(code).toBe(4);
    expect(result).toMatchObject({
      code: 'PORT_FAILED',
      message: expect.stringContaining('does not answer as an RFC 2217 server does'),
      hint: expect.stringContaining('tcp://HOST:PORT'),
    });
  });

  test("ST's ROM bootloader: parity is set over the network", async () => {
    const board = await blankPart(PART);
    const remote = await serve(board.port);
    const file = built('build', PART, 'bootloader.bin');
    const at = ['--port', remote.rfc2217, '--base', '0x08000000', '--json'];
    expectDone(await start('isp', 'write', file, ...at).done);
    expectDone(await start('isp', 'verify', file, ...at).done);
  });
});

describe.each(['tcp', 'rfc2217'] as const)(
  "ST's ROM bootloader by %s over a network",
  (protocol) => {
    test.each([200, 1000])('of %i ms there and back', async (ms) => {
      const board = await blankPart(PART);
      const remote = await serve(board.port, protocol === 'tcp' ? '115200e81' : undefined);
      const { path } = await SlowNetwork.before(remote[protocol], ms);
      // Six round trips a block
      const image = deafImage(600, 'hangs');
      const file = board.dir.write('small.bin', image);
      const at = ['--port', path, '--json'];
      const written = await start('isp', 'write', file, ...at, '--base', '0x08008000').done;
      expect(written.code, written.result?.message).toBe(0);
      expect(differingPages(PART, await board.flash(), image)).toEqual([]);
    });
  },
);

describe.each(['tcp', 'rfc2217'] as const)('%s over a slow network', (protocol) => {
  test.each([20, 100, 200, 1000])('%i ms there and back', async (ms) => {
    const board = await powerUp(PART);
    const remote = await serve(board.port);
    const { path } = await SlowNetwork.before(remote[protocol], ms);
    const image = demoImage(PART, 1, SIZE);
    const file = board.dir.write('image.bin', image);
    const done = await start('flash', file, '--port', path, '--baud', '460800', '--json').done;
    expect(done.code, done.result?.message).toBe(0);
    // The device waits for proof of a new rate for a second, in which it takes two round trips.
    const changes = protocol === 'rfc2217' && ms < 400;
    expect(done.result).toMatchObject({ rate: changes ? 460_800 : 115_200, boot: 'started' });
    expect(differingPages(PART, await board.flash(), image)).toEqual([]);
  });
});

describe.each(['tcp', 'rfc2217'] as const)('%s: the connection is lost', (protocol) => {
  test('told, and the same command goes on', async () => {
    const board = await powerUp(PART);
    const remote = await serve(board.port);
    const { network, path } = await SlowNetwork.before(remote[protocol], 10);
    const image = demoImage(PART, 1, SIZE);
    const file = board.dir.write('image.bin', image);
    const first = start('flash', file, '--port', path, '--json');
    await first.untilDone(0.3);
    network.cut();
    const told = await first.done;
    expect(told.code).toBe(4);
    expect(told.result).toMatchObject({
      code: 'PORT_LOST',
      hint: expect.stringContaining('run the same command again'),
      details: { resumable: true },
    });
    const missing = differingPages(PART, await board.flash(), image);
    const done = await start('flash', file, '--port', path, '--json').done;
    expectDone(done);
    expect(done.result?.pagesSent).toBeLessThanOrEqual(missing.length);
    expect(done.result?.pagesSent).toBeLessThan(SIZE / 1024);
    expect(differingPages(PART, await board.flash(), image)).toEqual([]);
  });

  test('ten times with --wait: one command completes', async () => {
    const board = await powerUp(PART);
    const remote = await serve(board.port);
    const { network, path } = await SlowNetwork.before(remote[protocol], 10);
    const image = demoImage(PART, 1, 3 * SIZE - 77);
    const file = board.dir.write('image.bin', image);
    const run = start('flash', file, '--port', path, '--wait', '--json', '--no-compress');
    const reconnects = (): number => run.events.filter(isReconnecting).length;
    for (let cut = 0; cut < 10; cut++) {
      await run.until('progress', (event) => {
        return run.events.indexOf(event) > run.events.findLastIndex(isReconnecting);
      });
      network.cut();
      await run.until('reconnecting', () => reconnects() > cut);
    }
    const done = await run.done;
    expect(done.code, done.result?.message).toBe(0);
    expect(reconnects()).toBe(10);
    expect(differingPages(PART, await board.flash(), image)).toEqual([]);
  });
});
