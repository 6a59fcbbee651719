// Between the state, the worker and the browser's ports: does what the state machine wants done.

import { Awake } from './awake.js';
import { type BrowserPort, type BrowserSerial, browserSerial } from './browser-serial.js';
import { type Fault, faultOf, PageError } from './fault.js';
import { fetchFirmware } from './fetch-firmware.js';
import { type Action, type Effect, isRisky, next, type Port, START, type State } from './flow.js';
import type { UpdateManifest } from './manifest.js';
import type { FromWorker, Place, ToWorker } from './messages.js';
import { adapterFilters, describePort, findPort, portId, samePort } from './ports.js';
import { forget, recall, remember } from './unfinished.js';

export interface Settings {
  /** To find the device [baud] */
  readonly initialRate: number;
  /** Of the transfer; missing: the device's own */
  readonly rate?: number | 'auto' | undefined;
  /** Where a raw binary is linked */
  readonly base?: number | undefined;
}

interface File {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly manifest?: UpdateManifest | undefined;
  /** Where manifest and file are from */
  readonly urls?: readonly string[];
}

export class Controller {
  state: State = START;
  settings: Settings = { initialRate: 115200 };
  /** The port of last time, that needs no choosing */
  known: Port | undefined;
  readonly #worker: Worker;
  readonly #changed: (before: State) => void;
  readonly #loaded: (urls: readonly string[]) => void;
  readonly #serial: BrowserSerial | undefined = browserSerial();
  readonly #awake = new Awake();
  #port: BrowserPort | undefined;
  /** Back before the update has noticed that it was gone */
  #early: BrowserPort | undefined;
  #file: File | undefined;
  /** The load that counts: of those before it nothing is taken any more */
  #load = 0;
  #closed = false;
  /** What is remembered and forgotten, one after the other */
  #keeping: Promise<void> = Promise.resolve();

  /**
   * @param changed called after each change of the state, with the one before
   * @param loaded called with the addresses of a manifest and its file, once they were right
   */
  constructor(changed: (before: State) => void, loaded: (urls: readonly string[]) => void) {
    this.#changed = changed;
    this.#loaded = loaded;
    // At once, so that all parts of the page are of one version, and in the cache for later
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#answered(data);
    this.#worker.onerror = () => this.#broken();
    this.#serial?.addEventListener('connect', this.#connected);
    this.#serial?.addEventListener('disconnect', this.#disconnected);
  }

  close(): void {
    this.#closed = true;
    this.#awake.set(false);
    this.#worker.terminate();
    this.#serial?.removeEventListener('connect', this.#connected);
    this.#serial?.removeEventListener('disconnect', this.#disconnected);
  }

  dispatch(action: Action): void {
    if (this.#closed) return;
    const before = this.state;
    const { state, effects } = next(before, action);
    this.state = state;
    this.#awake.set(isRisky(state));
    for (const effect of effects) this.#do(effect);
    if (state !== before) this.#changed(before);
  }

  /** Goes on with an update that this tab was in, or begins with the manifest, if there is one. */
  async start(manifest: string | undefined): Promise<void> {
    const load = this.#load;
    await this.#lookForPorts();
    const unfinished = await recall().catch(() => undefined);
    // Somebody was faster, and has chosen a file.
    if (load !== this.#load) return;
    if (!unfinished) {
      this.load(manifest);
      return;
    }
    const { unfinished: left, file } = unfinished;
    this.dispatch({ do: 'interrupted', port: left.port, only: left.only });
    if (!file) {
      this.dispatch({ do: 'not-loaded', fault: faultOf(gone()) });
      return;
    }
    this.settings = { ...this.settings, base: left.base };
    this.#check(load, { bytes: file, name: left.name, manifest: left.manifest });
  }

  load(manifest: string | undefined): void {
    if (manifest === undefined) {
      this.dispatch({ do: 'other-firmware' });
      return;
    }
    const load = this.#begin();
    if (load === undefined) return;
    fetchFirmware(manifest).then(
      (file) => this.#check(load, file),
      (error: unknown) => this.#notLoaded(load, faultOf(error)),
    );
  }

  async useFile(file: globalThis.File): Promise<void> {
    const load = this.#begin();
    if (load === undefined) return;
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      this.#check(load, { bytes, name: file.name });
    } catch (error) {
      const { message, details } = faultOf(error);
      this.#notLoaded(load, { code: 'IMAGE_UNREADABLE', message, details });
    }
  }

  useDemoFirmware(): void {
    const load = this.#begin(true);
    if (load === undefined) return;
    this.#file = undefined;
    this.#send({ job: 'demo-firmware', load });
  }

  /** The number of a new load, instead of one that is on its way; undefined where none may begin now */
  #begin(demo = false): number | undefined {
    this.dispatch({ do: 'load', demo });
    return this.state.step.at === 'loading' ? ++this.#load : undefined;
  }

  #notLoaded(load: number, fault: Fault): void {
    if (load === this.#load) this.dispatch({ do: 'not-loaded', fault });
  }

  useDemoDevice(): void {
    this.dispatch({ do: 'choose-port', port: { kind: 'demo' } });
  }

  /** Why there are no ports, if there can be none */
  get unable(): Fault | undefined {
    if (this.#serial) return undefined;
    return faultOf(
      isSecureContext
        ? new PageError('NO_WEB_SERIAL', 'this browser has no navigator.serial')
        : new PageError('INSECURE_PAGE', `${location.origin} is no secure context`),
    );
  }

  /**
   * Asks the user; to be called while a click is handled.
   * @param all also of adapters that are not known here
   */
  async choosePort(all: boolean): Promise<void> {
    try {
      if (!this.#serial) return;
      const port = await this.#serial.requestPort(all ? {} : { filters: adapterFilters });
      await this.#use(port);
    } catch (error) {
      this.dispatch({ do: 'no-port', fault: portFault(error) });
    }
  }

  /** What failed, once more */
  again(): void {
    const { step, port } = this.state;
    if (step.at !== 'failed' || !port) return;
    if (step.stage === 'update') this.dispatch({ do: 'install' });
    else this.dispatch({ do: 'choose-port', port });
  }

  /** The port of last time */
  async useKnownPort(): Promise<void> {
    const ports = await this.#ports();
    const port = this.known?.kind === 'serial' ? findPort(ports, this.known.id) : undefined;
    if (port) await this.#use(port);
    else await this.#lookForPorts();
  }

  async #use(port: BrowserPort): Promise<void> {
    this.#port = port;
    this.#early = undefined;
    const chosen = await this.#described(port);
    this.known = chosen;
    const lost = this.state.step.at === 'lost';
    this.dispatch({ do: lost ? 'plugged-in' : 'choose-port', port: chosen });
  }

  async #described(port: BrowserPort): Promise<Extract<Port, { kind: 'serial' }>> {
    return { kind: 'serial', id: portId(port, await this.#ports()), name: describePort(port) };
  }

  async #ports(): Promise<BrowserPort[]> {
    try {
      return (await this.#serial?.getPorts()) ?? [];
    } catch (error) {
      this.dispatch({ do: 'no-port', fault: portFault(error) });
      return [];
    }
  }

  async #lookForPorts(): Promise<void> {
    const [port] = await this.#ports();
    this.known = port && (await this.#described(port));
    this.#changed(this.state);
  }

  readonly #connected = ({ target }: Event): void => {
    void this.#returned(target as BrowserPort);
  };

  /** The adapter is back that an update waits for */
  async #returned(port: BrowserPort): Promise<void> {
    await this.#lookForPorts();
    const { step, port: chosen } = this.state;
    if (chosen?.kind !== 'serial' || !samePort(port.getInfo(), chosen.id)) return;
    if (step.at === 'lost') await this.#use(port);
    else if (step.at === 'updating') this.#early = port;
  }

  readonly #disconnected = ({ target }: Event): void => {
    if (target === this.#port) this.dispatch({ do: 'unplugged' });
    if (target === this.#early) this.#early = undefined;
    void this.#lookForPorts();
  };

  #check(load: number, file: File): void {
    // Overtaken, or given up
    if (load !== this.#load || this.state.step.at !== 'loading') return;
    this.#file = file;
    const { bytes, name, manifest } = file;
    this.#send({ job: 'check', load, file: bytes, name, manifest, base: this.settings.base });
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #answered(message: FromWorker): void {
    switch (message.answer) {
      case 'checked':
        if (message.load !== this.#load || this.state.step.at !== 'loading') return;
        this.dispatch({ do: 'loaded', firmware: message.firmware });
        if (this.#file?.urls) this.#loaded(this.#file.urls);
        void this.#goOn();
        break;
      case 'found':
        this.dispatch({ do: 'found', device: message.device, fault: message.fault });
        break;
      case 'device':
        this.dispatch({ do: 'device', device: message.device });
        break;
      case 'event':
        this.dispatch({ do: 'event', event: message.event });
        break;
      case 'done':
        this.dispatch({ do: 'installed', result: message.result, device: message.device });
        break;
      case 'failed': {
        const { load, fault } = message;
        if (load !== undefined) {
          this.#notLoaded(load, fault);
          return;
        }
        this.dispatch({ do: 'failed', fault });
        if (this.state.step.at === 'lost' && this.#early) void this.#use(this.#early);
        break;
      }
    }
  }

  /** With the port of an update that another page has begun, if it is there */
  async #goOn(): Promise<void> {
    const { step, port } = this.state;
    if (step.at !== 'lost' || port?.kind !== 'serial') return;
    const found = findPort(await this.#ports(), port.id);
    if (found) await this.#use(found);
  }

  #broken(): void {
    const fault = faultOf(
      new PageError('PAGE_INCOMPLETE', 'the worker could not be loaded or run'),
    );
    this.dispatch({ do: 'not-loaded', fault });
    this.dispatch({ do: 'failed', fault });
  }

  #do(effect: Effect): void {
    const { initialRate, rate } = this.settings;
    const { port, firmware } = this.state;
    const sha256 = firmware?.sha256 ?? '';
    const place: Place =
      port?.kind === 'serial' ? { kind: 'serial', port: port.id } : { kind: 'demo' };
    switch (effect.effect) {
      case 'find':
        this.#send({ job: 'find', place, sha256, initialRate });
        break;
      case 'update':
        this.#send({
          job: 'update',
          place,
          sha256,
          initialRate,
          rate,
          wait: effect.wait,
          only: effect.only,
        });
        break;
      case 'stop':
        this.#send({ job: 'stop' });
        break;
      case 'remember':
        this.#keep(() => this.#remember());
        break;
      case 'forget':
        this.#keep(forget);
        break;
    }
  }

  /** A browser that keeps nothing can not go on after a reload; the update itself does not need it. */
  #keep(change: () => Promise<void>): void {
    this.#keeping = this.#keeping.then(change).catch(() => {});
  }

  async #remember(): Promise<void> {
    const { port, only } = this.state;
    if (!this.#file || port?.kind !== 'serial' || only === undefined) return;
    const { bytes, name, manifest } = this.#file;
    const { base } = this.settings;
    await remember({ only, port, name, base, manifest }, bytes);
  }
}

function gone(): PageError {
  return new PageError('FIRMWARE_GONE', 'the file of the interrupted update is not in the cache');
}

function portFault(error: unknown): Fault {
  const fault = faultOf(error);
  const name = error instanceof Error ? error.name : '';
  if (name === 'NotFoundError') return { ...fault, code: 'NO_PORT_CHOSEN' };
  return name === 'SecurityError' ? { ...fault, code: 'SERIAL_FORBIDDEN' } : fault;
}
