// iap completion: a script with which a shell completes command lines.
import { command, type Invocation } from '../command.js';
import type { Level } from '../completion/levels.js';
import type { Context } from '../link.js';
import type { ArgumentsOf } from '../option.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

const POSITIONALS = {
  shell: { type: 'string', demandOption: true, choices: SHELLS, describe: 'Which shell' },
} as const;

export const COMPLETION = command({
  name: 'completion <shell>',
  description: 'Print a script that completes commands, options and names in a shell',
  positionals: POSITIONALS,
  options: {},
  examples: [
    ['completion bash > ~/.local/share/bash-completion/completions/iap', 'bash, from then on'],
    ['completion zsh > ~/.zfunc/_iap', 'zsh, if ~/.zfunc is in $fpath before compinit'],
    ['completion fish > ~/.config/fish/completions/iap.fish', 'fish'],
  ],
  handler: completion,
});

async function completion(
  { shell }: ArgumentsOf<typeof POSITIONALS>,
  { output }: Pick<Context, 'output'>,
  { commands }: Pick<Invocation, 'commands'>,
): Promise<void> {
  const { levelsOf } = await import('../completion/levels.js');
  const write = await writerFor(shell);
  const lines = write(await levelsOf(commands));
  for (const line of lines) output.line(line);
  output.result({ shell, script: `${lines.join('\n')}\n` });
}

async function writerFor(
  shell: (typeof SHELLS)[number],
): Promise<(levels: readonly Level[]) => string[]> {
  switch (shell) {
    case 'bash':
      return (await import('../completion/bash.js')).bashScript;
    case 'zsh':
      return (await import('../completion/zsh.js')).zshScript;
    case 'fish':
      return (await import('../completion/fish.js')).fishScript;
  }
}
