// The element in a document, with a browser of which the test says what it does; seen and used as people do.
import './dom.js';
import '../../host/web/element.js';
import { vi } from 'vitest';
import type { FromWorker, ToWorker } from '../../host/web/messages.js';
import { outline, window } from './dom.js';
import { FakeSerial, FakeWorker, fakePort, settled, startBrowser } from './fake-browser.js';
import { device, firmware } from './samples.js';

const FTDI = { usbVendorId: 0x0403, usbProductId: 0x6001 };

type Attributes = Readonly<Record<string, string>>;
type Server = (url: URL) => Promise<Response>;

const nobody: Server = () => Promise.reject(new TypeError('no network'));

/** Taken away with closePages() */
export class OpenPage {
  readonly serial = new FakeSerial();
  readonly port = fakePort(FTDI);
  /** Names and details of what the element tells the page around it */
  readonly events: (readonly [name: string, detail: unknown])[] = [];
  readonly written: string[] = [];
  readonly element: HTMLElement;
  readonly worker: FakeWorker;

  private constructor(attributes: Attributes, server: Server) {
    clear();
    this.serial.ports = [this.port];
    startBrowser(this.serial);
    vi.stubGlobal('document', window.document);
    vi.stubGlobal('fetch', server);
    vi.stubGlobal('navigator', {
      serial: this.serial,
      languages: ['fr', 'en-GB', 'zh'],
      userAgent: 'Browser 1',
      clipboard: { writeText: async (text: string) => this.written.push(text) },
    });
    this.element = document.createElement('iap-update');
    for (const [name, value] of Object.entries(attributes)) this.element.setAttribute(name, value);
    for (const name of ['iap-state', 'iap-loaded', 'iap-language']) {
      document.body.addEventListener(name, this.#heard);
    }
    document.body.append(this.element);
    this.worker = FakeWorker.last;
  }

  readonly #heard = (event: Event): void => {
    if (event.target !== this.element) return;
    this.events.push([event.type, (event as CustomEvent<unknown>).detail]);
  };

  /** At its first step */
  static async open(attributes: Attributes = {}, server: Server = nobody): Promise<OpenPage> {
    const page = new OpenPage(attributes, server);
    await settled();
    return page;
  }

  /** With firmware */
  static async loaded(attributes: Attributes = {}): Promise<OpenPage> {
    const page = await OpenPage.open(attributes);
    await page.load();
    return page;
  }

  /** With a device that is found */
  static async found(attributes: Attributes = {}): Promise<OpenPage> {
    const page = await OpenPage.loaded(attributes);
    page.press('last-port');
    await settled();
    page.worker.answer({ answer: 'found', device });
    return page;
  }

  /** In an update that has met its device */
  static async updating(attributes: Attributes = {}): Promise<OpenPage> {
    const page = await OpenPage.found(attributes);
    page.press('install');
    page.worker.answer({ answer: 'device', device });
    return page;
  }

  get root(): ShadowRoot {
    const { shadowRoot } = this.element;
    if (!shadowRoot) throw new Error('no shadow root');
    return shadowRoot;
  }

  /** The first of these */
  part(selector: string): HTMLElement {
    const found = this.root.querySelector<HTMLElement>(selector);
    if (!found) throw new Error(`no ${selector}`);
    return found;
  }

  get at(): string | null {
    return this.element.getAttribute('state');
  }

  get title(): string {
    return this.part('h2').textContent;
  }

  /** What is read out */
  get said(): string {
    return this.part('[role=status]').textContent;
  }

  shown(selector: string): string[] {
    return outline(this.part(selector), true);
  }

  press(deed: string): void {
    this.part(`[data-do=${deed}]`).click();
  }

  choose(deed: string, value: string): void {
    const select = this.part(`[data-do=${deed}]`) as HTMLSelectElement;
    select.value = value;
    select.dispatchEvent(eventOf('change'));
  }

  /** A file as somebody chooses it */
  async load(): Promise<void> {
    const input = this.part('input[type=file]');
    Object.defineProperty(input, 'files', { configurable: true, value: [fileOf('pump.iap')] });
    input.dispatchEvent(eventOf('change'));
    await this.checked();
  }

  /** What the worker says of the file that it is told to check */
  async checked(): Promise<void> {
    await settled();
    const job = this.worker.sent.at(-1);
    if (job?.job !== 'check') throw new Error('nothing to check');
    this.answer({ answer: 'checked', load: job.load, firmware });
  }

  answer(message: FromWorker): void {
    this.worker.answer(message);
  }

  progress(bytesDone: number, bytesTotal = 4000): void {
    const event = { event: 'progress', bytesDone, bytesTotal, rate: 1000, secondsLeft: 1 } as const;
    this.answer({ answer: 'event', event });
  }

  jobs(): ToWorker['job'][] {
    return this.worker.sent.map(({ job }) => job);
  }
}

export function closePages(): void {
  clear();
  vi.unstubAllGlobals();
}

function clear(): void {
  // happy-dom looks for the focus in elements that are gone.
  const other = window.document.createElement('input');
  window.document.body.append(other);
  other.focus();
  other.blur();
  window.document.body.replaceChildren();
}

export function fileOf(name: string): File {
  return new File([Uint8Array.of(1, 2, 3)], name);
}

export function eventOf(type: string, more: object = {}): Event {
  const event = new window.Event(type, { cancelable: true, bubbles: true });
  return Object.assign(event, more) as unknown as Event;
}
