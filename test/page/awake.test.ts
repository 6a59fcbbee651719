// While an update runs: the screen stays on, and leaving the page asks.
import { afterEach, expect, test, vi } from 'vitest';
import { Awake } from '../../host/web/awake.js';
import { settled } from './fake-browser.js';

/** A browser in which a page can be left, hidden and shown */
class FakeScreen {
  readonly window = new EventTarget();
  readonly document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  /** Locks that were given, and not given back */
  locks = 0;
  requested: string[] = [];
  refuses = false;
  readonly navigator = {
    wakeLock: {
      request: async (type: string): Promise<{ release(): Promise<void> }> => {
        this.requested.push(type);
        if (this.refuses) throw new DOMException('battery is low', 'NotAllowedError');
        this.locks++;
        return {
          release: async () => {
            this.locks--;
          },
        };
      },
    },
  };

  constructor() {
    vi.stubGlobal('window', this.window);
    vi.stubGlobal('document', this.document);
    vi.stubGlobal('navigator', this.navigator);
  }

  /** Whether leaving asks */
  leave(): boolean {
    return !this.window.dispatchEvent(new Event('beforeunload', { cancelable: true }));
  }

  async show(state: 'visible' | 'hidden'): Promise<void> {
    this.document.visibilityState = state;
    this.document.dispatchEvent(new Event('visibilitychange'));
    await settled();
  }
}

afterEach(() => {
  vi.unstubAllGlobals();
});

test('only while it is wanted', async () => {
  const screen = new FakeScreen();
  const awake = new Awake();
  awake.set(false);
  expect([screen.leave(), screen.locks]).toEqual([false, 0]);
  awake.set(true);
  awake.set(true);
  await settled();
  expect(screen.requested).toEqual(['screen']);
  expect([screen.leave(), screen.locks]).toEqual([true, 1]);
  awake.set(false);
  await settled();
  expect([screen.leave(), screen.locks]).toEqual([false, 0]);
});

test('a page that was hidden wants it again when it is shown', async () => {
  const screen = new FakeScreen();
  const awake = new Awake();
  awake.set(true);
  await settled();
  await screen.show('hidden');
  expect(screen.requested).toHaveLength(1);
  await screen.show('visible');
  expect(screen.requested).toHaveLength(2);
  awake.set(false);
  await screen.show('visible');
  expect(screen.requested).toHaveLength(2);
});

test('a lock that comes too late is given back', async () => {
  const screen = new FakeScreen();
  const awake = new Awake();
  awake.set(true);
  awake.set(false);
  await settled();
  expect([screen.requested.length, screen.locks]).toEqual([1, 0]);
});

test('a browser that gives none, or has none', async () => {
  const screen = new FakeScreen();
  const awake = new Awake();
  screen.refuses = true;
  awake.set(true);
  await settled();
  awake.set(false);
  vi.stubGlobal('navigator', {});
  awake.set(true);
  await settled();
  expect(screen.leave()).toBe(true);
  awake.set(false);
  await settled();
  expect(screen.leave()).toBe(false);
});

test('a lock that is gone already can not be given back', async () => {
  const screen = new FakeScreen();
  screen.navigator.wakeLock.request = async () => ({
    release: () => Promise.reject(new Error('released already')),
  });
  const awake = new Awake();
  awake.set(true);
  await settled();
  awake.set(false);
  awake.set(true);
  awake.set(false);
  await settled();
  expect(screen.leave()).toBe(false);
});
