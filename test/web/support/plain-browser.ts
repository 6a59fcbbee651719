// Chromium as people have it: playwright keeps every page in the foreground and its timers at full speed. Driven by the few
// commands of its debugger (CDP) that are needed for that, over a pipe.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { expect } from 'vitest';
import type { Step } from '../../../host/web/flow.js';
import type { Deed } from '../../../host/web/view.js';
import type { Adapters } from './adapters.js';
import { ARGUMENTS, type BrowserOptions, BrowserSetup } from './browser.js';
import { CHROMIUM } from './chromium.js';

interface Message {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

export class PlainBrowser {
  readonly #setup: BrowserSetup;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #sent = 0;

  constructor(options: BrowserOptions) {
    this.#setup = new BrowserSetup(options);
    const profile = `--user-data-dir=${this.#setup.profile}`;
    const headless = options.display === undefined ? ['--headless'] : [];
    const args = [...headless, '--remote-debugging-pipe', profile, ...ARGUMENTS, 'about:blank'];
    this.#process = spawn(CHROMIUM, args, {
      env: this.#setup.env,
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    let rest = '';
    (this.#process.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop() ?? '';
      for (const message of messages) this.#take(JSON.parse(message) as Message);
    });
  }

  get adapters(): Adapters {
    return this.#setup.adapters;
  }

  /** A tab in front of the others */
  async open(url: string): Promise<PlainTab> {
    const { targetId } = await this.send('Target.createTarget', { url });
    const attach = { targetId, flatten: true };
    const { sessionId } = await this.send('Target.attachToTarget', attach);
    return new PlainTab(this, String(sessionId));
  }

  /** @throws what the browser says against it */
  async send(method: string, params: object, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this.#sent;
    const answered = new Promise<Message>((resolve) => this.#waiting.set(id, resolve));
    const message = JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) });
    (this.#process.stdio[3] as Writable).write(`${message}\0`);
    const { result, error } = await answered;
    if (!result) throw new Error(`${method}: ${error?.message}`);
    return result;
  }

  #take(message: Message): void {
    const { id } = message;
    if (id === undefined) return;
    this.#waiting.get(id)?.(message);
    this.#waiting.delete(id);
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit');
    await this.send('Browser.close', {});
    await ended;
    this.#setup.remove();
  }
}

/** A busy computer only needs longer. */
const POLL = { timeout: 300_000, interval: 50 };

/** A tab with <iap-update> */
export class PlainTab {
  readonly #browser: PlainBrowser;
  readonly #session: string;

  constructor(browser: PlainBrowser, session: string) {
    this.#browser = browser;
    this.#session = session;
  }

  /** Value of a JavaScript expression in the page, when its promise is kept */
  async evaluate(expression: string): Promise<unknown> {
    const params = { expression, awaitPromise: true, returnByValue: true, userGesture: true };
    const answer = await this.#browser.send('Runtime.evaluate', params, this.#session);
    const { result, exceptionDetails } = answer as {
      result: { value?: unknown };
      exceptionDetails?: object;
    };
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return result.value;
  }

  /** Clicks the button that does this, as a person does: a page may ask for a port only then. */
  async press(deed: Deed): Promise<void> {
    await this.evaluate(`${SHADOW}.querySelector('button[data-do=${deed}]').click()`);
  }

  async until(at: Step['at']): Promise<void> {
    const state = `document.querySelector('iap-update')?.getAttribute('state')`;
    await expect.poll(() => this.evaluate(state), POLL).toBe(at);
  }

  /** Until the device has some of it. */
  async untilSending(): Promise<void> {
    const share = `${SHADOW}.querySelector('progress[data-progress]')?.value ?? 0`;
    await expect.poll(() => this.evaluate(share), POLL).toBeGreaterThan(0.1);
  }

  async untilFocus(has: boolean): Promise<void> {
    await expect.poll(() => this.evaluate('document.hasFocus()'), POLL).toBe(has);
  }

  fault(): Promise<unknown> {
    return this.evaluate(`${SHADOW}.querySelector('[data-fault]')?.dataset.fault`);
  }
}

const SHADOW = `document.querySelector('iap-update').shadowRoot`;
