// In which order pages are sent: what other pages still copy from is written over as late as possible.
import type { Votes } from './sources.js';

export interface Wanted {
  /** Number of the page */
  readonly number: number;
  readonly votes: Votes;
}

/** Runs of a page that are gone when the pages before it were written, if all are sent from the first one on */
export function runsLost({ number, votes }: Wanted): number {
  let lost = 0;
  for (const [source, runs] of votes) if (source < number) lost += runs;
  return lost;
}

/** Each time the page whose old content the fewest runs of the others are in; of these the lowest. */
export function orderOf<T extends Wanted>(pages: readonly T[]): T[] {
  const left = new Map(pages.map((page) => [page.number, page]));
  /** Old page → runs that other pages still want of it */
  const wanted = new Map<number, number>();
  const count = ({ number, votes }: Wanted, sign: number): void => {
    for (const [source, runs] of votes) {
      if (source !== number) wanted.set(source, (wanted.get(source) ?? 0) + sign * runs);
    }
  };
  for (const page of pages) count(page, 1);
  const order: T[] = [];
  const cost = ({ number }: Wanted): number => wanted.get(number) ?? 0;
  while (left.size > 0) {
    const best = [...left.values()].reduce((a, b) => (cost(b) < cost(a) ? b : a));
    left.delete(best.number);
    count(best, -1);
    order.push(best);
  }
  return order;
}
