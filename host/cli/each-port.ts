// One command at several ports at once. With one port it is the command as it always was.
import { setMaxListeners } from 'node:events';
import { IapError } from '../base/errors.js';
import { printable } from '../base/text.js';
import { exitCodeAt } from './interrupt.js';
import type { Context } from './link.js';
import { LINK_OPTIONS } from './options.js';
import { PortOutput } from './port-output.js';
import { PortRows } from './port-rows.js';
import { Presence } from './presence.js';
import { severityOf } from './severity.js';

export const PORTS_OPTIONS = {
  port: {
    ...LINK_OPTIONS.port,
    many: true,
    describe: `${LINK_OPTIONS.port.describe}; given again: all of them at once`,
  },
  all: {
    type: 'boolean',
    default: false,
    describe: 'Every serial port where a device answers that this is for',
  },
} as const;

export interface PortsArguments {
  readonly port?: readonly string[] | undefined;
  readonly all?: boolean | undefined;
  readonly wait: boolean;
}

/** Options as a command for one port has them */
export type OnePort<A> = Omit<A, 'port' | 'all'> & { readonly port?: string };

export interface EachOptions {
  /** It says how far it is: a row a port on a terminal */
  readonly rows: boolean;
}

type Run<A> = (args: OnePort<A>, context: Context, presence: Presence) => Promise<void>;

/**
 * Runs `run` at each port, none of them waiting for another.
 * @throws what `run` throws at the only port; of several, the worst that happened
 */
export async function onEachPort<A extends PortsArguments>(
  args: A,
  context: Context,
  { rows }: EachOptions,
  run: Run<A>,
): Promise<void> {
  const { port: named = [], all = false, ...rest } = args;
  const [only, ...more] = named;
  if (!all && more.length === 0) {
    await run(only === undefined ? rest : { ...rest, port: only }, context, new Presence(true));
    return;
  }
  checkPorts(named, args);
  // Each port listens to it more than once: no leak.
  setMaxListeners(0, context.signal);
  const { output, clock } = context;
  const listed = all ? (await context.ports.list()).map(({ path }) => path) : [];
  const found = listed.filter((path) => !named.includes(path));
  const ports = [...named, ...found];
  if (ports.length === 0) {
    throw new IapError('PORT_NOT_FOUND', 'no serial adapter is plugged in', {
      hint: '--all looks at the ports that "iap ports" lists; others are named with --port',
    });
  }
  const drawn = rows && output.hasRoomFor(ports.length);
  const board = drawn ? new PortRows(output, clock, ports) : undefined;
  const failures: unknown[] = [];
  let skipped = 0;
  await Promise.all(
    ports.map(async (port) => {
      const own = new PortOutput(output, port, board);
      const presence = new Presence(named.includes(port));
      try {
        await run({ ...rest, port }, { ...context, output: own }, presence);
      } catch (error) {
        if (presence.isLeftOut(error)) {
          skipped++;
          own.skipped(error);
          return;
        }
        failures.push(error);
        own.failure(error, exitCodeAt(error, context.signal));
      }
    }),
  );
  board?.end();
  const tried = ports.length - skipped;
  if (tried === 0) throw nobody(ports.length);
  const leftOut = skipped === 0 ? '' : `, ${skipped} left out`;
  if (failures.length > 0) throw worst(failures, tried, leftOut);
  output.line(`${tried} of ${tried} ports done${leftOut}`);
  output.result({ ports: tried, skipped });
}

function checkPorts(named: readonly string[], { all, wait }: PortsArguments): void {
  const twice = named.find((port, i) => named.indexOf(port) !== i);
  if (twice !== undefined) {
    throw new IapError('USAGE', `--port ${printable(twice)} is given twice`);
  }
  if (all && wait) {
    throw new IapError(
      'USAGE',
      '--all takes the devices that answer now; --wait waits for others',
      {
        hint: 'name the ports to wait at, each with --port',
      },
    );
  }
}

function nobody(ports: number): IapError {
  return new IapError('NO_ANSWER', `no device that this is for answers at any of ${ports} ports`, {
    hint: 'check power and cables; a device that is asked for by name, with --port, says what is wrong with it',
    details: { ports },
  });
}

function worst(failures: readonly unknown[], ports: number, leftOut: string): unknown {
  const [first] = [...failures].sort((a, b) => severityOf(b) - severityOf(a));
  if (!(first instanceof IapError)) return first;
  return new IapError(first.code, `${failures.length} of ${ports} ports failed${leftOut}`, {
    hint: 'run the same command again: what is done takes a second, and what was begun goes on',
    details: { ports, failed: failures.length },
    cause: first,
  });
}
