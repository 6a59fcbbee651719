// Which transport a port needs, by its name. The only place that decides it.
import type { Transport } from '../link/transport.js';
import type { PortOptions } from './port-options.js';
import { remoteAddress } from './remote/address.js';

/**
 * Opens a port: tcp://, socket:// and rfc2217:// are on the network, all else is a serial port of this machine.
 * @throws IapError USAGE for a name that is none, PORT_…
 */
export async function openPort(options: PortOptions): Promise<Transport> {
  switch (remoteAddress(options.path)?.protocol) {
    case 'tcp':
      return (await import('./remote/tcp.js')).openTcp(options);
    case 'rfc2217':
      return (await import('./remote/rfc2217.js')).openRfc2217(options);
    default:
      // Its driver is loaded only when it is really needed.
      return (await import('./serial.js')).openSerial(options);
  }
}
