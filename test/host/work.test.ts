// One operation: its events, its result, and how it is stopped.
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { PromisedWork, type Tell, Work } from '../../host/base/work.js';

type Told = { readonly event: 'step' | 'progress'; readonly n: number };

const interrupted = (): IapError => new IapError('INTERRUPTED', 'interrupted');

/** Ends when it is aborted. */
function untilStopped(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(interrupted()), { once: true });
    if (signal.aborted) reject(interrupted());
  });
}

/** Tells so many steps, then ends. */
function counted(steps: number, event: Told['event'] = 'step'): Work<Told, string> {
  return new Work(async (tell) => {
    for (let n = 1; n <= steps; n++) {
      tell({ event, n });
      await Promise.resolve();
    }
    return 'done';
  });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('events and result', () => {
  test('next() by next(), as with a generator: events, then the result, then nothing', async () => {
    const work = counted(2);
    expect(await work.next()).toEqual({ done: false, value: { event: 'step', n: 1 } });
    expect(await work.next()).toEqual({ done: false, value: { event: 'step', n: 2 } });
    expect(await work.next()).toEqual({ done: true, value: 'done' });
    expect(await work.next()).toEqual({ done: true, value: undefined });
    expect(await work.result).toBe('done');
  });

  test('for await, and the result besides', async () => {
    const work = counted(3);
    const seen: number[] = [];
    for await (const { n } of work) seen.push(n);
    expect(seen).toEqual([1, 2, 3]);
    expect(await work.result).toBe('done');
  });

  test('passed on by yield*', async () => {
    async function* outer(): AsyncGenerator<Told, string> {
      return yield* counted(2);
    }
    const run = outer();
    await run.next();
    await run.next();
    expect(await run.next()).toEqual({ done: true, value: 'done' });
  });

  test('several next() at once are answered in order', async () => {
    const work = counted(2);
    const steps = await Promise.all([work.next(), work.next(), work.next(), work.next()]);
    expect(steps.map(({ done }) => done)).toEqual([false, false, true, true]);
  });

  test('begins when it is wanted, and once', async () => {
    let begun = 0;
    const work = new Work<Told, number>(async () => ++begun);
    await turn();
    expect(begun).toBe(0);
    expect(await work.result).toBe(1);
    expect(await work.result).toBe(1);
    expect(await work.next()).toEqual({ done: true, value: 1 });
  });

  test('goes on until somebody stops it', async () => {
    const { signal } = new AbortController();
    const stopped = async (_: Tell<Told>, inner: AbortSignal): Promise<boolean> => inner.aborted;
    expect(await new Work<Told, boolean>(stopped).result).toBe(false);
    expect(await new Work<Told, boolean>(stopped, { signal }).result).toBe(false);
  });

  test('the error of iteration and result is the same, after the events before it', async () => {
    const error = new IapError('LINK_LOST', 'gone');
    const work = new Work<Told, void>(async (tell) => {
      tell({ event: 'step', n: 1 });
      throw error;
    });
    expect((await work.next()).value).toEqual({ event: 'step', n: 1 });
    await expect(work.next()).rejects.toBe(error);
    await expect(work.result).rejects.toBe(error);
    expect(await work.next()).toEqual({ done: true, value: undefined });
  });

  test('a failure that nobody looks at is nobody’s unhandled rejection', async () => {
    const seen: unknown[] = [];
    const unhandled = (error: unknown): number => seen.push(error);
    process.on('unhandledRejection', unhandled);
    try {
      void new Work<Told, void>(async () => Promise.reject(interrupted())).result;
      void new PromisedWork<Told, void>(async () => Promise.reject(interrupted()));
      const left = new Work<Told, void>((_, signal) => untilStopped(signal));
      void left.result;
      await left.return();
      await turn();
      await turn();
    } finally {
      process.off('unhandledRejection', unhandled);
    }
    expect(seen).toEqual([]);
  });
});

describe('readers', () => {
  test('a slow one holds nothing up, and loses no step', async () => {
    const work = counted(50);
    const first = await work.next();
    expect(await work.result).toBe('done');
    const seen = [first.value];
    for await (const event of work) {
      await turn();
      seen.push(event);
    }
    expect(seen).toHaveLength(50);
    expect(seen.at(-1)).toEqual({ event: 'step', n: 50 });
  });

  test('of progress that waits only the newest is told, in its place', async () => {
    const work = new Work<Told, void>(async (tell) => {
      for (let n = 1; n <= 1000; n++) tell({ event: 'progress', n });
      tell({ event: 'step', n: 1 });
      for (let n = 1001; n <= 2000; n++) tell({ event: 'progress', n });
    });
    await work.result;
    const seen: Told[] = [];
    for await (const event of work) seen.push(event);
    expect(seen).toEqual([
      { event: 'progress', n: 1000 },
      { event: 'step', n: 1 },
      { event: 'progress', n: 2000 },
    ]);
  });

  test('one that never reads: what is kept for it is bounded', async () => {
    const work = new Work<Told, void>(async (tell) => {
      for (let n = 1; n <= 30_000; n++) tell({ event: 'step', n });
    });
    await work.result;
    const seen: Told[] = [];
    for await (const event of work) seen.push(event);
    expect(seen).toHaveLength(10_000);
    expect(seen.at(-1)?.n).toBe(30_000);
  });
});

describe('stopped', () => {
  test('return() while next() waits: both end at once', async () => {
    const work = new Work<Told, void>((_, signal) => untilStopped(signal));
    const next = work.next();
    expect(await work.return()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
    await expect(work.result).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  test('return() waits until nothing goes on any more', async () => {
    let over = false;
    const work = new Work<Told, void>(async (_, signal) => {
      await untilStopped(signal).catch(() => {});
      await turn();
      over = true;
    });
    void work.next();
    await work.return();
    expect(over).toBe(true);
  });

  test('break leaves it; throw() gives its error back; a value of return() is passed on', async () => {
    const stops: string[] = [];
    const begin = (name: string): Work<Told, string> =>
      new Work<Told, string>((tell, signal) => {
        tell({ event: 'step', n: 1 });
        return untilStopped(signal).finally(() => stops.push(name));
      });
    for await (const _ of begin('break')) break;
    const thrown = begin('throw');
    await thrown.next();
    const error = new Error('mine');
    await expect(thrown.throw(error)).rejects.toBe(error);
    const returned = begin('return');
    await returned.next();
    expect(await returned.return('mine')).toEqual({ done: true, value: 'mine' });
    const disposed = begin('dispose');
    await disposed.next();
    await disposed[Symbol.asyncDispose]();
    expect(stops).toEqual(['break', 'throw', 'return', 'dispose']);
  });

  test('before it began: it never does', async () => {
    let begun = false;
    const work = new Work<Told, void>(async () => {
      begun = true;
    });
    await work.return();
    expect(await work.next()).toEqual({ done: true, value: undefined });
    await expect(work.result).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(begun).toBe(false);
  });

  test('by its signal: the reader gets what was told before, and the error', async () => {
    const stop = new AbortController();
    const work = new Work<Told, void>(
      (tell, signal) => {
        tell({ event: 'step', n: 1 });
        return untilStopped(signal);
      },
      { signal: stop.signal },
    );
    const result = work.result;
    stop.abort();
    await expect(result).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect((await work.next()).value).toEqual({ event: 'step', n: 1 });
    await expect(work.next()).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  test('by a signal that was aborted before', async () => {
    const work = new Work<Told, void>((_, signal) => untilStopped(signal), {
      signal: AbortSignal.abort(),
    });
    await expect(work.next()).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  test('nothing is told once it was left', async () => {
    let tell: Tell<Told> = () => {};
    const work = new Work<Told, void>((given, signal) => {
      tell = given;
      return untilStopped(signal);
    });
    void work.next();
    await work.return();
    tell({ event: 'step', n: 1 });
    expect(await work.next()).toEqual({ done: true, value: undefined });
  });

  test('1000 operations leave no listener on a signal', async () => {
    const { signal } = new AbortController();
    let most = 0;
    for (let i = 0; i < 1000; i++) {
      const work = new Work<Told, void>(
        async (tell, inner) => {
          tell({ event: 'step', n: i });
          if (i % 3 === 0) throw interrupted();
          if (i % 3 === 1) await untilStopped(inner);
        },
        { signal },
      );
      await work.next();
      most = Math.max(most, getEventListeners(signal, 'abort').length);
      if (i % 3 === 1) await work.return();
      await work.result.catch(() => {});
    }
    expect(most).toBe(1);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('work that was a promise', () => {
  test('is begun at once, and awaited, caught and passed on like one', async () => {
    let begun = false;
    const work = new PromisedWork<Told, string>(async (tell) => {
      begun = true;
      tell({ event: 'step', n: 1 });
      return 'done';
    });
    expect(begun).toBe(true);
    expect(await work).toBe('done');
    expect(await (async () => work)()).toBe('done');
    expect(await Promise.race([work, new Promise(() => {})])).toBe('done');
    expect(await work.finally(() => {})).toBe('done');
    expect((await work.next()).value).toEqual({ event: 'step', n: 1 });
    const failed = new PromisedWork<Told, string>(async () => Promise.reject(interrupted()));
    expect(await failed.catch(() => 'caught')).toBe('caught');
  });
});
