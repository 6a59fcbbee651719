// Commands out of their files: the one that is meant, or all.
import type { AnyCommand, CommandTable } from './command.js';

export interface LoadedGroup {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly Loaded[];
}
export type Loaded = AnyCommand | LoadedGroup;

/** The one that is named first, or all of them */
export async function load(
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
