// What earlier runs have shown: a mutant that a test noticed then need not be judged again.
import { readFileSync } from 'node:fs';
import type { Mutant } from './instrument.js';

/** A line of an earlier run's report */
interface Reported extends Mutant {
  readonly verdict: string;
  /** The test that noticed it */
  readonly by?: string;
}

/** Mutants by what they are, in place of numbers and lines, which move with the sources; one text more than once is counted. */
export function named<T extends Mutant>(mutants: readonly T[]): ReadonlyMap<string, T> {
  const counts = new Map<string, number>();
  return new Map(
    mutants.map((mutant) => {
      const text = `${mutant.file}: ${mutant.from} → ${mutant.to}`;
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
    const reported = named(JSON.parse(readFileSync(path, 'utf8')) as Reported[]);
    for (const [name, { verdict, by }] of reported) {
      const id = names.get(name)?.id;
      if (verdict === 'killed' && id !== undefined) noticed.set(id, by ?? path);
    }
  }
  return noticed;
}
