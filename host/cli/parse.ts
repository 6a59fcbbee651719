// Words of a command line → the command that is meant, run. What yargs itself says is said in this program's way.
import yargs, { type Argv } from 'yargs';
import { IapError } from '../base/errors.js';
import { packageVersion } from '../node/package-root.js';
import type { AnyCommand, CommandTable, Invocation } from './command.js';
import type { Context } from './link.js';
import type { Option } from './option.js';
import { JSON_OPTION } from './options.js';
import { argumentsFrom } from './values.js';

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
  const run = { words, commands, exit };
  const parser = yargs([...words])
    .scriptName('iap')
    .usage('$0 <command>\n\nFirmware updates for STM32 over a UART.');
  for (const one of await load(commands, words)) register(parser, one, context, run);
  parser
    .demandCommand(1, 'which command?')
    .strict()
    .parserConfiguration({ 'duplicate-arguments-array': true })
    .exitProcess(false)
    .fail((message, error) => {
      // What yargs itself finds wrong with the command line comes with a message, or as its own kind of error.
      if (error && error.name !== 'YError') throw error;
      throw new IapError('USAGE', message ?? error?.message, {
        hint: `"${helpFor(words)}" shows how`,
      });
    })
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .version(packageVersion())
    .help();
  await parser.parseAsync();
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

/** The command under "iap isp" that was meant, if it can be told */
function helpFor([command]: readonly string[]): string {
  return `iap ${command} --help`;
}
