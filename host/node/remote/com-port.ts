// The COM-PORT-OPTION of telnet (RFC 2217): what a client asks of a server's serial port, and what it is answered. Pure.
import { concat } from '../../base/bytes.js';

export const COM_PORT_OPTION = 44;

/** Requests; an answer has ANSWER more (RFC 2217 section 3). */
export const ComPort = {
  SET_BAUDRATE: 1,
  SET_DATASIZE: 2,
  SET_PARITY: 3,
  SET_STOPSIZE: 4,
  SET_CONTROL: 5,
  FLOWCONTROL_SUSPEND: 8,
  FLOWCONTROL_RESUME: 9,
  PURGE_DATA: 12,
} as const;
export const ANSWER = 100;

export const PARITY = { none: 1, even: 3 } as const;
export const PURGE_BOTH = 3;

/** Values of SET-CONTROL: three settings in one command */
export const Control = {
  NO_FLOW_CONTROL: 1,
  DTR_ON: 8,
  DTR_OFF: 9,
  RTS_ON: 11,
  RTS_OFF: 12,
} as const;

/** Something to set */
export interface Setting {
  readonly command: number;
  readonly value: number;
  /** For messages */
  readonly name: string;
  /** Whether an answer with this value is to this setting: SET-CONTROL has several */
  readonly isAnswer: (value: number) => boolean;
  /** Whether that is what was asked for */
  readonly isDone: (value: number) => boolean;
}

/** Servers tell the rate that they could make; a UART takes so much [of 1]. */
const RATE_TOLERANCE = 0.02;

export function rateSetting(baud: number): Setting {
  const isDone = (value: number): boolean => Math.abs(value - baud) <= RATE_TOLERANCE * baud;
  return { ...byteSetting(ComPort.SET_BAUDRATE, baud, `${baud} baud`), isDone };
}

export function paritySetting(parity: keyof typeof PARITY): Setting {
  return byteSetting(ComPort.SET_PARITY, PARITY[parity], `parity ${parity}`);
}

export const EIGHT_BITS = byteSetting(ComPort.SET_DATASIZE, 8, '8 data bits');
export const ONE_STOP_BIT = byteSetting(ComPort.SET_STOPSIZE, 1, 'one stop bit');

/** In both directions, or only towards the device; the other values up to 19 are of incoming flow control. */
export const NO_FLOW_CONTROL: Setting = {
  ...byteSetting(ComPort.SET_CONTROL, Control.NO_FLOW_CONTROL, 'no flow control'),
  isAnswer: (value) => value <= 3 || value === 17 || value === 19,
};

export function lineSetting(line: 'dtr' | 'rts', on: boolean): Setting {
  const [high, low] =
    line === 'dtr' ? [Control.DTR_ON, Control.DTR_OFF] : [Control.RTS_ON, Control.RTS_OFF];
  return {
    ...byteSetting(
      ComPort.SET_CONTROL,
      on ? high : low,
      `${line.toUpperCase()} ${on ? 'on' : 'off'}`,
    ),
    isAnswer: (value) => value === high || value === low,
  };
}

function byteSetting(command: number, value: number, name: string): Setting {
  return { command, value, name, isAnswer: () => true, isDone: (found) => found === value };
}

/** From the option on, as a subnegotiation has it */
export function requestBytes({ command, value }: Pick<Setting, 'command' | 'value'>): Uint8Array {
  const long = Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
  const payload = command === ComPort.SET_BAUDRATE ? long : Uint8Array.of(value);
  return concat([Uint8Array.of(COM_PORT_OPTION, command), payload]);
}

/** What a server tells: of an answer the command that it is to. Undefined if this is not what a server says. */
export function tellingOf(
  sub: Uint8Array,
): { readonly command: number; readonly value: number } | undefined {
  const [option, command, ...payload] = sub;
  if (option !== COM_PORT_OPTION || command === undefined || command < ANSWER) return undefined;
  const value = payload.reduce((sum, byte) => sum * 0x100 + byte, 0);
  return { command: command - ANSWER, value };
}
