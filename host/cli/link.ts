// From options to an open port, and back: what every command that talks to a device needs around it.
import type { Clock } from '../base/clock.js';
import { IapError, type IapErrorCode } from '../base/errors.js';
import { hexBytes, printable } from '../base/text.js';
import type { LinkOptions } from '../device/open.js';
import { resetSequence, setInTurn } from '../isp/lines.js';
import type { TraceEvent } from '../link/session.js';
import { closePort } from '../link/stall.js';
import type { Transport } from '../link/transport.js';
import { openPort as openAnyPort } from '../node/open-port.js';
import type { PortOptions } from '../node/port-options.js';
import { remoteAddress } from '../node/remote/address.js';
import { checkLineArguments, type LineArguments, linesOf, wiringOf } from './line-options.js';
import type { LinkArguments } from './options.js';
import type { Output } from './output.js';

/** How often to look for a port that is not there yet [ms] */
const PORT_POLL_MS = 100;
/** A port that has just appeared belongs to nobody else than root until the system has set its owner [ms]. */
const PORT_SETTLES_MS = 2000;
/** A server that closes at once is not called more often [ms]. */
export const RECONNECT_MS = 1000;
/** What passes: no adapter yet, or a program that looks at every new one */
const WAITED_FOR: ReadonlySet<IapErrorCode> = new Set(['PORT_NOT_FOUND', 'PORT_BUSY']);
/** A trace line shows so much of a payload [bytes]. */
const TRACE_BYTES = 24;

/** What commands do with ports; tests give their own. */
export interface Ports {
  open(options: PortOptions): Promise<Transport>;
  list(): Promise<readonly { readonly path: string; readonly description: string }[]>;
}

/** Loads the serial port driver only when a port is really needed. */
export const realPorts: Ports = {
  open: openAnyPort,
  list: async () => (await import('../node/serial.js')).listPorts(),
};

/** Everything a command is given besides its own options */
export interface Context {
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly ports: Ports;
  readonly clock: Clock;
}

/** Opens the port, runs `use`, and closes it whatever happens. */
export async function withPort<T>(
  args: LinkArguments,
  context: Context,
  use: (transport: Transport, options: LinkOptions) => Promise<T>,
): Promise<T> {
  const transport = await openPort(args, { rate: lineRate(args) }, context);
  try {
    await resetByLines(args, transport, context);
    if (args.wait) {
      context.output.event('waiting', { port: args.port });
      context.output.line(
        `calling on ${printable(args.port ?? '')}: reset the device if it does not answer by itself`,
      );
    }
    return await use(transport, linkOptions(args, context));
  } finally {
    await closePort(transport, context.clock);
  }
}

/** Into flash, where the bootloader begins, if DTR and RTS are wired for it. */
async function resetByLines(
  args: LineArguments,
  transport: Transport,
  { clock, output }: Context,
): Promise<void> {
  const wiring = wiringOf(args);
  if (!wiring) return;
  await setInTurn(transport, resetSequence(wiring, false), (ms) => pause(ms, clock));
  output.line('reset by DTR and RTS');
}

export function pause(ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

/** @throws IapError USAGE */
function lineRate({ port, lineRate: told, initialBaud }: LinkArguments): number {
  if (told === undefined) return initialBaud;
  if (remoteAddress(port ?? '')?.protocol === 'tcp') return told;
  throw new IapError('USAGE', '--line-rate is for tcp://HOST:PORT, whose line nothing here sets', {
    hint: 'the rate to find a device is --initial-baud, that of the transfer --baud',
  });
}

function linkOptions(args: LinkArguments, { signal, output, clock }: Context): LinkOptions {
  return {
    clock,
    address: args.address,
    halfDuplex: args.halfDuplex,
    wait: args.wait,
    signal,
    ...(args.timeout === undefined ? {} : { timeoutMs: args.timeout }),
    ...(args.verbose ? { trace: (event) => output.trace(traceLine(event)) } : {}),
  };
}

/** What there is to know about a port before it is open */
export interface PortArguments extends LineArguments {
  readonly port?: string | undefined;
  readonly timeout?: number | undefined;
  /** Until there is such a port, and nobody else has it */
  readonly wait: boolean;
}

export async function openPort(
  args: PortArguments,
  line: Omit<PortOptions, 'path'>,
  context: Context,
): Promise<Transport> {
  const { port: path } = args;
  const { clock } = context;
  checkLineArguments(args);
  if (path === undefined || path === '') throw await portNotGiven(context.ports);
  const end = clock.now() + (args.timeout ?? Number.POSITIVE_INFINITY);
  let absentAt: number | undefined;
  let told: IapErrorCode | undefined;
  for (;;) {
    try {
      return await context.ports.open({
        path,
        ...line,
        lines: linesOf(args),
        signal: context.signal,
      });
    } catch (error) {
      if (!(error instanceof IapError) || !args.wait || clock.now() >= end) throw error;
      const { code, hint } = error;
      const settling =
        code === 'PORT_PERMISSION' &&
        absentAt !== undefined &&
        clock.now() - absentAt < PORT_SETTLES_MS;
      if (!WAITED_FOR.has(code) && !settling) throw error;
      if (code === 'PORT_NOT_FOUND') absentAt = clock.now();
      if (!settling && told !== code) {
        told = code;
        context.output.line(`waiting for ${printable(path)}`);
        if (code === 'PORT_BUSY') context.output.line(`  ${error.message}: ${hint ?? ''}`);
      }
    }
    await pause(PORT_POLL_MS, clock);
    if (context.signal.aborted)
      throw new IapError('INTERRUPTED', 'interrupted; nothing was changed');
  }
}

/** Never guesses, not even if there is only one: a technician must not update the wrong device. */
async function portNotGiven(ports: Ports): Promise<IapError> {
  const found = await ports.list();
  const list = found.map(({ path, description }) =>
    description ? `${path} (${description})` : path,
  );
  return new IapError('PORT_NOT_GIVEN', 'no port given: which device is meant?', {
    hint:
      list.length === 0
        ? 'no serial adapter is plugged in; add --port PATH'
        : `add --port PATH; plugged in: ${list.join(', ')}`,
    details: { ports: found.map(({ path }) => path).join(' ') },
  });
}

function traceLine(event: TraceEvent): string {
  const at = (event.at / 1000).toFixed(4).padStart(10);
  if (event.direction === 'dropped')
    return `${at}  !! ${event.bytes} bytes dropped: ${event.reason}`;
  const { address, type, seq, payload } = event.frame;
  const arrow = event.direction === 'sent' ? '->' : '<-';
  const more = payload.length > TRACE_BYTES ? `… (${payload.length} bytes)` : '';
  const head = `@${address} type ${type.toString(16).padStart(2, '0')} seq ${String(seq).padStart(3)}`;
  return `${at}  ${arrow} ${head}  ${hexBytes(payload.subarray(0, TRACE_BYTES))}${more}`;
}
