// The driver's words, on the systems it runs on → what to do.
import { expect, test } from 'vitest';
import { openError } from '../../host/node/serial.js';

test.each([
  ['Error: No such file or directory, cannot open /dev/ttyUSB0', 'PORT_NOT_FOUND'],
  ['Opening COM7: File not found', 'PORT_NOT_FOUND'],
  ['Error: No such device or address, cannot open /dev/ttyUSB0', 'PORT_NOT_FOUND'],
  ['Error: Permission denied, cannot open /dev/ttyUSB0', 'PORT_PERMISSION'],
  ['Opening COM7: Access denied', 'PORT_PERMISSION'],
  ['Error Resource temporarily unavailable Cannot lock port', 'PORT_BUSY'],
  ['Error: Device or resource busy, cannot open /dev/cu.usbserial', 'PORT_BUSY'],
  ['Error: Inappropriate ioctl for device setting custom baud rate', 'PORT_FAILED'],
  ['Error: Is a directory, cannot open /tmp', 'PORT_FAILED'],
  ['Error: something new', 'PORT_FAILED'],
])('%s', (message, code) => {
  const error = openError('/dev/x', new Error(message));
  expect(error.code).toBe(code);
  expect(error.message).toContain('/dev/x');
  expect(error.message).not.toContain('Error');
  expect(error.hint?.length).toBeGreaterThan(10);
});
