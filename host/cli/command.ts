// A command as data: what the parser, the help and the completion of shells are made of.
import type { Context } from './link.js';
import type { ArgumentsOf, OptionTable } from './option.js';

/** What only commands need that are about the command line, or another program */
export interface Invocation {
  /** The words behind the command's name, as they were typed */
  readonly words: readonly string[];
  readonly commands: CommandTable;
  /** Another program's exit code becomes this one's. */
  exit(code: number): void;
}

export interface Described<P extends OptionTable, O extends OptionTable> {
  /** With its positionals, as yargs writes them: "flash <image>" */
  readonly name: string;
  readonly description: string;
  readonly positionals: P;
  readonly options: O;
  /** Command line without "iap", and what it does */
  readonly examples: readonly (readonly [line: string, what: string])[];
  readonly epilogue?: string;
  /** Options that are not known here belong to another program. */
  readonly passesOn?: boolean;
}

/** Commands that share their first word */
export interface CommandGroup {
  readonly name: string;
  readonly description: string;
  readonly commands: CommandTable;
}

/** A command with its handler held against its options */
export interface AnyCommand extends Described<OptionTable, OptionTable> {
  handler(args: object, context: Context, invocation: Invocation): Promise<void>;
}

/** By name; loaded when it is meant, because most of the time that a command takes to start is loading. */
export type CommandTable = Readonly<Record<string, () => Promise<AnyCommand | CommandGroup>>>;

type Handler<A> = (args: A, context: Context, invocation: Invocation) => Promise<void>;

/** Holds the handler against the options. */
export function command<
  const P extends OptionTable,
  const O extends OptionTable,
  H extends Handler<ArgumentsOf<P & O>>,
>(
  definition: Described<P, O> & { readonly handler: H },
): Described<P, O> & { readonly handler: H } {
  return definition;
}

/** What a command is called by, without its positionals */
export function firstWord(name: string): string {
  return name.split(' ', 1)[0] ?? name;
}
