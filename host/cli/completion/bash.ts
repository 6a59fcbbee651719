// Completion of bash, also of 3.2, which macOS has.
import type { CompletedOption, Level } from './levels.js';
import { quoted } from './levels.js';

export function bashScript(levels: readonly Level[]): string[] {
  const paths = levels.flatMap(({ path }) => (path === '' ? [] : [path]));
  return [
    '# Completion of iap for bash, made by "iap completion bash"',
    '_iap() {',
    `  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} level="" i`,
    "  local IFS=$'\\n'",
    '  COMPREPLY=()',
    '  # bash takes "=" for a word.',
    '  if [[ $cur == "=" ]]; then cur=""',
    `  elif [[ $prev == "=" ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi`,
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    `    if [[ \${COMP_WORDS[i]} == "--" ]]; then`,
    '      COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null; return',
    '    fi',
    `    case "$level \${COMP_WORDS[i]}" in`,
    ...paths.map((path) => `      ${pattern(path)}) level=${quoted(path)} ;;`),
    '    esac',
    '  done',
    '  local words="" files=""',
    '  case "$level $prev" in',
    ...levels.flatMap(({ path, options }) => options.flatMap((option) => valueCase(path, option))),
    '    *)',
    '      case "$level" in',
    ...levels.flatMap(levelCase),
    '      esac ;;',
    '  esac',
    '  if [[ -n $words ]]; then COMPREPLY=($(compgen -W "$words" -- "$cur")); fi',
    '  if [[ -n $files ]]; then',
    '    COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null',
    '  fi',
    '}',
    'complete -F _iap iap',
  ];
}

/** What the level before and the word make: " isp", "isp write" */
function pattern(path: string): string {
  return quoted(path.includes(' ') ? path : ` ${path}`);
}

function valueCase(path: string, { names, value }: CompletedOption): string[] {
  if (value === undefined) return [];
  const patterns = names.map((name) => quoted(`${path} ${name}`)).join('|');
  return [`    ${patterns}) ${value === 'file' ? 'files=1' : wordsOf(value)} ;;`];
}

function levelCase({ path, commands, options, words }: Level): string[] {
  const flags = options.flatMap(({ names }) => names);
  const others = commands.length > 0 ? commands.map(({ name }) => name) : words;
  return [
    `        ${quoted(path)})`,
    `          if [[ $cur == -* ]]; then ${wordsOf(flags)}`,
    `          else ${others === 'file' ? 'files=1' : wordsOf(others)}; fi ;;`,
  ];
}

function wordsOf(words: readonly string[]): string {
  return `words=$'${words.join('\\n')}'`;
}
