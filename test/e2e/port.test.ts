// What is asked of the driver of a serial port.
import { SerialPort } from 'serialport';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openSerial } from '../../host/node/serial.js';
import { powerUp } from './bench.js';

test('the adapter is asked to hand bytes on at once; one that can not is used as it is', async () => {
  const board = await powerUp('stm32f103xb');
  const set = vi.spyOn(SerialPort.prototype, 'set');
  onTestFinished(() => set.mockRestore());
  const transport = await openSerial({ path: board.port, rate: 115200 });
  onTestFinished(() => transport.close());
  // Opening asserts DTR and RTS: a board that resets by them must not see an edge.
  expect(set.mock.calls.map(([options]) => options)).toEqual([
    { dtr: true, rts: true, lowLatency: true },
  ]);
  // A pty has no such setting.
  await transport.write(Uint8Array.of(0));
});
