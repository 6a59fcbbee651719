// Getting the ROM bootloader to answer: reset by DTR and RTS if they are wired, then 7Fh until it does.
import { IapError } from '../base/errors.js';
import { hexBytes } from '../base/text.js';
import type { Transport } from '../link/transport.js';
import { ACK, NACK, SYNC } from './commands.js';
import { resetSequence, setInTurn, type Wiring } from './lines.js';
import { isAnswer, QUIET_MS, type RomClient } from './rom-client.js';

export interface EnterOptions {
  /** How DTR and RTS are wired; they are not touched if missing */
  readonly wiring?: Wiring;
  /** How long to call [ms]; also with `wait` */
  readonly timeoutMs?: number;
  /** Call until somebody answers, or as long as `timeoutMs` says */
  readonly wait?: boolean;
}

export const DEFAULT_ENTER_MS = 2000;
/** An answer takes one character, and the latency of the adapter [ms] */
const CALL_MS = 100;
/** As many calls without an answer: the part may be within a frame of a host that is gone, and take them for the rest of it. */
const CALLS_BEFORE_FILL = 3;
/** However long each takes: one that is synchronised already takes the first for half of a command. */
const LEAST_CALLS = 2;
/** The sequence is done again if nobody answers, for a part that missed it [ms] */
const SEQUENCE_MS = 1500;

/**
 * @throws IapError NO_ANSWER, NOT_OUR_DEVICE, ECHO, LINK_LOST, PORT_…, INTERRUPTED
 */
export async function enter(
  transport: Transport,
  client: RomClient,
  options: EnterOptions,
): Promise<void> {
  const { clock, reader } = client;
  const { wiring, wait = false } = options;
  const timeoutMs = options.timeoutMs ?? (wait ? Number.POSITIVE_INFINITY : DEFAULT_ENTER_MS);
  const end = clock.now() + timeoutMs;
  let sequenceAt = Number.NEGATIVE_INFINITY;
  const heard: number[] = [];
  let acknowledged = false;
  let echo = false;
  for (let calls = 1; ; calls++) {
    if (wiring && clock.now() - sequenceAt >= SEQUENCE_MS) {
      await reset(transport, client, wiring, true);
      sequenceAt = clock.now();
    }
    const answer = await client.sync(CALL_MS);
    if (answer === NACK) {
      // Synchronised before: the second call made a command of the first, and was refused.
      const besides = await reader.untilQuiet(QUIET_MS);
      if (besides.every(isAnswer)) return;
      heard.push(answer, ...besides);
    } else if (answer === ACK) {
      // After several calls, an answer that comes late must not be taken for that to the first command.
      if (calls === 1 || (await client.resync())) return;
      acknowledged = true;
    } else if (answer === SYNC) {
      const besides = await client.echo();
      echo ||= besides !== undefined;
      if (besides?.some((byte) => byte === ACK || byte === NACK))
        throw echoOf(transport.rate, true);
      heard.push(answer); // an echo that was found is told first
    } else if (answer !== undefined) {
      heard.push(answer, ...reader.drop());
    } else if (!wiring && calls >= CALLS_BEFORE_FILL) {
      await client.fill(calls - CALLS_BEFORE_FILL);
    }
    if (clock.now() >= end && calls >= LEAST_CALLS) break;
  }
  if (echo) throw echoOf(transport.rate, false);
  throw nobody(
    transport.rate,
    timeoutMs,
    Uint8Array.from(heard),
    wiring !== undefined,
    acknowledged,
  );
}

/** Resets the part by DTR or RTS, into the ROM bootloader or into flash. */
export async function reset(
  transport: Transport,
  client: RomClient,
  wiring: Wiring,
  rom: boolean,
): Promise<void> {
  await setInTurn(transport, resetSequence(wiring, rom), (ms) => client.reader.sleep(ms));
  client.reader.drop();
}

const ENTER_ROM =
  'connect BOOT0 to 3.3 V (BOOT1 to ground), press reset, and run the command again';
const WIRES = 'TX and RX crossed, ground connected, USART1 (PA9, PA10)';

/** @param rom a ROM bootloader answers as well */
function echoOf(rate: number, rom: boolean): IapError {
  const details = { rate };
  if (rom) {
    return new IapError(
      'ECHO',
      'the line echoes what is sent; a ROM bootloader answers behind the echo',
      {
        hint: 'turn the local echo of the adapter off; on RS-485 its receiver must be off while it sends',
        details,
      },
    );
  }
  return new IapError('ECHO', 'the line echoes what is sent, and nobody else answers', {
    hint: `TX and RX are connected with each other, or the part on this half-duplex line is off; or an application repeats what it hears: ${ENTER_ROM}`,
    details,
  });
}

function nobody(
  rate: number,
  ms: number,
  heard: Uint8Array,
  lines: boolean,
  acknowledged: boolean,
): IapError {
  const within = `within ${(ms / 1000).toFixed(1)} s at ${rate} baud`;
  const details = { rate, timeoutMs: ms, received: heard.length };
  const otherWiring = lines
    ? 'if DTR and RTS are wired another way, try --lines rts-reset, --invert-reset or --invert-boot0; by hand: '
    : '';
  // Among other bytes it may be a character of what a program prints.
  if (acknowledged && heard.length === 0) {
    return new IapError(
      'LINK_LOST',
      `a ROM bootloader acknowledged 0x7f, but answers nothing else ${within}`,
      {
        hint: 'it may be reset again and again: check supply and reset; otherwise bytes are lost: try a lower --baud; check ground and cable',
        details,
      },
    );
  }
  if (heard.length === 0) {
    return new IapError('NO_ANSWER', `no ROM bootloader answers ${within}`, {
      hint: `${otherWiring}${ENTER_ROM}; ${WIRES}`,
      details,
    });
  }
  const sample = hexBytes(heard.subarray(0, 16));
  return new IapError(
    'NOT_OUR_DEVICE',
    `something answers, but it is no ROM bootloader: ${heard.length} bytes ${within}, the first ${sample}`,
    {
      hint: `an application may be running, or the rate was not recognised: ${otherWiring}${ENTER_ROM}; then with another --baud`,
      details,
    },
  );
}
