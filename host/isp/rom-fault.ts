// A step of a command that did not go through.
import { commandName } from './commands.js';

/** Where in a command's exchange; all: everything is to be erased at once */
export type Step =
  | 'command'
  | 'address'
  | 'length'
  | 'data'
  | 'pages'
  | 'all'
  | 'sectors'
  | 'answer'
  | 'end';

/** Never leaves this folder but as the cause of what explain() makes of it. */
export class RomFault extends Error {
  readonly kind: 'refused' | 'silent' | 'garbled';
  readonly command: number;
  readonly step: Step;
  /** The byte instead of an answer */
  readonly found: number | undefined;

  constructor(kind: RomFault['kind'], command: number, step: Step, found?: number) {
    super(`${commandName(command)}: ${kind} at its ${step}`);
    this.kind = kind;
    this.command = command;
    this.step = step;
    this.found = found;
  }
}
