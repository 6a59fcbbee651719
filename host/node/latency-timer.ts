// FTDI adapters hold a short answer back until a timer runs out.
import { readFile, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Where Linux shows each adapter's settings to all */
export const ADAPTERS = '/sys/bus/usb-serial/devices';

/** Whether this is such an adapter, and its timer longer than the shortest, 1 ms. */
export async function holdsBytesBack(path: string, adapters = ADAPTERS): Promise<boolean> {
  return ((await timerOf(path, adapters))?.ms ?? 0) > 1;
}

/** How to make it shorter, where that is known of this system and this adapter. */
export async function latencyRemedy(
  path: string,
  platform: string = process.platform,
  adapters = ADAPTERS,
): Promise<string | undefined> {
  if (platform === 'win32') {
    return 'with an FTDI adapter set its latency timer to 1 ms: Device Manager, the port, Port Settings, Advanced';
  }
  const timer = platform === 'linux' ? await timerOf(path, adapters) : undefined;
  if (!timer || timer.ms <= 1) return undefined;
  return `its latency timer is ${timer.ms} ms: echo 1 | sudo tee ${timer.file}, or a rule for udev (docs/serial-ports.md)`;
}

async function timerOf(
  path: string,
  adapters: string,
): Promise<{ readonly file: string; readonly ms: number } | undefined> {
  try {
    const file = join(adapters, basename(await realpath(path)), 'latency_timer');
    return { file, ms: Number(await readFile(file, 'utf8')) };
  } catch {
    return undefined;
  }
}
