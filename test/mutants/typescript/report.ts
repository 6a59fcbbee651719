// What becomes of each mutant: what this run has shown, and what the reports of earlier runs say.
import { readFileSync } from 'node:fs';
import { EQUIVALENTS } from './equivalents.js';
import type { Mutant } from './instrument.js';
import type { Log } from './log.js';

/** Of tables and constants, which are chosen too late, when their module is loaded: not judged, and not counted. */
export const LOADED = 'loaded';

export type Verdict = 'killed' | 'survived' | 'unreached' | typeof LOADED;

export interface Judged extends Mutant {
  readonly verdict: Verdict;
  readonly by: string | undefined;
  readonly why: string | undefined;
}

export function changeOf({ from, to }: Mutant): string {
  return `${from} → ${to}`;
}

export function argumentFor(mutant: Mutant): string | undefined {
  return EQUIVALENTS.find(
    ({ file, changes }) => file === mutant.file && changes.includes(changeOf(mutant)),
  )?.why;
}

export function report(
  mutants: readonly Mutant[],
  reached: ReadonlySet<string>,
  { killed, loaded }: Pick<Log, 'killed' | 'loaded'>,
): Judged[] {
  const verdict = (id: string): Verdict => {
    if (killed.has(id)) return 'killed';
    if (reached.has(id)) return 'survived';
    return loaded.has(id) ? LOADED : 'unreached';
  };
  return mutants.map((mutant) => ({
    ...mutant,
    verdict: verdict(mutant.id),
    by: killed.get(mutant.id),
    why: argumentFor(mutant),
  }));
}

/** Mutants by what they are, in place of numbers and lines, which move with the sources; one text more than once is counted. */
function named<T extends Mutant>(mutants: readonly T[]): ReadonlyMap<string, T> {
  const counts = new Map<string, number>();
  return new Map(
    mutants.map((mutant) => {
      const text = `${mutant.file}: ${changeOf(mutant)}`;
      const count = (counts.get(text) ?? 0) + 1;
      counts.set(text, count);
      return [`${text} (${count})`, mutant];
    }),
  );
}

/** Of `mutants`, those that a report says were noticed, with the test; `reports`: paths. */
export function noticedBefore(
  mutants: readonly Mutant[],
  reports: readonly string[],
): ReadonlyMap<string, string> {
  const names = named(mutants);
  const noticed = new Map<string, string>();
  for (const path of reports) {
    const reported = named(JSON.parse(readFileSync(path, 'utf8')) as Judged[]);
    for (const [name, { verdict, by }] of reported) {
      const id = names.get(name)?.id;
      if (verdict === 'killed' && id !== undefined) noticed.set(id, by ?? path);
    }
  }
  return noticed;
}
