// Completion of zsh: in a folder of $fpath as _iap, or evaluated.
import type { Completed, CompletedOption, Level } from './levels.js';
import { quoted } from './levels.js';

export function zshScript(levels: readonly Level[]): string[] {
  const paths = levels.flatMap(({ path }) => (path === '' ? [] : [path]));
  return [
    '#compdef iap',
    '# Completion of iap for zsh, made by "iap completion zsh"',
    '_iap() {',
    "  local level=''",
    '  while (( CURRENT > 2 )); do',
    `    case "$level \${words[2]}" in`,
    ...paths.map((path) => `      ${pattern(path)}) level=${quoted(path)} ;;`),
    '      *) break ;;',
    '    esac',
    '    shift words',
    '    (( CURRENT-- ))',
    '  done',
    '  local -a commands',
    '  case "$level" in',
    ...levels.flatMap(levelCase),
    '  esac',
    '}',
    `if [[ "\${funcstack[1]}" == _iap ]]; then _iap "$@"; else compdef _iap iap; fi`,
  ];
}

function pattern(path: string): string {
  return quoted(path.includes(' ') ? path : ` ${path}`);
}

function levelCase({ path, commands, options, words }: Level): string[] {
  const described = commands.map(({ name, description }) =>
    quoted(`${name}:${description.replaceAll(':', '\\:')}`),
  );
  const all = [...options.flatMap(optionSpec), ...wordSpec(words)];
  return [
    `    ${quoted(path)})`,
    ...(commands.length > 0
      ? [
          `      commands=(${described.join(' ')})`,
          `      if [[ "\${words[CURRENT]}" != -* ]]; then _describe command commands; return; fi`,
        ]
      : []),
    `      _arguments ${all.map(quoted).join(' ')} ;;`,
  ];
}

function optionSpec({ names, description, value }: CompletedOption): string[] {
  const text = `[${description.replace(/[[\]:\\]/g, '\\$&')}]`;
  return names.map((name) => {
    if (value === undefined) return `*${name}${text}`;
    const equals = name.startsWith('--') ? '=' : '';
    return `*${name}${equals}${text}:value:${action(value)}`;
  });
}

function wordSpec(words: Completed): string[] {
  return words.length === 0 ? [] : [`*:file:${action(words)}`];
}

function action(value: Completed): string {
  if (value === 'file') return '_files';
  return value.length === 0 ? ' ' : `(${value.join(' ')})`;
}
