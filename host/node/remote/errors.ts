// What a network says → what to do.
import { IapError, type IapErrorCode } from '../../base/errors.js';
import { asciiOf, printable } from '../../base/text.js';
import type { RemoteAddress } from './address.js';

interface Meaning {
  readonly code: IapErrorCode;
  readonly message: (place: RemoteAddress) => string;
  readonly hint: string;
}

const UNKNOWN_NAME: Meaning = {
  code: 'PORT_NOT_FOUND',
  message: ({ host }) => `no address is known for the name ${printable(host)}`,
  hint: 'look after its spelling; an address instead of a name does without name service',
};
const UNREACHABLE: Meaning = {
  code: 'PORT_NOT_FOUND',
  message: ({ host, port }) => `${printable(host)} can not be reached at port ${port}`,
  hint: 'is it switched on, and its network this one? A firewall may keep silent, too',
};

/** By what Node.js calls them */
const MEANINGS: Readonly<Partial<Record<string, Meaning>>> = {
  ENOTFOUND: UNKNOWN_NAME,
  EAI_AGAIN: UNKNOWN_NAME,
  ECONNREFUSED: {
    code: 'PORT_NOT_FOUND',
    message: ({ host, port }) => `nobody listens at port ${port} of ${printable(host)}`,
    hint: 'start the server there (ser2net), or look after the number of the port',
  },
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  EHOSTDOWN: UNREACHABLE,
  EADDRNOTAVAIL: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  EACCES: {
    code: 'PORT_PERMISSION',
    message: ({ path }) => `this system does not let ${printable(path)} be reached`,
    hint: 'a firewall of this computer forbids it',
  },
};

export interface NetworkFault {
  readonly code?: string;
  readonly message: string;
}

/** A server that was not reached */
export function connectError(place: RemoteAddress, fault: NetworkFault): IapError {
  const meaning = MEANINGS[fault.code ?? ''];
  const options = { details: { path: place.path }, cause: fault };
  if (meaning) {
    return new IapError(meaning.code, meaning.message(place), { ...options, hint: meaning.hint });
  }
  const why = printable(fault.message || (fault.code ?? 'no reason is told'));
  return new IapError('PORT_FAILED', `${printable(place.path)} can not be opened: ${why}`, {
    ...options,
    hint: 'look after the server and the network',
  });
}

const ENDS: Readonly<Partial<Record<string, string>>> = {
  ECONNRESET: 'the server broke it off',
  EPIPE: 'the server broke it off',
  ETIMEDOUT: 'nothing comes back any more',
};

/**
 * A connection that ended by itself.
 * @param said all that the server sent, if it was little
 */
export function connectionLost(path: string, said: Uint8Array, fault?: NetworkFault): IapError {
  const why = fault ? (ENDS[fault.code ?? ''] ?? printable(fault.message)) : 'the server closed it';
  return new IapError(
    'PORT_LOST',
    `the connection to ${printable(path)} is lost: ${why}${saidText(said)}`,
    {
      hint: 'look after server and network, and run the same command again: it goes on where it stopped',
      details: { path },
      cause: fault,
    },
  );
}

/** A server that closed before anything was done, as those do whose port another connection has */
export function closedAtOnce(path: string, said: Uint8Array): IapError {
  return new IapError(
    'PORT_BUSY',
    `the server of ${printable(path)} closes the connection at once${saidText(said)}`,
    {
      hint: 'another connection may have the port: close that first; or the server can not open it: its log says why',
      details: { path },
    },
  );
}

/** Servers say in plain text why they close: it is quoted if all of it is text. */
function saidText(said: Uint8Array): string {
  const text = new TextDecoder('latin1').decode(said).replace(/\s+/g, ' ').trim();
  const shown = asciiOf(text, '');
  return shown.length > 0 && shown.length === text.length
    ? `; it says ${JSON.stringify(shown)}`
    : '';
}
