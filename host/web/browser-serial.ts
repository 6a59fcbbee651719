// Web Serial, as far as it is used here: the types of browsers do not have it.
import type { WebSerialPort } from './serial.js';

export type BrowserPort = WebSerialPort & EventTarget;

export interface BrowserSerial extends EventTarget {
  /** Ports that the user has allowed this page to use, and that are plugged in */
  getPorts(): Promise<BrowserPort[]>;
  /** Asks the user: only in a page, and only while it handles a click */
  requestPort(options?: {
    readonly filters?: readonly { readonly usbVendorId: number }[];
  }): Promise<BrowserPort>;
}

/** In a page or a worker; undefined where the browser has none, or the page is not secure */
export function browserSerial(): BrowserSerial | undefined {
  return (navigator as { readonly serial?: BrowserSerial }).serial;
}
