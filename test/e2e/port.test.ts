// What opening a serial port does, to the port and to who has it already.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SerialPort } from 'serialport';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openSerial } from '../../host/node/serial.js';
import { built } from '../support/board.js';
import { calling, expectDemo, expectStarted, powerUp, start } from './bench.js';

const part = 'stm32f103xb';

/** Settings of a port; all who have it share them. */
async function stty(port: string, ...args: string[]): Promise<string> {
  return (await promisify(execFile)('stty', ['-F', port, ...args])).stdout;
}

test('opening touches no line', async () => {
  const board = await powerUp(part);
  const set = vi.spyOn(SerialPort.prototype, 'set');
  onTestFinished(() => set.mockRestore());
  const transport = await openSerial({ path: board.port, rate: 115200 });
  onTestFinished(() => transport.close());
  expect(set).not.toHaveBeenCalled();
  await transport.write(Uint8Array.of(0));
});

test.each(['--dtr', '--rts', '--lines'])('a pty has no lines: %s', async (option) => {
  const board = await powerUp(part);
  const value = option === '--lines' ? 'dtr-reset' : 'off';
  const { code, result } = await start('info', '--port', board.port, option, value, '--json').done;
  expect(code).toBe(2);
  expect(result).toMatchObject({ ok: false, code: 'USAGE' });
  expect(result?.hint).toContain(option);
});

test('a second program is refused before it has set anything', async () => {
  const board = await powerUp(part, { args: ['--power', 'off'], allowed: ['state'] });
  const first = await calling(board, built('build', part, 'demo-v1.hex'));
  // A pty has no parity. What serialport sets with it, it has: this would go.
  await stty(board.port, 'ignbrk');
  const before = await stty(board.port, '-a');
  const open = vi.spyOn(SerialPort.prototype, 'open');
  onTestFinished(() => open.mockRestore());
  await expect(openSerial({ path: board.port, rate: 9600, parity: 'even' })).rejects.toMatchObject({
    code: 'PORT_BUSY',
    hint: expect.stringMatching(/process \d+ \(/),
    details: { path: board.port, pid: expect.any(Number) },
  });
  expect(open).not.toHaveBeenCalled();
  const second = await start('isp', 'info', '--port', board.port, '--json').done;
  expect(second.result).toMatchObject({ ok: false, code: 'PORT_BUSY' });
  expect(await stty(board.port, '-a')).toBe(before);
  await board.command('power on');
  await expectStarted(first);
  await expectDemo(board, 1);
});

test('with --wait a second program waits for the first', async () => {
  const board = await powerUp(part);
  const transport = await openSerial({ path: board.port, rate: 115200 });
  const run = start('info', '--port', board.port, '--wait');
  await run.untilOutput(/waiting for .*\n {2}.* in use by another program/);
  await transport.close();
  expect((await run.done).code).toBe(0);
});
