// While an update runs: the screen stays on, so that the computer does not sleep, and leaving the page asks.

interface Lock {
  release(): Promise<void>;
}

export class Awake {
  #wanted = false;
  #lock: Lock | undefined;

  set(wanted: boolean): void {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) {
      window.addEventListener('beforeunload', ask);
      document.addEventListener('visibilitychange', this.#visible);
      void this.#take();
      return;
    }
    window.removeEventListener('beforeunload', ask);
    document.removeEventListener('visibilitychange', this.#visible);
    void this.#lock?.release().catch(() => {});
    this.#lock = undefined;
  }

  /** A page that was hidden has lost it. */
  readonly #visible = (): void => {
    if (document.visibilityState === 'visible') void this.#take();
  };

  async #take(): Promise<void> {
    const { wakeLock } = navigator as {
      readonly wakeLock: { request(type: 'screen'): Promise<Lock> };
    };
    try {
      const lock = await wakeLock.request('screen');
      if (this.#wanted) this.#lock = lock;
      else await lock.release();
    } catch {
      // No such thing in this browser, low battery, or a hidden page: the update goes on without it.
    }
  }
}

function ask(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
