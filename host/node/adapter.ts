// Which adapter a port is: what is known of it goes on being true when it is plugged in elsewhere.
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { PortInfo } from './serial.js';

/** Where Linux shows each port with the device that it belongs to */
export const PORTS = '/sys/class/tty';
/** From a port up to its USB device, at most */
const MOST_STEPS = 6;

/** Vendor, product and serial number, as far as it has them; the port's name where nothing is known. */
export async function adapterOf(
  path: string,
  list: () => Promise<readonly PortInfo[]>,
  { platform = process.platform, ports = PORTS }: { platform?: string; ports?: string } = {},
): Promise<string> {
  const known = platform === 'linux' ? await usbOf(path, ports) : await listed(path, list);
  return known ?? `port ${path}`;
}

async function usbOf(path: string, ports: string): Promise<string | undefined> {
  try {
    let folder = await realpath(join(ports, basename(await realpath(path)), 'device'));
    for (let i = 0; i < MOST_STEPS; i++, folder = dirname(folder)) {
      const at = folder;
      const text = (name: string): Promise<string> =>
        readFile(join(at, name), 'utf8').then(
          (line) => line.trim(),
          () => '',
        );
      const vendor = await text('idVendor');
      if (vendor) return `usb ${vendor}:${await text('idProduct')} ${await text('serial')}`.trim();
    }
  } catch {
    // A pty, a network port, a port of the board itself
  }
  return undefined;
}

async function listed(
  path: string,
  list: () => Promise<readonly PortInfo[]>,
): Promise<string | undefined> {
  const found = (await list().catch(() => [])).find((port) => port.path === path);
  if (!found?.description) return undefined;
  return `usb ${found.description} ${found.serialNumber ?? ''}`.trim();
}
