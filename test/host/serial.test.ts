// The driver's words, on the systems it runs on → what to do.
import { describe, expect, test } from 'vitest';
import { busyWith, lost, openError, VANISHED } from '../../host/node/port-errors.js';

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

describe('what to do', () => {
  const because = (reason: string, platform?: NodeJS.Platform): unknown =>
    openError('/dev/x', new Error(reason), platform);
  const LINUX = 'Error: Permission denied, cannot open /dev/x';

  test.each<[string, NodeJS.Platform, RegExp]>([
    ['Error: No such device, cannot open /dev/x', 'linux', /"iap ports".*plugged in/],
    ['Error Resource temporarily unavailable Cannot lock port', 'linux', /fuser.*ModemManager/],
    ['Error Resource temporarily unavailable Cannot lock port', 'darwin', /updater; "lsof PORT"/],
    ['Opening COM7: Access denied', 'win32', /updater; or unplug the adapter/],
    ['Error Resource temporarily unavailable Cannot lock port', 'freebsd', /other updater$/],
    [LINUX, 'linux', /usermod -aG dialout/],
    [LINUX, 'darwin', /^"ls -l PORT" shows who may$/],
    ['Error: Is a directory, cannot open /dev/x', 'linux', /^"iap ports" lists the ports$/],
    ['Open (SetCommState): The parameter is incorrect', 'win32', /115200 baud/],
    ['Error: Odd, cannot open /dev/x', 'linux', /unplug the adapter.*"iap ports"/],
  ])('at "%s" on %s', (reason, platform, hint) => {
    expect(because(reason, platform)).toMatchObject({
      hint: expect.stringMatching(hint),
      details: { path: '/dev/x' },
      cause: expect.objectContaining({ message: reason }),
    });
  });

  test('it is what this computer needs, if nobody says otherwise', () => {
    expect(because(LINUX)).toMatchObject(because(LINUX, process.platform) as object);
  });

  test.each([
    ['tio', 'process 17 (tio) has it: close that first'],
    ['a\u001b', 'process 17 (a?) has it: close that first'],
    ['', 'process 17 has it: close that first'],
  ])('where a program is known to have the port: %j', (name, hint) => {
    expect(busyWith('/dev/x', { pid: 17, name })).toMatchObject({
      code: 'PORT_BUSY',
      hint,
      details: { path: '/dev/x', pid: 17 },
    });
  });

  test('where it went away', () => {
    const cause = new Error('EIO');
    expect(lost('/dev/x', cause)).toMatchObject({
      code: 'PORT_LOST',
      hint: expect.stringContaining('plug the adapter in again'),
      details: { path: '/dev/x' },
      cause,
    });
  });
});

test.each([
  ['Opening COM7: Odd: thing', 'COM7 can not be opened: thing'],
  ['Error: COM7 is odd: COM7', 'COM7 can not be opened: it is odd: it'],
  ['Error COM7 is odd, cannot open COM7', 'COM7 can not be opened: it is odd'],
  ['an Error of Opening COM7: odd', 'COM7 can not be opened: an Error of Opening it: odd'],
])('"%s" is shown without what is said already', (reason, message) => {
  expect(openError('COM7', new Error(reason), 'win32').message).toBe(message);
});
