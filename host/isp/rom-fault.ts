// A step of a command that did not go through, and what it means once it is known what was wanted.
import { type ErrorDetails, IapError } from '../errors.js';
import { hex32 } from '../text.js';
import { commandName, RomCommand } from './commands.js';

/** Where in a command's exchange */
export type Step =
  | 'command'
  | 'address'
  | 'length'
  | 'data'
  | 'pages'
  | 'sectors'
  | 'answer'
  | 'end';

/** Never leaves this folder: see {@link explain}. */
export class RomFault extends Error {
  readonly kind: 'refused' | 'silent' | 'garbled';
  readonly command: number;
  readonly step: Step;
  readonly found: number | undefined;

  constructor(kind: RomFault['kind'], command: number, step: Step, found?: number) {
    super(`${commandName(command)}: ${kind} at its ${step}`);
    this.kind = kind;
    this.command = command;
    this.step = step;
    this.found = found;
  }
}

/**
 * @param fault what happened last, after all repeats
 * @param address of the block under way
 */
export function explain(fault: RomFault, address?: number): IapError {
  const name = commandName(fault.command);
  const at = address === undefined ? '' : ` at ${hex32(address)}`;
  const details: ErrorDetails = {
    command: name,
    step: fault.step,
    ...(address === undefined ? {} : { address: hex32(address) }),
    ...(fault.found === undefined ? {} : { found: fault.found }),
  };
  if (fault.kind === 'silent') {
    return new IapError(
      'LINK_LOST',
      `the ROM bootloader does not answer any more: ${name}${at}, ${WAITED[fault.step]}`,
      {
        hint: 'check power and cable; reset the part with BOOT0 high, and run the same command again',
        details,
      },
    );
  }
  if (fault.kind === 'garbled') {
    return new IapError(
      'BAD_ANSWER',
      `${name}${at}: expected 0x79 or 0x1f from the ROM bootloader, found 0x${(fault.found ?? 0).toString(16).padStart(2, '0')}`,
      {
        hint: 'try a lower --baud; check ground and cable; reset the part with BOOT0 high first',
        details,
      },
    );
  }
  return refused(fault, name, at, details);
}

const WAITED: Readonly<Record<Step, string>> = {
  command: 'after the command byte',
  address: 'after the address',
  length: 'after the length',
  data: 'after the data',
  pages: 'while it erases',
  sectors: 'after the list of sectors',
  answer: 'in the middle of its answer',
  end: 'before the command was done',
};

function refused(fault: RomFault, name: string, at: string, details: ErrorDetails): IapError {
  switch (fault.step) {
    case 'command':
      return new IapError('READ_PROTECTED', `the part refuses ${name}: read-out protection is on`, {
        hint: '"iap isp unprotect --read --yes" takes it off; that erases all of flash',
        details,
      });
    case 'address':
      return new IapError('REFUSED', `the part refuses the address${at} for ${name}`, {
        hint:
          fault.command === RomCommand.GO
            ? 'Go takes addresses in flash, and in RAM above what the ROM bootloader uses'
            : 'there is no such memory in this part, or it belongs to the ROM bootloader; "iap isp info" shows the sizes',
        details,
      });
    case 'data':
    case 'length':
    case 'pages':
    case 'sectors':
      return new IapError(
        'REFUSED',
        `the part refuses the ${fault.step} of ${name}${at}: damaged on the line, each time`,
        {
          hint: 'try a lower --baud; check ground and cable',
          details,
        },
      );
    default:
      return new IapError(
        'REFUSED',
        `${name} failed in the part: it answered NACK when it should have been done`,
        {
          hint: 'reset the part with BOOT0 high, look at "iap isp info", and try again',
          details,
        },
      );
  }
}
