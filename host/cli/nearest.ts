// Of the words there are, the one that was probably meant.

/** So many slips of a finger are one word and not another: one, and one more for each of these [characters]. */
const CHARACTERS_A_SLIP = 4;

export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((name) => ({ name, slips: isPart(word, name) ? 0.5 : distance(word, name) }))
    .filter(({ slips }) => slips <= 1 + Math.floor(word.length / CHARACTERS_A_SLIP))
    .sort((a, b) => a.slips - b.slips);
  return ranked[0]?.name;
}

/** One is the beginning of the other: "--baudrate" for "--baud" */
function isPart(word: string, name: string): boolean {
  const short = word.length < name.length ? word : name;
  return short.replace(/^-+/, '').length >= 3 && (word.startsWith(name) || name.startsWith(word));
}

/** Letters to add, leave out, change, or swap with the next */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const best = Math.min(change, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(swapped ? Math.min(best, (before[j - 2] ?? 0) + 1) : best);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
