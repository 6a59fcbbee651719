// The library with all its mutants in it: Stryker's instrumenter writes sources in which a number chooses one while they run.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInstrumenter, type File, type Instrumenter } from '@stryker-mutator/instrumenter';

export interface Mutant {
  readonly id: string;
  /** Below the project's folder */
  readonly file: string;
  readonly line: number;
  readonly from: string;
  readonly to: string;
}

/** Words for people: codes are types. And expressions, of which some mutants are none, so that their module can not be loaded. */
const LEFT_OUT = ['StringLiteral', 'Regex'];

function isMutated(file: string): boolean {
  const [folder, second] = file.split('/');
  return (
    file.endsWith('.ts') &&
    !file.endsWith('.generated.ts') &&
    !file.endsWith('/index.ts') &&
    (folder === 'protocol' ? second === file.split('/').at(-1) : second !== 'cli')
  );
}

function sources(root: string): string[] {
  return ['protocol', 'host']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(
        (name) => `${folder}/${name}`,
      ),
    )
    .filter(isMutated)
    .sort();
}

function instrumenter(): Instrumenter {
  const nothing = (): void => {};
  const silent = {
    ...{ trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing },
    ...{ fatal: nothing, isDebugEnabled: () => false },
  };
  const injector = {
    provideValue: () => injector,
    injectClass: (made: new (logger: unknown) => Instrumenter) => new made(silent),
  };
  return createInstrumenter(injector as unknown as Parameters<typeof createInstrumenter>[0]);
}

function cut(text: string, { start, end }: Location): string {
  const lines = text.split('\n').slice(start.line, end.line + 1);
  lines[lines.length - 1] = lines.at(-1)?.slice(0, end.column) ?? '';
  lines[0] = lines[0]?.slice(start.column) ?? '';
  return oneLine(lines.join('\n'));
}

interface Location {
  readonly start: { readonly line: number; readonly column: number };
  readonly end: { readonly line: number; readonly column: number };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/**
 * Writes the sources whose paths begin with one of `prefixes` to `out`; returns their mutants. The others are run as they are, so that
 * tests of few files are as fast as ever.
 */
export async function instrument(
  root: string,
  out: string,
  prefixes: readonly string[],
): Promise<Mutant[]> {
  const names = sources(root).filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
  const files: File[] = names.map((name) => ({
    name,
    content: readFileSync(join(root, name), 'utf8'),
    mutate: true,
  }));
  const result = await instrumenter().instrument(files, {
    plugins: null,
    excludedMutations: LEFT_OUT,
    ignorers: [],
  });
  for (const { name, content } of result.files) {
    mkdirSync(dirname(join(out, name)), { recursive: true });
    writeFileSync(join(out, name), content);
  }
  return result.mutants
    .filter(({ status }) => status !== 'Ignored')
    .map(({ id, fileName, location, replacement }) => ({
      id,
      file: fileName,
      line: location.start.line + 1,
      from: cut(files.find(({ name }) => name === fileName)?.content ?? '', location),
      to: oneLine(replacement ?? ''),
    }));
}
