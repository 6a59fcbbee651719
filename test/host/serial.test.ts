// The driver's words, on the systems it runs on → what to do.
import { describe, expect, test } from 'vitest';
import { openError, VANISHED } from '../../host/node/port-errors.js';

describe('opening', () => {
  test.each<[NodeJS.Platform, string, string]>([
    ['linux', 'Error: No such file or directory, cannot open /dev/x', 'PORT_NOT_FOUND'],
    ['linux', 'Error: No such device or address, cannot open /dev/x', 'PORT_NOT_FOUND'],
    ['linux', 'Error: No such device, cannot open /dev/x', 'PORT_NOT_FOUND'],
    ['linux', 'Error: Not a directory, cannot open /dev/x', 'PORT_NOT_FOUND'],
    ['linux', 'Error: Permission denied, cannot open /dev/x', 'PORT_PERMISSION'],
    ['linux', 'Error: Operation not permitted, cannot open /dev/x', 'PORT_PERMISSION'],
    ['linux', 'Error: Device or resource busy, cannot open /dev/x', 'PORT_BUSY'],
    ['linux', 'Error Resource temporarily unavailable Cannot lock port', 'PORT_BUSY'],
    [
      'linux',
      'Error: Inappropriate ioctl for device setting custom baud rate of 13',
      'PORT_FAILED',
    ],
    ['linux', 'Error: Is a directory, cannot open /dev/x', 'PORT_FAILED'],
    ['linux', 'Error: Input/output error, cannot open /dev/x', 'PORT_FAILED'],
    ['linux', 'Error: something new', 'PORT_FAILED'],
    // musl
    ['linux', 'Error: Resource busy, cannot open /dev/x', 'PORT_BUSY'],
    ['linux', 'Error: Not a tty setting custom baud rate of 4098', 'PORT_FAILED'],
    ['darwin', 'Error: Resource busy, cannot open /dev/x', 'PORT_BUSY'],
    ['darwin', 'Error Resource temporarily unavailable Cannot lock port', 'PORT_BUSY'],
    ['darwin', 'Error: Device not configured, cannot open /dev/x', 'PORT_NOT_FOUND'],
    ['darwin', 'Error: Operation not supported by device, cannot open /dev/x', 'PORT_NOT_FOUND'],
    ['darwin', 'Error: Permission denied, cannot open /dev/x', 'PORT_PERMISSION'],
    ['darwin', 'Error: Invalid argument calling ioctl(.., IOSSIOSPEED, 12 )', 'PORT_FAILED'],
    ['win32', 'Opening /dev/x: File not found', 'PORT_NOT_FOUND'],
    ['win32', 'Opening /dev/x: Unknown error code 3', 'PORT_NOT_FOUND'],
    ['win32', 'Opening /dev/x: Unknown error code 433', 'PORT_NOT_FOUND'],
    ['win32', 'Opening /dev/x: Unknown error code 1167', 'PORT_NOT_FOUND'],
    ['win32', 'Opening /dev/x: Access denied', 'PORT_BUSY'],
    ['win32', 'Opening /dev/x: Unknown error code 32', 'PORT_BUSY'],
    ['win32', 'Opening /dev/x: Unknown error code 121', 'PORT_FAILED'],
    ['win32', 'Opening /dev/x: Unknown error code 31', 'PORT_FAILED'],
    ['win32', 'Open (GetCommState): Unknown error code 1', 'PORT_FAILED'],
    ['win32', 'Open (SetCommState): The parameter is incorrect', 'PORT_FAILED'],
    ['win32', 'Open (SetCommState): Unknown error code 31', 'PORT_FAILED'],
  ])('%s: %s', (platform, message, code) => {
    const error = openError('/dev/x', new Error(message), platform);
    expect(error.code).toBe(code);
    expect(error.message).toContain('/dev/x');
    expect(error.message).not.toContain('Error');
    expect(error.hint?.length).toBeGreaterThan(10);
  });

  test('a path says nothing about the reason', () => {
    for (const path of ['/dev/serial/by-id/usb-Lock_busy_permission', '/dev/no such device']) {
      const unix = openError(path, new Error(`Error: Odd, cannot open ${path}`), 'linux');
      expect(unix).toMatchObject({
        code: 'PORT_FAILED',
        message: `${path} can not be opened: Odd`,
      });
      const text = `Opening ${path}: Unknown error code 1450`;
      expect(openError(path, new Error(text), 'win32').code).toBe('PORT_FAILED');
    }
  });

  test('what controls a terminal is not shown', () => {
    const path = '/dev/\u001b]0;x\u0007\n\u009b2J\u202e';
    for (const reason of ['No such file or directory', 'Permission denied', 'Odd\u001b[2J']) {
      const error = openError(path, new Error(`Error: ${reason}, cannot open ${path}`), 'linux');
      expect(error.message + error.hint).not.toMatch(/\p{C}/u);
      expect(error.details.path).toBe(path);
    }
  });
});

describe('a port in use', () => {
  test.each([
    'EIO: i/o error, read',
    'Error: Input/output error, cannot drain',
    'Error: I/O error, cannot drain',
    'Error: No such device, cannot set',
    'Error: Device not configured, cannot drain',
    'Error: Bad file descriptor, cannot drain',
    'Port is not open',
    'Draining connection (FlushFileBuffers): Access denied',
    'Draining connection (FlushFileBuffers): Unknown error code 22',
    'Reading from COM port (ReadIOCompletion): Operation aborted',
    'Writing to COM port (GetOverlappedResult): Unknown error code 31',
    'Update (GetCommState): Invalid handle',
    'Update (SetCommState): Unknown error code 433',
    'Setting options on COM port (SetCommMask): Unknown error code 1167',
  ])('went away: %s', (message) => {
    expect(message).toMatch(VANISHED);
  });

  test.each([
    'Update (SetCommState): The parameter is incorrect',
    'Update (SetCommState): Unknown error code 31',
    'Draining connection (FlushFileBuffers): Unknown error code 1450',
    'Error: Inappropriate ioctl for device, cannot set',
    'Error baud rate of 250001 is not supported on your platform',
  ])('is still there: %s', (message) => {
    expect(message).not.toMatch(VANISHED);
  });
});
