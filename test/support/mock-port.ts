// A serial port without hardware: serialport's own mock in place of its driver.
import { SerialPort, SerialPortMock } from 'serialport';
import { onTestFinished, vi } from 'vitest';

export const PATH = '/dev/ttyFAKE';

/** The driver's end of an open port */
export type Driver = Awaited<ReturnType<typeof SerialPortMock.binding.open>>;

export interface MockPort {
  /** What the driver was asked to open, in this order */
  readonly asked: unknown[];
  /** Of the port that was opened last */
  driver(): Driver;
}

/** @param prepare done to each port when it is opened */
export function mockPort(path = PATH, prepare: (driver: Driver) => void = () => {}): MockPort {
  const asked: unknown[] = [];
  let last: Driver | undefined;
  SerialPortMock.binding.reset();
  SerialPortMock.binding.createPort(path, { record: true });
  const open = vi
    .spyOn(SerialPort.binding, 'open')
    .mockImplementation(async (options: Parameters<typeof SerialPortMock.binding.open>[0]) => {
      asked.push(options);
      last = await SerialPortMock.binding.open(options);
      prepare(last);
      return last as never;
    });
  onTestFinished(() => open.mockRestore());
  return {
    asked,
    driver: () => {
      if (!last) throw new Error('nobody has opened it');
      return last;
    },
  };
}
