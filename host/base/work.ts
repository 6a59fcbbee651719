/// <reference lib="esnext.disposable" preserve="true" />
// A long operation: it goes on by itself, tells events, ends with one result, and can be stopped at any moment.
import { IapError } from './errors.js';

/** Tells an event to whoever reads. Never blocks, whether anybody does or not. */
export type Tell<Event> = (event: Event) => void;

/** What is to be done. Once `signal` is aborted it ends soon, and sends nothing any more. */
export type Procedure<Event, Result> = (tell: Tell<Event>, signal: AbortSignal) => Promise<Result>;

export interface WorkOptions {
  /** Stops the operation, whoever reads it */
  readonly signal?: AbortSignal | undefined;
}

interface Reader<Event, Result> {
  resolve(step: IteratorResult<Event, Result>): void;
  reject(error: unknown): void;
}

/** No operation tells so much; it bounds what is kept for a reader that never reads. */
const MOST_UNREAD = 10_000;

/**
 * A long operation, with its events to iterate over and its result in `result`. Begun by the first next(), or by asking for the
 * result.
 *
 * It goes on at its own pace: a reader that is slow, or stops reading, does not hold it up. Events wait for the reader in order.
 * Of "progress" events in a row that nobody has read yet only the newest is kept; no other event is lost, unless more than
 * 10 000 of them wait: then the oldest are dropped.
 *
 * Leaving the iteration (break, return()), `await using` and the signal stop the operation at once, wherever it waits. When
 * return() resolves it has ended, and sends nothing any more.
 */
export class Work<Event extends { readonly event: string }, Result>
  implements AsyncGenerator<Event, Result, undefined>
{
  readonly #procedure: Procedure<Event, Result>;
  readonly #outer: AbortSignal | undefined;
  readonly #stop = new AbortController();
  readonly #readers: Reader<Event, Result>[] = [];
  #unread: Event[] = [];
  #running: Promise<Result> | undefined;
  /** How it ended, until a reader was told */
  #end: ((reader: Reader<Event, Result>) => void) | undefined;
  /** Nothing is told any more. */
  #closed = false;

  constructor(procedure: Procedure<Event, Result>, { signal }: WorkOptions = {}) {
    this.#procedure = procedure;
    this.#outer = signal;
  }

  /** How it ends: rejected with the error that the iteration throws. Nobody has to look at it. */
  get result(): Promise<Result> {
    return this.#begin();
  }

  next(): Promise<IteratorResult<Event, Result>> {
    void this.#begin();
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#serve();
    });
  }

  /** Stops the operation. Resolves when it has ended, however it did. */
  return(): Promise<IteratorResult<Event, Result>>;
  return(value: Result | PromiseLike<Result>): Promise<IteratorResult<Event, Result>>;
  async return(value?: Result | PromiseLike<Result>): Promise<IteratorResult<Event, Result>> {
    await this.#leave();
    return { done: true, value: (await value) as Result };
  }

  /** As return(), but rejects with `error`. */
  async throw(error: unknown): Promise<IteratorResult<Event, Result>> {
    await this.#leave();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave();
  }

  #begin(): Promise<Result> {
    this.#running ??= this.#run();
    return this.#running;
  }

  #run(): Promise<Result> {
    const outer = this.#outer;
    const stop = (): void => this.#stop.abort();
    if (outer?.aborted) stop();
    outer?.addEventListener('abort', stop);
    const tell = (event: Event): void => this.#tell(event);
    const running = (async () => this.#procedure(tell, this.#stop.signal))();
    const ended = (end: (reader: Reader<Event, Result>) => void): void => {
      outer?.removeEventListener('abort', stop);
      this.#end = end;
      this.#serve();
    };
    running.then(
      (value) => ended(({ resolve }) => resolve({ done: true, value })),
      (error: unknown) => ended(({ reject }) => reject(error)),
    );
    return running;
  }

  #tell(event: Event): void {
    if (this.#closed) return;
    const last = this.#unread.at(-1);
    if (event.event === 'progress' && last?.event === 'progress') this.#unread.pop();
    this.#unread.push(event);
    if (this.#unread.length > MOST_UNREAD) this.#unread.shift();
    this.#serve();
  }

  /** Gives readers what there is for them. */
  #serve(): void {
    while (this.#readers.length > 0) {
      const event = this.#unread.shift();
      if (event === undefined && !this.#end && !this.#closed) return;
      const reader = this.#readers.shift() as Reader<Event, Result>;
      if (event !== undefined) reader.resolve({ done: false, value: event });
      else if (this.#closed) reader.resolve({ done: true, value: undefined as Result });
      else {
        this.#closed = true;
        this.#end?.(reader);
      }
    }
  }

  async #leave(): Promise<void> {
    this.#closed = true;
    this.#unread = [];
    this.#serve();
    this.#stop.abort();
    this.#running ??= stoppedBefore();
    await this.#running.catch(() => {});
  }
}

function stoppedBefore(): Promise<never> {
  return Promise.reject(new IapError('INTERRUPTED', 'interrupted; nothing was changed'));
}

/** Work that is begun at once and can be awaited like the promise of its result. */
export class PromisedWork<Event extends { readonly event: string }, Result>
  extends Work<Event, Result>
  implements Promise<Result>
{
  readonly [Symbol.toStringTag] = 'PromisedWork';

  constructor(procedure: Procedure<Event, Result>, options?: WorkOptions) {
    super(procedure, options);
    void this.result;
  }

  // biome-ignore lint/suspicious/noThenProperty: callers that await it get its result, as from the promise that this once was
  then<A = Result, B = never>(
    onResult?: ((result: Result) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.result.then(onResult, onError);
  }

  catch<B = never>(onError?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<Result | B> {
    return this.result.catch(onError);
  }

  finally(onEnd?: (() => void) | null): Promise<Result> {
    return this.result.finally(onEnd);
  }
}
