// The name of a port on the network. Pure.
import { IapError } from '../../base/errors.js';
import { printable } from '../../base/text.js';

export interface RemoteAddress {
  readonly protocol: 'tcp' | 'rfc2217';
  /** Name or address, without brackets */
  readonly host: string;
  readonly port: number;
  /** As it was given */
  readonly path: string;
}

/** `socket` is what pyserial and esptool call it. */
const PROTOCOLS: Readonly<Partial<Record<string, RemoteAddress['protocol']>>> = {
  tcp: 'tcp',
  socket: 'tcp',
  rfc2217: 'rfc2217',
};
const URL_LIKE = /^([a-z][a-z0-9+.-]+):\/\/(.*)$/is;
/** [IPv6, with a zone perhaps] or a name or IPv4, and a port */
const PLACE = /^(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([^\s:/?#@[\]]+)):(\d+)\/?$/i;
const MOST_PORT = 65_535;

/** Whether this is the name of a port on the network, be it a right one or not */
export function isRemote(path = ''): boolean {
  return URL_LIKE.test(path);
}

/**
 * Undefined: the name of a serial port.
 * @throws IapError USAGE
 */
export function remoteAddress(path: string): RemoteAddress | undefined {
  const [, scheme, place = ''] = URL_LIKE.exec(path) ?? [];
  if (scheme === undefined) return undefined;
  const protocol = PROTOCOLS[scheme.toLowerCase()];
  const [, v6, name, digits] = PLACE.exec(place) ?? [];
  const host = v6 ?? name;
  const port = Number(digits);
  if (protocol && host !== undefined && port >= 1 && port <= MOST_PORT) {
    return { protocol, host, port, path };
  }
  const known = Object.keys(PROTOCOLS).map((each) => `${each}://`);
  throw new IapError(
    'USAGE',
    protocol
      ? `a port on the network is ${scheme}://HOST:PORT, with a port from 1 to ${MOST_PORT}; found: ${printable(path)}`
      : `ports on the network begin with ${known.join(', ')}; found: ${printable(path)}`,
    {
      hint: 'for example tcp://192.168.1.7:4000, rfc2217://gateway:4001, tcp://[::1]:4000',
      details: { path },
    },
  );
}
