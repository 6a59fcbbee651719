// Answers, read or described: what a device says, in the words of a report.
import {
  ADDRESS_ONLY,
  Command,
  decode,
  type Frame,
  HelloResponse,
  type Layout,
  LayoutError,
  RESPONSE_BIT,
  Status,
} from '../../protocol/index.js';
import { hexBytes, nameOf } from '../base/text.js';
import { Deviation } from './deviation.js';
import type { Arrival } from './wire.js';

const FIRST_REFUSAL: number = Status.UNKNOWN_COMMAND;

export function readHello(payload: Uint8Array): HelloResponse {
  return readAnswer(Command.HELLO, payload, HelloResponse);
}

/** @throws Deviation if it is a refusal or too short */
export function readAnswer<T>(type: number, bytes: Uint8Array, layout: Layout<T>): T {
  const expected = `${layout.name} of ${layout.size} bytes`;
  if ((bytes[0] ?? FIRST_REFUSAL) >= FIRST_REFUSAL) {
    throw new Deviation(`${nameOf(Command, type)} answered with ${expected}`, found(bytes));
  }
  try {
    return decode(layout, bytes);
  } catch (error) {
    if (error instanceof LayoutError) throw new Deviation(expected, found(bytes));
    throw error;
  }
}

/** An answer's status in words, and its bytes */
export function found(bytes: Uint8Array): string {
  const [status] = bytes;
  if (status === undefined) return 'an empty answer';
  return `${nameOf(Status, status)} (${hexBytes(bytes.subarray(0, 16))}${bytes.length > 16 ? '…' : ''})`;
}

export function describe({ address, type, seq, payload }: Frame): string {
  const base = type & ~RESPONSE_BIT;
  const name = nameOf(Command, base);
  const to = address === ADDRESS_ONLY ? '' : ` to address ${address}`;
  const what = type === base ? name : `of ${name} (${hexBytes(payload.subarray(0, 8))})`;
  return `${what}, seq ${seq}${to}`;
}

export function describeArrival(arrival: Arrival): string {
  if (arrival.kind === 'noise')
    return `${arrival.bytes} bytes that are no frame (${arrival.reason})`;
  return `an answer ${describe(arrival.frame)}`;
}
