// What can follow which words of a command line: the table of commands as shells complete it.
import { type AnyCommand, type CommandTable, firstWord } from '../command.js';
import type { Option, OptionTable } from '../option.js';
import { JSON_OPTION } from '../options.js';

/** What may stand there: names of files, one of these, or anything */
export type Completed = 'file' | readonly string[];

export interface CompletedOption {
  /** "--port", "-o" */
  readonly names: readonly string[];
  readonly description: string;
  /** What follows it; undefined if nothing does */
  readonly value: Completed | undefined;
}

/** Behind these words */
export interface Level {
  /** "isp write"; empty behind "iap" itself */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  readonly words: Completed;
}

const HELP: CompletedOption = { names: ['--help'], description: 'Show help', value: undefined };
const VERSION: CompletedOption = {
  names: ['--version'],
  description: 'Show version number',
  value: undefined,
};

/** The first is that of "iap" itself. */
export async function levelsOf(table: CommandTable, path = ''): Promise<Level[]> {
  const loaded = await Promise.all(Object.values(table).map((load) => load()));
  const below = await Promise.all(
    loaded.map((one) => {
      const own = `${path} ${firstWord(one.name)}`.trim();
      return 'commands' in one ? levelsOf(one.commands, own) : [commandLevel(one, own)];
    }),
  );
  const commands = loaded.map(({ name, description }) => ({ name: firstWord(name), description }));
  return [{ path, commands, options: [HELP, VERSION], words: [] }, ...below.flat()];
}

function commandLevel({ options, positionals }: AnyCommand, path: string): Level {
  const [positional] = Object.values(positionals);
  const own = completedOptions({ ...options, ...JSON_OPTION });
  const version = 'version' in options ? [] : [VERSION];
  return {
    path,
    commands: [],
    options: [...own, HELP, ...version],
    words: positional === undefined ? [] : completedBy(positional),
  };
}

function completedOptions(options: OptionTable): CompletedOption[] {
  return Object.entries(options).map(([name, option]) => {
    const { type, alias, default: normal, describe = '' } = option;
    // What is so already is only worth to be taken away.
    const long = type === 'boolean' && normal === true ? `--no-${name}` : `--${name}`;
    const short = typeof alias === 'string' ? [`-${alias}`] : [];
    const value = type === 'boolean' ? undefined : completedBy(option);
    return { names: [long, ...short], description: describe, value };
  });
}

function completedBy({ choices, complete }: Option): Completed {
  if (complete === 'file') return 'file';
  return complete?.() ?? (choices ?? []).map(String);
}

/** For bash and zsh */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
