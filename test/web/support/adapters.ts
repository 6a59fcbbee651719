// USB serial adapters that a browser sees: files that the stand-in for libudev reads (test/web/udev).
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TempDir } from '../../support/board.js';

export interface Adapter {
  readonly vendorId: number;
  readonly productId: number;
  readonly name: string;
  /** Without one, a browser forgets a permission when the adapter is pulled out. */
  readonly serialNumber: string | undefined;
}

export const FTDI: Adapter = {
  vendorId: 0x0403,
  productId: 0x6001,
  name: 'FT232R USB UART',
  serialNumber: 'A50285BI',
};

export const CH340: Adapter = {
  vendorId: 0x1a86,
  productId: 0x7523,
  name: 'USB Serial',
  serialNumber: undefined,
};

export class Adapters {
  readonly #dir = new TempDir();

  /** Environment of the browser that is to see them */
  get env(): Readonly<Record<string, string>> {
    return { IAP_ADAPTERS: this.folder };
  }

  get folder(): string {
    return this.#dir.path;
  }

  /** @param port path of the pty behind it */
  plug(adapter: Adapter, port: string, node = 'ttyUSB0'): void {
    const hex = (id: number): string => id.toString(16).padStart(4, '0');
    const { serialNumber } = adapter;
    const properties = {
      DEVNAME: port,
      // Any that are a serial port's in /proc/tty/drivers
      MAJOR: '4',
      MINOR: '64',
      ID_BUS: 'usb',
      ID_VENDOR_ID: hex(adapter.vendorId),
      ID_MODEL_ID: hex(adapter.productId),
      ID_MODEL_ENC: adapter.name.replaceAll(' ', '\\x20'),
      ...(serialNumber === undefined ? {} : { ID_SERIAL_SHORT: serialNumber }),
    };
    const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`);
    // Whole at once, as udev tells it
    const unfinished = join(this.folder, '.unfinished');
    writeFileSync(unfinished, lines.join(''));
    renameSync(unfinished, join(this.folder, node));
  }

  unplug(node = 'ttyUSB0'): void {
    rmSync(join(this.folder, node), { force: true });
  }

  remove(): void {
    this.#dir.remove();
  }
}
