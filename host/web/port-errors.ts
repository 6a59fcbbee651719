// What Web Serial says when a port does not open, or breaks → what to do. Its words tell little: a port in use, one that is gone and
// one without permission are the same "Failed to open serial port.".
import { type ErrorDetails, IapError } from '../base/errors.js';
import { printable } from '../base/text.js';
import { describePort, type NamedPort } from './ports.js';

/** A port as far as its errors need it */
export interface FailedPort extends NamedPort {
  /** Whether its adapter is plugged in; older browsers do not tell */
  readonly connected?: boolean;
}

export function lost(port: FailedPort, cause?: unknown): IapError {
  return new IapError('PORT_LOST', `${nameOf(port)} went away while it was in use`, {
    hint: 'plug the adapter in again and start the same update again: it goes on where it stopped',
    details: detailsOf(port),
    cause,
  });
}

export function openError(port: FailedPort, error: unknown): IapError {
  const options = { details: detailsOf(port), cause: error };
  const { name, message } = error as Error;
  if (port.connected === false) {
    return new IapError('PORT_NOT_FOUND', `${nameOf(port)} is not plugged in`, {
      ...options,
      hint: 'plug the adapter in, and choose it again if it is not found',
    });
  }
  if (name === 'InvalidStateError') {
    return new IapError('PORT_BUSY', `this page has ${nameOf(port)} open already`, {
      ...options,
      hint: 'wait until the other update is done, or reload the page',
    });
  }
  if (name === 'NetworkError') {
    return new IapError('PORT_BUSY', `${nameOf(port)} can not be opened`, {
      ...options,
      hint: 'close every other program and page that uses the port; on Linux you may need to be in the group dialout: sudo usermod -aG dialout $USER, then log in again',
    });
  }
  return new IapError('PORT_FAILED', `${nameOf(port)} can not be opened: ${printable(message)}`, {
    ...options,
    hint: 'unplug the adapter and plug it in again',
  });
}

/** It was open, and can be opened again, but not so. */
export function rateError(port: FailedPort, rate: number, cause: unknown): IapError {
  return new IapError('PORT_FAILED', `${nameOf(port)} does not take ${rate} baud`, {
    hint: 'try 115200 baud; a driver of the adapter that is up to date may do more',
    details: { ...detailsOf(port), rate },
    cause,
  });
}

/** @param what was done, as "writing" */
export function failed(port: FailedPort, what: string, cause: unknown): IapError {
  const why = printable((cause as Error).message);
  return new IapError('PORT_FAILED', `${what} failed on ${nameOf(port)}: ${why}`, {
    details: detailsOf(port),
    cause,
  });
}

function nameOf(port: NamedPort): string {
  return describePort(port) ?? 'the port';
}

function detailsOf(port: NamedPort): ErrorDetails {
  const { usbVendorId, usbProductId } = port.getInfo();
  return {
    ...(usbVendorId === undefined ? {} : { usbVendorId }),
    ...(usbProductId === undefined ? {} : { usbProductId }),
  };
}
