// FTDI adapters hold a short answer back until a timer runs out.
import { readFile, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Where Linux shows each adapter's settings to all */
export const ADAPTERS = '/sys/bus/usb-serial/devices';

/** Whether this is such an adapter, and its timer longer than the shortest, 1 ms. */
export async function holdsBytesBack(path: string, adapters = ADAPTERS): Promise<boolean> {
  try {
    const name = basename(await realpath(path));
    return Number(await readFile(join(adapters, name, 'latency_timer'), 'utf8')) > 1;
  } catch {
    return false;
  }
}
