// iap completion: a script with which a shell completes command lines.
import { command, type Invocation } from '../command.js';
import { bashScript } from '../completion/bash.js';
import { fishScript } from '../completion/fish.js';
import { levelsOf } from '../completion/levels.js';
import { zshScript } from '../completion/zsh.js';
import type { Context } from '../link.js';
import type { ArgumentsOf } from '../option.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

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
  const lines = SCRIPTS[shell](await levelsOf(commands));
  for (const line of lines) output.line(line);
  output.result({ shell, script: `${lines.join('\n')}\n` });
}
