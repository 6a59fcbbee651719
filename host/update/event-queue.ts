// Events of work that goes on by itself, read one by one: a slow reader must not slow an update down.

export class EventQueue<T> {
  readonly #items: T[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  readonly push = (item: T): void => {
    this.#items.push(item);
    this.#wake?.();
  };

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      while (this.#items.length > 0) yield this.#items.shift() as T;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
