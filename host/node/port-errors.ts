// A serial driver's words → what to do. On Unix they are strerror's, which glibc, musl and macOS word differently; on Windows
// the binding has names for a few codes, and numbers for the rest.
import { IapError, type IapErrorCode } from '../base/errors.js';
import { printable } from '../base/text.js';

/** What drivers say of a port in use when its adapter is pulled out. A rate that an adapter can not do is also Windows' code 31. */
export const VANISHED =
  /EIO|ENXIO|ENODEV|EBADF|not open|input\/output|i\/o error|bad file descriptor|no such device|device not configured|not supported by device|access denied|operation aborted|invalid handle|file not found|error code (21|22|55|433|1167|1617)\b|(?<!SetCommState\): unknown )error code 31\b/i;

export function lost(path: string, cause?: Error): IapError {
  return new IapError('PORT_LOST', `${printable(path)} went away while it was in use`, {
    hint: 'plug the adapter in again and run the same command again: it goes on where it stopped',
    details: { path },
    cause,
  });
}

interface Meaning {
  readonly words: RegExp;
  readonly code: IapErrorCode;
  readonly message: (path: string) => string;
  readonly hint: (platform: string) => string;
}

const LIST = '"iap ports" lists the ports';

const MEANINGS: readonly Meaning[] = [
  {
    words:
      /no such file|ENOENT|file not found|no such device|ENXIO|ENODEV|device not configured|not supported by device|not a directory|error code (3|55|123|161|433|1167|1617)\b/i,
    code: 'PORT_NOT_FOUND',
    message: (path) => `there is no port ${path}`,
    hint: () => `${LIST}; is the adapter plugged in?`,
  },
  {
    // Windows refuses a second user with "Access denied"; it has no other rights on ports.
    words: /lock|busy|EBUSY|temporarily unavailable|EAGAIN|access denied|error code (32|170)\b/i,
    code: 'PORT_BUSY',
    message: (path) => `${path} is in use by another program`,
    hint: (platform) => `close the terminal program or the other updater${WHO[platform] ?? ''}`,
  },
  {
    words: /permission|EACCES|EPERM|operation not permitted/i,
    code: 'PORT_PERMISSION',
    message: (path) => `no permission to open ${path}`,
    hint: (platform) =>
      platform === 'linux'
        ? 'add yourself to the group that owns it, usually: sudo usermod -aG dialout $USER, then log in again; another program may also hold it'
        : '"ls -l PORT" shows who may',
  },
  {
    words: /inappropriate ioctl|ENOTTY|not a tty|is a directory|invalid handle|error code 1\b/i,
    code: 'PORT_FAILED',
    message: (path) => `${path} is not a serial port`,
    hint: () => LIST,
  },
  {
    words: /SetCommState|IOSSIOSPEED|baud rate of/i,
    code: 'PORT_FAILED',
    message: (path) => `${path} does not take this rate and format`,
    hint: () => 'try 115200 baud; a driver of the adapter that is up to date may do more',
  },
];

/** How to find out who has a port */
const WHO: Readonly<Partial<Record<string, string>>> = {
  linux:
    '; "fuser -v PORT" shows it. Just after plugging in it may be ModemManager, for half a minute: --wait waits for it, and the udev rule ENV{ID_MM_DEVICE_IGNORE}="1" keeps it off',
  darwin: '; "lsof PORT" shows it',
  win32: '; or unplug the adapter and plug it in again',
};

/** @param platform whose ways to help are meant */
export function openError(
  path: string,
  error: Error,
  platform: string = process.platform,
): IapError {
  const options = { details: { path }, cause: error };
  const why = reason(path, error.message);
  const shown = printable(path);
  const meaning = MEANINGS.find(({ words }) => words.test(why));
  if (meaning) {
    const { code, message, hint } = meaning;
    return new IapError(code, message(shown), { ...options, hint: hint(platform) });
  }
  return new IapError('PORT_FAILED', `${shown} can not be opened: ${printable(why)}`, {
    ...options,
    hint: `unplug the adapter and plug it in again; ${LIST}`,
  });
}

/** A program that is known to have the port */
export function busyWith(path: string, { pid, name }: { pid: number; name: string }): IapError {
  return new IapError('PORT_BUSY', `${printable(path)} is in use by another program`, {
    hint: `process ${pid}${name === '' ? '' : ` (${printable(name)})`} has it: close that first`,
    details: { path, pid },
  });
}

/** Without the path, which may be named after anything. */
function reason(path: string, message: string): string {
  // "Opening COM7: Access denied"
  if (message.startsWith('Opening ')) return message.slice(message.lastIndexOf(': ') + 2);
  // "Error: Permission denied, cannot open /dev/ttyUSB0"
  return message
    .replace(/^Error:?\s*/, '')
    .replaceAll(path, 'it')
    .replace(/, cannot open it$/, '');
}
