import type { Transport } from '../../link/transport.js';
import type { PortOptions } from '../port-options.js';
export function openRfc2217(_: PortOptions): Promise<Transport> {
  throw new Error('not yet');
}
