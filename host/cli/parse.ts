// Words of a command line → the command that is meant, run. What yargs itself says is said in this program's way.
import yargs, { type Argv } from 'yargs';
import { packageVersion } from '../node/package-root.js';
import { type CommandTable, firstWord, type Invocation } from './command.js';
import type { Context } from './link.js';
import { type Loaded, load } from './load.js';
import { mistake, withHelp } from './mistakes.js';
import type { Option } from './option.js';
import { JSON_OPTION } from './options.js';
import { widthOf } from './output.js';
import { argumentsFrom, withNamesMarked } from './values.js';

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
      throw mistake(message ?? error?.message ?? '', words, loaded);
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

function register(parser: Argv, one: Loaded, context: Context, run: Invocation): void {
  const { name, description } = one;
  if ('commands' in one) {
    parser.command(name, description, (y) => {
      for (const each of one.commands) register(y, each, context, run);
      return y.demandCommand(1, `which ${name} command? ${namesOf(one.commands)}`);
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
        words: run.words.slice(run.words.indexOf(firstWord(name)) + 1),
      }),
  );
}

function namesOf(commands: readonly Loaded[]): string {
  return commands.map(({ name }) => firstWord(name)).join(', ');
}

/** Numbers are left as they were typed: yargs would forget what that was. */
function asTyped(option: Option): Option {
  return option.type === 'number' ? { ...option, string: true } : option;
}
