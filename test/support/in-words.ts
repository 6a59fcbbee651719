// What a host sends, and what it tells, in short words: so that a test can say all of it.

import type { FakeLine } from '../../host/testing/fake-line.js';
import type { UpdateEvent } from '../../host/update/events.js';
import type { GroupEvent } from '../../host/update/group-events.js';
import { Command, DataFlag, DataRequest, decode, type Frame } from '../../protocol/index.js';

const NAMES = new Map<number, string>(Object.entries(Command).map(([name, code]) => [code, name]));

function wordsOf({ address, type, payload }: Frame): string {
  if (type === Command.HELLO) return `${address} HELLO${payload[2] === 0 ? '' : '+'}`;
  if (type !== Command.DATA) return `${address} ${NAMES.get(type) ?? type}`;
  const { number, flags, body } = decode(DataRequest, payload);
  if (body.length === 64 && body.every((byte) => byte === 0)) return `${address} keep ${number}`;
  const head = (flags & DataFlag.HEAD) === 0 ? '' : 'H';
  return `${address} ${number}${head}${(flags & DataFlag.ASK) === 0 ? '' : '?'}`;
}

/**
 * Returns what tells what was sent since it was asked last: address and command. HELLO+ with HOLD; of DATA the number, H with the head of a
 * page, ? where it asks; "keep" where nobody is to take it.
 */
export function sentOn({ line }: { readonly line: FakeLine }): () => string {
  let from = 0;
  return () => {
    const { sent } = line.checker;
    const frames = sent.slice(from);
    from = sent.length;
    return frames.map(wordsOf).join(', ');
  };
}

/** Each event with its address and what is told in it: of a device its mode, of an error its code, of progress no times */
export function told({
  events,
}: {
  readonly events: readonly (UpdateEvent | GroupEvent)[];
}): string[] {
  return events.map((event) => {
    const { event: name, address, ...rest } = { address: undefined, ...event };
    const words = Object.entries(rest).map(([key, value]: [string, unknown]) => {
      if (key === 'device') return (value as { mode: number }).mode === 0 ? 'bootloader' : 'app';
      if (key === 'error') return (value as { code: string }).code;
      if (name === 'progress' && !key.startsWith('bytes')) return '';
      return `${key} ${String(value)}`;
    });
    return [name, address === undefined ? '' : `@${address}`, ...words].filter(Boolean).join(' ');
  });
}
