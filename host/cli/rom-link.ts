// From options to a part in its ROM bootloader, and work on it told as it goes.
import { hexBytes, printable } from '../base/text.js';
import type { Segment } from '../image/segments.js';
import {
  erasedBetween,
  Rom,
  type RomEvent,
  type RomTrace,
  type RomWork,
  released,
} from '../isp/index.js';
import { closePort } from '../link/stall.js';
import type { IspArguments } from './isp-options.js';
import { wiringOf } from './line-options.js';
import { type Context, openPort } from './link.js';
import type { Output } from './output.js';
import { rangesText, romJson, romLine } from './rom-text.js';

/** A trace line shows so much of what is sent and received [bytes]. */
const TRACE_BYTES = 24;

/** Opens the port, finds the part, runs `use`, and closes the port whatever happens. */
export async function withRom<T>(
  args: IspArguments,
  context: Context,
  use: (rom: Rom) => Promise<T>,
): Promise<T> {
  const { output, clock, signal } = context;
  const transport = await openPort(args, { rate: args.baud, parity: 'even' }, context);
  const wiring = wiringOf(args);
  try {
    if (args.wait) {
      output.event('waiting', { port: args.port });
      output.line(`calling on ${printable(args.port ?? '')}: set BOOT0 high and reset the part`);
    }
    const rom = await Rom.open(transport, {
      clock,
      signal,
      wait: args.wait,
      ahead: args.ahead,
      ...(wiring === undefined ? {} : { wiring }),
      ...(args.timeout === undefined ? {} : { timeoutMs: args.timeout }),
      ...(args.verbose ? { trace: (event) => output.trace(traceLine(event)) } : {}),
    });
    output.event('found', { part: romJson(rom.info) });
    output.line(romLine(rom.info));
    return await use(rom);
  } finally {
    // A later reset by hand goes into flash. A port that is gone has no lines either.
    if (wiring) await transport.setLines?.(released(wiring)).catch(() => {});
    await closePort(transport, clock);
  }
}

/** Before anything is erased */
export function tellErased(output: Output, { info }: Rom, segments: readonly Segment[]): void {
  if (!info.chip) return;
  const ranges = erasedBetween(segments, info.chip.pageSize);
  if (ranges.length === 0) return;
  output.warning(
    `pages are erased whole: what is at ${rangesText(ranges)}, between the parts of the image, is lost`,
  );
}

/** Runs work to its end, telling its events. */
export async function tellWork<T>(output: Output, work: RomWork<T>): Promise<T> {
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
    const { event: name, ...values } = step.value;
    output.event(name, values);
    switch (step.value.event) {
      case 'progress':
        output.progress(step.value);
        break;
      case 'erasing':
        output.line(erasingText(step.value));
        break;
      case 'erased':
        output.line(`${step.value.pages ?? 'all'} pages erased`);
        break;
      case 'writing':
        output.line(`writing ${step.value.bytes} bytes`);
        break;
      case 'verifying':
        output.line(`reading back ${step.value.bytes} bytes`);
        break;
      case 'resetting':
        output.line(`${step.value.why}: the part resets itself`);
        break;
    }
  }
}

function erasingText({ pages, pagesDone }: Extract<RomEvent, { event: 'erasing' }>): string {
  if (pages === undefined) return 'erasing all of flash';
  return pagesDone === 0 ? `erasing ${pages} pages` : `${pagesDone} of ${pages} pages erased`;
}

function traceLine({ direction, bytes, at }: RomTrace): string {
  const more = bytes.length > TRACE_BYTES ? `… (${bytes.length} bytes)` : '';
  const arrow = direction === 'sent' ? '->' : '<-';
  return `${(at / 1000).toFixed(4).padStart(10)}  ${arrow} ${hexBytes(bytes.subarray(0, TRACE_BYTES))}${more}`;
}
