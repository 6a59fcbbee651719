// Completion of fish.
import type { Completed, CompletedOption, Level } from './levels.js';

export function fishScript(levels: readonly Level[]): string[] {
  const paths = levels.flatMap(({ path }) => (path === '' ? [] : [path]));
  return [
    '# Completion of iap for fish, made by "iap completion fish"',
    'function __iap_level',
    "    set -l level ''",
    '    for word in (commandline -opc)[2..-1]',
    '        switch "$level $word"',
    ...paths.flatMap((path) => [
      `            case ${text(path.includes(' ') ? path : ` ${path}`)}`,
      `                set level ${text(path)}`,
    ]),
    '        end',
    '    end',
    '    echo "$level"',
    'end',
    'function __iap_at',
    '    set -l level (__iap_level)',
    '    test "$level" = "$argv"',
    'end',
    'complete -c iap -f',
    ...levels.flatMap(levelLines),
  ];
}

function levelLines({ path, commands, options, words }: Level): string[] {
  const at = `complete -c iap -n ${text(`__iap_at ${path}`.trim())}`;
  return [
    ...commands.map(({ name, description }) => `${at} -a ${name} -d ${text(description)}`),
    ...options.map((option) => `${at} ${optionText(option)}`),
    ...(words === 'file' ? [`${at} -F`] : listed(words).map((list) => `${at} ${list}`)),
  ];
}

function optionText({ names, description, value }: CompletedOption): string {
  const flags = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  return [...flags, ...valueText(value), `-d ${text(description)}`].join(' ');
}

function valueText(value: Completed | undefined): string[] {
  if (value === undefined) return [];
  return value === 'file' ? ['-r -F'] : ['-x', ...listed(value)];
}

function listed(words: Completed): string[] {
  return words === 'file' || words.length === 0 ? [] : [`-a ${text(words.join(' '))}`];
}

function text(words: string): string {
  return `'${words.replace(/[\\']/g, '\\$&')}'`;
}
