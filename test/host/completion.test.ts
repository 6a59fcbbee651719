// Scripts that complete command lines, in the shells themselves.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandTable } from '../../host/cli/command.js';
import { COMPLETION } from '../../host/cli/commands/completion.js';
import { COMMANDS } from '../../host/cli/commands.js';
import { bashScript } from '../../host/cli/completion/bash.js';
import { fishScript } from '../../host/cli/completion/fish.js';
import { levelsOf } from '../../host/cli/completion/levels.js';
import { zshScript } from '../../host/cli/completion/zsh.js';
import { Output } from '../../host/cli/output.js';
import { boardNames, partNames } from '../../host/node/board-file.js';

type Shell = 'bash' | 'zsh' | 'fish';
const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish'];
const installed = (shell: Shell): boolean => spawnSync(shell, ['--version']).status === 0;

const folder = mkdtempSync(join(tmpdir(), 'iap-'));
afterAll(() => rmSync(folder, { recursive: true }));
const script = (shell: Shell): string => join(folder, `iap.${shell}`);

beforeAll(async () => {
  writeFileSync(join(folder, 'two words.bin'), '');
  mkdirSync(join(folder, 'two.d'));
  for (const shell of SHELLS) {
    let text = '';
    const stream = { write: (more: string) => (text += more) };
    const context = { output: new Output(false, { out: stream, error: stream }) };
    await COMPLETION.handler({ shell }, context, { commands: COMMANDS });
    writeFileSync(script(shell), text);
  }
});

test.each(SHELLS.filter(installed))('%s takes its script', (shell) => {
  const { stderr, status } = spawnSync(shell, ['-n', script(shell)], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

/** What bash would offer for these words, the last of which is being typed */
function inBash(...words: string[]): string[] {
  const all = ['iap', ...words].map((word) => `'${word}'`).join(' ');
  const lines = [
    `source '${script('bash')}'`,
    `COMP_WORDS=(${all}); COMP_CWORD=${words.length}`,
    '_iap 2>/dev/null; printf "%s\\n" "$' + '{COMPREPLY[@]}"',
  ];
  const { stdout } = spawnSync('bash', ['-c', lines.join('\n')], { encoding: 'utf8', cwd: folder });
  return stdout.split('\n').filter((line) => line !== '');
}

/** The same in fish, without what it says of each */
function inFish(...words: string[]): string[] {
  const line = ['iap', ...words].join(' ');
  const { stdout } = spawnSync(
    'fish',
    ['-N', '-c', `source '${script('fish')}'; complete -C '${line}'`],
    {
      encoding: 'utf8',
      cwd: folder,
    },
  );
  return stdout
    .split('\n')
    .map((each) => each.split('\t', 1)[0] ?? '')
    .filter((each) => each !== '');
}

describe.each([
  ['bash', inBash],
  ['fish', inFish],
] as const)('%s', (shell, complete) => {
  const it = test.runIf(installed(shell));

  it('commands', () => {
    expect(complete('')).toEqual(expect.arrayContaining(['flash', 'isp', 'completion']));
    expect(complete('ver')).toEqual(['verify']);
    expect(complete('isp', 'un')).toEqual(['unprotect']);
    expect(complete('isp', '')).not.toContain('flash');
  });

  it('options', () => {
    expect(complete('--v')).toEqual(['--version']);
    expect(complete('flash', '--wait')).toEqual(expect.arrayContaining(['--wait', '--wait-app']));
    expect(complete('flash', '--no-').sort()).toEqual(['--no-boot', '--no-cache', '--no-compress']);
    expect(complete('isp', 'write', 'x.bin', '--mass')).toEqual(['--mass-erase']);
    expect(complete('info', '--mass')).toEqual([]);
  });

  it('choices: boards, parts and others', () => {
    expect(complete('check', '--board', '').sort()).toEqual(boardNames());
    expect(complete('check', 'x.bin', '--part', '').sort()).toEqual(partNames());
    expect(complete('isp', 'info', '--lines', 'dtr')).toEqual(['dtr-reset']);
    expect(complete('completion', 'z')).toEqual(['zsh']);
  });

  it('files', () => {
    const files = expect.arrayContaining([expect.stringMatching(/^two\\? words\.bin$/)]);
    expect(complete('flash', 'two')).toEqual(files);
    expect(complete('pack', 'x', '-o', 'two')).toEqual(files);
    expect(complete('pack', 'x', '--output', 'two')).toEqual(files);
    expect(complete('info', 'two')).toEqual([]);
    expect(complete('info', '--timeout', 'two')).toEqual([]);
  });
});

test('bash: a value behind "=", and names behind "--"', () => {
  expect(inBash('isp', 'info', '--lines', '=', 'dtr')).toEqual(['dtr-reset']);
  expect(inBash('isp', 'info', '--lines', '=').length).toBeGreaterThan(1);
  expect(inBash('info', '--', 'two')).toContain('two words.bin');
});

test('quotes and brackets of descriptions are theirs', async () => {
  const nasty: CommandTable = {
    one: () =>
      Promise.resolve({
        name: 'one',
        description: `it's [a]: \\ "$(touch x)" \`y\``,
        positionals: {},
        options: { flag: { type: 'boolean', describe: `it's [b]: \\ "$HOME"` } },
        examples: [],
        handler: () => Promise.resolve(),
      }),
  };
  const levels = await levelsOf(nasty);
  for (const [shell, write] of [
    ['bash', bashScript],
    ['zsh', zshScript],
    ['fish', fishScript],
  ] as const) {
    if (!installed(shell)) continue;
    const path = join(folder, `nasty.${shell}`);
    writeFileSync(path, write(levels).join('\n'));
    expect(spawnSync(shell, ['-n', path], { encoding: 'utf8' }).stderr).toBe('');
  }
});
