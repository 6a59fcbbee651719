// What a fault means: only what the facts allow, the most likely first, and how to tell.
import { type ErrorDetails, IapError, type IapErrorCode } from '../base/errors.js';
import { hex32 } from '../base/text.js';
import { MEMORY } from './chips.js';
import { commandName, RomCommand } from './commands.js';
import type { RomFacts } from './facts.js';
import type { RomFault, Step } from './rom-fault.js';

export interface Circumstances {
  readonly facts: RomFacts;
  /** Of the block under way */
  readonly address?: number | undefined;
  /** Whether the part answered 7Fh after the fault; undefined if it was not asked */
  readonly alive?: boolean | undefined;
}

interface Explanation {
  readonly code: IapErrorCode;
  readonly message: string;
  /** Most likely first */
  readonly causes: readonly (string | false)[];
}

/** @param fault what happened last, after all repeats */
export function explain(fault: RomFault, at: Circumstances): IapError {
  const { address } = at;
  const where = address === undefined ? '' : ` at ${hex32(address)}`;
  const what = `${commandName(fault.command)}${where}`;
  const { code, message, causes } = EXPLAIN[fault.kind](fault, what, at);
  const details: ErrorDetails = {
    command: commandName(fault.command),
    step: fault.step,
    ...(address === undefined ? {} : { address: hex32(address) }),
    ...(fault.found === undefined ? {} : { found: fault.found }),
  };
  const hint = causes.filter((cause) => cause !== false).join('; otherwise ');
  return new IapError(code, message, { hint, details, cause: fault });
}

const LINE = 'try a lower --baud; check ground and cable';
const RESET = 'reset the part with BOOT0 high, and run the same command again';
const DAMAGED = `bytes are damaged on the line: ${LINE}`;
const NO_ROM =
  'what answers may be no ROM bootloader but a running application: set BOOT0 high and reset';
/** A ROM that hears 8N1 takes each byte for damaged, but its own answers arrive. */
const NO_PARITY =
  'the part may hear no even parity, and so refuse everything: use an adapter that sends 8 data bits, even parity, 1 stop bit';
export const UNPROTECT = '"iap isp unprotect --read --yes" takes it off; that erases all of flash';

const EXPLAIN: Readonly<
  Record<RomFault['kind'], (fault: RomFault, what: string, at: Circumstances) => Explanation>
> = { silent, garbled, refused };

const WAITED: Readonly<Record<Step, string>> = {
  command: 'after the command byte',
  address: 'after the address',
  length: 'after the length',
  data: 'after the data',
  pages: 'while it erases',
  all: 'while it erases',
  sectors: 'after the list of sectors',
  answer: 'in the middle of its answer',
  end: 'before the command was done',
};

function silent(
  { step, command }: RomFault,
  what: string,
  { facts, alive }: Circumstances,
): Explanation {
  const code = 'LINK_LOST';
  if (alive) {
    return {
      code,
      message: `no answer to ${what}, ${WAITED[step]}, though the ROM bootloader still answers 0x7f`,
      causes: [`bytes are lost on the line each time: ${LINE}`],
    };
  }
  if (!facts.answers) {
    return {
      code,
      message: `the part answered 0x7f, but not ${what}, ${WAITED[step]}`,
      causes: [
        `the rate may have been measured wrongly: reset the part with BOOT0 high; ${LINE}`,
        NO_ROM,
      ],
    };
  }
  return {
    code,
    message: `the ROM bootloader does not answer any more: ${what}, ${WAITED[step]}`,
    causes: [
      command === RomCommand.GO && 'the program may run already: only its acknowledge may be lost',
      `the part was reset or has lost power, or the cable is off: check supply, BOOT0 and cable; ${RESET}`,
    ],
  };
}

function garbled(
  { found = 0, step }: RomFault,
  what: string,
  { facts, alive }: Circumstances,
): Explanation {
  const byte = `0x${found.toString(16).padStart(2, '0')}`;
  const message =
    step === 'answer'
      ? `${what}: what came is not its answer, and begins with ${byte}`
      : `${what}: expected 0x79 or 0x1f from the ROM bootloader, found ${byte}`;
  const code = 'BAD_ANSWER';
  if (!facts.answers)
    return { code, message, causes: [NO_ROM, `the rate was measured wrongly: reset, and ${LINE}`] };
  const app = `the part was reset, and an application talks: set BOOT0 high; ${RESET}`;
  return { code, message, causes: [alive === false && app, DAMAGED] };
}

function refused(fault: RomFault, what: string, at: Circumstances): Explanation {
  return REFUSED[fault.step](fault, what, at);
}

const REFUSED: Readonly<
  Record<Step, (fault: RomFault, what: string, at: Circumstances) => Explanation>
> = {
  command: refusedCommand,
  address: refusedAddress,
  data: refusedData,
  all: refusedAll,
  pages: (_fault, _what, { facts }) => ({
    code: 'REFUSED',
    message: 'the part refuses to erase these pages',
    causes: inOrder(facts, [
      maybeProtected(facts, 'one of them'),
      'it may not be able to erase one of them: "iap isp erase" page by page shows which',
    ]),
  }),
  length: (_fault, what, { facts }) => ({
    code: 'REFUSED',
    message: `the part refuses the length of ${what}`,
    causes: [facts.lineDamages && DAMAGED, 'memory may end within these bytes: read fewer'],
  }),
  sectors: (_fault, what, { facts }) => ({
    code: 'REFUSED',
    message: `the part refuses the sectors of ${what}`,
    causes: inOrder(facts, ['this ROM bootloader may not protect these sectors']),
  }),
  answer: failed,
  end: failed,
};

function failed(_fault: RomFault, what: string): Explanation {
  return {
    code: 'REFUSED',
    message: `${what} failed in the part: it answered NACK when it should have been done`,
    causes: ['reset the part with BOOT0 high, look at "iap isp info", and try again'],
  };
}

function refusedCommand(
  { command }: RomFault,
  what: string,
  { facts }: Circumstances,
): Explanation {
  if (facts.readProtectionExplains(command)) {
    return {
      code: 'READ_PROTECTED',
      message: `the part refuses ${what}: read-out protection is on`,
      causes: [
        facts.lineDamages && `first make sure, bytes are damaged on this line: ${LINE}`,
        UNPROTECT,
      ],
    };
  }
  if (!facts.answers) {
    return {
      code: 'BAD_ANSWER',
      message: `the part answers, but refuses ${what}, which every ROM bootloader takes`,
      causes: [NO_PARITY, DAMAGED, NO_ROM],
    };
  }
  const before = facts.hasAccepted(command) ? 'it took the same command before' : 'it took others';
  return {
    code: 'REFUSED',
    message: `the part refuses ${what}, though ${before}`,
    causes: [facts.lineDamages ? DAMAGED : `${RESET}; if it comes again, ${LINE}`],
  };
}

function refusedAddress(
  { command }: RomFault,
  what: string,
  { facts, address = 0 }: Circumstances,
): Explanation {
  const code = 'REFUSED';
  const message = `the part refuses the address of ${what}`;
  if (facts.isFlash(address)) {
    const end = hex32(MEMORY.flash + (facts.part.flashSize ?? 0) - 1);
    return {
      code,
      message: `${message}, though it says that its flash ends at ${end}`,
      causes: inOrder(facts, ['it may have less flash than it says: try lower addresses']),
    };
  }
  const memory =
    command === RomCommand.GO
      ? 'Go takes addresses in flash, and in RAM above what the ROM bootloader uses'
      : 'there is no such memory in this part, or it belongs to the ROM bootloader; "iap isp info" shows the sizes';
  return { code, message, causes: [memory, facts.lineDamages && DAMAGED] };
}

function refusedData(
  { command }: RomFault,
  what: string,
  { facts, address = 0 }: Circumstances,
): Explanation {
  const blocks = facts.count(command);
  const before =
    blocks === 0 ? '' : `, though it took ${blocks} block${blocks === 1 ? '' : 's'} before`;
  const isFlash = address < MEMORY.options;
  const causes = [
    isFlash && maybeProtected(facts, 'this sector'),
    isFlash &&
      'this page may not be erased, or be worn: erase it, and run the same command again; the same address again means worn',
  ];
  return {
    code: 'REFUSED',
    message: `the part refuses the data of ${what}${before}`,
    // So many bytes at once are new to the line as long as none has gone through.
    causes: blocks === 0 ? [DAMAGED, ...causes] : inOrder(facts, causes),
  };
}

/** That what was sent before went through, in frames as short, speaks for the line. */
function refusedAll(_fault: RomFault, _what: string, { facts }: Circumstances): Explanation {
  const { flashSize } = facts.part;
  const length = flashSize === undefined ? '<bytes>' : `0x${flashSize.toString(16)}`;
  const pages = `iap isp erase --start ${hex32(MEMORY.flash)} --length ${length} --yes`;
  return {
    code: 'REFUSED',
    message: 'the part refuses to erase everything at once',
    causes: [
      facts.lineDamages && DAMAGED,
      `it may not have that: erase page by page with "${pages}", or write without --mass-erase`,
      maybeProtected(facts, 'a sector'),
    ],
  };
}

function maybeProtected({ mayBeWriteProtected }: RomFacts, what: string): string | false {
  return (
    mayBeWriteProtected &&
    `${what} may be write-protected: "iap isp info" shows it, "iap isp unprotect --write --yes" takes it off`
  );
}

/** A line that has damaged bytes before comes first, one that has not comes last. */
function inOrder(facts: RomFacts, causes: readonly (string | false)[]): (string | false)[] {
  return facts.lineDamages ? [DAMAGED, ...causes] : [...causes, DAMAGED];
}
