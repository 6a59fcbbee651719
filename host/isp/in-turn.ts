// Blocks one after the other, without the line waiting for whoever follows the progress.

/** Runs `action` for each item, and begins with the next one before it yields what came of the last. */
export async function* inTurn<T extends object, R>(
  items: readonly T[],
  action: (item: T) => Promise<R>,
): AsyncGenerator<readonly [T, R], void> {
  let running: Promise<R> | undefined;
  for (const [i, item] of items.entries()) {
    const result = await (running ?? action(item));
    const next = items[i + 1];
    running = next && action(next);
    running?.catch(() => {}); // whoever stops listening does not hear of it
    yield [item, result];
  }
}
