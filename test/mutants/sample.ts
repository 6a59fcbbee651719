// A sample that a seed repeats.

export function sampled<T>(items: readonly T[], count: number, seed: number): T[] {
  const rest = [...items];
  let state = seed >>> 0 || 1;
  return Array.from({ length: Math.min(count, rest.length) }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return rest.splice(state % rest.length, 1)[0] as T;
  });
}
