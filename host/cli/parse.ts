// Words of a command line → the command that is meant, run. What yargs itself says is said in this program's way.
import yargs, { type Argv } from 'yargs';
import { IapError } from '../base/errors.js';
import { packageVersion } from '../node/package-root.js';
import { type AnyCommand, type CommandTable, firstWord, type Invocation } from './command.js';
import type { Context } from './link.js';
import { nearest } from './nearest.js';
import type { Option } from './option.js';
import { JSON_OPTION } from './options.js';
import { widthOf } from './output.js';
import { argumentsFrom, camelCase, MARK, withNamesMarked } from './values.js';

interface LoadedGroup {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly Loaded[];
}
type Loaded = AnyCommand | LoadedGroup;

/**
 * Runs one command line.
 * @returns the exit code of another program that was run
 * @throws IapError what the command throws, and USAGE
 */
export async function parse(
  words: readonly string[],
  commands: CommandTable,
  context: Context,
): Promise<number | undefined> {
  let exitCode: number | undefined;
  const exit = (code: number): void => {
    exitCode = code;
  };
  const loaded = await load(commands, words);
  const parser = yargs(withNamesMarked(words))
    // Messages are read by scripts and by people who help others.
    .locale('en')
    .scriptName('iap')
    .usage('$0 <command>\n\nFirmware updates for STM32 over a UART.');
  for (const one of loaded) register(parser, one, context, { words, commands, exit });
  parser
    .demandCommand(1, 'which command?')
    .strict()
    .parserConfiguration({ 'duplicate-arguments-array': true, 'parse-positional-numbers': false })
    .exitProcess(false)
    .fail((message, error) => {
      // What yargs itself finds wrong with the command line comes with a message, or as its own kind of error.
      if (error && error.name !== 'YError') throw error;
      throw unknownWord(message, words, loaded) ?? new IapError('USAGE', message ?? error?.message);
    })
    .wrap(widthOf(process.stdout.columns))
    .version(packageVersion())
    .help();
  try {
    await parser.parseAsync();
  } catch (error) {
    throw withHelp(error, words, loaded);
  }
  return exitCode;
}

/** The one that is named first, or all of them */
async function load(
  commands: CommandTable,
  [first = '', ...rest]: readonly string[],
): Promise<Loaded[]> {
  const named = Object.hasOwn(commands, first) ? commands[first] : undefined;
  const loaded = await Promise.all((named ? [named] : Object.values(commands)).map((one) => one()));
  return Promise.all(
    loaded.map(async (one) =>
      'commands' in one ? { ...one, commands: await load(one.commands, rest) } : one,
    ),
  );
}

function register(parser: Argv, one: Loaded, context: Context, run: Invocation): void {
  const { name, description } = one;
  if ('commands' in one) {
    parser.command(name, description, (y) => {
      for (const each of one.commands) register(y, each, context, run);
      return y.demandCommand(1, `which ${name} command?`);
    });
    return;
  }
  const { positionals, options, examples, epilogue, passesOn } = one;
  parser.command(
    name,
    description,
    (y) => {
      // Such an option is the command's own.
      if ('version' in options) y.version(false);
      for (const [key, option] of Object.entries(positionals)) y.positional(key, option);
      for (const [key, option] of Object.entries({ ...options, ...JSON_OPTION })) {
        y.option(key, asTyped(option));
      }
      for (const [line, what] of examples) y.example(`$0 ${line}`, what);
      if (epilogue !== undefined) y.epilogue(epilogue);
      if (passesOn === true) y.strict(false);
      return y;
    },
    (parsed) =>
      one.handler(argumentsFrom(parsed, { ...positionals, ...options }), context, {
        ...run,
        words: run.words.slice(run.words.indexOf(name) + 1),
      }),
  );
}

/** Numbers are left as they were typed: yargs would forget what that was. */
function asTyped(option: Option): Option {
  return option.type === 'number' ? { ...option, string: true } : option;
}

/** What is wrong with a command line and has no better hint leads to the help of the command that was meant. */
function withHelp(error: unknown, words: readonly string[], loaded: readonly Loaded[]): unknown {
  if (!(error instanceof IapError) || error.code !== 'USAGE') return error;
  const help = `"${['iap', ...pathOf(loaded, words), '--help'].join(' ')}" shows how`;
  const { code, message, hint, details, cause } = error;
  if (hint !== undefined && !hint.startsWith(MEANT)) return error;
  return new IapError(code, message, {
    hint: [hint, help].filter(Boolean).join(' '),
    details,
    cause,
  });
}

/** The names of the command that was meant, as far as they can be told */
function pathOf(loaded: readonly Loaded[], words: readonly string[]): string[] {
  for (const [at, word] of words.entries()) {
    const one = loaded.find(({ name }) => firstWord(name) === word);
    if (!one) continue;
    return [word, ...('commands' in one ? pathOf(one.commands, words.slice(at + 1)) : [])];
  }
  return [];
}

const MEANT = 'did you mean';

/** In the words that were typed, with the nearest that there is */
function unknownWord(
  message: string | null,
  words: readonly string[],
  loaded: readonly Loaded[],
): IapError | undefined {
  const [, list = ''] = /^Unknown (?:argument|command)s?: (.*)$/s.exec(message ?? '') ?? [];
  if (list === '') return undefined;
  // Of "--some-thing" yargs tells "someThing" too.
  const names = list
    .split(', ')
    .filter((name, _, all) => !all.some((other) => other !== name && camelCase(other) === name));
  const name = (names[0] ?? '').replace(MARK, '');
  const path = pathOf(loaded, words);
  const isOption = !words.includes(name);
  const level = levelOf(loaded, path);
  const typed = isOption ? `${name.length === 1 ? '-' : '--'}${name}` : name;
  const known = isOption ? optionNames(level) : commandNames(level);
  const what = isOption ? 'option' : known.length > 0 ? 'command' : undefined;
  const near = nearest(typed, known);
  const more = names.length > 1 ? ` (and ${names.length - 1} more)` : '';
  return new IapError(
    'USAGE',
    what === undefined
      ? `"${typed}" is one word too many${more}`
      : `there is no ${what} ${typed}${more}`,
    near === undefined ? {} : { hint: `${MEANT} ${near}?` },
  );
}

/** The command of this path, or the commands that may follow it */
function levelOf(
  loaded: readonly Loaded[],
  [first, ...rest]: readonly string[],
): AnyCommand | readonly Loaded[] {
  const one = loaded.find(({ name }) => firstWord(name) === first);
  if (!one) return loaded;
  return 'commands' in one ? levelOf(one.commands, rest) : one;
}

function optionNames(level: AnyCommand | readonly Loaded[]): string[] {
  const own = 'options' in level ? Object.keys({ ...level.options, ...JSON_OPTION }) : [];
  return [...own, 'help', 'version'].map((name) => `--${name}`);
}

function commandNames(level: AnyCommand | readonly Loaded[]): string[] {
  return 'options' in level ? [] : level.map(({ name }) => firstWord(name));
}
